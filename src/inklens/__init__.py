"""Teach a small network to read handwriting, ship it, and prove that the shipped bytes answer the same.

    load_dataset(source)         MNIST, or a folder like it
    train(recipe)                a network by a recipe -> Run
    evaluate(model)              how well it reads the test images -> Report
    export(model, file)          a run as Core ML or ONNX, proven equal
    verify(a, b)                 whether two models answer the same
    load_model(model)            any of them as a function of images
    inspect(file)                what a Core ML or ONNX file says of itself
    predict(model, picture)      the class of one digit's picture
    read(picture)                the digits on a photo or scan -> Reading

`help(inklens.read)` and its like show an example; docs/python.md tells more.
"""

from importlib import import_module

__version__ = "0.1.0"

# Each name and the module that it is loaded from when it is first asked for, so that `import inklens` costs next to
# nothing (PEP 562). No `__all__`: with one, `help(inklens)` would print every class whole instead of the page above.
_HOMES = {
    "load_dataset": "inklens.data",
    **dict.fromkeys(("train", "evaluate", "export", "verify", "load_model", "predict", "read"), "inklens.face"),
    "inspect": "inklens.coreml",
    "Run": "inklens.training.run",
    "Report": "inklens.evaluation.report",
    "Reading": "inklens.reading.read",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'inklens' has no attribute {name!r}; it offers {', '.join(_HOMES)}")
    value = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
