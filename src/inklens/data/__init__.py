"""Labelled images: what a network learns from and what it is measured on."""

from inklens.data.datasets import Dataset, Split, load_dataset, read_split

__all__ = ["Dataset", "Split", "load_dataset", "read_split"]
