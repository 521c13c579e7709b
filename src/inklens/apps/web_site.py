"""Write a static site that reads with a model in any browser, and show it on this computer."""

from __future__ import annotations

import contextlib
import hashlib
import json
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote, urlsplit

import numpy as np

from inklens import coreml
from inklens.apps.web_network import Storage, pack_network, stored_graph
from inklens.coreml.ir import Graph
from inklens.errors import ModelError, OutputError
from inklens.exporting.target import written_beside
from inklens.models.contract import CONTRACT_KEY, ClassifierContract, LocatorContract, parse_contract
from inklens.models.predictor import CORE_ML_SUFFIXES, Predictor, load_predictor
from inklens.models.shipped import shipped_path
from inklens.reading.reader import Reader, classifier_contract

LOCATOR, CLASSIFIER, FILES = "locator.bin", "classifier.bin", "files.js"
SAMPLE = "sample.png"  # the page that the site shows first
HALVES = 120_000  # weights of a classifier up to which they travel in 16 bits; more travel in 8
HOST, PORT = "127.0.0.1", 8000
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".webmanifest": "application/manifest+json",
    ".wasm": "application/wasm",
    ".png": "image/png",
    ".bin": "application/octet-stream",
    ".txt": "text/plain; charset=utf-8",
}
_LEFTOVERS = {".DS_Store", "__pycache__"}


@dataclass(frozen=True)
class Site:
    """A site that was written: where, how many files and bytes, and what its sample page reads as."""

    folder: Path
    files: int
    bytes: int
    code_bytes: int
    sample: str

    def __str__(self) -> str:
        return (
            f"{self.folder}: a site of {self.files} files, {self.bytes:,} bytes ({self.code_bytes:,} of them code)\n"
            f"its sample page reads {' / '.join(self.sample.splitlines()) or 'as nothing'} with these networks\n"
            "`inklens serve` shows such a site here; docs/web.md says how to put it on any static host"
        )


def write_site(model: str | Path, out: str | Path, *, locator: str | Path | None = None) -> Site:
    """Write the site into `out`, a new or empty folder; the same input gives the same bytes.

    model: what names marks: `namer` for the shipped one, a Core ML file of a classifier of 28 × 28 pixels, or a run,
    which is exported. locator: a Core ML file, the shipped one where left out. Raises ModelError or ContractError for
    models that do not fit, ExportError naming the operations that the page cannot run, OutputError for folders that
    cannot be used; nothing is left half-written.
    """
    folder = Path(out)
    folder = folder if folder.name else folder.resolve()  # "." has no name to write beside
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise OutputError(f"{folder} is not an empty folder; choose another name for the site")
    files, sample = site_files(model, locator)
    with written_beside(folder) as part:
        part.mkdir(parents=True)
        for name, content in files.items():
            (part / name).write_bytes(content)
        if folder.is_dir():
            folder.rmdir()  # it is empty; a folder cannot be renamed to one that is there everywhere
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    if written != files:
        raise OutputError(f"{folder} does not hold what was written to it; write the site again")
    return _described(folder, files, sample)


def site_files(model: str | Path, locator: str | Path | None = None) -> tuple[dict[str, bytes], str]:
    """Every file of a site by name, and what its sample page reads as."""
    where = Path(locator) if locator else shipped_path("locator")
    graph, places = _load_locator(where)
    with _as_core_ml(model) as path:
        classifier, contract = _load_classifier(path)
    count = sum(_weights(node.arguments["weight"]) for node in classifier.nodes if node.op in ("conv", "linear"))
    stored: Storage = "float16" if count <= HALVES else "int8"
    files = {name: path.read_bytes() for name, path in _template()}
    files[LOCATOR] = pack_network(graph, places, weights="int8")
    files[CLASSIFIER] = pack_network(classifier, contract, weights=stored)
    files[FILES] = _listing(files)
    reader = stored_reader(stored_graph(graph, "int8"), places, stored_graph(classifier, stored), contract)
    return dict(sorted(files.items())), _read_sample(reader, files[SAMPLE])


