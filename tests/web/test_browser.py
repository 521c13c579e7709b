"""The page in a real browser: camera, drawing, photos, words for every state, offline, accessibility.

Screenshots of what was seen are left in build/browser/. Every test also fails on an error in the console, a breach of
the content security policy, or a request to anywhere but the site itself.
"""

import contextlib
import functools
import http.server
import io
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from inklens.apps.samples import Written
from inklens.apps.web_site import open_server, site_files
from inklens.errors import ModelError
from inklens.models.shipped import shipped_path
from inklens.rendering.strokes import load_skeletons
from tests.web import clips
from tests.web.needs import needs, refuse

SCREENSHOTS = Path(__file__).parents[2] / "build" / "browser"
SAMPLE = "314159265358"
WAIT = 15_000  # ms; the machine may be busy
FAKE = ["--use-fake-device-for-media-stream"]
ALLOWED = [*FAKE, "--use-fake-ui-for-media-stream"]

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def site() -> dict[str, bytes]:
    """The site with the shipped networks."""
    needs("chromium", "chromium")
    try:
        for name in ("locator", "namer"):
            shipped_path(name)
    except ModelError as problem:
        refuse(f"the page is NOT tested in a browser: {problem}")
    return site_files("namer")[0]


@pytest.fixture(scope="module")
def address(site: dict[str, bytes]) -> Iterator[str]:
    with open_server(site, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with sync_playwright() as playwright:
        yield playwright.chromium


@pytest.fixture
def opened(chromium: Any, address: str) -> Iterator[Open]:
    """Opens the page in a new browser, and afterwards fails if it complained of anything or asked elsewhere."""
    complaints: list[str] = []
    with contextlib.ExitStack() as stack:

        def open_page(*arguments: str, at: str = "", before: str = "", **options: Any) -> Page:
            browser = chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", *arguments])
            stack.callback(browser.close)
            context = browser.new_context(**{"locale": "en-US", "viewport": {"width": 1280, "height": 860}, **options})
            page = context.new_page()
            home = (at or address).split("/", 3)[2]
            page.on("console", lambda message: _note(complaints, message.type == "error", message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            context.on("request", lambda asked: _note(complaints, not _is_own(asked.url, home), asked.url))
            if before:
                page.add_init_script(before)
            page.goto(at or address)
            page.locator("#status:not([data-word])").wait_for(timeout=WAIT)  # app.js runs, and listens to clicks
            return page

        yield open_page
    assert complaints == []


def _note(complaints: list[str], bad: bool, text: str) -> None:
    if bad:
        complaints.append(text)


def _is_own(url: str, home: str) -> bool:
    return url.startswith(("data:", "blob:")) or url.split("/", 3)[2] == home


def photograph(page: Page, name: str) -> None:
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)


def digits_of(page: Page) -> str:
    return re.sub(r"\D", "", "".join(page.locator("#lines button").all_inner_texts()))


def expect_digits(page: Page, digits: str) -> None:
    """Wait until the panel's buttons are these digits, in order."""
    between = r"\s*"
    expect(page.locator("#lines")).to_have_text(re.compile(f"^{between.join(['', *digits, ''])}$"), timeout=WAIT)
    assert digits_of(page) == digits


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """The option that gives Chromium's fake camera one of the clips."""
    folder, rng = tmp_path_factory.mktemp("clips"), np.random.default_rng(11)
    frames: dict[str, Callable[[], Iterator[np.ndarray]]] = {
        "digits": lambda: clips.digits_one_by_one(rng),
        "number": lambda: clips.filmed(clips.number_page(), rng, 10),
        "blank": lambda: clips.filmed(clips.paper([]), rng, 10),
        "shadow": lambda: clips.moving_shadow(rng),
    }

    def write(name: str) -> str:
        path = folder / f"{name}.y4m"
        if not path.exists():
            clips.write_clip(path, frames[name]())
        return f"--use-file-for-fake-video-capture={path}"

    return write


def start_camera(page: Page) -> None:
    page.get_by_role("tab", name="Camera").click()
    page.get_by_role("button", name="Start the camera").click()


def test_the_sample_page_is_read_when_the_page_is_opened(opened: Open) -> None:
    page = opened()
    expect_digits(page, SAMPLE)
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^Read: 3 ?1 ?4 ?1 / "))
    expect(page.locator("#bars li")).to_have_count(11)  # ten digits and none
    photograph(page, "sample-light-laptop")


def test_on_a_phone_in_the_dark_nothing_is_wider_than_the_screen(opened: Open) -> None:
    phone = {"width": 390, "height": 844}
    page = opened(viewport=phone, color_scheme="dark", device_scale_factor=2, has_touch=True, is_mobile=True)
    expect_digits(page, SAMPLE)
    photograph(page, "sample-dark-phone")
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_ten_digits_before_the_camera_are_each_read(opened: Open, film: Callable[[str], str]) -> None:
    page = opened(*ALLOWED, film("digits"))
    start_camera(page)
    told: set[str] = set()
    for _ in range(400):
        told.add(page.get_by_role("status").inner_text())
        if {f"Read: {digit}" for digit in range(10)} <= told:
            break
        page.wait_for_timeout(100)
    assert {text for text in told if text.startswith("Read")} == {f"Read: {digit}" for digit in range(10)}


def test_a_number_before_the_camera_is_read_and_can_be_copied(opened: Open, film: Callable[[str], str]) -> None:
    page = opened(*ALLOWED, film("number"), permissions=["camera", "clipboard-read", "clipboard-write"])
    start_camera(page)
    expect(page.get_by_role("status")).to_have_text(f"Read: {clips.NUMBER}", timeout=WAIT)
    photograph(page, "camera-light-laptop")
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("status")).to_have_text(re.compile(r"Copied|Read"))
    assert page.evaluate("navigator.clipboard.readText()") == clips.NUMBER
    page.locator("#lines button").nth(2).click()
    expect(page.locator("#lines button").nth(2)).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Stop the camera").click()
    expect(page.get_by_role("button", name="Start the camera")).to_be_visible()
    assert page.evaluate("document.querySelector('video').srcObject") is None


def test_nothing_is_read_on_blank_paper(opened: Open, film: Callable[[str], str]) -> None:
    page = opened(*ALLOWED, film("blank"))
    start_camera(page)
    expect(page.get_by_role("button", name="Stop the camera")).to_be_visible(timeout=WAIT)
    for _ in range(40):
        assert page.locator("#lines button").count() == 0
        page.wait_for_timeout(100)
    expect(page.get_by_role("status")).to_have_text(re.compile("^No digit in sight"))


def test_a_shadow_that_moves_over_the_page_changes_nothing(opened: Open, film: Callable[[str], str]) -> None:
    page = opened(*ALLOWED, film("shadow"))
    start_camera(page)
    expect(page.get_by_role("status")).to_have_text(f"Read: {clips.NUMBER}", timeout=WAIT)
    told = set()
    for _ in range(40):
        told.add(page.get_by_role("status").inner_text())
        page.wait_for_timeout(100)
    assert told == {f"Read: {clips.NUMBER}"}
    photograph(page, "camera-shadow")


def test_the_camera_is_let_go_when_the_page_is_hidden(opened: Open, film: Callable[[str], str]) -> None:
    page = opened(*ALLOWED, film("blank"))
    start_camera(page)
    expect(page.get_by_role("button", name="Stop the camera")).to_be_visible(timeout=WAIT)
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.get_by_role("status")).to_have_text(re.compile("^The camera was stopped while the page was hidden"))
    assert page.evaluate("document.querySelector('video').srcObject") is None


