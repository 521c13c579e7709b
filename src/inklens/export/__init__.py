"""Runs as Core ML and ONNX files: lowered layer by layer, written, read back and proven equal."""

from inklens.export.ship import export

__all__ = ["export"]
