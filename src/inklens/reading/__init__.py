"""Reading handwriting on pages: synthetic pages to learn from, and the reader itself."""
