"""What a model says of itself: its inputs and outputs, what it predicts, and its metadata."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from inklens.coreml.program import check_size
from inklens.coreml.protobuf import Message
from inklens.coreml.schema import enum_names
from inklens.errors import ModelError

Range = tuple[int, int | None]  # smallest and largest size, both included; None: no largest

COLOURS = {"GRAYSCALE": ("L", 1), "RGB": ("RGB", 3), "BGR": ("RGB", 3), "GRAYSCALE_FLOAT16": ("F", 1)}
ARRAY_DTYPES = {
    "FLOAT32": "float32", "DOUBLE": "float64", "FLOAT16": "float16", "INT32": "int32", "INT8": "int8",
}  # fmt: skip
# The first release of each specification version.
RELEASES = {
    1: "iOS 11, macOS 10.13", 2: "iOS 11.2, macOS 10.13.2", 3: "iOS 12, macOS 10.14", 4: "iOS 13, macOS 10.15",
    5: "iOS 14, macOS 11", 6: "iOS 15, macOS 12", 7: "iOS 16, macOS 13", 8: "iOS 17, macOS 14",
    9: "iOS 18, macOS 15", 10: "iOS 26, macOS 26",
}  # fmt: skip


@dataclass(frozen=True)
class ImageType:
    """A picture of `width` × `height`, or of one of `sizes`, or within `ranges` (of widths, of heights)."""

    colour: str  # GRAYSCALE, RGB, BGR or GRAYSCALE_FLOAT16
    width: int
    height: int
    sizes: tuple[tuple[int, int], ...] = ()
    ranges: tuple[Range, Range] | None = None

    @property
    def mode(self) -> str:
        """Pillow's mode of such a picture: L, RGB or F."""
        return COLOURS[self.colour][0]

    @property
    def channels(self) -> int:
        return COLOURS[self.colour][1]

    def accepts(self, width: int, height: int) -> bool:
        if (width, height) == (self.width, self.height) or (width, height) in self.sizes:
            return True
        return self.ranges is not None and all(
            low <= size and (high is None or size <= high)
            for size, (low, high) in zip((width, height), self.ranges, strict=True)
        )

    def __str__(self) -> str:
        colour = {"GRAYSCALE": "greyscale", "GRAYSCALE_FLOAT16": "greyscale float16"}.get(self.colour, self.colour)
        text = f"image ({colour}, {self.width} × {self.height}"
        if self.sizes:
            text += "; also " + ", ".join(f"{width} × {height}" for width, height in self.sizes)
        if self.ranges is not None:
            text += f"; widths {_range_text(self.ranges[0])}, heights {_range_text(self.ranges[1])}"
        return text + ")"


@dataclass(frozen=True)
class ArrayType:
    """An array of NumPy's `dtype`. An empty shape says that the file declares none."""

    dtype: str
    shape: tuple[int, ...]
    shapes: tuple[tuple[int, ...], ...] = ()
    ranges: tuple[Range, ...] = ()
    default: float | None = None

    def accepts(self, shape: Sequence[int]) -> bool:
        if not self.shape or tuple(shape) == self.shape or tuple(shape) in self.shapes:
            return True
        return len(shape) == len(self.ranges) > 0 and all(
            low <= size and (high is None or size <= high) for size, (low, high) in zip(shape, self.ranges, strict=True)
        )

    def __str__(self) -> str:
        shape = " × ".join(str(size) for size in self.shape) or "of any shape"
        text = f"array ({self.dtype}, {shape}"
        if self.shapes:
            text += "; also " + ", ".join(" × ".join(str(size) for size in one) for one in self.shapes)
        if self.ranges:
            text += "; within " + " × ".join(_range_text(one) for one in self.ranges)
        return text + ")"


@dataclass(frozen=True)
class OtherType:
    """A plain value: int64, double, string, dictionary, sequence or state. `key` is the type of a dictionary's keys."""

    kind: str
    key: str = ""

    def __str__(self) -> str:
        return f"{self.kind} ({self.key} keys)" if self.key else self.kind


@dataclass(frozen=True)
class TensorType:
    """A tensor of an ONNX file; a dimension is a number or a name."""

    dtype: str
    shape: tuple[int | str, ...]

    def __str__(self) -> str:
        shape = " × ".join(str(size) for size in self.shape) or "scalar"
        return f"tensor ({self.dtype}, {shape})"


FeatureType = ImageType | ArrayType | OtherType | TensorType


@dataclass(frozen=True)
class Feature:
    """An input or an output. `note` is the author's description of it."""

    name: str
    type: FeatureType
    optional: bool = False
    note: str = ""


@dataclass(frozen=True)
class Description:
    """The interface of a model. The two predicted names are those of a classifier's or regressor's outputs, or ""."""

    inputs: tuple[Feature, ...]
    outputs: tuple[Feature, ...]
    predicted_feature: str = ""
    predicted_probabilities: str = ""
    metadata: Mapping[str, str] = field(default_factory=dict)

    def input(self, name: str) -> Feature:
        """The input of that name; ModelError names those that there are."""
        return _named(self.inputs, name, "input")

    def output(self, name: str) -> Feature:
        """The output of that name; ModelError names those that there are."""
        return _named(self.outputs, name, "output")

    def __str__(self) -> str:
        lines = []
        for title, features in (("inputs", self.inputs), ("outputs", self.outputs)):
            lines.append(f"{title}:")
            for one in features:
                optional = ", optional" if one.optional else ""
                lines.append(f"  {one.name}: {one.type}{optional}" + (f" — {one.note}" if one.note else ""))
        return "\n".join(lines)


