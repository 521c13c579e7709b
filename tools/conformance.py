"""Run coremltools' own test suites through inklens, and write what passed into docs/conformance.md.

    python tools/conformance.py                 everything, going on where the last run stopped
    python tools/conformance.py --fresh         from the beginning
    python tools/conformance.py --again         those that did not pass once more, and what has not been run
    python tools/conformance.py --limit 1000    at most that many cases now
    python tools/conformance.py --every 20      a sample: every 20th case (nothing is written into docs)
    python tools/conformance.py --report        only write the report of what has been run

Outcomes are kept in build/conformance.jsonl, one line for each case. A case that hangs or ends its process is counted
as failed and the others go on.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from conformance_report import is_first_tier, mil_subject, write_report

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build"
SUITES = {"MIL operations": "converters/mil/mil/ops/tests", "NeuralNetwork layers": "test/neural_network"}
NOTHING_RUN = 5  # what pytest says where no file failed to be read and no test was chosen
BATCH = 400  # cases in one process, whose start takes seconds
SILENCE = 3600  # seconds without an outcome after which a process is ended; on a busy machine its start takes minutes


def coremltools_folder() -> Path:
    found = importlib.util.find_spec("coremltools")
    if found is None or found.origin is None:
        sys.exit("the suites come with coremltools, which is not installed: pip install 'inklens[train]'")
    return Path(found.origin).parent


def command(folder: Path, *options: str) -> list[str]:
    """pytest on the suites as they are: without our own configuration, seen from site-packages."""
    quiet = [
        "-q",
        "--tb=no",
        "--show-capture=no",
        "--no-summary",
        "-W",
        "ignore",
        "-p",
        "no:cacheprovider",
        "--runxfail",
    ]
    place = ["-c", os.devnull, "--rootdir", str(folder.parent)]
    return [sys.executable, "-m", "pytest", *place, "-p", "tests.conformance.plugin", *quiet, *options]


def environment() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT), "TOKENIZERS_PARALLELISM": "false"}


def collect(folder: Path) -> list[dict[str, Any]]:
    """Every case of both suites: {"case": …, "parameters": …}."""
    listing = BUILD / "conformance-cases.jsonl"
    cases: list[dict[str, Any]] = []
    for suite in SUITES.values():
        run = command(folder, "--conformance-list", str(listing), str(folder / suite))
        done = subprocess.run(run, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False)
        # pytest lists what it could import; a file that it could not would be missing from every rate, unseen.
        if not listing.exists() or done.returncode != NOTHING_RUN:
            sys.exit(f"the suite {suite} cannot be collected:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        cases += [json.loads(line) for line in listing.read_text(encoding="utf-8").splitlines()]
        listing.unlink()
    return cases


def urgency(item: dict[str, Any]) -> int:
    """Layers, then first-tier operations, then the others: a run that is broken off has what matters most."""
    if f"/{SUITES['NeuralNetwork layers']}/" in item["case"]:
        return 0
    return 1 if is_first_tier("MIL", mil_subject(item["case"], item["parameters"])) else 2


class Log:
    """Outcomes by case, kept in a file that a later run goes on with."""

    def __init__(self, path: Path, fresh: bool) -> None:
        self.path = path
        self.outcomes: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()
        begun = sorted(path.parent.glob(f"{path.stem}-part-*.jsonl"))  # what a run that was stopped left
        if fresh:
            path.unlink(missing_ok=True)
        elif path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                record = json.loads(line)
                self.outcomes[record["case"]] = record
        for part in begun:
            if not fresh:
                self.add(read_part(part)[0].values())
            part.unlink()

    def parts(self, name: str) -> tuple[Path, Path]:
        """Where the cases of one process are listed, and where it writes their outcomes."""
        stem = f"{self.path.stem}-part-{name}"
        return self.path.with_name(f"{stem}.txt"), self.path.with_name(f"{stem}.jsonl")

    def add(self, records: Iterable[dict[str, Any]]) -> None:
        with self._lock, self.path.open("a", encoding="utf-8") as file:
            for record in records:
                self.outcomes[record["case"]] = record
                file.write(json.dumps(record) + "\n")

    def forget(self, *kinds: str) -> None:
        """Drop the cases with such an outcome."""
        kept = [record for record in self.outcomes.values() if record["outcome"] not in kinds]
        self.path.unlink(missing_ok=True)
        self.outcomes.clear()
        self.add(kept)


def run_batch(folder: Path, cases: list[str], log: Log, name: str, engine: str) -> None:
    """Run some cases in a process; start another where it hangs or dies."""
    only, part = log.parts(name)
    while cases:
        only.write_text("\n".join(cases), encoding="utf-8")
        part.unlink(missing_ok=True)
        options = ["--conformance-only", str(only), "--conformance-log", str(part), "--conformance-engine", engine]
        files = dict.fromkeys(str(folder.parent / case.split("::")[0]) for case in cases)
        run = command(folder, *options, *files)
        process = subprocess.Popen(
            run, cwd=ROOT, env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        ended = watch(process, part)
        records, started = read_part(part)
        log.add(records.values())
        left = [case for case in cases if case not in records]
        if started is not None and started in left:
            log.add([{"case": started, "outcome": "failed", "reason": ended, "operations": []}])
            left.remove(started)
        elif len(left) == len(cases):  # no progress at all
            log.add(
                {"case": case, "outcome": "failed", "reason": f"not run: {ended}", "operations": []} for case in left
            )
            left = []
        cases = left
    only.unlink(missing_ok=True)
    part.unlink(missing_ok=True)


def watch(process: subprocess.Popen[bytes], part: Path) -> str:
    """Wait for a process, but not longer than SILENCE for its next line; how it ended, in words."""
    last, size = time.monotonic(), 0
    while process.poll() is None:
        time.sleep(0.5)
        now = part.stat().st_size if part.exists() else 0
        if now != size:
            last, size = time.monotonic(), now
        if time.monotonic() - last > SILENCE:
            process.kill()
            process.wait()
            return f"no end after {SILENCE} s"
    return f"its process ended with code {process.returncode}"


def read_part(part: Path) -> tuple[dict[str, dict[str, Any]], str | None]:
    """Finished cases, and the one that was started last without an end."""
    records: dict[str, dict[str, Any]] = {}
    started = None
    # A process that was stopped may have left half a line.
    for line in part.read_text(encoding="utf-8").split("\n")[:-1] if part.exists() else []:
        record = json.loads(line)
        if record["outcome"] == "started":
            started = record["case"]
        else:
            records[record["case"]] = record
    return records, None if started in records else started


def run(folder: Path, cases: list[str], log: Log, processes: int, engine: str) -> None:
    batches: queue.SimpleQueue[list[str]] = queue.SimpleQueue()
    for start in range(0, len(cases), BATCH):
        batches.put(cases[start : start + BATCH])
    total = len(cases)

    def work(name: str) -> None:
        while True:
            try:
                batch = batches.get_nowait()
            except queue.Empty:
                return
            run_batch(folder, batch, log, name, engine)
            done = sum(case in log.outcomes for case in cases)
            print(f"{done} of {total} cases, {Counter(log.outcomes[c]['outcome'] for c in cases if c in log.outcomes)}")

    workers = [threading.Thread(target=work, args=(str(number),)) for number in range(processes)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fresh", action="store_true", help="forget what has been run")
    parser.add_argument("--report", action="store_true", help="run nothing")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="run every Nth case only")
    parser.add_argument("--again", action="store_true", help="run what did not pass once more")
    parser.add_argument("--limit", type=int, metavar="N", help="run at most N cases")
    parser.add_argument("--only", default="", metavar="TEXT", help="run the cases whose name holds this")
    parser.add_argument("--processes", type=int, default=2, metavar="N")
    parser.add_argument("--engine", default="onnxruntime", choices=("onnxruntime", "reference", "both"))
    options = parser.parse_args()
    BUILD.mkdir(exist_ok=True)
    folder = coremltools_folder()
    partial = options.every > 1 or bool(options.only)
    log = Log(BUILD / ("conformance-sample.jsonl" if partial else "conformance.jsonl"), options.fresh)
    cases = collect(folder)
    ordered = sorted(cases, key=urgency)
    chosen = [item["case"] for item in ordered if options.only in item["case"]][:: options.every]
    if not options.report:
        if options.again:
            log.forget("failed", "refused", "skipped", "xfailed")
        left = [case for case in chosen if case not in log.outcomes]
        run(folder, left[: options.limit], log, options.processes, options.engine)
    if not partial:
        print(write_report(ROOT / "docs" / "conformance.md", cases, log.outcomes))


if __name__ == "__main__":
    main()