def test_a_camera_that_goes_away_is_said(opened: Open, film: Callable[[str], str]) -> None:
    page = opened(*ALLOWED, film("blank"))
    start_camera(page)
    expect(page.get_by_role("button", name="Stop the camera")).to_be_visible(timeout=WAIT)
    page.evaluate("document.querySelector('video').srcObject.getTracks()[0].dispatchEvent(new Event('ended'))")
    expect(page.get_by_role("status")).to_have_text(re.compile("^The camera is gone"))


def camera_in_use(page: Page) -> str:
    """The id of the camera whose picture the page shows; empty without one."""
    tracks = "document.querySelector('video').srcObject?.getVideoTracks()"
    return str(page.evaluate(f"{tracks}?.[0].getSettings().deviceId ?? ''"))


def test_of_two_cameras_the_other_can_be_chosen(opened: Open) -> None:
    page = opened(f"{FAKE[0]}=device-count=2", "--use-fake-ui-for-media-stream")
    chooser = page.get_by_role("combobox")
    expect(chooser).to_be_hidden()
    start_camera(page)
    expect(chooser.locator("option")).to_have_text(["fake_device_0", "fake_device_1"], timeout=WAIT)
    expect(chooser).to_be_visible()
    first, second = chooser.locator("option").evaluate_all("options => options.map(({value}) => value)")
    assert first != second
    used = camera_in_use(page)
    assert chooser.input_value() == used
    other = second if used == first else first
    page.evaluate("window.track = document.querySelector('video').srcObject.getVideoTracks()[0]")
    chooser.select_option(other)
    page.wait_for_function(
        "other => document.querySelector('video').srcObject?.getVideoTracks()[0].getSettings().deviceId === other",
        arg=other,
        timeout=WAIT,
    )
    assert page.evaluate("window.track.readyState") == "ended"  # the first camera is let go
    page.wait_for_function("!document.querySelector('video').paused", timeout=WAIT)
    expect(page.get_by_role("button", name="Stop the camera")).to_be_visible()
    expect(chooser).to_have_value(other)


