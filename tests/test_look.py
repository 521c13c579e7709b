"""What `look` draws, and where."""

import pytest
from PIL import Image

from inklens.data import Dataset, Split, load_dataset
from inklens.errors import OutputError
from inklens.look import NetworkTable, first_images, look
from inklens.training.recipes import get_recipe

FILES = ["digits.png", "pixels.png", "one-hot.png", "classes.png", "network.png", "network.txt"]


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return load_dataset("mnist")


def test_first_images_are_the_tutorials_six_though_one_of_them_validates(dataset):
    first = first_images(dataset, 6)
    assert first.labels.tolist() == [5, 0, 4, 1, 9, 2]
    assert first.places is not None
    assert first.places.tolist() == [0, 1, 2, 3, 4, 5]
    assert dataset.train.labels[:6].tolist() != [5, 0, 4, 1, 9, 2]
    assert first_images(dataset, 13).labels[12] == 3


def test_first_images_of_a_dataset_made_by_hand_are_those_of_its_training_split(dataset):
    split = Split(dataset.test.images[:8], dataset.test.labels[:8])
    by_hand = Dataset("mine", dataset.names, split, split, split)
    assert first_images(by_hand, 6).labels.tolist() == [7, 2, 1, 0, 4, 1]


def test_look_writes_its_files_into_a_folder_made_for_it(dataset, tmp_path):
    folder = tmp_path / "new" / "look"
    paths = look(get_recipe("tutorial"), dataset, folder)
    assert paths == [folder / name for name in FILES]
    assert sorted(path.name for path in folder.iterdir()) == sorted(FILES)
    for path in paths[:-1]:
        with Image.open(path) as picture:
            assert picture.format == "PNG"
            assert 800 <= picture.width <= 2000
    assert paths[-1].read_text(encoding="utf-8") == f"{NetworkTable(get_recipe('tutorial'), classes=10)}\n"


def test_network_of_the_tutorial_is_told_layer_by_layer():
    assert (
        str(NetworkTable(get_recipe("tutorial"), classes=10))
        == """\
The network of the recipe tutorial
158,086 parameters; shapes are rows × columns × channels

layer         settings                                 output        parameters
InputLayer                                             28 × 28 × 1            0
Rescaling     × 1/255                                  28 × 28 × 1            0
Conv2D        32 filters of 3 × 3, padding same, relu  28 × 28 × 32         320
MaxPooling2D  largest of 2 × 2                         14 × 14 × 32           0
Conv2D        32 filters of 2 × 2, padding same, relu  14 × 14 × 32       4,128
MaxPooling2D  largest of 2 × 2                         7 × 7 × 32             0
Conv2D        32 filters of 2 × 2, padding same, relu  7 × 7 × 32         4,128
MaxPooling2D  largest of 2 × 2                         3 × 3 × 32             0
Dropout       drops 30 % while training                3 × 3 × 32             0
Flatten                                                288                    0
Dense         500 units, relu                          500              144,500
Dropout       drops 40 % while training                500                    0
Dense         10 units, softmax                        10                 5,010"""
    )


def test_network_with_normalisation_says_what_is_kept():
    table = NetworkTable(get_recipe("fast"), classes=10)
    total = sum(layer.parameters for layer in table.layers)
    normalised = sum(layer.parameters for layer in table.layers if layer.kind == "BatchNormalization")
    # of the three numbers of a channel (mean, variance, shift) the fused convolution keeps one, its bias
    kept = total - normalised * 2 // 3
    assert table.note == (
        f"{total:,} parameters in training, {kept:,} kept: each normalisation becomes part of its convolution"
    )


def test_target_that_is_a_file_is_refused_and_kept(dataset, tmp_path):
    target = tmp_path / "look"
    target.write_text("mine")
    with pytest.raises(OutputError) as error:
        look(get_recipe("tutorial"), dataset, target)
    assert str(error.value) == f"{target / 'digits.png'} cannot be written: {target} is not a folder."
    assert target.read_text() == "mine"
