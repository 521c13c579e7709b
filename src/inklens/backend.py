"""The one place that imports Keras and torch, so that the light installation never needs them."""

from __future__ import annotations

import os
from types import ModuleType

from inklens.errors import MissingExtra

ADVICE = "training needs the train extra: pip install 'inklens[train]'"


def keras() -> ModuleType:
    """The keras module on its torch backend. Raises MissingExtra where the train extra is not installed."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    import_torch()
    try:
        import keras
    except ImportError as error:
        raise MissingExtra(ADVICE) from error
    if keras.backend.backend() != "torch":
        raise MissingExtra(
            f"inklens trains with Keras on torch, but Keras was started on {keras.backend.backend()}; "
            "set KERAS_BACKEND=torch or import inklens before keras."
        )
    return keras


def import_torch() -> ModuleType:
    """The torch module. Raises MissingExtra where the train extra is not installed."""
    try:
        import torch
    except ImportError as error:
        raise MissingExtra(ADVICE) from error
    return torch