def test_with_one_camera_there_is_nothing_to_choose(opened: Open) -> None:
    page = opened(f"{FAKE[0]}=device-count=1", "--use-fake-ui-for-media-stream")
    start_camera(page)
    expect(page.locator("#device option")).to_have_text(["fake_device_0"], timeout=WAIT)  # the cameras are listed
    assert camera_in_use(page) == page.locator("#device").input_value()
    expect(page.locator("#device")).to_be_hidden()


def write_by_hand(page: Page, text: str, height: float = 110) -> None:
    """Draw digits with the mouse, stroke by stroke."""
    area = page.locator("#drawing").bounding_box()
    assert area is not None
    for place, digit in enumerate(text):
        skeleton = load_skeletons()[digit][0]
        left, bottom = area["x"] + 60 + 120 * place, area["y"] + area["height"] / 2 + height / 2
        for curve in skeleton.curves:
            points = np.asarray(curve @ skeleton.controls) * height + [left, bottom]
            page.mouse.move(*points[0].tolist())
            page.mouse.down()
            for x, y in points[1:].tolist():
                page.mouse.move(x, y)
            page.mouse.up()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (FAKE, "The camera is not allowed for this page."),
        (["--use-fake-ui-for-media-stream"], "This device has no camera that the browser can use."),
    ],
    ids=["denied", "missing"],
)
def test_without_a_camera_the_page_says_why_and_drawing_works(opened: Open, arguments: list[str], words: str) -> None:
    page = opened(*arguments)
    start_camera(page)
    expect(page.get_by_role("status")).to_have_text(re.compile(f"^{re.escape(words)}"), timeout=WAIT)
    photograph(page, f"camera-{'denied' if arguments == FAKE else 'missing'}")
    page.get_by_role("tab", name="Draw").click()
    write_by_hand(page, "3")
    expect_digits(page, "3")


def test_digits_drawn_with_the_mouse_are_read_and_can_be_taken_back(opened: Open) -> None:
    page = opened()
    page.get_by_role("tab", name="Draw").click()
    expect(page.get_by_role("status")).to_have_text("Draw one or more digits here.", timeout=WAIT)
    write_by_hand(page, "2085")
    expect_digits(page, "2085")
    photograph(page, "drawing-light-laptop")
    page.get_by_role("button", name="Undo").click()
    expect_digits(page, "208")
    page.get_by_role("button", name="Clear").click()
    expect(page.get_by_role("status")).to_have_text("Draw one or more digits here.", timeout=WAIT)
    assert page.locator("#lines button").count() == 0


def draw_across(page: Page, height: float, pointer: str, pressure: float) -> None:
    """Draw a level line over the middle of the drawing area, as the driver of a pen or mouse reports it.

    height: of the line, as a part of the area's; pressure: 0 to 1.
    """
    area = page.locator("#drawing").bounding_box()
    assert area is not None
    browser = page.context.new_cdp_session(page)
    points = [area["x"] + area["width"] * part for part in np.linspace(0.2, 0.8, 6).tolist()]
    kinds = ["mousePressed", *["mouseMoved"] * (len(points) - 2), "mouseReleased"]
    for kind, x in zip(kinds, points, strict=True):
        event = {"type": kind, "x": x, "y": area["y"] + area["height"] * height, "button": "left", "buttons": 1}
        browser.send("Input.dispatchMouseEvent", {**event, "clickCount": 1, "pointerType": pointer, "force": pressure})
    browser.detach()


