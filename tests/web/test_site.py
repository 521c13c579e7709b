"""The site that is written, and the server that shows it."""

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from inklens.apps.web_site import TYPES, open_server, site_files, write_site
from inklens.cli import app
from inklens.errors import ContractError, ExportError, ModelError, OutputError

WEB = Path(__file__).parents[2] / "src" / "inklens" / "apps" / "web"
TUTORIAL_WEIGHTS = 158_086
ALL_BYTES, CODE_BYTES = 750_000, 120_000


@pytest.fixture(scope="module")
def files(classifier: Path, locator: Path) -> dict[str, bytes]:
    return site_files(classifier, locator)[0]


def test_a_site_is_the_template_with_two_networks(files: dict[str, bytes]) -> None:
    template = {path.name: path.read_bytes() for path in WEB.iterdir() if path.is_file()}
    assert {name: files[name] for name in template} == template
    assert sorted(set(files) - set(template)) == ["classifier.bin", "files.js", "locator.bin"]


def test_all_files_are_small_and_the_code_is_too(files: dict[str, bytes]) -> None:
    code = sum(len(content) for name, content in files.items() if Path(name).suffix in (".js", ".wasm"))
    networks = len(files["locator.bin"]) + len(files["classifier.bin"])
    assert code <= CODE_BYTES
    # with the largest of our recipes in 8 bits, or the shipped namer in 16
    assert sum(map(len, files.values())) - networks + len(files["locator.bin"]) + 2 * 110_000 <= ALL_BYTES
    assert sum(map(len, files.values())) <= ALL_BYTES


