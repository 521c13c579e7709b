"""Runs as Core ML and ONNX files: lowered layer by layer, written, read back and proven equal."""

from inklens.export.locator import export_locator, is_locator
from inklens.export.ship import export

__all__ = ["export", "export_locator", "is_locator"]
