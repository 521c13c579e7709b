"""Builds the page's WebAssembly from its C file: `python tools/build_wasm.py`, or with `--check` compares instead.

Debian 12's clang 14 and lld 14 give the same bytes everywhere, and those are the ones that are committed. -O2 without
the vectorisers is as fast as -O3 here (loops are unrolled and vectors are written by hand) and two thirds of its size.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

APPS = Path(__file__).parent.parent / "src" / "inklens" / "apps"
SOURCE = APPS / "wasm" / "kernels.c"
BUILT = APPS / "web" / "kernels.wasm"
COMPILER = "clang-14"
OPTIONS = """
    --target=wasm32 -std=c11 -Wall -Wextra -Werror -O2 -fno-vectorize -fno-slp-vectorize -msimd128 -nostdlib
    -Wl,--no-entry -Wl,--import-memory -Wl,--strip-all -Wl,--initial-memory=131072 -Wl,-z,stack-size=16384
""".split()


def build(to: Path) -> None:
    """Compile and link. Raises FileNotFoundError without the compiler, CalledProcessError with its message."""
    subprocess.run([COMPILER, *OPTIONS, "-o", str(to), SOURCE.name], cwd=SOURCE.parent, check=True)
    to.chmod(0o644)


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder) / BUILT.name
        build(fresh)
        if "--check" not in sys.argv:
            BUILT.write_bytes(fresh.read_bytes())
        elif fresh.read_bytes() != BUILT.read_bytes():
            sys.exit(f"{BUILT.name} is not what {SOURCE.name} builds; run python tools/build_wasm.py")


if __name__ == "__main__":
    main()
