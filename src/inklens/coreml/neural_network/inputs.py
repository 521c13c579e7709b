"""What a Model message says of a network's inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inklens.coreml.neural_network.builder import Blob, integers
from inklens.coreml.protobuf import Message
from inklens.errors import ModelError

KINDS = ("neuralNetwork", "neuralNetworkClassifier", "neuralNetworkRegressor")  # members of Model's oneof `Type`
_GRAYSCALE = (10, 40)  # of the enumeration ColorSpace: 8 bits, float16


def network_of(model: Message) -> Message:
    """The network message of a Model; a ModelError if it holds something else."""
    kind = model.which("Type")
    if kind not in KINDS:
        raise ModelError(f"the model is of the type {kind}; expected one of {', '.join(KINDS)}")
    network: Message = getattr(model, kind)
    return network


def input_shapes(model: Message) -> dict[str, tuple[int, ...]]:
    """The declared shape of every input, as it enters the graph. An input that declares none is a ModelError."""
    network = network_of(model)
    shapes = {}
    for feature in model.description.input:
        kind = feature.type.which("Type")
        if kind == "imageType":
            image = feature.type.imageType
            sizes = (1 if image.colorSpace in _GRAYSCALE else 3, *integers([image.height, image.width]))
            shapes[feature.name] = (1, *sizes) if network.imageInputShapeMapping else (1, 1, *sizes)
        elif kind == "multiArrayType":
            declared = tuple(integers(feature.type.multiArrayType.shape))
            if not declared:
                raise ModelError(f"the input {feature.name} declares no shape")
            shapes[feature.name] = declared if network.arrayInputShapeMapping else rank5_shape(declared, len(declared))
        else:
            raise ModelError(f"the input {feature.name} is of the type {kind}; a network takes images and arrays")
    return shapes


def rank5_shape(shape: Sequence[int], declared_rank: int) -> tuple[int, ...]:
    """[Seq, B, C, H, W] of an array given to an input that declares [C] (rank 1) or [C, H, W] (rank 3).

    An input of [C] also takes [Seq, B, C], one of [C, H, W] also [B, C, H, W]; both take all five dimensions.
    """
    given = tuple(int(size) for size in shape)
    if len(given) == 5:
        return given
    if len(given) == 1:
        return (1, 1, *given, 1, 1)
    if len(given) == 3 and declared_rank == 1:
        return (*given, 1, 1)
    if len(given) == 3:
        return (1, 1, *given)
    if len(given) == 4:
        return (1, *given)
    raise ModelError(
        f"an array of shape {given} is given; a network of five dimensions takes [C], [C, H, W] or [Seq, B, C, H, W]"
    )


def declared_outputs(model: Message, blobs: Mapping[str, Blob]) -> list[str]:
    """The names of the graph's outputs: a classifier's probabilities first, then what the description lists."""
    network = network_of(model)
    description = model.description
    names: list[str] = []
    skipped: set[str] = set()
    if model.which("Type") == "neuralNetworkClassifier":
        name = network.labelProbabilityLayerName
        if not name:
            named = [output for layer in network.layers for output in layer.output]
            if not named:
                raise ModelError("the classifier has no layer that gives probabilities")
            name = named[-1]
        names.append(name)
        skipped = {description.predictedFeatureName, description.predictedProbabilitiesName, name}
    names += [feature.name for feature in description.output if feature.name not in skipped]
    if absent := [name for name in names if name not in blobs]:
        raise ModelError(f"no layer gives the output {', '.join(map(repr, absent))}")
    if len(set(names)) < len(names):
        raise ModelError(f"the outputs {', '.join(names)} name one tensor twice")
    return names
