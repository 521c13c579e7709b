"""Rendered pages kept on disk, so that networks can learn from each several times and a stopped run goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import numpy as np

from inklens.errors import DataError, OutputError
from inklens.rendering.digits import Part, cache_folder
from inklens.rendering.generators import HELD_OUT
from inklens.rendering.render import RenderedPage, RenderOptions, render_pages
from inklens.writing import write_whole

SHARD = 1000  # pages in one file: 77 MB
VERSION = 1  # of how pages are rendered and kept; a change makes them anew
_CLEAN = 8000  # pages at the beginning that are nearly clean: networks see them first


@dataclass(frozen=True)
class StoredPage:
    """What learning needs of a rendered page; see RenderedPage. A store's boxes are int16 [n, 4]."""

    page: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    ignore: np.ndarray
    negatives: np.ndarray


def page_options(number: int) -> RenderOptions:
    """What training page `number` is rendered with: nearly clean ones first, then every degree of dirt.

    Clean first, because dirt brings nothing while the digits themselves are not known yet. Nothing that is held out to
    test on.
    """
    if number < _CLEAN:
        return RenderOptions(dirt=(0.0, 0.25), without=HELD_OUT)
    return RenderOptions(dirt=(0.0, 1.0 if number % 2 else 0.5), without=HELD_OUT)


def validation_options(number: int) -> RenderOptions:  # noqa: ARG001 (one signature for all schedules)
    """What a validation page is rendered with: every degree of dirt, and digits that no network is trained on.

    Thresholds are chosen on these pages, so nothing that is held out is on them either.
    """
    return RenderOptions(digits="validation", without=HELD_OUT)


class PageStore:
    """The first `count` rendered pages of a seed, by number. Pages of 320 × 240 take 77 kB each."""

    def __init__(self, count: int, *, part: Part = "train", seed: int = 1, folder: Path | None = None) -> None:
        self.count, self.part, self.seed = count, part, seed
        self.folder = folder or cache_folder() / f"pages-{part}-{VERSION}-{seed}"
        self._shards: dict[int, _Shard] = {}

    def __len__(self) -> int:
        return self.count

    def render(self, progress: Callable[[int, int], object] | None = None, *, processes: int = 2) -> None:
        """Render the pages that are not there yet; a stop loses at most a thousand. `progress` gets done and all.

        Raises DataError where a font is missing (see `fonts.py`), OutputError where the folder cannot be written.
        """
        number = 0
        while number < self.count and self._holds(number):
            number += SHARD
        if number >= self.count:
            return
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.folder).free
        except OSError as error:
            raise OutputError(f"{self.folder} cannot be written: {error.strerror or error}") from None
        needed = (self.count - number) * 80_000
        if free < needed:
            raise OutputError(
                f"{self.folder} has {free / 1e9:.1f} GB free; the rendered pages need {needed / 1e9:.1f}."
            )
        options = page_options if self.part == "train" else validation_options
        pages = render_pages(self.count - number, options, seed=self.seed, processes=processes, start=number)
        while number < self.count:
            shard: list[RenderedPage] = []
            for page in islice(pages, min(SHARD, self.count - number)):
                shard.append(page)
                if progress:
                    progress(number + len(shard), self.count)
            write_whole(self._file(number), partial(_write, pages=shard))
            number += SHARD

    def __getitem__(self, number: int) -> StoredPage:
        """Page `number`. Raises DataError if it was not rendered or its file is damaged."""
        if not 0 <= number < self.count:
            raise IndexError(number)
        if number // SHARD not in self._shards:
            self._shards[number // SHARD] = _Shard(self._file(number))
        return self._shards[number // SHARD].page(number % SHARD)

    def __getstate__(self) -> dict[str, object]:
        return {**vars(self), "_shards": {}}  # another process reads what it needs itself

    def _holds(self, number: int) -> bool:
        """Whether the file of page `number` has all its pages; a store of fewer pages may have left it shorter."""
        try:
            with np.load(self._file(number)) as file:
                return len(file["boxes_counts"]) >= min(SHARD, self.count - number)
        except (OSError, ValueError, KeyError, EOFError, BadZipFile):
            return False

    def _file(self, number: int) -> Path:
        return self.folder / f"{number // SHARD:04d}.npz"


class _Shard:
    """One file of pages: the pictures, 99.6 % of it, as a part of the file that the system reads and drops as it needs,
    so that 48,000 pages take no 3.7 GB of memory; the rest in memory."""

    def __init__(self, path: Path) -> None:
        try:
            with np.load(path) as file:
                self._arrays = {name: file[name] for name in file.files if name != "pages"}
            self._arrays["pages"] = _map_pages(path)
        except FileNotFoundError:
            raise DataError(f"the rendered pages {path} are missing; render them first.") from None
        except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
            raise DataError(f"{path} is damaged ({error}); delete it and render again.") from None
        self._ends = {name: np.cumsum(self._arrays[f"{name}_counts"]) for name in ("boxes", "ignore", "negatives")}

    def page(self, index: int) -> StoredPage:
        return StoredPage(
            self._arrays["pages"][index],
            self._part("boxes", "boxes", index),
            self._part("boxes", "labels", index),
            self._part("ignore", "ignore", index),
            self._part("negatives", "negatives", index),
        )

    def _part(self, kind: str, name: str, index: int) -> np.ndarray:
        ends = self._ends[kind]
        part: np.ndarray = self._arrays[name][ends[index - 1] if index else 0 : ends[index]]
        return part


def _map_pages(path: Path) -> np.ndarray:
    """The pictures uint8 [n, height, width] of a file of pages, read-only, mapped where they lie in it.

    `np.savez` stores arrays as they are in a zip archive, where `np.load` cannot map them. Their place comes from the
    archive's local header: APPNOTE.TXT of PKWARE, 4.3.7. Reads them once, for their checksum. Raises BadZipFile or
    ValueError for a file that `_write` did not write or that was damaged since. Files are only ever replaced, never
    written over, so what is mapped stays what it was.
    """
    with ZipFile(path) as archive:
        member = archive.getinfo("pages.npy")
        with archive.open(member) as file:
            if (form := np.lib.format.read_magic(file)) != (1, 0):
                raise ValueError(f"pages.npy is of version {form}")
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
            header = file.tell()
            while file.read(1 << 20):
                pass  # the end checks the sum
    if member.compress_type or fortran or dtype != np.uint8:
        raise ValueError("pages.npy is no plain array of bytes")
    with path.open("rb") as file:
        file.seek(member.header_offset + 26)
        name, extra = np.frombuffer(file.read(4), "<u2").tolist()
    place = member.header_offset + 30 + name + extra + header
    return np.asarray(np.memmap(path, np.uint8, "r", offset=place, shape=shape))


def _write(path: Path, *, pages: Sequence[RenderedPage]) -> None:
    arrays = {
        "pages": np.stack([page.page for page in pages]),
        "boxes": np.concatenate([page.boxes for page in pages]).astype(np.int16),
        "labels": np.concatenate([page.labels for page in pages]).astype(np.int64),
        "ignore": np.concatenate([page.ignore for page in pages]).astype(np.int16),
        "negatives": np.concatenate([page.negatives for page in pages]).astype(np.int16),
        "boxes_counts": np.array([len(page.boxes) for page in pages]),
        "ignore_counts": np.array([len(page.ignore) for page in pages]),
        "negatives_counts": np.array([len(page.negatives) for page in pages]),
    }
    with path.open("wb") as file:
        np.savez(file, **arrays)
