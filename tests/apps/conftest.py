"""What the apps' tests share: a small classifier and a small locator as Core ML files."""

from pathlib import Path

import numpy as np
import pytest


@pytest.fixture(scope="session")
def classifier(run_folder: Path, digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of digits, exported as users export theirs."""
    from inklens.data import load_dataset
    from inklens.exporting import export

    path = tmp_path_factory.mktemp("classifier") / "digits.mlpackage"
    export(run_folder, path, dataset=load_dataset(digits))
    return path


@pytest.fixture(scope="session")
def locator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained locator, which finds hardly anything, under the locator contract."""
    from inklens.exporting.coreml import Metadata, write_mlpackage
    from inklens.exporting.locator import MAPS, SIZES
    from inklens.lowering.fold import fold
    from inklens.lowering.graph import lower
    from inklens.models.contract import CONTRACT_KEY, LocatorContract
    from inklens.reader_training.locator_network import build_locator
    from inklens.reading.maps import CHANNELS

    model = build_locator(np.random.default_rng(1), width=640, height=480)
    weights, bias = model.get_layer("maps").get_weights()
    bias[0] = -9  # of a centre: nothing is found
    model.get_layer("maps").set_weights([weights / 100, bias])
    path = tmp_path_factory.mktemp("locator") / "locator.mlpackage"
    contract = LocatorContract(channels=CHANNELS, peak=0.15, overlap=0.45)
    about = Metadata(
        description="Finds nothing.", input_description="A page.", user_defined={CONTRACT_KEY: contract.to_json()}
    )
    write_mlpackage(fold(lower(model, output_name=MAPS)), path, labels=None, metadata=about, sizes=SIZES)
    return path
