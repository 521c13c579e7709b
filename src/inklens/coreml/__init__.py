"""Core ML models on any operating system: read, inspect and run `.mlmodel` and `.mlpackage` files.

    from inklens import coreml

    model = coreml.load("digits.mlpackage")
    model.predict({"image": Image.open("seven.png")})   # {"classLabel": "7", "classLabel_probs": {…}}
    print(coreml.inspect("digits.mlpackage"))

Needs NumPy, Pillow and ONNX Runtime; no coremltools and no Mac.
"""

from inklens.coreml.inspection import inspect
from inklens.coreml.inspection.page import Inspection
from inklens.coreml.model import Model, load

__all__ = ["Inspection", "Model", "inspect", "load"]
