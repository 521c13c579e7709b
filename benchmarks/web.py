"""How fast the live page is: `python -m benchmarks.web [--minutes 5]`.

Headless Chromium reads twelve digits from its fake camera at 640 × 480 with 30 frames a second; one worker thread does
all steps. Prints the figures and writes results/web.json.

frames      read a second, and milliseconds for each step: the mean over ten seconds after five to warm up
first box   milliseconds from navigation to the sample page's digits in the panel: median and worst of ten new browsers
canvas      milliseconds from the pen's lift to the digit in the panel: median and worst of thirty strokes
8 bits      of the marks that the shipped reader reads on rendered pages, the share that it reads the same with the
            site's weights, and how many digits of the truth either reads rightly
memory      MB of the kernels' memory and of JavaScript's heap, at the beginning and after MINUTES of camera
"""

from __future__ import annotations

import argparse
import re
import statistics
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks.recipes import HERE, conditions
from inklens import coreml
from inklens.apps.web_network import stored_graph
from inklens.apps.web_site import open_server, site_files, stored_reader
from inklens.models.shipped import SHIPPED, shipped_path
from inklens.reading.read import read_page
from inklens.reading.reader import load_reader
from inklens.rendering.render import RenderOptions, render_pages
from inklens.training.run import write_json

RESULTS = HERE / "results" / "web.json"
SAMPLE = HERE.parent / "src" / "inklens" / "apps" / "web" / "sample.png"
CHROMIUM = "/usr/bin/chromium"
RATE = 30  # frames a second of the camera
WATCH = """
window.measured = [];
new PerformanceObserver((list) => window.measured.push(...list.getEntries())).observe({type: "measure"});
window.shown = [];
addEventListener("pointerup", () => { window.lifted = performance.now(); }, true);
addEventListener("DOMContentLoaded", () => {
  const seen = () => window.shown.push({at: performance.now(), since: performance.now() - (window.lifted ?? 0),
    count: document.querySelectorAll("#lines button").length});
  new MutationObserver(seen).observe(document.getElementById("lines"), {childList: true, subtree: true});
});
"""


