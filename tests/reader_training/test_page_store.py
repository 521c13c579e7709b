from __future__ import annotations

import pickle
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from inklens.errors import DataError, OutputError
from inklens.reader_training import page_store
from inklens.reader_training.page_store import PageStore, page_options, validation_options
from inklens.reader_training.pages import Pages, load_pages
from inklens.rendering.generators import HELD_OUT
from inklens.rendering.render import page_rng, render_page

pytestmark = pytest.mark.usefixtures("bundled_fonts")


@pytest.fixture(autouse=True)
def _few_pages_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_store, "SHARD", 2)


def rendered(count: int, folder: Path) -> PageStore:
    pages = PageStore(count, folder=folder)
    pages.render(processes=1)
    return pages


def test_pages_are_those_of_their_seed_and_number(tmp_path: Path) -> None:
    pages = rendered(3, tmp_path / "pages")
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == ["0000.npz", "0001.npz"]
    for number in range(3):
        wanted, found = render_page(page_rng(1, number), page_options(number)), pages[number]
        for name in ("page", "boxes", "labels", "ignore", "negatives"):
            np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name))
        assert (found.page.dtype, found.boxes.dtype, found.labels.dtype) == (np.uint8, np.int16, np.int64)
    with pytest.raises(IndexError):
        pages[3]


def test_stopped_rendering_goes_on_and_says_how_far_it_is(tmp_path: Path) -> None:
    whole = rendered(4, tmp_path / "whole")

    def stop(done: int, _: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    pages = PageStore(4, folder=tmp_path / "pages")
    with pytest.raises(KeyboardInterrupt):
        pages.render(stop, processes=1)
    assert [path.name for path in (tmp_path / "pages").iterdir()] == ["0000.npz"]
    calls: list[tuple[int, int]] = []
    pages.render(lambda *done: calls.append(done), processes=1)
    assert calls == [(3, 4), (4, 4)]
    assert all((pages[number].page == whole[number].page).all() for number in range(4))
    pages.render(lambda *done: calls.append(done), processes=1)
    assert len(calls) == 2


def test_store_that_grows_renders_what_its_last_file_lacks(tmp_path: Path) -> None:
    rendered(1, tmp_path / "pages")
    grown = rendered(2, tmp_path / "pages")
    np.testing.assert_array_equal(grown[1].page, render_page(page_rng(1, 1), page_options(1)).page)


def test_missing_and_damaged_files_are_named(tmp_path: Path) -> None:
    pages = PageStore(2, folder=tmp_path)
    with pytest.raises(DataError, match=r"the rendered pages .*0000\.npz are missing; render them first"):
        pages[0]
    for damage in (b"", b"PK\x03\x04 no archive", b"text"):
        (tmp_path / "0000.npz").write_bytes(damage)
        with pytest.raises(DataError, match=r"0000\.npz is damaged .* delete it and render again"):
            PageStore(2, folder=tmp_path)[0]


def test_pictures_stay_in_their_file_and_take_no_memory(tmp_path: Path) -> None:
    rendered(4, tmp_path)[0]  # whatever the first reading imports is there
    pages = PageStore(4, folder=tmp_path)
    tracemalloc.start()
    kept = [pages[number] for number in range(4)]
    memory, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert memory < kept[0].page.nbytes
    for number, page in enumerate(kept):
        with np.load(tmp_path / f"{number // 2:04d}.npz") as file:
            np.testing.assert_array_equal(page.page, file["pages"][number % 2])
        assert type(page.page) is np.ndarray
        with pytest.raises(ValueError, match="read-only"):
            page.page[0, 0] = 1


def test_changed_picture_is_noticed_when_its_file_is_opened(tmp_path: Path) -> None:
    rendered(2, tmp_path)
    path = tmp_path / "0000.npz"
    content = bytearray(path.read_bytes())
    content[100_000] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"0000\.npz is damaged .*CRC.* delete it and render again"):
        PageStore(2, folder=tmp_path)[1]


def test_file_of_another_form_is_refused(tmp_path: Path) -> None:
    rendered(2, tmp_path)
    with np.load(tmp_path / "0000.npz") as file:
        arrays = dict(file)
    np.savez_compressed(tmp_path / "0000.npz", **arrays)
    with pytest.raises(DataError, match=r"0000\.npz is damaged \(pages\.npy is no plain array of bytes\)"):
        PageStore(2, folder=tmp_path)[0]
    np.savez(tmp_path / "0000.npz", **{**arrays, "pages": arrays["pages"].astype(np.int16)})
    with pytest.raises(DataError, match=r"0000\.npz is damaged \(pages\.npy is no plain array of bytes\)"):
        PageStore(2, folder=tmp_path)[0]


def test_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        PageStore(1, folder=tmp_path / "file" / "pages").render(processes=1)


def test_other_processes_read_pages_themselves(tmp_path: Path) -> None:
    pages = rendered(1, tmp_path)
    page = pages[0].page
    sent = pickle.dumps(pages)
    assert len(sent) < 1000
    np.testing.assert_array_equal(pickle.loads(sent)[0].page, page)


def test_what_decides_the_pages_is_in_their_fingerprint(tmp_path: Path) -> None:
    def fingerprint(count: int, seed: int = 1) -> str:
        return load_pages(count, seed=seed, folder=tmp_path).fingerprint

    assert fingerprint(10) == fingerprint(10)
    assert len({fingerprint(10), fingerprint(11), fingerprint(10, 2)}) == 3
    pages = load_pages(10, folder=tmp_path)
    assert isinstance(pages, Pages)
    assert (len(pages.train), len(pages.validation), pages.names) == (10, 1000, tuple("0123456789"))
    assert (pages.train.folder, pages.validation.folder) == (tmp_path / "train", tmp_path / "validation")


def test_clean_pages_come_first_and_nothing_held_out_is_shown() -> None:
    assert [page_options(number).dirt for number in (0, 7999, 8000, 8001)] == [
        (0.0, 0.25),
        (0.0, 0.25),
        (0.0, 0.5),
        (0.0, 1.0),
    ]
    assert {page_options(0).without, page_options(8000).without, validation_options(0).without} == {HELD_OUT}
    assert {page_options(0).digits, page_options(8000).digits} == {"train"}
    assert validation_options(0).digits == "validation"
