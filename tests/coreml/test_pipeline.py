"""Pipelines, suppression of boxes, and the small models between networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inklens import coreml
from inklens.coreml.suppression import suppress
from inklens.errors import ModelError
from tests.coreml import files

FLOAT32, DOUBLE = 65568, 65600


def feature(message: Any, name: str, shape: tuple[int, ...] | None, code: int = DOUBLE) -> Any:
    """Add an array feature, or a double when `shape` is None."""
    one = message.add()
    one.name = name
    if shape is None:
        one.type.doubleType.SetInParent()
    else:
        one.type.multiArrayType.shape.extend(shape)
        one.type.multiArrayType.dataType = code
    return one


def new_model(inputs: dict[str, Any], outputs: dict[str, Any], version: int = 3) -> Any:
    ct = files.coremltools()
    spec = ct.proto.Model_pb2.Model(specificationVersion=version)
    for name, shape in inputs.items():
        feature(spec.description.input, name, shape)
    for name, shape in outputs.items():
        feature(spec.description.output, name, shape)
    return spec


def load(spec: Any, folder: Path) -> coreml.Model:
    path = folder / "pipeline.mlmodel"
    path.write_bytes(spec.SerializeToString())
    return coreml.load(path)


def suppression(boxes: tuple[int, int], **settings: Any) -> Any:
    """The suppression model as Ultralytics builds it, after a detector of `boxes` (number, classes)."""
    spec = new_model({"raw_confidence": boxes, "raw_coordinates": (boxes[0], 4)}, {})
    for name, width in (("confidence", boxes[1]), ("coordinates", 4)):
        one = feature(spec.description.output, name, ())
        sizes = one.type.multiArrayType.shapeRange.sizeRanges
        sizes.add(lowerBound=0, upperBound=-1)
        sizes.add(lowerBound=width, upperBound=width)
    for name in ("iouThreshold", "confidenceThreshold"):
        feature(spec.description.input, name, None).type.isOptional = True
    nms = spec.nonMaximumSuppression
    nms.confidenceInputFeatureName, nms.coordinatesInputFeatureName = "raw_confidence", "raw_coordinates"
    nms.confidenceOutputFeatureName, nms.coordinatesOutputFeatureName = "confidence", "coordinates"
    nms.iouThresholdInputFeatureName = "iouThreshold"
    nms.confidenceThresholdInputFeatureName = "confidenceThreshold"
    nms.iouThreshold, nms.confidenceThreshold = 0.45, 0.25
    nms.pickTop.perClass = settings.get("per_class", True)
    nms.stringClassLabels.vector.extend(["cat", "dog"])
    return spec


CONFIDENCE = np.array([[0.9, 0.0], [0.8, 0.1], [0.0, 0.7], [0.2, 0.1], [0.6, 0.0]])
BOXES = np.array(
    [[0.5, 0.5, 0.2, 0.2], [0.51, 0.5, 0.2, 0.2], [0.5, 0.5, 0.2, 0.2], [0.1, 0.1, 0.1, 0.1], [0.9, 0.9, 0.1, 0.1]]
)


def test_of_boxes_that_overlap_the_most_confident_of_each_class_stays(tmp_path: Path) -> None:
    model = load(suppression((5, 2)), tmp_path)
    result = model.predict({"raw_confidence": CONFIDENCE, "raw_coordinates": BOXES})
    np.testing.assert_array_equal(result["confidence"], CONFIDENCE[[0, 2, 4]])
    np.testing.assert_array_equal(result["coordinates"], BOXES[[0, 2, 4]])
    assert model.labels == ("cat", "dog")


def test_without_classes_apart_any_overlapping_box_goes(tmp_path: Path) -> None:
    model = load(suppression((5, 2), per_class=False), tmp_path)
    result = model.predict({"raw_confidence": CONFIDENCE, "raw_coordinates": BOXES})
    np.testing.assert_array_equal(result["coordinates"], BOXES[[0, 4]])


def test_thresholds_given_as_inputs_replace_those_of_the_file(tmp_path: Path) -> None:
    model = load(suppression((5, 2)), tmp_path)
    inputs = {"raw_confidence": CONFIDENCE, "raw_coordinates": BOXES}
    everything = model.predict({**inputs, "iouThreshold": 1.0, "confidenceThreshold": 0.0})
    assert everything["confidence"].shape == (5, 2)
    nothing = model.predict({**inputs, "confidenceThreshold": 0.95})
    assert nothing["confidence"].shape == (0, 2)
    assert nothing["coordinates"].shape == (0, 4)


def test_a_fixed_number_of_boxes_is_padded_with_zeros(tmp_path: Path) -> None:
    spec = suppression((5, 2))
    for one, width in zip(spec.description.output, (2, 4), strict=True):
        one.type.multiArrayType.ClearField("shapeRange")
        one.type.multiArrayType.shape.extend([4, width])
    result = load(spec, tmp_path).predict({"raw_confidence": CONFIDENCE, "raw_coordinates": BOXES})
    np.testing.assert_array_equal(result["coordinates"], np.vstack([BOXES[[0, 2, 4]], np.zeros((1, 4))]))


def test_boxes_without_area_do_not_suppress() -> None:
    kept = suppress(np.ones((2, 1)), np.zeros((2, 4)), iou=0.5, confidence_threshold=0.5, per_class=False)
    assert kept.tolist() == [0, 1]


@pytest.mark.parametrize("engine", ["onnxruntime", "reference"])
def test_a_detector_with_suppression_runs_as_a_pipeline(engine: Any, tmp_path: Path) -> None:
    """As Ultralytics packs YOLO: an ML Program for confidences and coordinates, then the suppression."""
    ct = files.coremltools()

    def build(mb: Any, x: Any) -> Any:
        maps = mb.conv(x=x, weight=files.weights(6, 3, 8, 8), strides=[8, 8], pad_type="valid")
        rows = mb.transpose(x=mb.reshape(x=maps, shape=[6, 16]), perm=[1, 0])
        boxes = mb.sigmoid(x=mb.slice_by_index(x=rows, begin=[0, 0], end=[16, 4]), name="raw_coordinates")
        scores = mb.sigmoid(x=mb.slice_by_index(x=rows, begin=[0, 4], end=[16, 6]), name="raw_confidence")
        return scores, boxes

    detector = files.convert(
        files.program(build, [(1, 3, 32, 32)]),
        inputs=[ct.ImageType(name="x", shape=(1, 3, 32, 32), scale=1 / 255)],
    )
    pipeline = ct.proto.Model_pb2.Model(specificationVersion=6)
    pipeline.description.input.add().CopyFrom(detector._spec.description.input[0])
    nms = suppression((16, 2))
    for one in nms.description.input[2:]:
        pipeline.description.input.add().CopyFrom(one)
    for one in nms.description.output:
        pipeline.description.output.add().CopyFrom(one)
    pipeline.pipeline.models.add().CopyFrom(detector._spec)
    pipeline.pipeline.models.add().CopyFrom(nms)
    wrapped = ct.models.MLModel(pipeline, weights_dir=detector.weights_dir, skip_model_load=True)
    wrapped.save(str(tmp_path / "yolo.mlpackage"))

    model = coreml.load(tmp_path / "yolo.mlpackage", engine=engine)
    image = files.picture(size=(32, 32), mode="RGB")
    pixels = np.moveaxis(np.asarray(image), 2, 0).reshape(3, 4, 8, 4, 8) / 255
    rows = np.einsum("chiwj,ocij->hwo", pixels, files.weights(6, 3, 8, 8)).reshape(16, 6)
    rows = 1 / (1 + np.exp(-rows))
    kept = suppress(rows[:, 4:], rows[:, :4], iou=0.3, confidence_threshold=0.4, per_class=True)
    inputs = {"x": image, "iouThreshold": 0.3, "confidenceThreshold": 0.4}
    for result in (model.predict(inputs), *model.predict_batch([inputs, inputs])):
        np.testing.assert_allclose(result["confidence"], rows[kept, 4:], atol=1e-5)
        np.testing.assert_allclose(result["coordinates"], rows[kept, :4], atol=1e-5)
    assert (model.kind, model.labels) == ("pipeline", ("cat", "dog"))
    assert model.operations["nonMaximumSuppression"] == 1
    with pytest.raises(ModelError, match="a model of kind pipeline is not one network"):
        model.to_onnx(tmp_path / "yolo.onnx")


def test_a_pipeline_classifier_predicts_with_its_networks(tmp_path: Path) -> None:
    """The shape of updatable exports: a network for features, then a small classifier."""
    ct = files.coremltools()
    from coremltools.models import datatypes
    from coremltools.models.neural_network import NeuralNetworkBuilder

    head = NeuralNetworkBuilder([("features", datatypes.Array(4))], [("probs", datatypes.Array(2))], mode="classifier")
    head.add_inner_product("dense", files.weights(2, 4), None, 4, 2, False, "features", "logits")
    head.add_softmax("softmax", "logits", "probs")
    head.set_class_labels(["a", "b"], "classLabel", "probs")
    body = NeuralNetworkBuilder([("x", datatypes.Array(4))], [("features", datatypes.Array(4))])
    body.add_activation("relu", "RELU", "x", "features")
    pipeline = ct.models.pipeline.PipelineClassifier(
        [("x", datatypes.Array(4))], ["a", "b"], output_features=["classLabel", "probs"]
    )
    for builder in (body, head):
        pipeline.add_model(builder.spec)
    model = load(pipeline.spec, tmp_path)
    logits = files.weights(2, 4) @ np.maximum([1, -2, 3, -4], 0)
    result = model.predict({"x": [1, -2, 3, -4]})
    np.testing.assert_allclose(list(result["probs"].values()), np.exp(logits) / np.exp(logits).sum(), atol=1e-6)
    assert result["classLabel"] == "ab"[int(logits.argmax())]
    assert model.labels == ("a", "b")


def test_scaled_and_vectorized_features_reach_a_linear_model(tmp_path: Path) -> None:
    """The shape of converted scikit-learn pipelines."""
    ct = files.coremltools()
    vectorizer = new_model({"age": None, "sizes": (2,)}, {"vector": (3,)}, 1)
    vectorizer.featureVectorizer.inputList.add(inputColumn="age", inputDimensions=1)
    vectorizer.featureVectorizer.inputList.add(inputColumn="sizes", inputDimensions=2)
    scaler = new_model({"vector": (3,)}, {"scaled": (3,)}, 1)
    scaler.scaler.shiftValue.extend([-1, 0, 1])
    scaler.scaler.scaleValue.extend([2, 1, 0.5])
    linear = new_model({"scaled": (3,)}, {"price": None}, 1)
    linear.glmRegressor.weights.add(value=[1, 10, 100])
    linear.glmRegressor.offset.append(5)
    linear.description.predictedFeatureName = "price"
    pipeline = new_model({"age": None, "sizes": (2,)}, {"price": None}, 1)
    pipeline.pipelineRegressor.pipeline.models.extend([vectorizer, scaler, linear])
    assert ct is not None
    result = load(pipeline, tmp_path).predict({"age": 3.0, "sizes": np.array([7.0, 1.0])})
    assert result == {"price": (3 - 1) * 2 * 1 + 7 * 10 + (1 + 1) * 0.5 * 100 + 5}


@pytest.mark.parametrize(
    ("classes", "encoding", "expected"),
    [
        (["no", "yes"], 0, [1 / (1 + np.exp(2)), 1 / (1 + np.exp(-2))]),
        (["a", "b", "c"], 0, np.exp([0, 2, 1]) / np.exp([0, 2, 1]).sum()),
        (["a", "b"], 1, [1 / (1 + np.exp(-2)), 1 / (1 + np.exp(-1))]),
    ],
)
def test_a_linear_classifier_gives_label_and_probabilities(
    classes: list[str], encoding: int, expected: Any, tmp_path: Path
) -> None:
    spec = new_model({"x": (2,)}, {}, 1)
    spec.description.output.add(name="label").type.stringType.SetInParent()
    spec.description.output.add(name="probs").type.dictionaryType.stringKeyType.SetInParent()
    spec.description.predictedFeatureName, spec.description.predictedProbabilitiesName = "label", "probs"
    rows = [[1.0, 0.5], [0.0, 0.5]][: len(classes) - 1 + encoding]
    for row in rows:
        spec.glmClassifier.weights.add(value=row)
    spec.glmClassifier.offset.extend([0.0] * len(rows))
    spec.glmClassifier.classEncoding = encoding
    spec.glmClassifier.stringClassLabels.vector.extend(classes)
    result = load(spec, tmp_path).predict({"x": [1, 2]})
    wanted = np.array(expected) / np.sum(expected)
    np.testing.assert_allclose(list(result["probs"].values()), wanted, atol=1e-9)
    assert result["label"] == classes[int(wanted.argmax())]


def test_identity_normalizer_and_extractor_do_what_they_say(tmp_path: Path) -> None:
    cases: dict[str, tuple[Any, list[float]]] = {
        "identity": (None, [3, 4]),
        "normalizer": ({"normType": 2}, [0.6, 0.8]),
        "arrayFeatureExtractor": ({"extractIndex": [1]}, [4]),
    }
    for kind, (settings, expected) in cases.items():
        spec = new_model({"x": (2,)}, {"y": (len(expected),)}, 1)
        member = getattr(spec, kind)
        member.SetInParent()
        for name, value in (settings or {}).items():
            getattr(member, name).extend(value) if isinstance(value, list) else setattr(member, name, value)
        assert load(spec, tmp_path).predict({"x": np.array([3.0, 4.0])})["y"].tolist() == expected


def test_a_pipeline_that_misses_a_feature_is_refused_when_it_is_read(tmp_path: Path) -> None:
    stage = new_model({"vector": (3,)}, {"scaled": (3,)}, 1)
    stage.scaler.SetInParent()
    pipeline = new_model({"x": (3,)}, {"scaled": (3,)}, 1)
    pipeline.pipeline.models.add().CopyFrom(stage)
    with pytest.raises(ModelError, match="model 1 of the pipeline takes 'vector', which no input or earlier model"):
        load(pipeline, tmp_path)
    pipeline.description.input[0].name = "vector"
    pipeline.description.output[0].name = "lost"
    with pytest.raises(ModelError, match="the pipeline has the output 'lost', which none of its models gives"):
        load(pipeline, tmp_path)
