"""What the tests of training share: a small part of MNIST and a recipe that uses everything and takes a second."""

from functools import cache

from inklens.data import Dataset, Split, load_dataset
from inklens.training.augment import Augmentation
from inklens.training.recipes import Recipe

RECIPE = Recipe(
    name="small",
    description="Every kind of chance and state at once.",
    network="tiny",
    epochs=2,
    batch=64,
    chunk=24,
    optimizer="adamw",
    learning_rate=1e-2,
    weight_decay=0.01,
    label_smoothing=0.1,
    average=0.9,
    augmentation=Augmentation(shift=1.0, turn=5.0, bend=0.5),
    float16=True,
)


@cache
def small_dataset(count: int = 400) -> Dataset:
    """The first `count` training images of MNIST, and 200 for validation and test."""
    full = load_dataset()

    def first(split: Split, n: int) -> Split:
        return Split(split.images[:n], split.labels[:n])

    return Dataset("small", full.names, first(full.train, count), first(full.validation, 200), first(full.test, 200))
