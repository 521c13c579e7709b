"""Networks of many kinds converted from PyTorch, against PyTorch itself, in both engines."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inklens import coreml
from tests.coreml import files

torch = pytest.importorskip("torch")
nn = torch.nn
functional = torch.nn.functional


def conv(inputs: int, outputs: int, size: int = 3, **options: Any) -> Any:
    """Convolution, normalization and ReLU."""
    layer = nn.Conv2d(inputs, outputs, size, padding=size // 2, bias=False, **options)
    return nn.Sequential(layer, nn.BatchNorm2d(outputs), nn.ReLU())


class Residual(nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.skip = conv(4, 8, stride=2), nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(4, 8, 1, 2)

    def forward(self, x: Any) -> Any:
        return functional.adaptive_avg_pool2d(torch.relu(self.second(self.first(x)) + self.skip(x)), 1).flatten(1)


class SqueezeExcite(nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.body, self.down, self.up = conv(4, 8), nn.Conv2d(8, 2, 1), nn.Conv2d(2, 8, 1)

    def forward(self, x: Any) -> Any:
        x = self.body(x)
        gate = torch.sigmoid(self.up(functional.silu(self.down(x.mean(dim=(2, 3), keepdim=True)))))
        return x * gate


class UNet(nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.down, self.bottom = conv(4, 8), conv(8, 16)
        self.up, self.out = nn.ConvTranspose2d(16, 8, 2, 2), nn.Conv2d(16, 2, 1)

    def forward(self, x: Any) -> Any:
        first = self.down(x)
        second = self.bottom(functional.max_pool2d(first, 2))
        return torch.sigmoid(self.out(torch.cat([self.up(second), first], dim=1)))


class Attention(nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.patches, self.norm = nn.Conv2d(4, 16, 4, 4), nn.LayerNorm(16)
        self.qkv, self.out = nn.Linear(16, 48), nn.Linear(16, 5)
        self.mlp = nn.Sequential(nn.Linear(16, 32), nn.GELU(), nn.Linear(32, 16))

    def forward(self, x: Any) -> Any:
        x = self.patches(x).flatten(2).transpose(1, 2)
        q, k, v = self.qkv(self.norm(x)).reshape(1, -1, 3, 2, 8).permute(2, 0, 3, 1, 4)
        mixed = torch.softmax(q @ k.transpose(-1, -2) / 8**0.5, dim=-1) @ v
        x = x + mixed.transpose(1, 2).reshape(1, -1, 16)
        return self.out((x + self.mlp(x)).mean(dim=1))


class Detector(nn.Module):  # type: ignore[misc, name-defined]
    """The head of a YOLO: boxes by a softmax over distances, scores by a sigmoid."""

    def __init__(self) -> None:
        super().__init__()
        self.body, self.box, self.score = conv(4, 16, stride=2), nn.Conv2d(16, 16, 1), nn.Conv2d(16, 3, 1)
        self.register_buffer("bins", torch.arange(4.0))

    def forward(self, x: Any) -> Any:
        x = self.body(x)
        x = torch.cat(x.chunk(2, dim=1)[::-1], dim=1) + functional.max_pool2d(x, 5, 1, 2)
        distances = torch.softmax(self.box(x).reshape(1, 4, 4, -1), dim=2)
        boxes = (distances * self.bins.reshape(1, 1, 4, 1)).sum(dim=2)
        return torch.cat([boxes, torch.sigmoid(self.score(x)).flatten(2)], dim=1).transpose(1, 2)


class TwoInputs(nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.image, self.side, self.out = conv(4, 8), nn.Linear(6, 8), nn.Linear(16, 3)

    def forward(self, x: Any, y: Any) -> Any:
        return self.out(torch.cat([self.image(x).amax(dim=(2, 3)), torch.tanh(self.side(y))], dim=1))


class Recurrent(nn.Module):  # type: ignore[misc, name-defined]
    def __init__(self) -> None:
        super().__init__()
        self.lstm, self.out = nn.LSTM(16, 8, batch_first=True), nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        return self.out(self.lstm(x.flatten(1, 2).transpose(1, 2).reshape(1, 16, 64)[..., :16])[0][:, -1])


def inverted(inputs: int, outputs: int, stride: int) -> Any:
    """MobileNet's block: expand, filter each channel, project."""
    depthwise = conv(inputs * 4, inputs * 4, stride=stride, groups=inputs * 4)
    return nn.Sequential(
        conv(inputs, inputs * 4, 1), depthwise, nn.Conv2d(inputs * 4, outputs, 1), nn.BatchNorm2d(outputs)
    )


