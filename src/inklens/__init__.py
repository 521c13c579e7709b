"""inklens: teach a small network to read handwriting, ship it, and prove that the shipped bytes answer the same."""

__version__ = "0.1.0"