def film(folder: Path) -> Path:
    """The sample page's twelve digits as a clip of one second, with a sensor's noise."""
    page, rng, path = (
        np.asarray(Image.open(SAMPLE).convert("L"), np.float64),
        np.random.default_rng(1),
        folder / "page.y4m",
    )
    height, width = page.shape
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{RATE}:1 Ip A1:1 C420\n".encode())
        for _ in range(RATE):
            luma = 16 + np.clip(page + rng.normal(0, 2, page.shape), 0, 255) * 219 / 255
            file.write(b"FRAME\n" + luma.astype(np.uint8).tobytes() + bytes([128]) * (width * height // 2))
    return path


@contextmanager
def page_in(browser: Browser, address: str) -> Iterator[Page]:
    """The page in a new profile, watched."""
    context = browser.new_context(locale="en-US", viewport={"width": 1280, "height": 860}, service_workers="block")
    page = context.new_page()
    page.add_init_script(WATCH)
    page.goto(address)
    yield page
    context.close()


def first_boxes(chromium: Any, address: str, count: int = 10) -> list[float]:
    """Milliseconds from navigation to the sample's digits, each in a new browser."""
    found = []
    for _ in range(count):
        browser = chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with page_in(browser, address) as page:
            page.wait_for_selector("#lines button")
            found.append(page.evaluate("shown.find(({count}) => count > 0).at"))
        browser.close()
    return found


def strokes(browser: Browser, address: str, count: int = 30) -> list[float]:
    """Milliseconds from the pen's lift to the digit, one stroke after another on a clean canvas."""
    found = []
    with page_in(browser, address) as page:
        page.wait_for_selector("#lines button")
        page.click("#tab-drawing")
        area = page.locator("#drawing").bounding_box()
        assert area is not None
        x, y = area["x"] + area["width"] / 2, area["y"] + area["height"] / 2
        for number in range(count + 5):  # five to warm up
            page.evaluate("shown.length = 0")
            page.mouse.move(x - 40, y - 70)
            page.mouse.down()
            for way in ((40, -70), (-10, 80)):
                page.mouse.move(x + way[0], y + way[1], steps=8)
            page.mouse.up()
            page.wait_for_selector("#lines button")
            if number >= 5:
                found.append(page.evaluate("shown.find(({count}) => count > 0).since"))
            page.click("#clear")
            page.wait_for_selector("#lines button", state="detached")
    return found


def camera(browser: Browser, address: str, minutes: float) -> dict[str, Any]:
    """Frames a second, steps, and how much memory is in use before and after."""
    with page_in(browser, address) as page:
        page.click("#tab-camera")
        page.click("#start")
        page.locator("#lines button").nth(11).wait_for(timeout=60_000)
        text = page.inner_text("#status")
        page.wait_for_timeout(5000)
        heap = "performance.memory.usedJSHeapSize / 1e6"
        before = page.evaluate(heap)
        page.evaluate("measured.length = 0")
        page.wait_for_timeout(10_000)
        frames = page.evaluate("measured.map(({detail, duration, startTime}) => ({...detail, duration, startTime}))")
        for _ in range(round(minutes * 6)):
            page.wait_for_timeout(10_000)
            page.evaluate("measured.length = 0")
        after = page.evaluate(heap)
    seconds = (frames[-1]["startTime"] - frames[0]["startTime"]) / 1000
    steps = {
        name: statistics.mean(frame[name] for frame in frames)
        for name in ("grey", "locate", "classify", "rest", "total")
    }
    steps["with transfer"] = statistics.mean(frame["duration"] for frame in frames)
    return {
        "digits": len(re.sub(r"\D", "", text)),
        "frames_per_second": (len(frames) - 1) / seconds,
        "steps_ms": steps,
        "heap_mb": [before, after],
        "minutes": minutes,
    }


def eight_bits(pages: int = 100) -> dict[str, Any]:
    """What the site's weights change in the readings of rendered pages that nobody trained on, looked at once."""
    shipped = load_reader()
    locator, classifier = (coreml.load(shipped_path(name)).graph() for name in SHIPPED)
    stored = stored_reader(
        stored_graph(locator, "int8"), shipped.locator, stored_graph(classifier, "float16"), shipped.classifier
    )
    options = RenderOptions(width=640, height=480, heights=(14.0, 300.0), digits="validation")
    found, same, right, digits = 0, 0, [0, 0], 0
    for page in render_pages(pages, options, seed=991):
        one, two = (read_page(page.page, reader, closer=False).marks for reader in (shipped, stored))
        found, digits = found + len(one), digits + len(page.labels)
        same += sum(any(mark.label == other.label and near(mark.box, other.box) for other in two) for mark in one)
        for place, marks in enumerate((one, two)):
            right[place] += sum(
                any(mark.label == str(label) and near(mark.box, box) for mark in marks)
                for box, label in zip(page.boxes.tolist(), page.labels, strict=True)
            )
    return {"pages": pages, "digits": digits, "marks": found, "same": same, "right": right}


def near(one: Sequence[int], two: Sequence[int]) -> bool:
    """Whether two boxes have half of their joint area in common."""
    wide, high = min(one[2], two[2]) - max(one[0], two[0]), min(one[3], two[3]) - max(one[1], two[1])
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, two))
    return wide > 0 and high > 0 and 3 * wide * high >= areas


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--minutes", type=float, default=5, help="of camera, to see whether memory grows")
    minutes = parser.parse_args().minutes
    files, _ = site_files("namer")
    weights = eight_bits()
    with tempfile.TemporaryDirectory() as folder, open_server(files, 0) as server, sync_playwright() as playwright:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/"
        clip = f"--use-file-for-fake-video-capture={film(Path(folder))}"
        fake = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", clip]
        boxes = first_boxes(playwright.chromium, address)
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", *fake])
        version = browser.version
        canvas = strokes(browser, address)
        live = camera(browser, address, minutes)
        browser.close()
        server.shutdown()
    result = {
        "chromium": version,
        "bytes": sum(map(len, files.values())),
        "first_box_ms": {"median": statistics.median(boxes), "worst": max(boxes), "n": len(boxes)},
        "canvas_ms": {"median": statistics.median(canvas), "worst": max(canvas), "n": len(canvas)},
        "camera": live,
        "eight_bits": weights,
        "conditions": conditions(),
    }
    write_json(RESULTS, result)
    steps = ", ".join(f"{name} {value:.1f}" for name, value in live["steps_ms"].items())
    print(f"{live['frames_per_second']:.1f} frames a second with {live['digits']} digits; ms: {steps}")
    print(f"{result['bytes']:,} bytes of files")
    print(
        f"{weights['same']} of {weights['marks']} marks on {weights['pages']} pages are read the same with 8 bits; of "
        f"{weights['digits']} digits {weights['right'][0]} are right with the shipped weights, {weights['right'][1]} so"
    )
    print(f"first box {statistics.median(boxes):.0f} ms, worst {max(boxes):.0f}, after navigation, n = {len(boxes)}")
    print(
        f"canvas {statistics.median(canvas):.0f} ms, worst {max(canvas):.0f}, after the pen's lift, n = {len(canvas)}"
    )
    print(f"heap {live['heap_mb'][0]:.1f} MB, after {minutes:g} minutes {live['heap_mb'][1]:.1f}")


if __name__ == "__main__":
    main()