def line_widths(page: Page) -> list[float]:
    """How wide the lines are that cross the middle of the drawing area, from above, in pixels of the canvas.

    Grey pixels of an edge count by their share of the ink.
    """
    column = page.evaluate(
        """() => {
            const {width, height} = document.querySelector("#drawing");
            const {data} = document.querySelector("#drawing").getContext("2d").getImageData(width / 2, 0, 1, height);
            return Array.from({length: height}, (_, y) => data[4 * y]);
        }"""
    )
    ink = (255 - np.array(column)) / (255 - 0x14)
    starts = np.flatnonzero((ink[1:] > 0) & (ink[:-1] == 0)) + 1
    return [round(float(line.sum()), 1) for line in np.split(ink, starts)[1:]]


def test_a_pen_that_presses_harder_draws_a_wider_line(opened: Open) -> None:
    page = opened()
    page.get_by_role("tab", name="Draw").click()
    for height, pointer, pressure in [(0.2, "pen", 0.2), (0.4, "pen", 0.5), (0.6, "pen", 0.9), (0.8, "mouse", 0.5)]:
        draw_across(page, height, pointer, pressure)
    photograph(page, "drawing-pen")
    light, even, hard, mouse = 22.8, 30, 39.6, 30
    assert line_widths(page) == pytest.approx([light, even, hard, mouse], abs=0.5)
    page.get_by_role("button", name="Undo").click()
    assert line_widths(page) == pytest.approx([light, even, hard], abs=0.5)  # drawn again as they were


def test_digits_written_by_key_are_taken_back_by_key(opened: Open) -> None:
    page = opened()
    page.get_by_role("tab", name="Draw").click()
    for key in "408":
        page.locator("#drawing").press(key)
    expect_digits(page, "408")
    page.locator("#drawing").press("Backspace")
    expect_digits(page, "40")
    page.locator("#drawing").press("Delete")
    expect(page.get_by_role("status")).to_have_text("Draw one or more digits here.", timeout=WAIT)
    assert page.locator("#lines button").count() == 0


def test_a_sample_page_that_comes_late_does_not_take_the_drawing_away(opened: Open) -> None:
    page = opened(
        before="""
            const fetched = window.fetch;
            const asked = new Promise((go) => { window.letSampleCome = go; });
            window.fetch = (name, ...more) => name === "sample.png"
                ? asked.then(() => fetched(name, ...more)) : fetched(name, ...more);
        """
    )
    page.get_by_role("tab", name="Draw").click()
    write_by_hand(page, "3")
    expect_digits(page, "3")
    page.evaluate("letSampleCome()")
    page.wait_for_timeout(1000)
    expect(page.get_by_role("tab", name="Draw")).to_have_attribute("aria-selected", "true")
    assert digits_of(page) == "3"
    page.get_by_role("tab", name="Photo").click()
    expect_digits(page, SAMPLE)


def test_the_keyboard_alone_reaches_a_reading(opened: Open) -> None:
    page = opened()
    expect_digits(page, SAMPLE)
    for _ in range(2):  # past the language to the tabs, of which the chosen one takes the focus
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("tab", name="Draw")).to_be_focused()
    page.keyboard.press("Tab")
    for digit in "20":
        page.keyboard.press(digit)
    expect_digits(page, "20")
    for _ in range(4):  # undo, clear, copy, the first digit
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#lines button").nth(1)).to_have_attribute("aria-pressed", "true")


def sideways_photo() -> bytes:
    """A photo of 2026 as a phone stores it: turned by 90 degrees, with EXIF saying so."""
    page = clips.paper([Written(digit, 90 + 120 * place, 170, 120) for place, digit in enumerate("2026")])
    exif, file = Image.Exif(), io.BytesIO()
    exif[0x0112] = 6  # orientation: turn clockwise to see it upright
    Image.fromarray(np.rot90(page).copy()).save(file, "JPEG", quality=90, exif=exif)
    return file.getvalue()


def test_a_photo_is_read_upright_as_its_exif_says(opened: Open) -> None:
    page = opened()
    photo = {"name": "page.jpg", "mimeType": "image/jpeg", "buffer": sideways_photo()}
    page.locator("#file").set_input_files([photo])  # type: ignore[list-item]
    expect_digits(page, "2026")
    photograph(page, "photo-light-laptop")


def test_a_photo_can_be_dropped_and_turned(opened: Open) -> None:
    page = opened()
    expect_digits(page, SAMPLE)
    page.evaluate(
        """bytes => {
            const data = new DataTransfer();
            data.items.add(new File([new Uint8Array(bytes)], "page.jpg", {type: "image/jpeg"}));
            document.body.dispatchEvent(new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
        }""",
        list(sideways_photo()),
    )
    expect_digits(page, "2026")
    for _ in range(4):
        page.get_by_role("button", name="Turn").click()
    expect_digits(page, "2026")


