"""Pipelines: models in order over one dictionary of features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from inklens.coreml.description import ArrayType, Description
from inklens.coreml.features import Label, array_output
from inklens.errors import ModelError


class Stage(Protocol):
    """What a pipeline asks of a model."""

    @property
    def description(self) -> Description: ...
    @property
    def labels(self) -> tuple[Label, ...]: ...
    @property
    def operations(self) -> Mapping[str, int]: ...
    def predict(self, features: dict[str, Any]) -> dict[str, Any]: ...
    def predict_batch(self, items: list[dict[str, Any]]) -> list[dict[str, Any]]: ...


class PipelineModel:
    """Stages that hand on features by name. Its labels are those of the last stage that has any."""

    def __init__(self, kind: str, description: Description, stages: Sequence[Stage]) -> None:
        if not stages:
            raise ModelError("the pipeline has no models")
        self.kind = kind
        self.description = description
        self.stages = tuple(stages)
        self.operations: Counter[str] = sum((Counter(stage.operations) for stage in stages), Counter())
        self.labels: tuple[Label, ...] = next((stage.labels for stage in reversed(stages) if stage.labels), ())
        known = {feature.name for feature in description.inputs}
        for number, stage in enumerate(stages, 1):
            for feature in stage.description.inputs:
                if feature.name not in known and not feature.optional:
                    raise ModelError(
                        f"model {number} of the pipeline takes {feature.name!r}, which no input or earlier model gives"
                    )
            known |= {feature.name for feature in stage.description.outputs}
        for feature in description.outputs:
            if feature.name not in known:
                raise ModelError(f"the pipeline has the output {feature.name!r}, which none of its models gives")

    def predict(self, features: Mapping[str, Any]) -> dict[str, Any]:
        return self.predict_batch([features])[0]

    def predict_batch(self, many: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        items = [dict(features) for features in many]
        for stage in self.stages:
            names = [feature.name for feature in stage.description.inputs]
            given = [{name: item[name] for name in names if name in item} for item in items]
            results = stage.predict_batch(given) if len(given) > 1 else [stage.predict(one) for one in given]
            for item, result in zip(items, results, strict=True):
                item.update(result)
        return [self._outputs(item) for item in items]

    def _outputs(self, item: Mapping[str, Any]) -> dict[str, Any]:
        result = {}
        for feature in self.description.outputs:
            value = item[feature.name]
            if isinstance(value, np.ndarray) and isinstance(feature.type, ArrayType):
                value = array_output(feature, value)
            result[feature.name] = value
        return result
