"""Runs as Core ML and ONNX files: lowered layer by layer, written, read back and proven equal."""

from inklens.exporting.classifier import export
from inklens.exporting.locator import export_locator, is_locator

__all__ = ["export", "export_locator", "is_locator"]
