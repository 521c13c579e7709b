"""Picture files: any mode and orientation that people have, as upright eight-bit pictures."""

from __future__ import annotations

import base64
import io
import struct
import warnings
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from inklens.errors import ImageError

# what Pillow's decoders raise for damaged files
DAMAGE = (OSError, SyntaxError, ValueError, EOFError, TypeError, KeyError, IndexError, OverflowError, struct.error)
HEIC_SUFFIXES = (".heic", ".heif")  # what an iPhone's camera writes unless it is told otherwise; Pillow reads none
LARGEST_PICTURE = 120_000_000  # pixels; a 100-megapixel photo is read, a decompression bomb is not


Picture: TypeAlias = str | Path | Image.Image | np.ndarray
"""What people have: a file, a Pillow image, or an array; see `to_picture`."""


def read_picture(path: Path) -> Image.Image:
    """Read a picture file as an upright Pillow image of mode L or RGB.

    The EXIF orientation is applied, transparency is laid on white paper, 16-bit grey is scaled to 8 bits, CMYK and
    palettes become RGB; of an animation the first frame is taken. Raises ImageError with the reason if it cannot.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of size, where the limit below is ours, and of damaged metadata
            with Image.open(path) as picture:
                _check_size(path, picture)
                return _to_eight_bits(ImageOps.exif_transpose(picture))
    except FileNotFoundError:
        raise ImageError(f"{path} does not exist; expected a picture file such as PNG or JPEG.") from None
    except IsADirectoryError:
        raise ImageError(f"{path} is a folder; expected a picture file such as PNG or JPEG.") from None
    except UnidentifiedImageError:
        if path.suffix.lower() in HEIC_SUFFIXES:
            raise ImageError(f"{path} is a HEIC picture, which inklens does not read; save it as JPEG first.") from None
        raise ImageError(f"{path} is no picture that can be read; expected a file such as PNG or JPEG.") from None
    except Image.DecompressionBombError as error:
        raise ImageError(f"{path} is too large: {error}") from None
    except DAMAGE as error:
        raise ImageError(f"{path} is damaged or cannot be read: {error}.") from None


def to_picture(source: Picture) -> Image.Image:
    """A picture file, a Pillow image or an array as an upright Pillow image of mode L or RGB.

    An array is uint8 [height, width] or [height, width, 3], 0 black to 255 white; a Pillow image is treated as its file
    would be. Raises ImageError.
    """
    if isinstance(source, str | Path):
        return read_picture(Path(source))
    if isinstance(source, Image.Image):
        try:
            return _to_eight_bits(ImageOps.exif_transpose(source))
        except DAMAGE as error:  # Pillow reads a file's pixels when they are asked for
            raise ImageError(f"the picture is damaged or cannot be read: {error}.") from None
    if not isinstance(source, np.ndarray):
        raise ImageError(f"{type(source).__name__} is no picture; expected a file, a Pillow image or a NumPy array.")
    colours = source.shape[2:]
    if source.dtype != np.uint8 or source.ndim < 2 or colours not in ((), (3,)) or 0 in source.shape:
        raise ImageError(
            f"the picture is {source.dtype} {list(source.shape)}; expected uint8 [height, width] or "
            "[height, width, 3], 0 black to 255 white."
        )
    return Image.fromarray(source)


def data_address(picture: Image.Image, kind: str = "PNG") -> str:
    """The picture as an address that holds the whole file, for pages without requests. kind: PNG or JPEG."""
    file = io.BytesIO()
    picture.save(file, format=kind, optimize=True)
    return f"data:image/{kind.lower()};base64,{base64.b64encode(file.getvalue()).decode()}"


def _check_size(path: Path, picture: Image.Image) -> None:
    width, height = picture.size
    if width * height > LARGEST_PICTURE:
        raise ImageError(
            f"{path} has {width} × {height} pixels, more than the {LARGEST_PICTURE // 10**6} million that are read; "
            "make it smaller first."
        )


def _to_eight_bits(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I"):  # 16 bits a pixel, or 32 that hold 16
        values = np.asarray(picture).astype(np.int64)
        return Image.fromarray((np.clip(values, 0, 65535) // 257).astype(np.uint8))
    if picture.mode == "F":
        values = np.nan_to_num(np.asarray(picture, np.float64))
        scale = 255 if values.max(initial=0) <= 1 else 1
        return Image.fromarray(np.clip(np.rint(values * scale), 0, 255).astype(np.uint8))
    if picture.mode in ("L", "RGB"):
        return picture.copy()
    if picture.mode == "1":
        return picture.convert("L")
    if picture.has_transparency_data:
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture.convert("RGBA"))
    return picture.convert("RGB")
