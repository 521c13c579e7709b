"""Layers that only rearrange or repeat: flatten, the reshapes, permute, squeeze, tile, broadcasting."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from inklens.coreml.neural_network.builder import Blob, Builder, Shape, constant, integers, known, size_of
from inklens.coreml.neural_network.layer import Layer, axes_of, axis_of, lowering
from inklens.errors import ModelError

_CHANNEL_LAST = 1  # of the enumerations FlattenOrder and ReshapeOrder


@lowering("flatten")
def flatten(layer: Layer) -> Blob:
    """[..., C, H, W] becomes [..., C * H * W, 1, 1]; CHANNEL_LAST counts the channels fastest, as Keras does."""
    build, x = layer.build, layer.input
    source = build.collapse(x)
    if layer.params.mode == _CHANNEL_LAST:
        source = build.transpose(source, [0, 2, 3, 1])
    return build.expand(build.reshape(source, (source.shape[0], size_of(source.shape[1:]), 1, 1)), x.shape[:-3])


@lowering("reshape")
def reshape(layer: Layer) -> Blob:
    """To [C, H, W] with the sequence and batch kept, or to [Seq, C, H, W] with what is left over as the batch.

    CHANNEL_LAST reads and writes the channels fastest.
    """
    build, params, x = layer.build, layer.params, layer.input
    target = integers(params.targetShape)
    if len(target) not in (3, 4):
        raise ModelError(f"its target shape is {target}; expected [C, H, W] or [Seq, C, H, W]")
    last = params.mode == _CHANNEL_LAST
    source = build.collapse(x)
    if last:
        source = build.transpose(source, [0, 2, 3, 1])
    sequence, (channels, height, width) = target[:-3], target[-3:]
    written = [height, width, channels] if last else [channels, height, width]
    kept = not sequence or (x.rank == 5 and sequence[0] == x.shape[0])
    count = x.shape[:-3] if kept else (sequence[0], None)
    result = build.reshape(source, _resolved(source.shape, (size_of(count), *written)))
    if last:
        result = build.transpose(result, [0, 3, 1, 2])
    if kept:
        return build.expand(result, x.shape[:-3])
    batch = result.shape[0]
    if batch is None or batch % sequence[0]:
        raise ModelError(f"a tensor of shape {x.shape} cannot be reshaped to {target}")
    return build.expand(result, (sequence[0], batch // sequence[0]))


def _resolved(shape: Shape, target: Sequence[int | None]) -> Shape:
    """`target` with the one size that is -1 or None computed, if the size of `shape` is known."""
    open_axes = [axis for axis, size in enumerate(target) if size in (None, -1)]
    if len(open_axes) > 1:
        raise ModelError(f"the shape {list(target)} leaves more than one size open")
    if any(size is not None and size < -1 for size in target):
        raise ModelError(f"the shape {list(target)} has negative sizes")
    total = size_of(shape)
    rest = size_of(size for size in target if size not in (None, -1)) or 0
    if not open_axes:
        return tuple(target)
    if total is None:
        return tuple(None if axis in open_axes else size for axis, size in enumerate(target))
    if rest == 0 or total % rest:
        raise ModelError(f"a tensor of shape {shape} cannot be reshaped to {list(target)}")
    return tuple(total // rest if axis in open_axes else size for axis, size in enumerate(target))


@lowering("permute")
def permute(layer: Layer) -> Blob:
    """Reorders [Seq, C, H, W]; the batch, axis 1 of five, stays where it is."""
    build, x = layer.build, layer.input
    order = integers(layer.params.axis) or [0, 1, 2, 3]
    if sorted(order) != [0, 1, 2, 3]:
        raise ModelError(f"its axes are {order}; expected a permutation of [0, 1, 2, 3]")
    if x.rank != 5:
        raise ModelError(f"its input has shape {x.shape}; expected [Seq, B, C, H, W]")
    if order[0] == 0:
        return build.expand(build.transpose(build.collapse(x), order), x.shape[:-3])
    first, *rest = (0 if axis == 0 else axis + 1 for axis in order)
    return build.transpose(x, [first, 1, *rest])


@lowering("transpose")
def transpose(layer: Layer) -> Blob:
    """Fewer axes than the input has reorder its last ones: coremltools writes three for an image of four dimensions."""
    x = layer.input
    axes = integers(layer.params.axes.astype(np.int64))  # unsigned in the message, but files hold negative axes
    if not axes or len(axes) > x.rank:
        raise ModelError(f"its axes are {axes}, its input has shape {x.shape}")
    kept = x.rank - len(axes)
    axes_of(axes, len(axes))
    return layer.build.transpose(x, [*range(kept), *(kept + axis % len(axes) for axis in axes)])


@lowering("reshapeStatic")
def reshape_static(layer: Layer) -> Blob:
    x = layer.input
    return _reshaped(layer.build, x, integers(layer.params.targetShape))


@lowering("rankPreservingReshape")
def rank_preserving_reshape(layer: Layer) -> Blob:
    """0 keeps the input's size at its place, -1 follows from the others."""
    x = layer.input
    target = integers(layer.params.targetShape)
    if len(target) != x.rank:
        raise ModelError(f"its target shape is {target}, its input has shape {x.shape}: they must have the same rank")
    return _reshaped(layer.build, x, target)


