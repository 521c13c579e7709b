"""Golden vectors: what every step of reading answers, in Python, Swift and JavaScript alike."""
