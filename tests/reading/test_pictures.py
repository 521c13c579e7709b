from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inklens.errors import ImageError, OutputError
from inklens.reading.drawing import draw_marks
from inklens.reading.pictures import (
    COLUMNS,
    csv_rows,
    describe,
    find_pictures,
    read_files,
    to_json,
    to_page,
    unread_pages,
)
from inklens.reading.read import Reading
from tests.reading.readers import block_page, block_reader

PAGE = block_page((5, 40, 40), (7, 66, 42))


def save(path: Path, page: np.ndarray = PAGE, **options: object) -> Path:
    Image.fromarray(page).save(path, **options)
    return path


def read_one(path: Path) -> Reading:
    [(found, reading)] = read_files([path], block_reader())
    assert found == path
    assert isinstance(reading, Reading), reading
    return reading


def test_files_folders_and_patterns_are_found(tmp_path: Path) -> None:
    for name in ("b.PNG", "a.jpg", "text.txt", "c.tiff"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "inner.png").mkdir()
    names = ["a.jpg", "b.PNG", "c.tiff"]
    assert find_pictures([tmp_path]) == [tmp_path / name for name in names]
    assert find_pictures([str(tmp_path / "[ab].*")]) == [tmp_path / "a.jpg", tmp_path / "b.PNG"]
    assert find_pictures([tmp_path / "missing.png", tmp_path / "text.txt"]) == [
        tmp_path / "missing.png",
        tmp_path / "text.txt",
    ]


def test_hidden_files_and_inner_folders_of_a_folder_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "inner").mkdir()
    for name in ("page.jpg", "._page.jpg", ".hidden.png", "inner/other.jpg"):
        (tmp_path / name).write_bytes(b"")
    assert find_pictures([tmp_path]) == [tmp_path / "page.jpg"]
    assert find_pictures([str(tmp_path / "**" / "*.jpg")]) == [tmp_path / "inner" / "other.jpg", tmp_path / "page.jpg"]
    assert find_pictures([tmp_path / ".hidden.png"]) == [tmp_path / ".hidden.png"]


