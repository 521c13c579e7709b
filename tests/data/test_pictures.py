"""Pictures: every mode and orientation comes out upright in eight bits, and the rest is refused in words."""

import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from inklens.data.pictures import read_picture
from inklens.errors import ImageError

RAMP = np.array([[0, 85], [170, 255]], np.uint8)


def saved(folder, picture, name, **options):
    picture.save(folder / name, **options)
    return folder / name


def test_grey_and_colour_come_as_they_are(tmp_path):
    grey = read_picture(saved(tmp_path, Image.fromarray(RAMP), "grey.png"))
    colour = read_picture(saved(tmp_path, Image.new("RGB", (2, 2), (10, 20, 30)), "colour.png"))
    assert (grey.mode, colour.mode) == ("L", "RGB")
    np.testing.assert_array_equal(np.asarray(grey), RAMP)
    assert colour.getpixel((1, 1)) == (10, 20, 30)


def test_sixteen_bits_are_scaled_and_not_cut(tmp_path):
    wide = Image.fromarray(RAMP.astype(np.uint16) * 257)
    np.testing.assert_array_equal(np.asarray(read_picture(saved(tmp_path, wide, "wide.png"))), RAMP)


@pytest.mark.parametrize("scale", [1, 255])
def test_floating_point_pictures_are_read_in_either_range(tmp_path, scale):
    picture = Image.fromarray((RAMP / 255 * scale).astype(np.float32))
    np.testing.assert_array_equal(np.asarray(read_picture(saved(tmp_path, picture, "float.tiff"))), RAMP)


def test_black_and_white_bits_become_grey(tmp_path):
    bits = Image.fromarray(RAMP).point(lambda v: 255 * (v > 100)).convert("1")
    read = read_picture(saved(tmp_path, bits, "bits.png"))
    assert read.mode == "L"
    assert np.asarray(read).tolist() == [[0, 0], [255, 255]]


def test_transparent_ground_becomes_white_paper(tmp_path):
    ink = Image.new("RGBA", (2, 1), (0, 0, 0, 0))
    ink.putpixel((1, 0), (0, 0, 0, 255))
    palette = ink.quantize(4)
    assert np.asarray(read_picture(saved(tmp_path, ink, "ink.png"))).tolist() == [[[255] * 3, [0] * 3]]
    assert read_picture(saved(tmp_path, palette, "palette.png")).getpixel((0, 0)) == (255, 255, 255)


def test_grey_with_transparency_is_laid_on_white_too(tmp_path):
    ink = Image.new("LA", (2, 1), (0, 0))
    ink.putpixel((1, 0), (0, 255))
    assert np.asarray(read_picture(saved(tmp_path, ink, "ink.png"))).tolist() == [[[255] * 3, [0] * 3]]


def test_cmyk_becomes_rgb(tmp_path):
    read = read_picture(saved(tmp_path, Image.new("CMYK", (8, 8), (0, 0, 0, 255)), "print.jpg"))
    assert read.mode == "RGB"
    assert max(read.getpixel((4, 4))) < 10


def test_exif_orientation_is_applied(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees clockwise to see it upright
    read = read_picture(saved(tmp_path, Image.fromarray(RAMP), "turned.png", exif=exif))
    assert np.asarray(read).tolist() == [[170, 0], [255, 85]]


def test_first_frame_of_an_animation_is_taken(tmp_path):
    frames = [Image.new("L", (2, 2), value) for value in (200, 50)]
    path = saved(tmp_path, frames[0], "moving.gif", save_all=True, append_images=frames[1:])
    assert read_picture(path).convert("L").getpixel((0, 0)) == 200


def test_damaged_missing_and_foreign_files_are_refused_by_name(tmp_path):
    with pytest.raises(ImageError, match=r"nothing.png does not exist; expected a picture file"):
        read_picture(tmp_path / "nothing.png")
    with pytest.raises(ImageError, match=r"is a folder; expected a picture file"):
        read_picture(tmp_path)
    for name, content in (("text.png", b"this is no picture"), ("empty.jpg", b"")):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(ImageError, match=f"{name} is no picture that can be read"):
            read_picture(tmp_path / name)
    whole = saved(tmp_path, Image.effect_noise((64, 64), 80), "whole.png")
    (tmp_path / "half.png").write_bytes(whole.read_bytes()[:1500])
    with pytest.raises(ImageError, match=r"half.png is damaged or cannot be read"):
        read_picture(tmp_path / "half.png")


def test_picture_that_claims_a_gigapixel_is_refused_before_it_is_unpacked(tmp_path):
    header = struct.pack(">IIBBBBB", 40_000, 40_000, 8, 0, 0, 0, 0)
    chunks = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b""))
    )
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    with pytest.raises(ImageError, match=r"bomb.png"):
        read_picture(tmp_path / "bomb.png")
