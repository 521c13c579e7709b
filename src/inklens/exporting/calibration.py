"""A locator's calibration: kept with its run, and folded into its last convolution at export.

So every client gets honest numbers without knowing of it. `reader_training.calibrate` fits it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inklens.reading.maps import CHANNELS, DIGITS

_KEY = "calibration_"


@dataclass(frozen=True)
class Calibration:
    """A centre's logit becomes `slope` times itself plus `shift`; the digits' logits are divided by `temperature`."""

    slope: float = 1.0
    shift: float = 0.0
    temperature: float = 1.0

    @classmethod
    def of(cls, metrics: Mapping[str, float]) -> Calibration:
        """The calibration that `to_metrics` put into a run's metrics; one that changes nothing if there is none."""
        return cls(
            **{name: metrics[f"{_KEY}{name}"] for name in ("slope", "shift", "temperature") if is_calibrated(metrics)}
        )

    def to_metrics(self) -> dict[str, float]:
        """What to keep with a run's metrics."""
        return {f"{_KEY}{name}": value for name, value in vars(self).items()}


def is_calibrated(metrics: Mapping[str, float]) -> bool:
    """Whether a run's metrics hold a calibration."""
    return f"{_KEY}slope" in metrics


def fold_calibration(model: Any, calibration: Calibration) -> None:
    """Put a calibration into the last convolution of a Keras locator."""
    last = model.layers[-1]
    kernel, bias = (value.copy() for value in last.get_weights())
    first = CHANNELS.index(DIGITS[0])
    kernel[..., 0] *= calibration.slope
    bias[0] = bias[0] * calibration.slope + calibration.shift
    kernel[..., first:] /= calibration.temperature
    bias[first:] /= calibration.temperature
    last.set_weights([kernel, bias])
