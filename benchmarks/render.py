"""How many synthetic pages a second: `python -m benchmarks.render [PROCESSES] [PAGES]`.

Prints seconds for tracing MNIST's digits (once for a user), then pages a second for each size, on one process in this
one's own CPU time and on PROCESSES (2) in wall time.
"""

from __future__ import annotations

import sys
import time

from inklens.rendering.digits import load_digits
from inklens.rendering.render import RenderOptions, render_pages

SIZES = ((320, 240, (10.0, 220.0)), (640, 480, (14.0, 300.0)))


def main(processes: int = 2, pages: int = 400) -> None:
    """Measure and print."""
    start = time.perf_counter()
    load_digits("train").trace_all()
    print(f"digits traced or loaded in {time.perf_counter() - start:.1f} s")
    for width, height, heights in SIZES:
        for colour in (False, True):
            options = RenderOptions(width=width, height=height, heights=heights, colour=colour)
            for _ in render_pages(20, options, seed=1):
                pass
            start = time.process_time()
            marks = sum(len(page.labels) for page in render_pages(pages // 4, options, seed=2))
            alone = (pages // 4) / (time.process_time() - start)
            stream = render_pages(pages + 16 * processes, options, seed=3, processes=processes)
            for _, _ in zip(range(16 * processes), stream, strict=False):
                pass  # the processes start and load their digits
            start = time.perf_counter()
            for _ in stream:
                pass
            together = pages / (time.perf_counter() - start)
            kind = "colour" if colour else "grey"
            print(
                f"{width} x {height} {kind}: {alone:.1f} pages per CPU second of one process, "
                f"{together:.1f} pages a second on {processes}, {4 * marks / pages:.1f} digits a page"
            )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
