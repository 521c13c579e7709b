"""The page docs/conformance.md, made of the outcomes that tools/conformance.py collected."""

from __future__ import annotations

import platform
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Any

from inklens.coreml.neural_network.layer import LOWERINGS
from inklens.coreml.ops import OPS

# What plain converters write and published models hold: 95 % of the cases of these have to pass.
FIRST_TIER = {
    "abs", "add", "avg_pool", "batch_norm", "cast", "clip", "concat", "const", "conv", "conv_transpose",
    "crop_resize", "depth_to_space", "elu", "erf", "exp", "expand_dims", "gather", "gelu", "greater", "greater_equal",
    "instance_norm", "l2_norm", "l2_pool", "layer_norm", "leaky_relu", "less", "linear", "local_response_norm", "log",
    "matmul", "max_pool", "maximum", "minimum", "mul", "non_maximum_suppression", "pad", "pixel_shuffle", "pow",
    "prelu", "real_div", "reduce_argmax", "reduce_argmin", "reduce_l1_norm", "reduce_l2_norm", "reduce_log_sum",
    "reduce_log_sum_exp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod", "reduce_sum", "reduce_sum_square",
    "relu", "relu6", "reshape", "resize_bilinear", "resize_nearest_neighbor", "rsqrt", "scaled_dot_product_attention",
    "select", "sigmoid", "sigmoid_hard", "silu", "slice_by_index", "slice_by_size", "softmax", "softplus", "softsign",
    "split", "sqrt", "square", "squeeze", "stack", "sub", "tanh", "thresholded_relu", "tile", "topk", "transpose",
    "upsample_bilinear", "upsample_nearest_neighbor", "constexpr_affine_dequantize", "constexpr_cast",
    "constexpr_blockwise_shift_scale", "constexpr_lut_to_dense", "constexpr_lut_to_sparse",
    "constexpr_sparse_to_dense", "constexpr_sparse_blockwise_shift_scale",
}  # fmt: skip
FIRST_TIER_LAYERS = {
    "convolution", "pooling", "activation", "innerProduct", "batchnorm", "softmax", "flatten", "reshape", "permute",
    "add", "multiply", "average", "max", "min", "concat", "split", "slice", "padding", "crop", "upsample", "unary",
    "scale", "bias", "loadConstant", "reduce", "lrn", "l2normalize", "mvn", "reorganizeData", "transpose",
    "reshapeStatic", "softmaxND", "batchedMatmul", "loadConstantND", "concatND", "splitND", "stack", "squeeze",
    "expandDims", "sliceStatic", "constantPad", "tile", "gelu", "clip", "resizeBilinear", "addBroadcastable",
    "subtractBroadcastable", "multiplyBroadcastable", "divideBroadcastable", "maxBroadcastable", "minBroadcastable",
    "reduceSum", "reduceMean", "reduceMax", "reduceMin", "reduceProd", "reduceL1", "reduceL2", "reduceLogSum",
    "reduceLogSumExp", "reduceSumSquare",
}  # fmt: skip
# Test classes and functions whose names say another word than the operation's.
ALIASES = {
    "convolution": "conv", "invalidconvconfig": "conv", "dynamictile": "tile",
    "upsamplenearestneighborfractionalscales": "upsample_nearest_neighbor", "coremlupdatestate": "state",
    "readstate": "state", "statefulmodel": "state", "list": "list", "whileloop": "while_loop", "cond": "cond",
    "constexprlut": "constexpr_lut_to_dense", "constexprblockwisedequantize": "constexpr_blockwise_shift_scale",
    "jointcompressionops": "constexpr_lut_to_sparse", "aggregatepadding": "shape inference of coremltools",
    "dilation": "shape inference of coremltools", "outputshape": "shape inference of coremltools",
}  # fmt: skip
LAYER_ALIASES = {
    "conv": "convolution", "deconv": "convolution", "pool": "pooling", "onehot": "oneHot", "embedding": "embeddingND",
    "broadcastto": "broadcastToStatic", "linearactivation": "activation", "geluactivation": "gelu",
    "erfactivation": "erf", "trigonometry": "sin", "batchedmatmul": "batchedMatmul", "constpad": "constantPad",
    "unary": "unary", "loadconstant": "loadConstant", "innerproduct": "innerProduct", "wherenonzero": "whereNonZero",
    "where": "whereBroadcastable", "argmax": "argMax", "fill": "fillStatic", "range": "rangeStatic",
    "elementwisebinary": "addBroadcastable", "elementwiseboolean": "logicalNot", "reducelayer": "reduce",
    "reduce": "reduceSum", "nms": "NonMaximumSuppression", "power": "unary", "slidingwindows": "slidingWindows",
    "matrixbandpart": "matrixBandPart", "getshape": "getShape", "compiledmodel": "compiled models",
    "shapeflexibility": "flexible shapes", "categorical": "categoricalDistribution", "bias": "bias",
}  # fmt: skip
GENERIC = ("elementwiseunary", "elementwisebinary", "reduction", "inputweightdifferentdtypes")
KINDS = ("passed", "failed", "refused", "skipped", "not run")