@lowering("reshapeLike")
def reshape_like(layer: Layer) -> Blob:
    x, reference = layer.take(2)
    return layer.build.reshape(x, _resolved(x.shape, reference.shape))


@lowering("reshapeDynamic")
def reshape_dynamic(layer: Layer) -> Blob:
    x, shape = layer.take(2)
    return _reshaped(layer.build, x, layer.build.whole_numbers(shape, "its target shape"))


def _reshaped(build: Builder, x: Blob, target: Sequence[int]) -> Blob:
    """0 keeps the size of `x` at the same place, if `x` has such a place and is not empty itself."""
    if not target:
        raise ModelError("its target shape is empty")
    filled: list[int | None] = list(target)
    for axis, size in enumerate(target):
        if size == 0 and axis < x.rank:
            filled[axis] = x.shape[axis]
    return build.reshape(x, _resolved(x.shape, filled))


@lowering("flattenTo2D")
def flatten_to_2d(layer: Layer) -> Blob:
    x = layer.input
    axis = layer.params.axis
    if not -x.rank <= axis <= x.rank:
        raise ModelError(f"axis {axis} is outside a tensor of {x.rank} dimensions")
    axis = axis + x.rank if axis < 0 else axis
    return layer.build.reshape(x, (size_of(x.shape[:axis]), size_of(x.shape[axis:])))


@lowering("squeeze")
def squeeze(layer: Layer) -> Blob:
    """At least one dimension is left."""
    params, x = layer.params, layer.input
    if params.squeezeAll:
        axes = [axis for axis, size in enumerate(x.shape) if size == 1]
    else:
        axes = axes_of(integers(params.axes), x.rank)
    return layer.build.squeeze(x, axes[1:] if len(axes) == x.rank else axes)


@lowering("expandDims")
def expand_dims(layer: Layer) -> Blob:
    x = layer.input
    axes = integers(layer.params.axes)
    return layer.build.expand_dims(x, axes_of(axes, x.rank + len(axes))) if axes else x


@lowering("sequenceRepeat")
def sequence_repeat(layer: Layer) -> Blob:
    x = layer.input
    times = integers([layer.params.nRepetitions])[0] or 1
    if x.rank < 5:
        raise ModelError(f"its input has shape {x.shape}; expected at least 5 dimensions")
    return tiled(layer.build, x, [times if axis == x.rank - 5 else 1 for axis in range(x.rank)])


