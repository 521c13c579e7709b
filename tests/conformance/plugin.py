"""A pytest plug-in that runs coremltools' own test suites off the Mac, with inklens in the place of Core ML.

coremltools reaches Core ML through one class, `_MLModelProxy`, which exists on a Mac only. This plug-in puts a class of
its own there, which loads and predicts through `inklens.coreml`, and lets the suites believe that they run on a recent
macOS, so that they compare numbers.

    python -m pytest -p tests.conformance.plugin --conformance-log results.jsonl …/mil/ops/tests

`--conformance-engine both` computes every prediction a second time with the NumPy reference and fails where the two
differ. Each test's outcome is one line of JSON in the log. A case is called `file::class::function#number`, because the
suites put random numbers into their own names.

What the suites leave out or expect to fail for a defect of Core ML (an "rdar" number), and what they leave out because
another case is like it, is run all the same; start pytest with `--runxfail`, too.
"""

from __future__ import annotations

import gc
import importlib
import json
import random
import signal
import sys
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any, ClassVar

import numpy as np
import pytest

from inklens.coreml.model import NEWEST_SPECIFICATION, Model, load
from inklens.errors import ModelError

MACOS = (15, 2)
# What one test may compute, whatever else the machine does; some draw a hundred million random numbers.
SECONDS = 600
CASE = pytest.StashKey[str]()
SKIP = pytest.skip
TOLERANCE = 1e-3  # between the two engines, relative to the largest value of an output


class PredictionError(ModelError, RuntimeError):
    """A model that cannot be run on its inputs. Core ML says so in a RuntimeError of these words."""

    def __init__(self, problem: ModelError) -> None:
        super().__init__(f"Error computing NN outputs: {problem}")