# Why cases did not pass: a pattern of the case and the reason that the run gave, and what it means. The first that
# fits counts.
REASONS = [
    (
        r"::TestNormalization.*rtol=1e-05, atol=0\.0001",
        "numbers in float16 for a neural network, which the suite leaves out: its tolerance is float32's",
    ),
    (r"empty parameter set", "the suite has no such case"),
    (
        r"axis should either be None or in \[-input_rank",
        "the suite counts axes that its tensors do not have (-5 to 4 for ranks 1 to 5), and leaves them out itself",
    ),
    (
        r"prelu op: rank 3 or rank 5|rank-0 'update' is not supported",
        "coremltools itself refuses the case (a failure that the suite expects)",
    ),
    (
        r"rtol=(50|0\.5), atol=(0\.5|0\.0001) Mismatched elements: .* / 800",
        "the suite expects a scale that is not"
        " recomputed from the sizes, which the operation does not have (a failure that the suite expects)",
    ),
    (
        r"ACTUAL: array\(\[\[\[\[\[0\., 0\.\], *\[0\., 0\.\]",
        "the suite's box lies outside of the image, and it expects the whole image (a failure that it expects but on a"
        " CPU)",
    ),
    (r"unknown number of dimensions", "a value without a known number of dimensions is refused"),
    (r"argument 'useCPUOnly'", "the case calls coremltools with an argument that it does not have any more"),
    (
        r"Expected \[[\d. ]+\] to be within 0\.01 of \[[\d ]+\]",
        "equal values: the suite expects NumPy's order of them, which is not defined",
    ),
    (
        r"Expected \[[\d. ]+\.\.\.[\d. ]+\] to be within",
        "the suite expects the same random numbers from two calls of one model (a failure that the suite expects)",
    ),
    (r"scikit-learn is required", "needs scikit-learn"),
    (r"atol=0\.001 Mismatched elements: 1 / 84", "the expected numbers were computed in float16; ours are closer"),
    (r"\((control flow|lists)\)|branch|layers? (is|are) not supported: loop", "control flow and lists are refused"),
    (r"\(state\)|state", "models with state are refused"),
    (r"align_corners and half_pixel_centers", "the operation has no such setting"),
    (r"squeeze a not-1", "neural networks have no such layer"),
    (r"macOS 10\.13| Skipped$", "about older systems"),
    (r"Unable to compile|MLModelProxy|compute_?plan", "compiling models (`.mlmodelc`) is Core ML's own business"),
    (r"fp16 .*neuralnetwork|neuralnetwork.*fp16", "the suite has no such case"),
    (r"same_lower", "the suite leaves out `same_lower` where its target has none"),
    (r"only compatible with mlprogram|not runnable|breaking at opset", "the suite's target has no such operation"),
    (r"not supported (on|in) (the )?neuralnetwork|neuralnetwork backend", "neural networks have no such layer"),
    (r"rdar://|radar", "left out by the suite for a defect of Core ML or coremltools (rdar)"),
    (r"[Tt]ensor[Ff]low|TF|tensorflow", "needs TensorFlow, which the suite compares with"),
]


