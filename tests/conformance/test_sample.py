"""A sample of coremltools' own test suites, on both engines; `make conformance` runs them whole."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import coremltools
import numpy as np
import pytest

from tests.conformance import plugin

ROOT = Path(__file__).parent.parent.parent
PACKAGES = Path(coremltools.__file__).parent.parent
MIL = "coremltools/converters/mil/mil/ops/tests"
LAYERS = "coremltools/test/neural_network/test_numpy_nn_layers.py"
SAMPLE = [
    f"{MIL}/iOS14/test_pool.py::TestAvgPool::test_builder_to_backend_smoke#0",
    f"{MIL}/iOS14/test_pool.py::TestAvgPool::test_builder_to_backend_smoke#1",
    f"{MIL}/iOS14/test_pool.py::TestMaxPool::test_builder_to_backend_smoke#0",
    f"{MIL}/iOS14/test_pool.py::TestMaxPool::test_builder_to_backend_smoke#1",
    f"{MIL}/iOS16/test_image_resizing.py::TestCropResize::test_builder_to_backend_ios16#1",
    f"{MIL}/iOS16/test_image_resizing.py::TestUpsampleBilinear::test_builder_to_backend_smoke_iOS16#1",
    f"{MIL}/iOS16/test_image_resizing.py::TestUpsampleBilinear::test_builder_to_backend_smoke_iOS16#3",
    f"{MIL}/iOS17/test_conv.py::TestConvTranspose::test_builder_to_backend_stress#0",
    f"{MIL}/iOS17/test_conv.py::TestConvTranspose::test_builder_to_backend_stress#21",
    f"{MIL}/iOS17/test_image_resizing.py::TestResample::test_builder_to_backend_smoke#6",
    f"{MIL}/iOS17/test_scatter_gather.py::TestScatter::test_ios17_invalid_indices#0",
    f"{MIL}/iOS17/test_scatter_gather.py::TestScatter::test_ios17_invalid_indices#6",
    f"{LAYERS}::NewLayersSimpleTest::test_batched_mat_mul_cpu#0",
    f"{LAYERS}::NewLayersSimpleTest::test_reduce_l2_cpu#0",
    f"{LAYERS}::NewLayersSimpleTest::test_slice_static_cpu#0",
    f"{LAYERS}::NewLayersSimpleTest::test_tile_cpu#0",
    f"{LAYERS}::SimpleTest::test_LRN#0",
    f"{LAYERS}::SimpleTest::test_tiny_upsample_linear_mode#0",
]


def test_a_sample_of_both_suites_passes_on_both_engines(tmp_path: Path) -> None:
    only, log = tmp_path / "only.txt", tmp_path / "log.jsonl"
    only.write_text("\n".join(SAMPLE), encoding="utf-8")
    files = dict.fromkeys(str(PACKAGES / case.split("::")[0]) for case in SAMPLE)
    options = ["--conformance-only", str(only), "--conformance-log", str(log), "--conformance-engine", "both"]
    place = ["-c", os.devnull, "--rootdir", str(PACKAGES), "-p", "no:cacheprovider", "-q", "-W", "ignore"]
    command = [sys.executable, "-m", "pytest", *place, "-p", "tests.conformance.plugin", *options, *files]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    records = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    outcomes = {record["case"]: record for record in records if record["outcome"] != "started"}
    problems = {case: record for case, record in outcomes.items() if record["outcome"] != "passed"}
    assert not problems, done.stdout[-2000:]
    assert sorted(outcomes) == sorted(SAMPLE)
    assert all(record["operations"] for record in outcomes.values()), "a case passed without a prediction"


def test_a_prediction_on_which_the_engines_differ_fails_its_case() -> None:
    ours = {"out": np.array([1.0, 2.0], np.float32)}
    plugin._compare(ours, {"out": np.array([1.0, 2.0005], np.float32)})
    with pytest.raises(AssertionError, match="the engines differ in out"):
        plugin._compare(ours, {"out": np.array([1.0, 2.1], np.float32)})
