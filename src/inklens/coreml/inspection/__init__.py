"""What a model file says of itself, as Xcode's model page shows it: read from the messages, nothing is run.

Core ML's `.mlmodel` and `.mlpackage`, and ONNX files. Models that cannot be run can be inspected all the same.
"""

from __future__ import annotations

from pathlib import Path

from inklens.coreml.inspection.core_ml import inspect_core_ml
from inklens.coreml.inspection.onnx import inspect_onnx
from inklens.coreml.inspection.page import Inspection

__all__ = ["Inspection", "inspect"]


def inspect(path: str | Path) -> Inspection:
    """Read the page of a `.mlmodel`, `.mlpackage` or `.onnx`. Raises ModelError for what is none of them.

    >>> import inklens
    >>> page = inklens.inspect("digits.mlpackage")
    >>> page
    <Inspection of digits.mlpackage: ...>
    >>> print(page.inputs[0].name, page.inputs[0].type)
    image image (greyscale, 28 × 28)
    """
    path = Path(path)
    return inspect_onnx(path) if path.suffix == ".onnx" else inspect_core_ml(path)