def test_writing_twice_gives_the_same_bytes(classifier: Path, locator: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_site(classifier, tmp_path / name, locator=locator)
    one, two = ({path.name: path.read_bytes() for path in (tmp_path / name).iterdir()} for name in ("one", "two"))
    assert one == two


def test_the_service_worker_lists_every_file_and_its_version_follows_the_contents(
    files: dict[str, bytes], classifier: Path, locator: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = json.loads(files["files.js"].decode().removeprefix("self.FILES = ").rstrip(";\n"))
    assert set(listing["paths"]) == set(files) - {"sw.js", "files.js", "LICENSE.txt"} | {"./"}
    monkeypatch.setattr("inklens.apps.web_site._template", lambda: iter([("app.js", WEB / "find.js"), *_others()]))
    changed = site_files(classifier, locator)[0]["files.js"].decode()
    assert listing["version"] not in changed


def _others() -> Iterator[tuple[str, Path]]:
    return ((path.name, path) for path in sorted(WEB.iterdir()) if path.name != "app.js")


def test_a_folder_with_something_in_it_is_left_alone(classifier: Path, locator: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"is not an empty folder; choose another name for the site"):
        write_site(classifier, tmp_path, locator=locator)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_used(classifier: Path, locator: Path, tmp_path: Path) -> None:
    site = write_site(classifier, tmp_path, locator=locator)
    assert len(list(tmp_path.iterdir())) == site.files
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == site.bytes


def test_onnx_is_refused_in_words(locator: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"digits\.onnx is ONNX; the page is made from Core ML\. `inklens export"):
        write_site(tmp_path / "digits.onnx", tmp_path / "site", locator=locator)
    assert not (tmp_path / "site").exists()


def test_a_model_that_is_not_there_is_named(locator: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"there is no model at .*lost\.mlpackage"):
        write_site(tmp_path / "lost.mlpackage", tmp_path / "site", locator=locator)


def test_a_locator_cannot_name_marks(locator: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError):
        write_site(locator, tmp_path / "site", locator=locator)


def test_a_classifier_cannot_find_marks(classifier: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"is no locator: its metadata have another contract"):
        write_site(classifier, tmp_path / "site", locator=classifier)


def write_classifier(path: Path, metadata: dict[str, str], activation: str = "relu") -> Path:
    from inklens.backend import keras
    from inklens.exporting.coreml import Metadata, write_mlpackage
    from inklens.lowering.fold import fold
    from inklens.lowering.graph import lower

    layers = keras().layers
    body = [layers.Conv2D(4, 3, activation=activation), layers.Flatten(), layers.Dense(2, activation="softmax")]
    model = keras().Sequential([keras().Input((28, 28, 1)), *body])
    about = Metadata(
        description="A test.",
        input_description="A mark.",
        output_descriptions={"classLabel": "A label.", "classLabel_probs": "All."},
        user_defined=metadata,
    )
    write_mlpackage(fold(lower(model)), path, labels=("a", "b"), metadata=about)
    return path


def test_a_contract_of_a_later_version_is_refused(locator: Path, tmp_path: Path) -> None:
    model = write_classifier(
        tmp_path / "later.mlpackage", {"inklens.contract": '{"contract": 2, "kind": "classifier"}'}
    )
    with pytest.raises(ContractError, match=r"the model has a contract of version 2; this inklens knows version 1"):
        write_site(model, tmp_path / "site", locator=locator)
    assert not (tmp_path / "site").exists()


def test_an_operation_outside_the_set_stops_the_site_and_is_named(locator: Path, tmp_path: Path) -> None:
    model = write_classifier(tmp_path / "elu.mlpackage", {}, activation="elu")
    with pytest.raises(ExportError, match=r"the page cannot run 1 operation of this network: elu\. It runs add, "):
        write_site(model, tmp_path / "site", locator=locator)
    assert not (tmp_path / "site").exists()


def test_the_command_says_what_it_wrote(classifier: Path, locator: Path, tmp_path: Path, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(
        "inklens.apps.web_site.shipped_path", lambda name: {"locator": locator, "namer": classifier}[name]
    )
    done = CliRunner().invoke(app, ["web", "namer", str(tmp_path / "site")])
    assert done.exit_code == 0, done.output
    assert f"{tmp_path / 'site'}: a site of " in done.output
    again = CliRunner().invoke(app, ["web", "namer", str(tmp_path / "site")])
    assert again.exit_code == 1
    assert "is not an empty folder" in again.output


@pytest.fixture(scope="module")
def server(files: dict[str, bytes]) -> Iterator[tuple[str, int]]:
    with open_server(files, 0) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running.server_address[0], running.server_port  # type: ignore[misc]
        running.shutdown()
        thread.join()


def ask(server: tuple[str, int], path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection(*server, timeout=10)
    connection.request(method, path, headers=headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, dict(answer.getheaders()), content


def test_every_file_is_served_with_its_type_and_strict_headers(
    server: tuple[str, int], files: dict[str, bytes]
) -> None:
    for name, content in files.items():
        status, headers, body = ask(server, f"/{name}")
        assert (status, body) == (200, content)
        assert headers["Content-Type"] == TYPES[Path(name).suffix]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"] == (
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; "
            "style-src 'self'; img-src 'self' data: blob:; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )


def test_the_address_alone_gives_the_page_and_head_gives_no_body(
    server: tuple[str, int], files: dict[str, bytes]
) -> None:
    assert ask(server, "/?stats")[2] == files["index.html"]
    status, headers, body = ask(server, "/", method="HEAD")
    assert (status, int(headers["Content-Length"]), body) == (200, len(files["index.html"]), b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../web_site.py",
        "/%2e%2e/web_site.py",
        "//etc/passwd",
        "/etc/passwd",
        "/..%2f..%2fpyproject.toml",
        "/index.html/",
        "/.",
        "/web/index.html",
    ],
)
def test_no_path_leads_out_of_the_site(server: tuple[str, int], path: str) -> None:
    assert ask(server, path)[::2] == (404, b"there is no such file\n")


def test_only_this_computer_is_answered(server: tuple[str, int]) -> None:
    assert server[0] == "127.0.0.1"
    assert ask(server, "/", Host="evil.example")[0] == 421


def test_a_port_that_is_taken_is_said(server: tuple[str, int], files: dict[str, bytes]) -> None:
    with pytest.raises(OutputError, match=rf"port {server[1]} of 127\.0\.0\.1 cannot be used: .*; choose another by"):
        open_server(files, server[1])