SHAPES = {"two inputs": [(1, 4, 16, 16), (1, 6)], "mobile at 224": [(1, 3, 224, 224)], "one dimension": [(1, 4, 32)]}
NETWORKS: dict[str, Any] = {
    "plain": lambda: nn.Sequential(
        conv(4, 8), nn.MaxPool2d(2), conv(8, 8), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(128, 10), nn.Softmax(dim=1)
    ),
    "separable": lambda: nn.Sequential(conv(4, 4, groups=4), conv(4, 12, 1), nn.Hardswish(), nn.AdaptiveAvgPool2d(1)),
    "residual": Residual,
    "squeeze and excite": SqueezeExcite,
    "u-net": UNet,
    "attention": Attention,
    "detector": Detector,
    "two inputs": TwoInputs,
    "recurrent": Recurrent,
    "group normalization": lambda: nn.Sequential(
        nn.Conv2d(4, 8, 3), nn.GroupNorm(4, 8), nn.PReLU(8), nn.InstanceNorm2d(8)
    ),
    "resized": lambda: nn.Sequential(
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
        nn.Conv2d(4, 4, 3, dilation=2, padding=2, padding_mode="reflect"),
        nn.ELU(),
        nn.Upsample(scale_factor=2, mode="nearest"),
        nn.PixelShuffle(2),
    ),
    "one dimension": lambda: nn.Sequential(
        nn.Conv1d(4, 8, 5, stride=2), nn.LeakyReLU(0.2), nn.MaxPool1d(2), nn.Flatten()
    ),
    "mobile at 224": lambda: nn.Sequential(
        conv(3, 8, stride=2), inverted(8, 16, 2), inverted(16, 24, 2), inverted(24, 24, 1), nn.ReLU6(),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(24, 100), nn.Softmax(dim=1),
    ),
}  # fmt: skip


@cache
def source(name: str) -> tuple[Any, list[Any], np.ndarray]:
    """A network with settled statistics, inputs, and its answer."""
    torch.manual_seed(1)
    network = NETWORKS[name]()
    inputs = [torch.randn(shape) for shape in SHAPES.get(name, [(1, 4, 16, 16)])]
    network.train()
    with torch.no_grad():
        for _ in range(3):
            network(*[torch.randn(one.shape) for one in inputs])
        network.eval()
        return network, inputs, network(*inputs).numpy()


@pytest.mark.parametrize("convert_to", ["mlprogram", "neuralnetwork"])
@pytest.mark.parametrize("name", NETWORKS)
def test_a_converted_network_answers_as_its_source(name: str, convert_to: str, tmp_path: Path) -> None:
    ct = files.coremltools()
    network, inputs, expected = source(name)
    kinds = [ct.TensorType(name=key, shape=tuple(one.shape)) for key, one in zip("xy", inputs, strict=False)]
    options = {"compute_precision": ct.precision.FLOAT32} if convert_to == "mlprogram" else {}
    traced = torch.jit.trace(network, tuple(inputs))
    model = ct.convert(traced, inputs=kinds, convert_to=convert_to, skip_model_load=True, **options)
    path = files.save(model, tmp_path)
    features = {key: one.numpy() for key, one in zip("xy", inputs, strict=False)}
    results = {}
    for engine in ("onnxruntime", "reference"):
        (results[engine],) = coreml.load(path, engine=engine).predict(features).values()  # type: ignore[arg-type]
        np.testing.assert_allclose(results[engine].reshape(expected.shape), expected, atol=1e-4, rtol=1e-4)
    np.testing.assert_allclose(results["onnxruntime"], results["reference"], atol=2e-5, rtol=1e-4)
    loaded = coreml.load(path)
    other = {key: one[..., ::-1].copy() for key, one in features.items()}
    first, second = loaded.predict_batch([features, other])
    np.testing.assert_allclose(next(iter(first.values())), results["onnxruntime"], atol=1e-5)
    np.testing.assert_allclose(next(iter(second.values())), next(iter(loaded.predict(other).values())), atol=1e-5)


@pytest.mark.parametrize("name", ["plain", "residual", "attention"])
def test_float16_programs_stay_within_a_thousandth(name: str, tmp_path: Path) -> None:
    ct = files.coremltools()
    network, inputs, expected = source(name)
    traced = torch.jit.trace(network, tuple(inputs))
    kinds = [ct.TensorType(name="x", shape=tuple(inputs[0].shape))]
    path = files.save(ct.convert(traced, inputs=kinds, skip_model_load=True), tmp_path)
    for precision in ("float32", "declared"):
        model = coreml.load(path, precision=precision)  # type: ignore[arg-type]
        (result,) = model.predict({"x": inputs[0].numpy()}).values()
        scale = max(1.0, float(np.abs(expected).max()))
        assert np.abs(result - expected).max() < 3e-3 * scale