def test_photo_of_an_iphone_is_not_left_out_unseen_but_told_how_to_be_read(tmp_path: Path) -> None:
    (tmp_path / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    [path] = find_pictures([tmp_path])
    [(_, error)] = read_files([path], block_reader())
    assert isinstance(error, ImageError)
    assert str(error) == f"{path} is a HEIC picture, which inklens does not read; save it as JPEG first."


def test_file_whose_name_is_a_pattern_is_itself(tmp_path: Path) -> None:
    (tmp_path / "page[1].png").write_bytes(b"")
    assert find_pictures([str(tmp_path / "page[1].png")]) == [tmp_path / "page[1].png"]


def test_nothing_to_read_is_said(tmp_path: Path) -> None:
    with pytest.raises(ImageError) as caught:
        find_pictures([tmp_path])
    assert str(caught.value) == f"the folder {tmp_path} holds no picture; expected files such as .png, .jpg, .jpeg."
    with pytest.raises(ImageError, match=r"no file matches .*\*\.png"):
        find_pictures([str(tmp_path / "*.png")])


def test_picture_that_cannot_be_read_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    paths = [tmp_path / "text.png", save(tmp_path / "page.png"), tmp_path / "missing.png"]
    one, two, three = (answer for _, answer in read_files(paths, block_reader()))
    assert isinstance(one, ImageError)
    assert str(one) == f"{paths[0]} is no picture that can be read; expected a file such as PNG or JPEG."
    assert isinstance(two, Reading)
    assert two.text == "57"
    assert isinstance(three, ImageError)
    assert "does not exist" in str(three)


def test_scan_that_was_cut_off_is_told_as_damaged(tmp_path: Path) -> None:
    path = save(tmp_path / "scan.tif")
    whole = path.read_bytes()
    for length in (*range(0, 300, 6), *range(300, len(whole) - 100, 9000)):  # its description comes first
        path.write_bytes(whole[:length] + b"\0" * 40)
        [(_, error)] = read_files([path], block_reader())
        assert isinstance(error, ImageError), length
        assert unread_pages(path) == 0


def test_page_lies_as_its_exif_orientation_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to see it upright
    save(tmp_path / "turned.png", np.ascontiguousarray(np.rot90(PAGE)), exif=exif)
    reading = read_one(tmp_path / "turned.png")
    assert (reading.width, reading.height, reading.text, reading.rotation) == (320, 240, "57", 0)


@pytest.mark.parametrize("kind", ["alpha", "sixteen", "cmyk", "palette", "animated", "bilevel", "colour"])
def test_pictures_of_every_kind_are_read(tmp_path: Path, kind: str) -> None:
    grey = Image.fromarray(PAGE)
    path = tmp_path / "page.png"
    if kind == "alpha":
        Image.merge(
            "LA", (grey.point(lambda value: value if value < 120 else 0), grey.point(lambda v: 255 * (v < 120)))
        ).save(path)
    elif kind == "sixteen":
        Image.fromarray(PAGE.astype(np.uint16) * 257).save(path)
    elif kind == "cmyk":
        path = tmp_path / "page.tif"
        grey.convert("RGB").convert("CMYK").save(path)
    elif kind == "palette":
        grey.convert("RGB").quantize(16).save(path)
    elif kind == "animated":
        path = tmp_path / "page.gif"
        grey.save(path, save_all=True, append_images=[Image.new("L", grey.size, 230)])
    elif kind == "bilevel":
        grey.point(lambda value: 255 * (value > 120)).convert("1").save(path)
    else:
        grey.convert("RGB").save(path)
    assert read_one(path).text == ("00" if kind == "bilevel" else "57")


def test_pages_of_a_scan_after_its_first_are_counted_as_not_read(tmp_path: Path) -> None:
    grey = Image.fromarray(PAGE)
    more = {"save_all": True, "append_images": [grey, grey]}
    for name, expected in (("scan.tif", 2), ("animated.gif", 0)):
        grey.save(tmp_path / name, **more)
        assert unread_pages(tmp_path / name) == expected
    assert unread_pages(save(tmp_path / "one.tif")) == 0
    assert unread_pages(tmp_path / "missing.tif") == 0
    whole = (tmp_path / "scan.tif").read_bytes()
    (tmp_path / "scan.tif").write_bytes(whole[: len(whole) // 2])  # the first page is whole, the others cannot be told
    assert unread_pages(tmp_path / "scan.tif") == 0


def test_picture_beyond_the_limit_is_refused_and_not_decoded(tmp_path: Path) -> None:
    Image.new("1", (20_000, 6_001)).save(tmp_path / "huge.png")
    [(_, error)] = read_files([tmp_path / "huge.png"], block_reader())
    assert isinstance(error, ImageError)
    assert "has 20000 × 6001 pixels, more than the 120 million that are read; make it smaller first." in str(error)


def test_luma_is_that_of_jpeg() -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    np.testing.assert_array_equal(to_page(Image.fromarray(colours)), [[76, 150, 29, 255]])


def test_json_line_begins_with_the_image(tmp_path: Path) -> None:
    path = save(tmp_path / "page.png")
    values = to_json(path, read_one(path))
    assert list(values) == ["image", "width", "height", "rotation", "marks", "lines"]
    assert values["image"] == str(path)
    assert json.loads(json.dumps(values)) == values


def test_every_mark_is_a_row_of_the_table(tmp_path: Path) -> None:
    path = save(tmp_path / "page.png")
    rows = [dict(zip(COLUMNS, row, strict=True)) for row in csv_rows(path, read_one(path))]
    assert [(row["image"], row["line"], row["place"], row["label"], row["alternative"]) for row in rows] == [
        (str(path), 0, 0, "5", "0"),
        (str(path), 0, 1, "7", "0"),
    ]
    [(_, rejected)] = read_files([path], block_reader(doubt=1.0))
    assert isinstance(rejected, Reading)
    assert list(csv_rows(path, rejected)) == []
    assert [row[:4] for row in csv_rows(path, rejected, everything=True)] == [(str(path), "", "", "")] * 2


def test_people_are_told_lines_and_doubts(tmp_path: Path) -> None:
    path = save(tmp_path / "page.png")
    first, line, *unsure = describe(path, read_one(path)).splitlines()
    assert first == f"{path} (320 × 240): 2 digits"
    assert line == "    57"
    assert [text.split(" at ")[0] for text in unsure] == [
        "    unsure: 5 (0.78), or 0 (0.02)",
        "    unsure: 7 (0.78), or 0 (0.02)",
    ]
    [(_, rejected)] = read_files([path], block_reader(doubt=1.0))
    assert isinstance(rejected, Reading)
    assert describe(path, rejected) == f"{path} (320 × 240): no digits"
    assert [text.split(" at ")[0] for text in describe(path, rejected, everything=True).splitlines()[1:]] == [
        f"    rejected ({mark.confidence:.2f})" for mark in rejected.rejected
    ]
    assert len(rejected.rejected) == 2
    blank = save(tmp_path / "blank.png", np.full((30, 40), 200, np.uint8))
    assert describe(blank, read_one(blank)) == f"{blank} (40 × 30): no digits"


def test_drawing_shows_boxes_and_doubt_in_colour(tmp_path: Path) -> None:
    path = save(tmp_path / "page.png")
    list(read_files([path], block_reader(), draw=tmp_path / "drawn"))
    drawn = np.asarray(Image.open(tmp_path / "drawn" / "page.png"))
    assert drawn.shape == (240, 320, 3)
    assert (drawn == (225, 110, 0)).all(axis=2).sum() > 100
    assert (drawn == (0, 140, 60)).all(axis=2).sum() == 0
    assert (np.asarray(Image.open(path)) == PAGE).all()


def test_digit_that_fills_the_picture_has_its_label_inside() -> None:
    page = block_page((5, 1, 1), size=(22, 42), high=40)
    picture = Image.fromarray(page)
    reading = read_page_of(picture)
    assert len(reading.marks) == 1
    drawn = np.asarray(draw_marks(picture, reading.marks))
    assert (drawn[5:35, 5:17] != np.asarray(picture.convert("RGB"))[5:35, 5:17]).any()


def read_page_of(picture: Image.Image) -> Reading:
    from inklens.reading.read import read_page

    return read_page(to_page(picture), block_reader())


def test_drawings_of_one_name_are_numbered_and_no_picture_is_replaced(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    paths = [save(tmp_path / "one" / "page.png"), save(tmp_path / "two" / "page.png")]
    list(read_files(paths, block_reader(), draw=tmp_path / "drawn"))
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["page-2.png", "page.png"]
    before = paths[0].read_bytes()
    with pytest.raises(OutputError, match="is itself one of the pictures to read; draw into another folder"):
        list(read_files(paths, block_reader(), draw=tmp_path / "one"))
    assert paths[0].read_bytes() == before
    photo = save(tmp_path / "one" / "page.jpg")
    with pytest.raises(OutputError, match="is itself one of the pictures"):
        list(read_files([photo, paths[0]], block_reader(), draw=tmp_path / "one"))
    assert paths[0].read_bytes() == before


def test_drawing_replaces_an_earlier_drawing_and_nothing_else(tmp_path: Path) -> None:
    photo, other = save(tmp_path / "page.jpg"), save(tmp_path / "page.png", PAGE // 2)
    before = other.read_bytes()
    with pytest.raises(OutputError) as caught:
        list(read_files([photo], block_reader(), draw=tmp_path))
    assert str(caught.value) == f"{other} is there already and is no earlier drawing; draw into another folder."
    assert other.read_bytes() == before
    drawn = tmp_path / "drawn" / "page.png"
    list(read_files([photo], block_reader(), draw=drawn.parent))
    first = drawn.read_bytes()
    drawn.write_bytes(first[:300])
    list(read_files([photo], block_reader(), draw=drawn.parent))
    assert drawn.read_bytes() == first
