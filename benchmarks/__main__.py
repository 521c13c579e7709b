"""`python -m benchmarks`: everything, one after the other, then the tables of README.md. Stopped, it can go on."""

from __future__ import annotations

import subprocess
import sys

PARTS = ("recipes", "throughput", "coreml_runtime", "reading", "readme")


def main() -> int:
    """Run every part in a process of its own; the first failure ends it, a missed target of one part does not."""
    missed = []
    for part in PARTS:
        print(f"== {part}", flush=True)
        code = subprocess.call([sys.executable, "-m", f"benchmarks.{part}"])
        if code:
            missed.append(part)
    if missed:
        print(f"failed or short of target: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