def serve_site(
    model: str | Path = "namer",
    *,
    port: int = PORT,
    locator: str | Path | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Show a site on this computer alone, until Ctrl-C. `ready` is called with what to tell: its address, and for whom.

    Raises OutputError where the port is taken, and what `write_site` raises.
    """
    files, _ = site_files(model, locator)
    with open_server(files, port) as server:
        if ready is not None:
            ready(
                f"http://{HOST}:{server.server_port}/ shows the page on this computer alone; Ctrl-C stops it.\n"
                "A phone needs it by HTTPS, or its browser gives no camera: docs/web.md says how."
            )
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever(poll_interval=0.2)


def open_server(files: dict[str, bytes], port: int) -> ThreadingHTTPServer:
    """A server of these files and nothing else, on 127.0.0.1; port 0 takes any that is free."""

    class Handler(_Handler):
        pass

    Handler.files = files
    try:
        return ThreadingHTTPServer((HOST, port), Handler)
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"port {port} of {HOST} cannot be used: {reason}; choose another by --port") from None


class _Handler(BaseHTTPRequestHandler):
    """Answers for the names of a dictionary: no path of the computer can be asked for."""

    files: ClassVar[dict[str, bytes]] = {}
    server_version, sys_version = "inklens", ""
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else each body waits 40 ms until the browser has told that it got the headers

    def do_GET(self) -> None:
        self._answer(body=True)

    def do_HEAD(self) -> None:
        self._answer(body=False)

    def _answer(self, *, body: bool) -> None:
        host = (self.headers.get("Host") or "").rsplit(":", 1)[0]
        if host not in (HOST, "localhost"):  # a foreign name that was made to lead here
            self._send(HTTPStatus.MISDIRECTED_REQUEST, b"this server is for 127.0.0.1\n", ".txt", body)
            return
        name = unquote(urlsplit(self.path).path).removeprefix("/") or "index.html"
        if name not in self.files:
            self._send(HTTPStatus.NOT_FOUND, b"there is no such file\n", ".txt", body)
            return
        self._send(HTTPStatus.OK, self.files[name], Path(name).suffix, body)

    def _send(self, status: HTTPStatus, content: bytes, suffix: str, body: bool) -> None:
        self.send_response(status)
        self.send_header("Content-Type", TYPES[suffix])
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-cache")
        self.send_header("Content-Security-Policy", f"{_policy()}; frame-ancestors 'none'")
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.send_header("Permissions-Policy", "camera=(self), microphone=(), geolocation=()")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        if body:
            self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass  # the address is all that the terminal needs to show


def _policy() -> str:
    """The content security policy that the page states itself."""
    page = resources.files("inklens.apps").joinpath("web", "index.html").read_text("utf-8")
    start = page.index('content="', page.index("Content-Security-Policy")) + len('content="')
    return page[start : page.index('"', start)]


def _template() -> Iterator[tuple[str, Path]]:
    """Every file of the site's template by its name, in order."""
    root = Path(str(resources.files("inklens.apps").joinpath("web")))
    for path in sorted(root.iterdir()):
        if path.is_file() and path.name not in _LEFTOVERS:
            yield path.name, path


def _listing(files: dict[str, bytes]) -> bytes:
    """What the service worker keeps: all files, under a version made of their contents."""
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    paths = ["./", *sorted(name for name in files if name not in ("sw.js", "LICENSE.txt"))]
    listing = {"version": digest.hexdigest()[:16], "paths": paths}
    return f"self.FILES = {json.dumps(listing)};\n".encode()


def _described(folder: Path, files: dict[str, bytes], sample: str) -> Site:
    code = sum(len(content) for name, content in files.items() if Path(name).suffix in (".js", ".wasm"))
    return Site(folder, len(files), sum(map(len, files.values())), code, sample)


@contextlib.contextmanager
def _as_core_ml(model: str | Path) -> Iterator[Path]:
    """The Core ML file of a model: its own, the shipped one, or a run's, exported for as long as it is needed."""
    path = shipped_path("namer") if str(model) == "namer" else Path(model)
    if path.suffix == ".onnx":
        raise ModelError(
            f"{path} is ONNX; the page is made from Core ML. `inklens export RUN FILE.mlpackage` writes that."
        )
    if not path.is_dir() or path.suffix in CORE_ML_SUFFIXES:
        if path.exists() and path.suffix not in CORE_ML_SUFFIXES:
            raise ModelError(
                f"{path} is no Core ML model and no run; expected a .mlpackage, a .mlmodel or a run folder"
            )
        yield path
        return
    from inklens.exporting import export

    with tempfile.TemporaryDirectory() as folder:
        exported = Path(folder) / "classifier.mlpackage"
        export(path, exported)
        yield exported


def _load_locator(path: Path) -> tuple[Graph, LocatorContract]:
    model = coreml.load(path)
    text = model.metadata.get(CONTRACT_KEY)
    contract = parse_contract(text) if text is not None else None
    if not isinstance(contract, LocatorContract):
        raise ModelError(f"{path} is no locator: its metadata have {'another' if contract else 'no'} contract")
    return model.graph(), contract


def _load_classifier(path: Path) -> tuple[Graph, ClassifierContract]:
    predictor = load_predictor(path)
    return coreml.load(path).graph(), classifier_contract(predictor)


def _weights(weight: Any) -> int:
    return int(weight.size) if isinstance(weight, np.ndarray) else 0


def stored_reader(locator: Graph, places: LocatorContract, classifier: Graph, contract: ClassifierContract) -> Reader:
    """A reader with just the weights that the site's files hold."""
    maps, names = _session(locator), _session(classifier)

    def classify(images: np.ndarray) -> np.ndarray:
        return np.concatenate([names(image[None]) for image in images])

    return Reader(
        lambda picture: maps(picture[None])[0], places, Predictor("site", contract.labels, classify), contract
    )


def _session(graph: Graph) -> Callable[[np.ndarray], np.ndarray]:
    import onnxruntime

    from inklens.coreml.onnx import to_onnx

    session = onnxruntime.InferenceSession(to_onnx(graph), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(pictures: np.ndarray) -> np.ndarray:
        [answer] = session.run(None, {name: pictures[:, None].astype(np.float32)})
        return np.asarray(answer, np.float32)

    return run


def _read_sample(reader: Reader, sample: bytes) -> str:
    import io

    from PIL import Image

    from inklens.reading.read import read_page

    page = np.asarray(Image.open(io.BytesIO(sample)).convert("L"))
    return read_page(page, reader, closer=False).text
