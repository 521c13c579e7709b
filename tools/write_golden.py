"""Write the golden vectors of `src/inklens/reading/golden/`, which Python, Swift and JavaScript read.

    python tools/write_golden.py            write them
    python tools/write_golden.py --check    only say whether those that are there are today's; exit code 1 if not

Each file is a JSON array, one vector a line. They change only when a step of the reading changes on purpose.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from inklens.reading.golden.vectors import VECTORS
from inklens.writing import write_whole

GOLDEN = Path(__file__).parent.parent / "src" / "inklens" / "reading" / "golden"


def main() -> None:
    """Write, or check, every file."""
    stale = []
    for name, vectors in VECTORS.items():
        lines = ",\n".join(json.dumps(vector, separators=(",", ":")) for vector in vectors())
        text, path = f"[\n{lines}\n]\n", GOLDEN / f"{name}.json"
        if "--check" not in sys.argv:
            write_whole(path, lambda part, text=text: part.write_text(text, encoding="utf-8"))
            print(f"{path.name}: {len(text):,} bytes")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
    if stale:
        sys.exit(f"stale: {', '.join(stale)}; a step of the reading changed. Without --check they are written anew.")


if __name__ == "__main__":
    main()
