"""Synthetic pages of handwriting, with the truth about every mark on them."""
