"""Layers that change the height and width: padding, crop, upsample, resizeBilinear, cropResize, reorganizeData."""

from __future__ import annotations

from collections.abc import Sequence

from inklens.coreml.neural_network.builder import Blob, Builder, integers, known
from inklens.coreml.neural_network.layer import Layer, lowering
from inklens.coreml.neural_network.windows import border, flat, pair
from inklens.errors import ModelError

# Names of the specification, in the order of its enumerations, as MIL calls them.
_SAMPLING = ("STRICT_ALIGN_CORNERS", "ALIGN_CORNERS", "DEFAULT", "OFFSET_CORNERS")
_BOXES = ("CORNERS_HEIGHT_FIRST", "CORNERS_WIDTH_FIRST", "CENTER_SIZE_HEIGHT_FIRST", "CENTER_SIZE_WIDTH_FIRST")
_UPSAMPLING = ("DEFAULT", "STRICT_ALIGN_CORNERS", "UNALIGN_CORNERS")
_REORGANIZATIONS = ("space_to_depth", "depth_to_space", "pixel_shuffle")


def _chosen(names: Sequence[str], number: int, what: str) -> str:
    if not 0 <= number < len(names):
        raise ModelError(f"there is no {what} {number}; there are {', '.join(names)}")
    return names[number]


@lowering("padding")
def padding(layer: Layer) -> Blob:
    """Of the last two axes: a constant, the reflection without the edge itself, or the edge repeated."""
    params, x = layer.params, layer.input
    kind = params.which("PaddingType") or "constant"
    amounts = border(params.paddingAmounts)
    if x.rank < 2:
        raise ModelError(f"its input has shape {x.shape}; expected at least height and width")
    build = layer.build
    source = build.collapse(x) if x.rank > 4 else x
    if kind == "reflection":
        for size, edges in zip(source.shape[-2:], amounts, strict=True):
            if size is not None and max(edges) >= size:
                raise ModelError(f"an axis of {size} cannot be reflected by {max(edges)}")
    spatial = [
        None if size is None else size + sum(edges) for size, edges in zip(source.shape[-2:], amounts, strict=True)
    ]
    result = build.emit(
        "pad",
        (*source.shape[:-2], *spatial),
        x=source,
        pad=flat(amounts),
        mode={"constant": "constant", "reflection": "reflect", "replication": "replicate"}[kind],
        constant_val=params.constant.value if kind == "constant" else 0.0,
    )
    return build.expand(result, x.shape[:-3]) if x.rank > 4 else result


@lowering("crop")
def crop(layer: Layer) -> Blob:
    """By amounts; or with a second input to its height and width, from `offset` on."""
    build, params = layer.build, layer.params
    x, *reference = layer.take(1, 2)
    source = build.collapse(x)
    height, width = source.shape[2:]
    if height is None or width is None:
        raise ModelError("the size of its input is not known before the model runs")
    if reference:
        offset = integers(params.offset) or [0, 0]
        sizes = reference[0].shape[-2:]
        if len(offset) != 2 or len(sizes) != 2 or not known(sizes):
            raise ModelError(f"its offset is {offset} and its reference has shape {reference[0].shape}")
        begins, ends = offset, [start + (size or 0) for start, size in zip(offset, sizes, strict=True)]
    else:
        (top, bottom), (left, right) = border(params.cropAmounts)
        begins, ends = [top, left], [height - bottom, width - right]
    if not (0 <= begins[0] < ends[0] <= height and 0 <= begins[1] < ends[1] <= width):
        raise ModelError(
            f"rows {begins[0]} to {ends[0]} and columns {begins[1]} to {ends[1]} are not all in {source.shape}"
        )
    result = build.emit(
        "slice_by_index",
        (*source.shape[:2], ends[0] - begins[0], ends[1] - begins[1]),
        x=source,
        begin=[0, 0, *begins],
        end=[0, 0, *ends],
        end_mask=[True, True, False, False],
    )
    return build.expand(result, x.shape[:-3])


def _bilinear(build: Builder, x: Blob, height: int, width: int, mode: str) -> Blob:
    return build.emit(
        "resize_bilinear",
        (*x.shape[:2], height, width),
        x=x,
        target_size_height=height,
        target_size_width=width,
        sampling_mode=mode,
    )


