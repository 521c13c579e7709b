"""What convolution and pooling layers share: kernel sizes, strides and padding, resolved for the size of the input."""

from __future__ import annotations

from collections.abc import Sequence

from inklens.coreml.neural_network.builder import integers
from inklens.coreml.protobuf import Message
from inklens.errors import ModelError

Padding = list[tuple[int, int]]  # before and after, for each spatial axis


def pair(values: Sequence[int], default: tuple[int, int], what: str) -> list[int]:
    """[H, W] of a message; nothing means `default`. Zero is refused."""
    numbers = integers(values) or list(default)
    if len(numbers) != 2 or min(numbers) < 1:
        raise ModelError(f"its {what} is {numbers}; expected two positive numbers, for height and width")
    return numbers


def border(amounts: Message) -> Padding:
    """(top, bottom) and (left, right) of a `BorderAmounts`; nothing means none."""
    edges = amounts.borderAmounts
    if not edges:
        return [(0, 0), (0, 0)]
    if len(edges) != 2:
        raise ModelError(f"it has border amounts for {len(edges)} axes; expected height and width")
    found = [integers([edge.startEdgeSize, edge.endEdgeSize]) for edge in edges]
    return [(start, end) for start, end in found]


def same_padding(
    sizes: Sequence[int | None], kernel: Sequence[int], strides: Sequence[int], *, top_left_heavy: bool = False
) -> Padding:
    """The padding that makes ceil(size / stride) windows; an odd one goes to the end unless `top_left_heavy`.

    `kernel` includes the dilation. A size that is not known needs a stride of 1.
    """
    padding = []
    for size, window, stride in zip(sizes, kernel, strides, strict=True):
        if size is None and stride > 1:
            raise ModelError("its input's size is not known before the model runs, which its padding depends on")
        extent = 0 if size is None else (-(-size // stride) - 1) * stride - size
        total = max(window - 1 if size is None else extent + window, 0)
        small = total // 2
        padding.append((total - small, small) if top_left_heavy else (small, total - small))
    return padding


def output_size(size: int | None, window: int, stride: int, padding: tuple[int, int]) -> int | None:
    """How many windows fit; a ModelError if none does."""
    if size is None:
        return None
    count = (size + sum(padding) - window) // stride + 1
    if count < 1:
        raise ModelError(
            f"a window of {window} does not fit into an input of {size} padded by {padding[0]} and {padding[1]}"
        )
    return count


def flat(padding: Padding) -> list[int]:
    """MIL's order: before and after of the first axis, then of the next."""
    return [amount for both in padding for amount in both]
