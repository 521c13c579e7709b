import numpy as np
from PIL import Image

from inklens.apps.samples import draw_icon, sample_digits, sample_pages
from inklens.apps.template import template_files

APP = {name: path for name, path in template_files() if name.startswith("Inklens/")}


def mean_difference(path: str, drawn: np.ndarray) -> float:
    kept = np.asarray(Image.open(APP[path]), np.float64)
    assert kept.shape == drawn.shape
    return float(np.abs(kept - drawn).mean())


def test_the_kept_pictures_are_what_the_code_draws() -> None:
    # other versions of Pillow may round edges differently
    assert mean_difference("Inklens/Assets.xcassets/AppIcon.appiconset/icon.png", np.asarray(draw_icon())) < 0.1
    for number, page in enumerate(sample_pages(), 1):
        assert mean_difference(f"Inklens/Samples/sample-{number}.png", page) < 0.1


def test_ten_digits_stand_inside_their_boxes() -> None:
    digits = sample_digits()
    assert len(digits) == 10
    for page, (x0, y0, x1, y1) in digits:
        outside = page.copy()
        outside[y0:y1, x0:x1] = 255
        assert page.min() < 60
        assert outside.min() >= 130
        assert 60 <= y1 - y0 <= 90
