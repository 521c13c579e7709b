"""How fast Core ML files run here, beside ONNX Runtime on the same network exported to ONNX directly.

    python -m benchmarks.coreml_runtime [--images 10000] [--repeats 7] [--out FILE.json]

The network is the tutorial's (158,086 parameters). Four questions, each with its target: batches of pictures through
`Model.probabilities` against ONNX Runtime fed with the same batches (≥ 0.9×), importing the runtime (< 0.3 s, NumPy
included), reading a 5 MB package (< 0.5 s), and the NumPy evaluator (within 20× of ONNX Runtime). Prints a table and
writes the figures as JSON. Exit code 1 when a target is missed. Needs the extra `test` (coremltools and onnx write the
files).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

RESULTS = Path(__file__).parent / "results" / "coreml_runtime.json"
BATCH = 256
TARGETS = {"ratio": 0.9, "import_seconds": 0.3, "load_seconds": 0.5, "reference_slowdown": 20.0}
PARAMETERS = 158_086


def tutorial_weights() -> dict[str, np.ndarray]:
    """Random weights in the layouts that both formats share: [out, in, height, width] and [out, in]."""
    rng = np.random.default_rng(0)
    shapes = {
        "conv1": (32, 1, 3, 3), "conv2": (32, 32, 2, 2), "conv3": (32, 32, 2, 2),
        "dense1": (500, 288), "dense2": (10, 500),
    }  # fmt: skip
    weights = {}
    for name, shape in shapes.items():
        fan_in = int(np.prod(shape[1:]))
        weights[name] = (rng.normal(size=shape) * np.sqrt(2 / fan_in)).astype(np.float32)
        weights[f"{name}_bias"] = (rng.normal(size=shape[0]) * 0.1).astype(np.float32)
    assert sum(one.size for one in weights.values()) == PARAMETERS
    return weights


def write_package(weights: dict[str, np.ndarray], path: Path) -> None:
    """The network as an ML Program with an image input, as a user of coremltools writes it."""
    import coremltools as ct
    from coremltools.converters.mil import Builder as mb  # noqa: N813

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 1, 28, 28))])  # type: ignore[untyped-decorator]
    def program(image: Any) -> Any:
        x = image
        for name in ("conv1", "conv2", "conv3"):
            x = mb.relu(x=mb.conv(x=x, weight=weights[name], bias=weights[f"{name}_bias"], pad_type="same"))
            x = mb.max_pool(x=x, kernel_sizes=[2, 2], strides=[2, 2], pad_type="valid")
        x = mb.reshape(x=x, shape=[1, 288])
        x = mb.relu(x=mb.linear(x=x, weight=weights["dense1"], bias=weights["dense1_bias"]))
        x = mb.linear(x=x, weight=weights["dense2"], bias=weights["dense2_bias"])
        return mb.softmax(x=x, axis=-1)

    model = ct.convert(
        program,
        source="milinternal",
        convert_to="mlprogram",
        inputs=[ct.ImageType(name="image", shape=(1, 1, 28, 28), scale=1 / 255, color_layout="G")],
        classifier_config=ct.ClassifierConfig([str(digit) for digit in range(10)]),
        compute_precision=ct.precision.FLOAT32,
        skip_model_load=True,
    )
    model.save(str(path))


def write_onnx(weights: dict[str, np.ndarray], path: Path) -> None:
    """The same network written by hand with the onnx package: the rival."""
    import onnx
    from onnx import helper, numpy_helper

    nodes = [helper.make_node("Mul", ["image", "scale"], ["x0"])]
    constants = {"scale": np.array(1 / 255, np.float32), **weights}
    value = "x0"
    for number, name in enumerate(("conv1", "conv2", "conv3")):
        nodes += [
            helper.make_node("Conv", [value, name, f"{name}_bias"], [f"c{number}"], auto_pad="SAME_UPPER"),
            helper.make_node("Relu", [f"c{number}"], [f"r{number}"]),
            helper.make_node("MaxPool", [f"r{number}"], [f"p{number}"], kernel_shape=[2, 2], strides=[2, 2]),
        ]
        value = f"p{number}"
    nodes += [
        helper.make_node("Flatten", [value], ["flat"]),
        helper.make_node("Gemm", ["flat", "dense1", "dense1_bias"], ["d1"], transB=1),
        helper.make_node("Relu", ["d1"], ["h1"]),
        helper.make_node("Gemm", ["h1", "dense2", "dense2_bias"], ["d2"], transB=1),
        helper.make_node("Softmax", ["d2"], ["probabilities"], axis=-1),
    ]
    graph = helper.make_graph(
        nodes,
        "tutorial",
        [helper.make_tensor_value_info("image", onnx.TensorProto.FLOAT, ["n", 1, 28, 28])],
        [helper.make_tensor_value_info("probabilities", onnx.TensorProto.FLOAT, ["n", 10])],
        [numpy_helper.from_array(array, name) for name, array in constants.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8), path)


def write_large(path: Path) -> int:
    """A package of 5 MB in float16: a hundred convolutions. Returns its size in bytes."""
    import coremltools as ct
    from coremltools.converters.mil import Builder as mb  # noqa: N813

    rng = np.random.default_rng(1)

    @mb.program(input_specs=[mb.TensorSpec(shape=(1, 3, 64, 64))])  # type: ignore[untyped-decorator]
    def program(image: Any) -> Any:
        x = mb.conv(x=image, weight=rng.normal(size=(52, 3, 3, 3)).astype(np.float32), strides=[2, 2], pad_type="same")
        for _ in range(100):
            kernel = rng.normal(size=(52, 52, 3, 3)).astype(np.float32) / 22
            x = mb.relu(x=mb.conv(x=x, weight=kernel, pad_type="same"))
        return mb.reduce_mean(x=x, axes=[2, 3], keep_dims=False)

    model = ct.convert(program, source="milinternal", convert_to="mlprogram", skip_model_load=True)
    model.save(str(path))
    return sum(one.stat().st_size for one in path.rglob("*") if one.is_file())


def best(action: Callable[[], object], repeats: int) -> float:
    """The median of `repeats` timings in seconds, after one run to warm up."""
    action()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        action()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(images: int, repeats: int, threads: int) -> dict[str, Any]:
    import onnxruntime

    from inklens import coreml

    busy = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    pixels = np.random.default_rng(2).integers(0, 256, (images, 28, 28)).astype(np.uint8)
    weights = tutorial_weights()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_package(weights, folder / "tutorial.mlpackage")
        write_onnx(weights, folder / "tutorial.onnx")
        large_bytes = write_large(folder / "large.mlpackage")
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        session = onnxruntime.InferenceSession(folder / "tutorial.onnx", settings, providers=["CPUExecutionProvider"])

        def direct() -> np.ndarray:
            parts = [
                session.run(None, {"image": pixels[start : start + BATCH, None].astype(np.float32)})[0]
                for start in range(0, images, BATCH)
            ]
            return np.concatenate(parts)

        model = coreml.load(folder / "tutorial.mlpackage", threads=threads)
        reference = coreml.load(folder / "tutorial.mlpackage", engine="reference")
        difference = float(np.abs(model.probabilities(pixels) - direct()).max())
        # Taken in turns, so that whatever else the machine does falls on both.
        ours, theirs = [], []
        for _ in range(repeats):
            ours.append(best(lambda: model.probabilities(pixels), 1))
            theirs.append(best(direct, 1))
        few = pixels[: max(images // 20, 1)]
        slow = best(lambda: reference.probabilities(few), 3) / len(few)
        load = [_load_seconds(folder / "large.mlpackage", threads) for _ in range(3)]
    imports = [_import_seconds() for _ in range(repeats)]
    ratios = [b / a for a, b in zip(ours, theirs, strict=True)]
    ours_each, theirs_each = statistics.median(ours) / images, statistics.median(theirs) / images
    return {
        "images": images,
        "batch": BATCH,
        "threads": threads or "default",
        "repeats": repeats,
        "images_per_second": round(1 / ours_each),
        "onnxruntime_images_per_second": round(1 / theirs_each),
        "ratio": round(statistics.median(ratios), 3),
        "ratio_range": [round(min(ratios), 3), round(max(ratios), 3)],
        "largest_difference": difference,
        "package_bytes": large_bytes,
        "load_seconds": round(statistics.median(load), 3),
        "load_seconds_range": [round(min(load), 3), round(max(load), 3)],
        "import_seconds": round(statistics.median(imports), 3),
        "import_seconds_range": [round(min(imports), 3), round(max(imports), 3)],
        "reference_slowdown": round(slow / ours_each, 1),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores",
        "load": round(busy, 1),  # programs that wanted a core before this one began
        "python": platform.python_version(),
        "onnxruntime": onnxruntime.__version__,
        "numpy": np.__version__,
    }


def _import_seconds() -> float:
    """Seconds of the import alone, in a fresh process whose Python has started."""
    code = "import time; start = time.perf_counter(); import inklens.coreml; print(time.perf_counter() - start)"
    return float(subprocess.check_output([sys.executable, "-c", code]))


def _load_seconds(path: Path, threads: int) -> float:
    """Seconds from the path to a model that is ready to predict, in a fresh process with its imports done."""
    code = (
        "import sys, time, onnxruntime; from inklens import coreml; start = time.perf_counter();"
        "coreml.load(sys.argv[1], threads=int(sys.argv[2])); print(time.perf_counter() - start)"
    )
    return float(subprocess.check_output([sys.executable, "-c", code, str(path), str(threads)]))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--threads", type=int, default=0, help="ONNX Runtime's threads on both sides; 0: its default")
    parser.add_argument("--out", type=Path, default=RESULTS)
    arguments = parser.parse_args()
    figures = measure(arguments.images, arguments.repeats, arguments.threads)
    rows = [
        ("Core ML package, images a second", f"{figures['images_per_second']:,}", ""),
        ("ONNX Runtime directly", f"{figures['onnxruntime_images_per_second']:,}", ""),
        ("ratio", f"{figures['ratio']:.2f}", f"≥ {TARGETS['ratio']}"),
        ("largest difference", f"{figures['largest_difference']:.1e}", ""),
        (
            f"reading a package of {figures['package_bytes'] / 1e6:.1f} MB, seconds",
            f"{figures['load_seconds']:.2f}",
            f"< {TARGETS['load_seconds']}",
        ),
        (
            "importing the runtime, seconds",
            f"{figures['import_seconds']:.2f}",
            f"< {TARGETS['import_seconds']}",
        ),
        (
            "NumPy evaluator, times slower",
            f"{figures['reference_slowdown']:.1f}",
            f"≤ {TARGETS['reference_slowdown']:.0f}",
        ),
    ]
    print(f"{'':<44}{'measured':>12}  target")
    for name, value, target in rows:
        print(f"{name:<44}{value:>12}  {target}")
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    met = (
        figures["ratio"] >= TARGETS["ratio"]
        and figures["import_seconds"] < TARGETS["import_seconds"]
        and figures["load_seconds"] < TARGETS["load_seconds"]
        and figures["reference_slowdown"] <= TARGETS["reference_slowdown"]
    )
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
