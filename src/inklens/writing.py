"""Write files whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from inklens.errors import OutputError


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a file beside `path`, then rename it: whoever reads `path` sees the old file or the new one.

    Missing folders are made. Raises OutputError where that is not possible, and then leaves nothing behind.
    """
    if path.is_dir():
        raise OutputError(f"{path} is a folder; expected the name of a file to write.")
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(part)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except (FileExistsError, NotADirectoryError):
        raise OutputError(f"{path} cannot be written: {path.parent} is not a folder.") from None
    except OSError as error:
        raise OutputError(f"{path} cannot be written: {error.strerror or error}.") from None
