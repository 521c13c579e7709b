"""Layers that join tensors or take parts of them: concat, stack, split, the slices."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inklens.coreml.neural_network.builder import Blob, Builder, integers
from inklens.coreml.neural_network.layer import Layer, axis_of, lowering
from inklens.errors import ModelError


def _joined(blobs: Sequence[Blob], axis: int) -> tuple[int | None, ...]:
    """The shape of a concatenation; a ModelError where the other axes differ."""
    first = blobs[0]
    shape = list(first.shape)
    total: int | None = 0
    for blob in blobs:
        alike = blob.rank == first.rank and all(
            place == axis or size == other or None in (size, other)
            for place, (size, other) in enumerate(zip(blob.shape, first.shape, strict=True))
        )
        if not alike:
            raise ModelError(
                f"tensors of shapes {', '.join(str(b.shape) for b in blobs)} cannot be joined on axis {axis}"
            )
        size = blob.shape[axis]
        total = None if total is None or size is None else total + size
    shape[axis] = total
    return tuple(shape)


def _concat(build: Builder, blobs: Sequence[Blob], axis: int, *, interleave: bool = False) -> Blob:
    if len(blobs) == 1:
        return blobs[0]
    return build.emit("concat", _joined(blobs, axis), values=list(blobs), axis=axis, interleave=interleave or None)


@lowering("concat")
def concat(layer: Layer) -> Blob:
    """Along the channels, or along the sequence (axis -5)."""
    build, blobs = layer.build, layer.some()
    if layer.params.sequenceConcat:
        return _concat(build, blobs, axis_of(-5, blobs[0].rank))
    lead = blobs[0].shape[:-3]
    if len(lead) > 1 and all(blob.rank == blobs[0].rank and blob.shape[:-3] == lead for blob in blobs):
        return build.expand(_concat(build, [build.collapse(blob) for blob in blobs], 1), lead)
    return _concat(build, blobs, axis_of(-3, blobs[0].rank))


@lowering("concatND")
def concat_nd(layer: Layer) -> Blob:
    """`interleave` takes one slice of each input in turn; the inputs have one shape then."""
    blobs = layer.some()
    axis = axis_of(layer.params.axis, blobs[0].rank)
    interleave = bool(layer.params.interleave)
    if interleave and any(blob.shape != blobs[0].shape for blob in blobs):
        raise ModelError("tensors of different shapes cannot be interleaved")
    return _concat(layer.build, blobs, axis, interleave=interleave)


@lowering("stack")
def stack(layer: Layer) -> Blob:
    blobs = layer.some()
    if any(blob.shape != blobs[0].shape for blob in blobs):
        raise ModelError(f"tensors of shapes {', '.join(str(blob.shape) for blob in blobs)} cannot be stacked")
    axis = axis_of(layer.params.axis, blobs[0].rank + 1)
    shape = (*blobs[0].shape[:axis], len(blobs), *blobs[0].shape[axis:])
    return layer.build.emit("stack", shape, values=list(blobs), axis=axis)


@lowering("split")
def split(layer: Layer) -> Sequence[Blob]:
    """Along the channels into parts of one size."""
    build, x = layer.build, layer.input
    source = build.collapse(x)
    parts = integers([layer.params.nOutputs])[0] or layer.outputs
    if source.shape[1] is not None and source.shape[1] % max(parts, 1):
        raise ModelError(f"{source.shape[1]} channels cannot be split into {parts} parts of one size")
    return [build.expand(part, x.shape[:-3]) for part in _split(build, source, 1, _parts(source.shape[1], parts))]


@lowering("splitND")
def split_nd(layer: Layer) -> Sequence[Blob]:
    params, x = layer.params, layer.input
    axis = axis_of(params.axis, x.rank)
    sizes = integers(params.splitSizes)
    if not sizes:
        sizes = _parts(x.shape[axis], integers([params.numSplits])[0] or layer.outputs)
    return _split(layer.build, x, axis, sizes)


def _parts(size: int | None, parts: int) -> list[int]:
    """Sizes of `parts` parts; the first ones are longer by 1 where the axis does not divide."""
    if size is None or not 1 <= parts <= max(size, 1):
        raise ModelError(f"an axis of {size} cannot be split into {parts} parts")
    return [size // parts + (place < size % parts) for place in range(parts)]


def _split(build: Builder, x: Blob, axis: int, sizes: list[int]) -> Sequence[Blob]:
    if x.shape[axis] not in (sum(sizes), None) or min(sizes, default=-1) < 0:
        raise ModelError(f"an axis of {x.shape[axis]} cannot be split into {sizes}")
    if len(sizes) == 1:
        return [x]
    results = [((*x.shape[:axis], size, *x.shape[axis + 1 :]), "fp32") for size in sizes]
    return build.emit_many("split", results, x=x, split_sizes=sizes, axis=axis)


@lowering("slice")
def slice_layer(layer: Layer) -> Blob:
    """Along the channels, height or width; negative positions count from the end."""
    build, params, x = layer.build, layer.params, layer.input
    if params.axis not in (0, 1, 2):
        raise ModelError(f"there is no axis {params.axis} to slice; there are 0 (channel), 1 (height) and 2 (width)")
    begin, end, stride = integers([params.startIndex, params.endIndex, params.stride])
    whole = x.rank > 4
    source = build.collapse(x) if whole else x
    axis = axis_of(params.axis - 3, source.rank)
    result = sliced(build, source, {axis: (begin, end, stride or 1)})
    return build.expand(result, x.shape[:-3]) if whole else result


def sliced(build: Builder, x: Blob, cuts: dict[int, tuple[int | None, int | None, int]]) -> Blob:
    """`x[begin:end:stride]` on some axes, as Python slices."""
    begin, end, strides, shape = [], [], [], []
    begin_mask, end_mask = [], []
    for axis, size in enumerate(x.shape):
        start, stop, step = cuts.get(axis, (None, None, 1))
        if step == 0:
            raise ModelError("its stride is 0")
        begin.append(start or 0)
        end.append(stop or 0)
        begin_mask.append(start is None)
        end_mask.append(stop is None)
        strides.append(step)
        if (start, stop, step) == (None, None, 1):
            shape.append(size)
        else:
            shape.append(None if size is None else len(range(*slice(start, stop, step).indices(size))))
    if 0 in shape and 0 not in x.shape:
        raise ModelError(f"it takes nothing from an input of shape {x.shape}")
    return build.emit(
        "slice_by_index",
        shape,
        x.dtype,
        x=x,
        begin=begin,
        end=end,
        stride=strides,
        begin_mask=begin_mask,
        end_mask=end_mask,
    )


@lowering("sliceStatic")
def slice_static(layer: Layer) -> Blob:
    params, x = layer.params, layer.input
    return _slice_nd(
        layer.build,
        x,
        integers(params.beginIds),
        integers(params.endIds),
        integers(params.strides),
        params.beginMasks.tolist(),
        params.endMasks.tolist(),
        params.squeezeMasks.tolist(),
    )


@lowering("sliceDynamic")
def slice_dynamic(layer: Layer) -> Blob:
    """Inputs after the first take the place of beginIds, endIds, strides, beginMasks, endMasks and squeezeMasks."""
    params = layer.params
    x, *given = layer.take(2, 7)
    names = ("begin", "end", "strides", "begin masks", "end masks", "squeeze masks")
    values: list[list[int]] = [
        [],
        integers(params.endIds),
        integers(params.strides),
        params.beginMasks.tolist(),
        params.endMasks.tolist(),
        params.squeezeMasks.tolist(),
    ]
    for place, blob in enumerate(given):
        values[place] = layer.build.whole_numbers(blob, f"its {names[place]}")
    return _slice_nd(layer.build, x, *values)


def _slice_nd(
    build: Builder,
    x: Blob,
    begin: list[int],
    end: list[int],
    strides: list[int],
    begin_masks: list[int],
    end_masks: list[int],
    squeeze_masks: list[int],
) -> Blob:
    """A masked bound is open; a squeezed axis keeps the first element of its slice alone and disappears."""
    rank = x.rank

    def full(values: list[int], default: int, what: str) -> list[int]:
        if values and len(values) < rank:
            raise ModelError(f"it has {len(values)} {what} for an input of shape {x.shape}")
        return values[:rank] or [default] * rank  # coremltools writes five of some whatever the rank

    begin, end = full(begin, 0, "begins"), full(end, 0, "ends")
    strides = full(strides, 1, "strides")
    open_begin, open_end = full(begin_masks, 0, "begin masks"), full(end_masks, 0, "end masks")
    squeezed = full(squeeze_masks, 0, "squeeze masks")
    cuts: dict[int, tuple[int | None, int | None, int]] = {}
    for axis in range(rank):
        if squeezed[axis]:
            start = begin[axis]
            if open_begin[axis]:
                start = 0 if strides[axis] > 0 else -1
            cuts[axis] = (start, None if start == -1 else start + 1, 1)
        else:
            start_or_open = None if open_begin[axis] else begin[axis]
            cuts[axis] = (start_or_open, None if open_end[axis] else end[axis], strides[axis])
    result = sliced(build, x, cuts)
    axes = [axis for axis in range(rank) if squeezed[axis]]
    return build.squeeze(result, axes[1:] if len(axes) == rank else axes)


@lowering("sliceBySize")
def slice_by_size(layer: Layer) -> Blob:
    """`size` elements of an axis, from the position that the second input holds."""
    build, params = layer.build, layer.params
    x, begin = layer.take(2)
    axis = axis_of(params.axis, x.rank)
    size = integers([params.size])[0]
    if size < 1 or (x.shape[axis] is not None and size > (x.shape[axis] or 0)):
        raise ModelError(f"{size} elements cannot be taken from an axis of {x.shape[axis]}")
    shape = [size if place == axis else other for place, other in enumerate(x.shape)]
    position = build.reshape(build.cast(begin, "int32"), (1,))
    zeros = np.zeros(1, np.int32)
    if x.rank > 1:
        values = [position if place == axis else zeros for place in range(x.rank)]
        blobs = [value if isinstance(value, Blob) else Blob(value, (1,), "int32") for value in values]
        position = build.emit("concat", (x.rank,), "int32", values=blobs, axis=0)
    sizes = [size if place == axis else -1 for place in range(x.rank)]
    return build.emit("slice_by_size", shape, x=x, begin=position, size=sizes)