class Proxy:
    """Stands in for coremltools' `_MLModelProxy`: a model that is loaded and predicts."""

    engine = "onnxruntime"
    used: ClassVar[set[str]] = set()  # operations of the models that the running test predicted with

    def __init__(self, path: str, _units: str, function: str, _hints: Mapping[str, str], _asset: Any) -> None:
        self._models: list[Model] = []
        self._refusal: ModelError | None = None
        engines = ("onnxruntime", "reference") if self.engine == "both" else (self.engine,)
        try:
            self._models = [load(path, engine=engine, function=function or None, threads=1) for engine in engines]
        except ModelError as refusal:  # Core ML too says so when predict is called
            self._refusal = refusal

    @staticmethod
    def maximum_supported_specification_version() -> int:
        return NEWEST_SPECIFICATION

    def predict(self, features: dict[str, Any], _state: Any = None) -> dict[str, Any]:
        if self._refusal is not None:
            raise self._refusal
        Proxy.used.update(self._models[0].operations)
        try:
            answers = [model.predict(features) for model in self._models]
        except ModelError as problem:
            raise PredictionError(problem) from problem
        for other in answers[1:]:
            _compare(answers[0], other)
        return answers[0]

    def batchPredict(self, many: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:  # noqa: N802
        if self._refusal is not None:
            raise self._refusal
        Proxy.used.update(self._models[0].operations)
        try:
            return self._models[0].predict_batch(many)
        except ModelError as problem:
            raise PredictionError(problem) from problem

    def newState(self) -> Any:  # noqa: N802
        raise self._refusal or ModelError("models with state are not supported")


def _compare(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> None:
    assert ours.keys() == theirs.keys()
    for name, value in ours.items():
        if isinstance(value, np.ndarray):
            assert value.shape == theirs[name].shape, f"the engines give {name} in different shapes"
            finite = value[np.isfinite(value)]
            scale = TOLERANCE * max(1.0, float(np.abs(finite).max(initial=0)))
            np.testing.assert_allclose(value, theirs[name], atol=scale, err_msg=f"the engines differ in {name}")


def _put_in_place() -> None:
    """Replace the Mac in every module of coremltools that has it by name."""
    for name in ("coremltools", "coremltools.models.model", "coremltools.models.utils"):
        importlib.import_module(name)
    stand_ins: dict[str, Any] = {
        "_MLModelProxy": Proxy,
        "_IS_MACOS": True,
        "_is_macos": lambda: True,
        "_macos_version": lambda: MACOS,
    }
    for name, module in list(sys.modules.items()):
        if name.split(".")[0] == "coremltools" and module is not None:
            for key, stand_in in stand_ins.items():
                if key in vars(module):
                    setattr(module, key, stand_in)


def _skip(reason: str = "", **more: Any) -> None:
    """pytest.skip, but for the defects of another runtime and for what could be run as well."""
    if not any(text in reason for text in ("rdar", "No need to test")):
        SKIP(reason, **more)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance")
    group.addoption("--conformance-log", type=Path, help="where to write the outcomes, one line of JSON for each test")
    group.addoption("--conformance-only", type=Path, help="a file with the names of the cases to run, one a line")
    group.addoption("--conformance-list", type=Path, help="write what was collected, and run nothing")
    group.addoption("--conformance-engine", default="onnxruntime", choices=("onnxruntime", "reference", "both"))


def pytest_configure(config: pytest.Config) -> None:
    Proxy.engine = config.getoption("--conformance-engine")
    _put_in_place()
    _skip.Exception = SKIP.Exception  # type: ignore[attr-defined]
    pytest.skip = _skip  # type: ignore[assignment]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    seen: Counter[str] = Counter()
    for item in items:
        function = item.nodeid.split("[")[0]
        item.stash[CASE] = f"{function}#{seen[function]}"
        seen[function] += 1
    listing, only = config.getoption("--conformance-list"), config.getoption("--conformance-only")
    if listing:
        lines = (json.dumps({"case": item.stash[CASE], "parameters": _parameters(item)}) for item in items)
        listing.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        items.clear()
    elif only:
        wanted = set(only.read_text(encoding="utf-8").splitlines())
        items[:] = [item for item in items if item.stash[CASE] in wanted]


def pytest_collection_finish() -> None:
    """Take what lives to the end out of the garbage collector's sight.

    coremltools collects garbage in every conversion; with torch and all cases in memory that took 0.17 s of a case's
    0.4 s.
    """
    gc.collect()
    gc.freeze()


def _parameters(item: pytest.Item) -> dict[str, str]:
    """The parameters of a case that are short enough to name it by."""
    values = getattr(getattr(item, "callspec", None), "params", {})
    return {key: str(value) for key, value in values.items() if len(str(value)) < 40}


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """The same random numbers for a test whatever ran before it, and an end to one that hangs."""
    seed = zlib.crc32(item.stash[CASE].encode())
    random.seed(seed)
    np.random.seed(seed)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(seed)
    Proxy.used = set()
    _write(item.config, {"case": item.stash[CASE], "outcome": "started"})
    previous = signal.signal(signal.SIGPROF, _out_of_time)
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return (yield)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, previous)


def _out_of_time(_signal: int, _frame: FrameType | None) -> None:
    raise TimeoutError(f"the test computed for more than {SECONDS} s")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[pytest.TestReport]:
    report: pytest.TestReport = yield
    if report.when == "call" or (not report.passed and report.when == "setup"):
        seconds = {"seconds": round(report.duration, 2)}
        outcome = {"operations": sorted(Proxy.used), **_outcome(report, call), **seconds}
        _write(item.config, {"case": item.stash[CASE], **outcome})
    return report


def _outcome(report: pytest.TestReport, call: pytest.CallInfo[None]) -> dict[str, str]:
    """passed, failed, refused (by inklens, in words), skipped or xfailed (by the suite), and why."""
    if report.passed:
        return {"outcome": "passed"}
    if hasattr(report, "wasxfail"):
        return {"outcome": "xfailed" if report.skipped else "failed", "reason": report.wasxfail or "marked xfail"}
    if report.skipped:
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        return {"outcome": "skipped", "reason": reason.removeprefix("Skipped: ")}
    error = call.excinfo.value if call.excinfo else None
    reason = f"{type(error).__name__}: {error}"
    return {"outcome": "refused" if isinstance(error, ModelError) else "failed", "reason": reason[:2000]}


def _write(config: pytest.Config, record: dict[str, Any]) -> None:
    path = config.getoption("--conformance-log")
    if path:
        with path.open("a", encoding="utf-8") as log:
            log.write(json.dumps(record) + "\n")