def read_description(model: Message, function: str | None = None) -> Description:
    """The description in a `Model` message; of the named or default function where it has several."""
    whole = model.description
    chosen = whole
    if len(whole.functions):
        wanted = function or whole.defaultFunctionName
        named = {one.name: one for one in whole.functions}
        if wanted not in named:
            raise ModelError(f"the model describes no function {wanted!r}; it has {', '.join(sorted(named))}")
        chosen = named[wanted]
    return Description(
        _features(chosen.input, "input"),
        _features(chosen.output, "output"),
        chosen.predictedFeatureName,
        chosen.predictedProbabilitiesName,
        read_metadata(whole.metadata),
    )


def read_metadata(metadata: Message) -> dict[str, str]:
    """The texts that are not empty: shortDescription, versionString, author, license, and the model's own keys."""
    own = {str(key): str(value) for key, value in metadata.userDefined.items()}
    plain = {key: getattr(metadata, key) for key in ("shortDescription", "versionString", "author", "license")}
    return {**{key: value for key, value in plain.items() if value}, **own}


def _features(messages: Sequence[Message], what: str) -> tuple[Feature, ...]:
    features = tuple(Feature(one.name, _type(one), one.type.isOptional, one.shortDescription) for one in messages)
    names = [one.name for one in features]
    for name in names:
        if not name:
            raise ModelError(f"an {what} of the model has no name")
        if names.count(name) > 1:
            raise ModelError(f"two {what}s of the model are called {name!r}")
    return features


def _type(feature: Message) -> FeatureType:
    kind = feature.type.which("Type")
    if kind == "imageType":
        return _image(feature.name, feature.type.imageType)
    if kind == "multiArrayType":
        return _array(feature.name, feature.type.multiArrayType)
    if kind == "dictionaryType":
        return OtherType("dictionary", "int64" if feature.type.dictionaryType.has("int64KeyType") else "string")
    if kind is None:
        raise ModelError(f"the feature {feature.name!r} has no type that is known")
    return OtherType(kind.removesuffix("Type"))


def _image(name: str, image: Message) -> ImageType:
    colour = enum_names("ImageFeatureType.ColorSpace").get(image.colorSpace, str(image.colorSpace))
    if colour not in COLOURS:
        raise ModelError(f"the image {name!r} has the colour space {colour}; known are {', '.join(COLOURS)}")
    check_size(name, (image.width, image.height))
    sizes = tuple((int(one.width), int(one.height)) for one in image.enumeratedSizes.sizes)
    ranges = None
    if image.has("imageSizeRange"):
        ranges = (_range(image.imageSizeRange.widthRange), _range(image.imageSizeRange.heightRange))
    width, height = image.width, image.height
    if width <= 0 or height <= 0:  # files with flexible sizes only; the first size that fits stands for them
        if sizes:
            width, height = sizes[0]
        elif ranges is not None:
            width, height = (max(low, 1) for low, _ in ranges)
        elif width < 0 or height < 0:
            raise ModelError(f"the image {name!r} has the size {width} × {height}")
    return ImageType(colour, width, height, sizes, ranges)


def _array(name: str, array: Message) -> ArrayType:
    code = enum_names("ArrayFeatureType.ArrayDataType").get(array.dataType, "INVALID_ARRAY_DATA_TYPE")
    dtype = ARRAY_DTYPES.get(code, "float32")  # some files of 2017 leave the type out
    shape = tuple(int(size) for size in array.shape)
    shapes = tuple(tuple(int(size) for size in one.shape) for one in array.enumeratedShapes.shapes)
    for one in (shape, *shapes):
        check_size(name, (max(size, 0) for size in one))
    if any(size < 0 for size in shape):
        raise ModelError(f"the array {name!r} has the shape {list(shape)}")
    ranges = tuple(_range(one) for one in array.shapeRange.sizeRanges)
    if not shape and shapes:
        shape = shapes[0]
    if not shape and ranges:
        shape = tuple(max(low, 1) for low, _ in ranges)
    default = None
    chosen = array.which("defaultOptionalValue")
    if chosen is not None:
        default = getattr(array, chosen)
        if not math.isfinite(default):
            raise ModelError(f"the array {name!r} has the default value {default}")
    return ArrayType(dtype, shape, shapes, ranges, default)


def _range(size_range: Message) -> Range:
    high = size_range.upperBound
    return int(size_range.lowerBound), None if high < 0 else int(high)


def _range_text(sizes: Range) -> str:
    low, high = sizes
    return f"{low}…" if high is None else str(low) if low == high else f"{low}…{high}"


def _named(features: Sequence[Feature], name: str, what: str) -> Feature:
    for feature in features:
        if feature.name == name:
            return feature
    raise ModelError(f"the model has no {what} {name!r}; it has {', '.join(one.name for one in features) or 'none'}")