def test_a_picture_is_pasted_from_the_clipboard(opened: Open) -> None:
    page = opened(permissions=["clipboard-read", "clipboard-write"])
    expect_digits(page, SAMPLE)
    page.get_by_role("tab", name="Draw").click()
    file = io.BytesIO()
    Image.fromarray(clips.number_page()).save(file, "PNG")
    page.evaluate(
        """async bytes => {
            const png = new Blob([new Uint8Array(bytes)], {type: "image/png"});
            await navigator.clipboard.write([new ClipboardItem({"image/png": png})]);
        }""",
        list(file.getvalue()),
    )
    page.keyboard.press("Control+V")
    expect_digits(page, clips.NUMBER)
    expect(page.get_by_role("tab", name="Photo")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("status")).to_have_text(f"Read: {clips.NUMBER}")


def test_a_file_that_is_no_picture_is_said(opened: Open) -> None:
    page = opened()
    expect_digits(page, SAMPLE)
    page.locator("#file").set_input_files([{"name": "a.png", "mimeType": "image/png", "buffer": b"no"}])  # type: ignore[list-item]
    expect(page.get_by_role("status")).to_have_text("This file is no picture that the browser can open.")


def test_the_page_works_without_a_connection_after_the_first_load(opened: Open) -> None:
    page = opened()
    expect_digits(page, SAMPLE)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.context.set_offline(True)
    page.reload()
    expect_digits(page, SAMPLE)
    page.get_by_role("tab", name="Draw").click()
    page.locator("#drawing").press("7")
    expect_digits(page, "7")


def test_any_static_host_and_any_sub_path_will_do(opened: Open, site: dict[str, bytes], tmp_path: Path) -> None:
    folder = tmp_path / "some" / "where"
    folder.mkdir(parents=True)
    for name, content in site.items():
        (folder / name).write_bytes(content)

    class Plain(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    handler = functools.partial(Plain, directory=str(tmp_path))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        page = opened(at=f"http://127.0.0.1:{server.server_port}/some/where/")
        expect_digits(page, SAMPLE)
        page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        server.shutdown()
    page.reload()  # the host is gone
    expect_digits(page, SAMPLE)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(opened: Open, scheme: str) -> None:
    page = opened(color_scheme=scheme)
    expect_digits(page, SAMPLE)
    for name in ("Photo", "Draw", "Camera"):
        page.get_by_role("tab", name=name).click()
        page.wait_for_timeout(300)
        found = Axe().run(page).response["violations"]
        serious = [f"{name}: {one['id']}: {one['help']}" for one in found if one["impact"] in ("serious", "critical")]
        assert serious == []


def test_chinese_browsers_get_chinese_and_anyone_can_switch(opened: Open) -> None:
    page = opened(locale="zh-CN")
    expect(page.get_by_role("status")).to_have_text(re.compile("^识别结果："), timeout=WAIT)
    assert page.evaluate("document.documentElement.lang") == "zh-Hans"
    photograph(page, "sample-chinese")
    page.get_by_role("button", name="English").click()
    expect(page.get_by_role("status")).to_have_text(re.compile("^Read: "))
    assert page.evaluate("document.documentElement.lang") == "en"


def test_an_old_browser_is_told_what_it_lacks(opened: Open) -> None:
    page = opened(before="delete window.OffscreenCanvas")
    expect(page.get_by_role("status")).to_have_text(
        re.compile(r"^This browser is too old for the page: it lacks OffscreenCanvas\.")
    )


def test_the_statistics_are_shown_on_request(opened: Open, address: str) -> None:
    page = opened(at=f"{address}?stats")
    expect_digits(page, SAMPLE)
    expect(page.locator("#stats")).to_have_text(re.compile(r"locate +[\d.]+ ms"))


def test_networks_that_do_not_load_are_said(chromium: Any, site: dict[str, bytes]) -> None:
    broken = {**site, "locator.bin": b"inklens0"}
    with open_server(broken, 0) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}).start()
        browser = chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        context: BrowserContext = browser.new_context(locale="en-US", service_workers="block")
        page = context.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        expect(page.get_by_role("status")).to_have_text(
            re.compile(r"^The networks could not be loaded \(this is no network file of inklens\)"), timeout=WAIT
        )
        browser.close()
        server.shutdown()
