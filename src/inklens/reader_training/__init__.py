"""Making the reader: what its two networks learn from, how they learn it, and how they are calibrated."""