@lowering("upsample")
def upsample(layer: Layer) -> Blob:
    build, params, x = layer.build, layer.params, layer.input
    source = build.collapse(x)
    height, width = source.shape[2:]
    if height is None or width is None:
        raise ModelError("the size of its input is not known before the model runs")
    factors: list[float] = list(params.fractionalScalingFactor.tolist())
    if not factors:
        factors = [float(factor) for factor in pair(params.scalingFactor, (1, 1), "scaling factor")]
    if len(factors) != 2 or not all(0 < factor < 1 << 31 for factor in factors):
        raise ModelError(f"its scaling factors are {factors}; expected two positive numbers, for height and width")
    # 1e-6: a factor such as 1.1 comes as float32 and must still make 11 out of 10.
    sizes = [int(size * factor * (1 + 1e-6)) for size, factor in zip((height, width), factors, strict=True)]
    if params.mode == 1:
        mode = _chosen(_UPSAMPLING, params.linearUpsampleMode, "mode of linear upsampling")
        result = _bilinear(build, source, sizes[0], sizes[1], mode)
    elif params.mode == 0:
        whole = all(factor == int(factor) for factor in factors)
        given = [int(factor) if whole else factor for factor in factors]
        result = build.emit(
            "upsample_nearest_neighbor",
            (*source.shape[:2], *sizes),
            x=source,
            scale_factor_height=given[0],
            scale_factor_width=given[1],
        )
    else:
        raise ModelError(f"there is no interpolation {params.mode}; there are 0 (nearest neighbour) and 1 (bilinear)")
    return build.expand(result, x.shape[:-3])


@lowering("resizeBilinear")
def resize_bilinear(layer: Layer) -> Blob:
    build, params, x = layer.build, layer.params, layer.input
    source = build.collapse(x)
    height, width = pair(params.targetSize, (1, 1), "target size")
    mode = _chosen(_SAMPLING, params.mode.samplingMethod, "sampling method")
    return build.expand(_bilinear(build, source, height, width, mode), x.shape[:-3])


@lowering("cropResize")
def crop_resize(layer: Layer) -> Blob:
    """Images [1, B, C, H, W] and boxes [N, 1, 4 or 5, 1, 1] give [N, B or 1, C, height, width]."""
    build, params = layer.build, layer.params
    x, boxes = layer.take(2)
    source = build.collapse(x)
    if boxes.rank != 5 or boxes.shape[1] != 1 or boxes.shape[2] not in (4, 5) or boxes.shape[3:] != (1, 1):
        raise ModelError(f"its boxes have shape {boxes.shape}; expected [N, 1, 4 or 5, 1, 1]")
    height, width = pair(params.targetSize, (1, 1), "target size")
    batch = source.shape[0] if boxes.shape[2] == 4 else 1
    return build.emit(
        "crop_resize",
        (boxes.shape[0], batch, source.shape[1], height, width),
        x=source,
        roi=boxes,
        target_height=height,
        target_width=width,
        normalized_coordinates=bool(params.normalizedCoordinates),
        spatial_scale=params.spatialScale or 1.0,
        box_coordinate_mode=_chosen(_BOXES, params.boxIndicesMode.boxMode, "mode of box coordinates"),
        sampling_mode=_chosen(_SAMPLING, params.mode.samplingMethod, "sampling method"),
    )


@lowering("reorganizeData")
def reorganize_data(layer: Layer) -> Blob:
    build, params, x = layer.build, layer.params, layer.input
    source = build.collapse(x)
    batch, channels, height, width = source.shape
    block = integers([params.blockSize])[0]
    op = _chosen(_REORGANIZATIONS, params.mode, "mode of reorganisation")
    if channels is None or height is None or width is None:
        raise ModelError("the size of its input is not known before the model runs")
    divided = (height, width) if op == "space_to_depth" else (channels,)
    divisor = block if op == "space_to_depth" else block * block
    if block < 1 or any(size % divisor for size in divided):
        raise ModelError(f"blocks of {block} do not divide an input of shape {x.shape}")
    if op == "space_to_depth":
        shape = (batch, channels * block * block, height // block, width // block)
        result = build.emit(op, shape, x=source, block_size=block)
    else:
        shape = (batch, channels // (block * block), height * block, width * block)
        factor = {"block_size" if op == "depth_to_space" else "upscale_factor": block}
        result = build.emit(op, shape, x=source, **factor)
    return build.expand(result, x.shape[:-3])
