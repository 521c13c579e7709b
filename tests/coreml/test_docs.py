"""The page "Core ML without a Mac" runs: every command and every Python block."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from inklens.coreml.ops import OPS
from tests.coreml import files

PAGE = Path(__file__).parents[2] / "docs" / "core-ml-without-a-mac.md"


@pytest.fixture
def workshop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A folder with the model and the picture that the page speaks of."""
    ct = files.coremltools()
    monkeypatch.chdir(tmp_path)
    model = files.digit_program()
    spec = model.get_spec()
    ct.utils.rename_feature(spec, "x", "image", rename_outputs=False)
    renamed = ct.models.MLModel(spec, weights_dir=model.weights_dir, skip_model_load=True)
    renamed.save("digits.mlpackage")
    files.picture().save("seven.png")
    yield tmp_path
    OPS.pop("cube", None)


@pytest.mark.usefixtures("workshop")
def test_every_block_of_the_page_runs_and_prints_what_it_says() -> None:
    text = PAGE.read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": "page"}
    for language, code in re.findall(r"^```(\w+)\n(.*?)^```$", text, flags=re.DOTALL | re.MULTILINE):
        if language == "sh":
            for line in code.splitlines():
                run(line)
            continue
        assert language == "python"
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, f"{PAGE.name}: {code.splitlines()[0]}", "exec"), names)
        expected = re.findall(r"^print\(.*\)  # (.*)$", code, flags=re.MULTILINE)
        assert printed.getvalue().splitlines() == expected
    assert Path("digits.onnx").exists()
    assert "cube" in OPS


def run(line: str) -> None:
    from inklens.cli import app

    program, *arguments = shlex.split(line)
    assert program == "inklens"
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, f"{line}\n{result.output}{result.exception}"