def squashed(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def mil_subject(case: str, parameters: Mapping[str, str]) -> str:
    """The operation that a case of the MIL suite is about, by its class, its function and its parameters."""
    _, *path = case.split("#")[0].split("::")
    group = squashed(path[0].removeprefix("Test")) if len(path) > 1 else ""
    known = {squashed(name): name for name in (*OPS, *FIRST_TIER)}
    group = group.removeprefix("normalization")
    if ALIASES.get(group):
        return ALIASES[group]
    if group in known and group not in GENERIC:
        return known[group]
    for value in parameters.values():
        if squashed(value) in known and group.startswith(GENERIC):
            return known[squashed(value)]
    text = squashed(path[-1])
    found = [name for key, name in known.items() if len(key) > 2 and key in text]
    return max(found, key=len) if found and group.startswith(GENERIC) else known.get(group, group or "other")


def layer_subject(case: str, operations: Sequence[str]) -> str:
    """The layer that a case of the NeuralNetwork suite is about: by its function's name, or by its model's layers."""
    path = case.split("#")[0].split("::")
    text = squashed(path[-1].removeprefix("test_"))
    known = {**{squashed(name): name for name in LOWERINGS}, **LAYER_ALIASES}
    found = [key for key in known if text.startswith(key)] or [key for key in known if len(key) > 3 and key in text]
    if found:
        return known[max(found, key=len)]
    if "compiled" in path[0]:
        return "compiled models"
    rare = [name for name in operations if name not in ("loadConstantND", "squeeze", "expandDims")]
    return rare[0] if rare else squashed(path[0].split("/")[-1].removeprefix("test_").removesuffix(".py"))


def write_report(page: Path, cases: Sequence[Mapping[str, Any]], outcomes: Mapping[str, Mapping[str, Any]]) -> str:
    """Write the page and return its summary. What the suites skip, or has not been run, is counted as not passed."""
    counts: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    why: dict[tuple[str, str], list[str]] = defaultdict(list)
    for item in cases:
        case = item["case"]
        record = outcomes.get(case, {"outcome": "not run"})
        is_mil = "/converters/mil/" in case
        if is_mil:
            counts["MIL", mil_subject(case, item["parameters"])][record["outcome"]] += 1
        else:
            counts["NeuralNetwork", layer_subject(case, record.get("operations", []))][record["outcome"]] += 1
        if record["outcome"] not in ("passed", "not run"):
            why[record["outcome"], explained(f"{case} {record.get('reason', '')}")].append(case)
    summary = table(
        ["", "cases", *KINDS, "passed of all", "passed of those that ran"],
        [
            row("first-tier operations", sum_of(counts, is_first_tier)),
            row("MIL operations, all", sum_of(counts, lambda suite, _: suite == "MIL")),
            row("NeuralNetwork layers, all", sum_of(counts, lambda suite, _: suite == "NeuralNetwork")),
            row("both suites, all", sum_of(counts, lambda *_: True)),
        ],
    )
    page.write_text(
        PAGE.format(
            summary=summary,
            state=state(len(cases), outcomes),
            versions=versions(),
            tables=tables(counts),
            reasons=reasons(why),
        ),
        encoding="utf-8",
    )
    return summary


def is_first_tier(suite: str, name: str) -> bool:
    return name in (FIRST_TIER if suite == "MIL" else FIRST_TIER_LAYERS)


def sum_of(counts: Mapping[tuple[str, str], Counter[str]], wanted: Any) -> Counter[str]:
    total: Counter[str] = Counter()
    for key, count in counts.items():
        if wanted(*key):
            total += count
    return total


def row(name: str, count: Counter[str]) -> list[str]:
    total = sum(count.values())
    ran = total - count["skipped"] - count["not run"]
    return [
        name,
        f"{total:,}",
        *(f"{count[kind]:,}" for kind in KINDS),
        rate(count["passed"], total),
        rate(count["passed"], ran),
    ]


def rate(part: int, whole: int) -> str:
    return f"{100 * part / whole:.1f} %" if whole else "–"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    ruler = ["---"] + ["---:"] * (len(head) - 1)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in [head, ruler, *rows])


def tables(counts: Mapping[tuple[str, str], Counter[str]]) -> str:
    parts = []
    for suite, title in (("MIL", "MIL operations"), ("NeuralNetwork", "NeuralNetwork layers")):
        rows = []
        for (kind, name), count in sorted(counts.items()):
            if kind == suite:
                tier = "1" if is_first_tier(kind, name) else ""
                rows.append([name, tier, str(sum(count.values())), *(str(count[k] or "") for k in KINDS)])
        parts.append(f"## {title}\n\n" + table(["", "tier", "cases", *KINDS], rows))
    return "\n\n".join(parts)


def explained(failure: str) -> str:
    """What a case and the reason that its run gave mean."""
    text = re.sub(r"\s+", " ", failure)
    for pattern, meaning in REASONS:
        if re.search(pattern, text):
            return meaning
    return text.partition(" ")[2][:160].replace("|", "\\|")


def reasons(why: Mapping[tuple[str, str], list[str]]) -> str:
    rows = []
    for (outcome, meaning), cases in sorted(why.items(), key=lambda item: (item[0][0], -len(item[1]))):
        example = cases[0].split("/")[-1].split("#")[0]
        rows.append([str(len(cases)), outcome, meaning, f"`{example}`"])
    return table(["cases", "outcome", "reason", "for example"], rows)


def state(collected: int, outcomes: Mapping[str, Mapping[str, Any]]) -> str:
    """How much of the suites the page speaks of."""
    if len(outcomes) >= collected:
        return "The last column leaves skipped cases out."
    return (
        f"**Of {collected:,} cases {len(outcomes):,} had been run when this page was written**: the last column "
        "speaks of those, the column before it counts the others as not passed."
    )


def versions() -> str:
    names = ("coremltools", "onnxruntime", "numpy", "scipy", "torch", "scikit-learn", "tensorflow-cpu", "tensorflow")
    installed = {name.lower().replace("_", "-") for entry in distributions() if (name := entry.metadata["Name"])}
    listed = ", ".join(f"{name} {version(name)}" for name in names if name in installed)
    return f"{listed}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"


PAGE = """# Conformance with coremltools' own tests

coremltools carries the tests with which Apple checks Core ML: every operation of ML Programs and every layer of neural
networks is built, converted, predicted with, and compared with expected numbers. On a Mac they call Core ML. Here a
[pytest plug-in](../tests/conformance/plugin.py) puts `inklens.coreml` in its place and runs them on any system.

    make conformance        # goes on where it was stopped

Everything that is collected counts. *Failed* gave another answer or an error; *refused* is an operation that inklens
names and does not run; *skipped* is what the suites themselves leave out, because their target has no such operation
or the case names what does not exist, such as axis 4 of a tensor with two axes. What they expect to fail for a defect
of Core ML, and what they leave out because another case is like it, is run all the same. {state}

{summary}

Measured with {versions}. Tolerances are the suites' own. Random numbers are drawn from a seed of each case's name.

{tables}

## Why cases did not pass

{reasons}
"""
