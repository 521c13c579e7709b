"""Files appear whole or not at all."""

import os
from pathlib import Path

import pytest

from inklens.errors import OutputError
from inklens.writing import write_whole


def test_file_appears_whole_in_a_folder_made_for_it(tmp_path):
    path = tmp_path / "a" / "b" / "file.txt"
    write_whole(path, lambda part: part.write_text("whole"))
    assert path.read_text() == "whole"
    assert list(path.parent.iterdir()) == [path]


def test_interrupted_write_keeps_the_old_file_and_leaves_no_part(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")

    def stop_half_way(part: Path) -> None:
        part.write_text("ha")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(path, stop_half_way)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_full_disk_is_told_in_words_and_leaves_no_part(tmp_path):
    path = tmp_path / "file.txt"

    def fill(part: Path) -> None:
        part.write_text("ha")
        raise OSError(28, "No space left on device")

    with pytest.raises(OutputError) as error:
        write_whole(path, fill)
    assert str(error.value) == f"{path} cannot be written: No space left on device."
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_folder_without_permission_is_told_in_words(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(OutputError, match="cannot be written: Permission denied"):
        write_whole(tmp_path / "file.txt", lambda part: part.write_text("x"))