@lowering("tile")
def tile(layer: Layer) -> Blob:
    """`reps`, or the values of a second input, for the last axes."""
    x, *given = layer.take(1, 2)
    reps = layer.build.whole_numbers(given[0], "how often it repeats") if given else integers(layer.params.reps)
    if len(reps) > x.rank or any(times < 0 for times in reps):
        raise ModelError(f"a tensor of shape {x.shape} cannot be repeated {reps} times")
    return tiled(layer.build, x, [1] * (x.rank - len(reps)) + reps)


def tiled(build: Builder, x: Blob, reps: Sequence[int]) -> Blob:
    if all(times == 1 for times in reps):
        return x
    shape = [None if size is None else size * times for size, times in zip(x.shape, reps, strict=True)]
    return build.emit("tile", shape, x=x, reps=list(reps))


@lowering("broadcastToStatic")
def broadcast_to_static(layer: Layer) -> Blob:
    return _broadcast(layer.build, layer.input, integers(layer.params.targetShape))


@lowering("broadcastToLike")
def broadcast_to_like(layer: Layer) -> Blob:
    x, reference = layer.take(2)
    if not known(reference.shape):
        raise ModelError("the shape that it broadcasts to is not known before the model runs")
    return _broadcast(layer.build, x, [size or 0 for size in reference.shape])


@lowering("broadcastToDynamic")
def broadcast_to_dynamic(layer: Layer) -> Blob:
    x, shape = layer.take(2)
    return _broadcast(layer.build, x, layer.build.whole_numbers(shape, "the shape that it broadcasts to"))


def _broadcast(build: Builder, x: Blob, target: Sequence[int]) -> Blob:
    if len(target) < x.rank or any(
        size not in (1, wanted) for size, wanted in zip(x.shape[::-1], target[::-1], strict=False)
    ):
        raise ModelError(f"a tensor of shape {x.shape} cannot be broadcast to {list(target)}")
    missing = len(target) - x.rank
    full = build.expand_dims(x, list(range(missing))) if missing else x
    return tiled(build, full, [wanted if size == 1 else 1 for size, wanted in zip(full.shape, target, strict=True)])


@lowering("getShape")
def get_shape(layer: Layer) -> Blob:
    x = layer.input
    if known(x.shape):
        return constant(np.array(x.shape, np.float32))
    return layer.build.emit("shape", (x.rank,), "int32", x=x)


@lowering("reverse")
def reverse(layer: Layer) -> Blob:
    x = layer.input
    flags = layer.params.reverseDim.tolist()
    if len(flags) != x.rank:
        raise ModelError(f"it has {len(flags)} flags for the dimensions of an input of shape {x.shape}")
    axes = [axis for axis, flag in enumerate(flags) if flag]
    return layer.build.emit("reverse", x.shape, x=x, axes=axes) if axes else x


@lowering("reverseSeq")
def reverse_sequence(layer: Layer) -> Blob:
    """Reverses the beginning of each sequence, as long as the second input says."""
    build = layer.build
    x, lengths = layer.take(2)
    return build.emit(
        "reverse_sequence",
        x.shape,
        x=x,
        lengths=build.cast(lengths, "int32"),
        seq_axis=axis_of(layer.params.sequenceAxis, x.rank),
        batch_axis=axis_of(layer.params.batchAxis, x.rank),
    )


@lowering("slidingWindows")
def sliding_windows(layer: Layer) -> Blob:
    """Windows along an axis, each as a new axis behind it."""
    params, x = layer.params, layer.input
    axis = axis_of(params.axis, x.rank)
    window, step = integers([params.windowSize, params.step])
    size = x.shape[axis]
    if window < 1 or step < 1 or (size is not None and window > size):
        raise ModelError(f"windows of {window} every {step} do not fit into an axis of {size}")
    count = None if size is None else (size - window) // step + 1
    shape = (*x.shape[:axis], count, window, *x.shape[axis + 1 :])
    return layer.build.emit("sliding_windows", shape, x=x, axis=axis, size=window, stride=step)
