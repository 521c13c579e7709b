"""The small models that converters put around networks in pipelines: scaling, vectorising, linear models.

Each is a function from features to outputs. Tree ensembles, support vector machines and the like are refused by name.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from inklens.coreml.description import ArrayType, Description
from inklens.coreml.features import Label, array_output, class_labels, classify
from inklens.coreml.protobuf import Message
from inklens.errors import ModelError

Features = Mapping[str, Any]


class GlueModel:
    """A model of one step."""

    def __init__(self, model: Message, description: Description) -> None:
        self.description = description
        self.kind: str = model.which("Type") or ""
        self.operations: Counter[str] = Counter({self.kind: 1})
        self._message = getattr(model, self.kind)
        self.labels: tuple[Label, ...] = class_labels(self._message) if self.kind == "glmClassifier" else ()

    def predict(self, features: Features) -> dict[str, Any]:
        try:
            result = STEPS[self.kind](self, self._message, features)
        except (ValueError, TypeError, IndexError) as problem:
            raise ModelError(f"the {self.kind} cannot be computed: {problem}") from None
        typed = {}
        for feature in self.description.outputs:
            if feature.name not in result:
                raise ModelError(f"the {self.kind} does not compute the output {feature.name!r}")
            value = result[feature.name]
            typed[feature.name] = array_output(feature, value) if isinstance(value, np.ndarray) else value
        return typed

    def predict_batch(self, many: Sequence[Features]) -> list[dict[str, Any]]:
        return [self.predict(features) for features in many]

    def input(self, features: Features) -> Any:
        """The value of the first input."""
        if not self.description.inputs:
            raise ModelError(f"the {self.kind} has no input")
        return features[self.description.inputs[0].name]

    def numbers(self, features: Features) -> np.ndarray:
        """All inputs as one vector of float64."""
        parts = [np.asarray(features[one.name], np.float64).reshape(-1) for one in self.description.inputs]
        return np.concatenate(parts)

    def result(self, value: Any) -> dict[str, Any]:
        """A value as the only output."""
        if len(self.description.outputs) != 1:
            raise ModelError(f"the {self.kind} has {len(self.description.outputs)} outputs; one is expected")
        feature = self.description.outputs[0]
        if isinstance(value, np.ndarray) and not isinstance(feature.type, ArrayType) and value.size == 1:
            value = int(value.item()) if str(feature.type) == "int64" else float(value.item())
        return {feature.name: value}


def _identity(model: GlueModel, _: Message, features: Features) -> dict[str, Any]:
    if len(model.description.inputs) != len(model.description.outputs):
        raise ModelError("the identity has not as many outputs as inputs")
    pairs = zip(model.description.inputs, model.description.outputs, strict=True)
    return {output.name: features[source.name] for source, output in pairs}


def _scaler(model: GlueModel, scaler: Message, features: Features) -> dict[str, Any]:
    """`(x + shift) * scale`, each one number or one for each element."""
    shift = scaler.shiftValue if len(scaler.shiftValue) else np.zeros(1)
    scale = scaler.scaleValue if len(scaler.scaleValue) else np.ones(1)
    return model.result((np.asarray(model.input(features), np.float64) + shift) * scale)


def _normalizer(model: GlueModel, normalizer: Message, features: Features) -> dict[str, Any]:
    values = np.asarray(model.input(features), np.float64)
    order = {0: np.inf, 1: 1, 2: 2}.get(normalizer.normType)
    if order is None:
        raise ModelError(f"the normalizer has the unknown norm {normalizer.normType}")
    norm = np.linalg.norm(values.reshape(-1), order)
    return model.result(values / norm if norm else values)


def _array_feature_extractor(model: GlueModel, extractor: Message, features: Features) -> dict[str, Any]:
    values = np.asarray(model.input(features)).reshape(-1)
    indices = extractor.extractIndex
    if len(indices) and int(indices.max()) >= values.size:
        raise ModelError(f"index {int(indices.max())} is taken from an array of {values.size}")
    return model.result(values[indices.astype(np.int64)])


def _feature_vectorizer(model: GlueModel, vectorizer: Message, features: Features) -> dict[str, Any]:
    """The inputs one after the other in one vector."""
    parts = []
    for column in vectorizer.inputList:
        model.description.input(column.inputColumn)
        values = np.asarray(features[column.inputColumn], np.float64).reshape(-1)
        if values.size != column.inputDimensions:
            raise ModelError(f"the input {column.inputColumn!r} has {values.size} values, not {column.inputDimensions}")
        parts.append(values)
    return model.result(np.concatenate(parts) if parts else np.empty(0))


def _glm_scores(model: GlueModel, glm: Message, features: Features) -> np.ndarray:
    x = model.numbers(features)
    rows = [np.asarray(row.value) for row in glm.weights]
    offsets = [float(one) for one in glm.offset] or [0.0] * len(rows)
    if len(offsets) != len(rows) or any(row.size != x.size for row in rows):
        raise ModelError(f"the {model.kind} has {[row.size for row in rows]} weights for {x.size} inputs")
    return np.array([row @ x + offset for row, offset in zip(rows, offsets, strict=True)])


def _logit(scores: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(scores / 2))


def _probit(scores: np.ndarray) -> np.ndarray:
    return np.array([0.5 * (1 + math.erf(score / math.sqrt(2))) for score in scores])


def _glm_regressor(model: GlueModel, glm: Message, features: Features) -> dict[str, Any]:
    transforms: tuple[Callable[[np.ndarray], np.ndarray], ...] = (lambda scores: scores, _logit, _probit)
    if not 0 <= glm.postEvaluationTransform < len(transforms):
        raise ModelError(f"the glmRegressor has the unknown transformation {glm.postEvaluationTransform}")
    return model.result(transforms[glm.postEvaluationTransform](_glm_scores(model, glm, features)))


def _glm_classifier(model: GlueModel, glm: Message, features: Features) -> dict[str, Any]:
    """One score a class; or one less, the first class being the reference."""
    scores = _glm_scores(model, glm, features)
    if glm.classEncoding == 0 and glm.postEvaluationTransform == 0 and len(scores) > 1:  # reference class, multinomial
        grown = np.exp(np.concatenate([[0.0], scores]) - max(0.0, float(scores.max())))
        probabilities = grown / grown.sum()
    elif glm.classEncoding == 0:
        positive = (_logit if glm.postEvaluationTransform == 0 else _probit)(scores)
        probabilities = np.concatenate([1 - positive, positive])
    else:
        each = (_logit if glm.postEvaluationTransform == 0 else _probit)(scores)
        probabilities = each / each.sum() if each.sum() else np.full(len(each), 1 / len(each))
    label, by_label = classify(model.labels, probabilities)
    result: dict[str, Any] = {}
    for feature in model.description.outputs:
        result[feature.name] = by_label if str(feature.type).startswith("dictionary") else label
    return result


STEPS: dict[str, Callable[[GlueModel, Message, Features], dict[str, Any]]] = {
    "identity": _identity,
    "scaler": _scaler,
    "normalizer": _normalizer,
    "arrayFeatureExtractor": _array_feature_extractor,
    "featureVectorizer": _feature_vectorizer,
    "glmRegressor": _glm_regressor,
    "glmClassifier": _glm_classifier,
}
