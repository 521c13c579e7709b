"""The README keeps its word in both languages: its commands run, its targets and links exist."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from tests.test_docs import blocks, run_command, use_few_images

ROOT = Path(__file__).parents[1]
ENGLISH, CHINESE = ROOT / "README.md", ROOT / "README.zh-CN.md"
COMMAND = re.compile(r"^\| `(inklens \w+)`", re.MULTILINE)


def shell_lines(page: Path) -> list[str]:
    return [line for language, code in blocks(page) if language == "sh" for line in code.splitlines()]


def test_both_languages_have_the_same_code_commands_and_pictures():
    assert blocks(CHINESE) == blocks(ENGLISH)
    english, chinese = (page.read_text(encoding="utf-8") for page in (ENGLISH, CHINESE))
    assert COMMAND.findall(chinese) == COMMAND.findall(english)
    for pattern in (
        r"!\[[^]]*\]\(([^)]+)\)",
        r"^([^#\n]+?) +# ",
        r"\d+\.\d+ %",
    ):  # pictures, commented commands, figures
        assert re.findall(pattern, chinese, re.MULTILINE) == re.findall(pattern, english, re.MULTILINE)


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in (ENGLISH, CHINESE, ROOT / "CONTRIBUTING.md"):
        named = set(re.findall(r"\bmake ([a-z]+)\b(?! and\b)", page.read_text(encoding="utf-8")))
        assert named <= targets, page.name


@pytest.mark.parametrize("page", [ENGLISH, CHINESE, ROOT / "CONTRIBUTING.md"], ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not link.startswith("https://") and not (ROOT / link).exists()] == []


def test_every_command_and_python_line_of_the_readme_runs(digits, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from inklens.data import load_dataset
    from inklens.evaluation.evaluate import evaluate_model

    small = load_dataset(digits)  # a few images of the same kind, so that a test takes seconds
    use_few_images(monkeypatch, small, to_learn=False)
    ran = [line for line in shell_lines(ENGLISH) if line.startswith("inklens ")]
    assert len(ran) >= 6
    for line in ran:
        run_command(line)
    names: dict[str, object] = {}
    printed = io.StringIO()
    for language, code in blocks(ENGLISH):
        if language == "python":
            with contextlib.redirect_stdout(printed):
                exec(compile(code, "README.md", "exec"), names)
    accuracy = evaluate_model(Path("digits.mlpackage"), small).accuracy
    assert printed.getvalue().splitlines()[-1] == str(accuracy)
