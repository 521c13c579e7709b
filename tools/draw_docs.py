"""Draws the pictures of docs/ten-steps.md: python tools/draw_docs.py [--run runs/tutorial] [--out docs/images]

The run is trained first if it is not there (minutes). The same run gives the same bytes.
"""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from inklens.data import Dataset, load_dataset
from inklens.evaluation.evaluate import evaluate_model
from inklens.evaluation.pictures import save_pictures
from inklens.look import look
from inklens.training.recipes import get_recipe
from inklens.training.train import train
from inklens.writing import write_whole

COLOURS = 96  # enough for grey digits, grey text and three colours; a third of the bytes of true colour


def draw_docs(run: Path, out: Path) -> None:
    """Draw what `look` and `evaluate` show of the tutorial recipe, in few colours, into the folder `out`."""
    dataset: Dataset = load_dataset("mnist")
    recipe = get_recipe("tutorial")
    if not run.exists():
        train(recipe, dataset, run)
    with TemporaryDirectory() as folder:
        drawn = look(recipe, dataset, Path(folder))
        drawn += save_pictures(evaluate_model(run, dataset), folder)
        for path in drawn:
            if path.suffix == ".png":
                with Image.open(path) as picture:
                    small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
                write_whole(out / path.name, partial(small.save, format="PNG", optimize=True))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, default=Path("runs/tutorial"))
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    options = parser.parse_args()
    draw_docs(options.run, options.out)
