"""Labelled images: what a network learns from and what it is measured on."""

from inklens.data.datasets import Dataset, Split, load_dataset

__all__ = ["Dataset", "Split", "load_dataset"]
