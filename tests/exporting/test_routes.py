"""The other way to Core ML, coremltools' own from torch.export, comes to the same answers."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from inklens import coreml
from inklens.backend import import_torch, keras
from inklens.exporting.coreml import Metadata, coremltools, write_mlmodel, write_mlpackage
from inklens.lowering.fold import fold
from inklens.lowering.graph import lower
from tests.exporting.networks import LABELS, images, sequential

kl = keras().layers
NETWORKS = {
    "convolutions and pools": lambda: sequential(
        kl.Conv2D(4, 3, padding="same", activation="relu"),
        kl.MaxPooling2D(),
        kl.Conv2D(6, 3, strides=2, activation="gelu"),
        kl.Flatten(),
        kl.Dense(8, activation="tanh"),
    ),
    "separable, with layer normalization": lambda: sequential(
        kl.SeparableConv2D(4, 3, strides=2, activation="silu"), kl.LayerNormalization(), kl.GlobalAveragePooling2D()
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("form", ["mlprogram", "neuralnetwork"])
def test_torch_route_answers_the_same(name, form, tmp_path):
    ct, torch, model = coremltools(), import_torch(), NETWORKS[name]()

    class Planes(torch.nn.Module):
        """The Keras model with its channel in front, as Core ML hands pictures in."""

        def __init__(self):
            super().__init__()
            self.inner = model

        def forward(self, image):
            return self.inner(image.permute(0, 2, 3, 1), training=False)

    exported = torch.export.export(Planes().eval(), (torch.zeros(1, 1, 28, 28),)).run_decompositions({})
    theirs = ct.convert(
        exported,
        convert_to=form,
        inputs=[ct.ImageType(name="image", shape=(1, 1, 28, 28), color_layout=ct.colorlayout.GRAYSCALE)],
        classifier_config=ct.ClassifierConfig(list(LABELS)),
        skip_model_load=True,
        **({"compute_precision": ct.precision.FLOAT32} if form == "mlprogram" else {}),
    )
    suffix, write = {"mlprogram": (".mlpackage", write_mlpackage), "neuralnetwork": (".mlmodel", write_mlmodel)}[form]
    theirs.save(str(tmp_path / f"theirs{suffix}"))
    about = Metadata(description="A test.", input_description="A picture.")
    write(fold(lower(model)), tmp_path / f"ours{suffix}", labels=LABELS, metadata=about)
    a, b = (coreml.load(tmp_path / f"{who}{suffix}") for who in ("theirs", "ours"))
    np.testing.assert_allclose(a.probabilities(images()), b.probabilities(images()), atol=1e-5)
    picture = {"image": Image.fromarray(images()[0])}
    assert b.predict(picture)["classLabel"] == a.predict(picture)["classLabel"]
