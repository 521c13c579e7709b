"""What the lowering makes of whole networks: five dimensions, shapes, names, batches, refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from inklens.coreml.batch_axis import batched
from inklens.coreml.ir import Ref
from inklens.coreml.neural_network import ValueNeeded, input_shapes, lower_neural_network, rank5_shape
from inklens.coreml.reference import evaluate
from inklens.errors import ModelError
from tests.coreml.neural_network.networks import builder, check, lowered, message, run, run_layer

RNG = np.random.default_rng(5)


def convolutions(count: int) -> Any:
    """A chain of convolutions and activations of the time of five dimensions, with a dense softmax at its end."""
    network = builder({"data": (3, 8, 8)}, ["output"], rank5=True)
    name = "data"
    for number in range(count):
        weight = RNG.normal(size=(3, 3, 3, 3))
        network.add_convolution(
            f"conv{number}", 3, 3, 3, 3, 1, 1, "same", 1, weight, RNG.normal(size=3), True,
            input_name=name, output_name=f"c{number}",
        )  # fmt: skip
        network.add_activation(f"relu{number}", "RELU", f"c{number}", f"r{number}")
        name = f"r{number}"
    network.add_flatten("flatten", 0, name, "flat")
    network.add_inner_product("dense", RNG.normal(size=(5, 192)), None, 192, 5, False, "flat", "scores")
    network.add_softmax("softmax", "scores", "output")
    return network.spec


def test_five_dimensions_are_computed_as_four() -> None:
    graph = lowered(convolutions(3), {"data": np.zeros((3, 8, 8))})
    ops = [node.op for node in graph.nodes]
    assert ops == [
        "squeeze", "conv", "relu", "conv", "relu", "conv", "relu", "reshape", "squeeze", "linear", "expand_dims",
        "softmax", "expand_dims",
    ]  # fmt: skip
    assert [tensor.shape for node in graph.nodes if node.op == "conv" for tensor in node.outputs] == [(1, 3, 8, 8)] * 3
    assert graph.outputs == ("output",)
    assert graph.nodes[-1].outputs[0].shape == (1, 1, 5, 1, 1)
    assert [node.name for node in graph.nodes][1:4] == ["conv0", "relu0", "conv1"]


def test_a_batch_is_run_at_once_and_equals_one_by_one() -> None:
    spec = convolutions(2)
    graph = lowered(spec, {"data": np.zeros((3, 8, 8))})
    many = batched(graph)
    assert many is not None
    images = RNG.normal(size=(4, 1, 3, 8, 8)).astype(np.float32)
    together = evaluate(many, {"data": images})["output"]
    single = [evaluate(graph, {"data": image[None]})["output"][0] for image in images]
    np.testing.assert_allclose(together, np.stack(single), atol=1e-6)


def test_the_same_network_is_lowered_for_other_sequences_and_batches() -> None:
    spec = convolutions(1)
    for lead in ((5, 1), (1, 4), (2, 3)):
        x = RNG.normal(size=(*lead, 3, 8, 8))
        result = run(spec, {"data": x})["output"]
        one = run(spec, {"data": x[-1:, -1:]})["output"]
        assert result.shape == (*lead, 5, 1, 1)
        check(one[0, 0], result[-1, -1])


@pytest.mark.parametrize(("mode", "order"), [(0, (0, 1, 2)), (1, (1, 2, 0))])
def test_flatten_counts_channels_first_or_last(mode: int, order: tuple[int, ...]) -> None:
    x = RNG.normal(size=(2, 3, 4))
    result = run_layer(lambda net: net.add_flatten("flatten", mode, "x0", "output"), x, rank5=True)
    check(x.transpose(order).reshape(1, 1, 24, 1, 1), result)


def test_reshape_reads_and_writes_channels_first_or_last() -> None:
    x = RNG.normal(size=(4, 1, 6, 2, 5))
    first = run_layer(lambda net: net.add_reshape("reshape", "x0", "output", (3, 4, 5), 0), x)
    check(x.reshape(4, 1, 3, 4, 5), first)
    last = run_layer(lambda net: net.add_reshape("reshape", "x0", "output", (3, 4, 5), 1), x)
    check(x.transpose(0, 1, 3, 4, 2).reshape(4, 1, 4, 5, 3).transpose(0, 1, 4, 2, 3), last)
    sequence = run_layer(lambda net: net.add_reshape("reshape", "x0", "output", (12, 2, 5, 2), 0), x)
    check(x.reshape(12, 1, 2, 5, 2), sequence)


@pytest.mark.parametrize("order", [(0, 3, 1, 2), (3, 1, 2, 0), (0, 3, 2, 1), (2, 1, 0, 3)])
def test_permute_reorders_sequence_channels_height_and_width(order: tuple[int, ...]) -> None:
    x = RNG.normal(size=(2, 3, 4, 5, 6))
    result = run_layer(lambda net: net.add_permute("permute", order, "x0", "output"), x)
    moved = np.moveaxis(x, 1, -1).transpose(*order, 4)
    check(np.moveaxis(moved, -1, 1), result)


def test_softmax_is_over_the_channels_wherever_they_stand() -> None:
    for shape in ((7, 1, 1), (2, 3, 4, 5), (2, 2, 3, 4, 5)):
        x = RNG.normal(size=shape)
        weights = np.exp(x - x.max(-3, keepdims=True))
        result = run_layer(lambda net: net.add_softmax("softmax", "x0", "output"), x)
        check(weights / weights.sum(-3, keepdims=True), result)


@pytest.mark.parametrize(
    ("shape", "columns", "expected"),
    [
        ((6,), 6, (4,)), ((2, 6), 6, (2, 4)), ((2, 3, 6), 6, (2, 3, 4)), ((2, 3, 2, 1), 6, (2, 4, 1, 1)),
        ((2, 3, 3, 2, 1), 6, (2, 3, 4, 1, 1)),
    ],
)  # fmt: skip
def test_inner_product_takes_the_last_axis_or_the_last_three(
    shape: tuple[int, ...], columns: int, expected: tuple[int, ...]
) -> None:
    x, weight, bias = RNG.normal(size=shape), RNG.normal(size=(4, columns)), RNG.normal(size=4)
    result = run_layer(lambda net: net.add_inner_product("ip", weight, bias, columns, 4, True, "x0", "output"), x)
    check((x.reshape(-1, columns) @ weight.T + bias).reshape(expected), result)


def test_a_constant_is_added_to_every_item_of_a_sequence() -> None:
    network = builder({"data": (2, 3, 3)}, ["output"], rank5=True)
    constant = RNG.normal(size=(2, 3, 3))
    network.add_load_constant("constant", "offset", constant, [2, 3, 3])
    network.add_elementwise("sum", ["data", "offset"], "output", "ADD")
    x = RNG.normal(size=(4, 1, 2, 3, 3))
    check(x + constant, run(network.spec, {"data": x})["output"])


@pytest.mark.parametrize("mode", ["ADD", "MULTIPLY", "AVE", "MAX", "MIN"])
def test_elementwise_layers_take_many_inputs_and_broadcast(mode: str) -> None:
    inputs = [RNG.normal(size=shape) for shape in ((2, 3, 4, 5), (2, 3, 1, 1), (2, 1, 4, 5))]
    result = run_layer(lambda net: net.add_elementwise("e", ["x0", "x1", "x2"], "output", mode), *inputs)
    a, b, c = inputs
    expected = {
        "ADD": a + b + c, "MULTIPLY": a * b * c, "AVE": (a + b + c) / 3, "MAX": np.maximum(np.maximum(a, b), c),
        "MIN": np.minimum(np.minimum(a, b), c),
    }[mode]  # fmt: skip
    check(expected, result)


@pytest.mark.parametrize("mode", ["DOT", "COS"])
def test_dot_multiplies_vectors_along_the_channels(mode: str) -> None:
    x, y = RNG.normal(size=(2, 2, 7, 1, 1))
    result = run_layer(lambda net: net.add_elementwise("dot", ["x0", "x1"], "output", mode), x, y)
    expected = (x * y).sum(1, keepdims=True)
    if mode == "COS":
        expected = expected / np.linalg.norm(x, axis=1, keepdims=True) / np.linalg.norm(y, axis=1, keepdims=True)
    check(expected, result)


@pytest.mark.parametrize(
    ("mode", "function"),
    [
        ("sqrt", np.sqrt), ("rsqrt", lambda x: 1 / np.sqrt(x + 1e-6)), ("inverse", lambda x: 1 / (x + 1e-6)),
        ("power", lambda x: x**1.5), ("exp", np.exp), ("log", np.log), ("abs", np.abs),
        ("threshold", lambda x: np.maximum(x, 1.5)),
    ],
)  # fmt: skip
def test_unary_functions_shift_and_scale_first(mode: str, function: Any) -> None:
    x = RNG.random(size=(1, 2, 3))
    result = run_layer(
        lambda net: net.add_unary("u", "x0", "output", mode, alpha=1.5, shift=0.5, scale=2.0, epsilon=1e-6), x
    )
    check(function(2 * x + 0.5), result)


@pytest.mark.parametrize(
    "kind",
    [
        "LINEAR", "RELU", "LEAKYRELU", "PRELU", "TANH", "SCALED_TANH", "SIGMOID", "SIGMOID_HARD", "ELU",
        "THRESHOLDEDRELU", "SOFTSIGN", "SOFTPLUS", "PARAMETRICSOFTPLUS",
    ],
)  # fmt: skip
def test_every_activation_follows_its_formula(kind: str) -> None:
    x = RNG.normal(size=(2, 3, 4, 5)) * 2
    per_channel = [np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0, 3.0])]
    params = {
        "LEAKYRELU": [0.3], "ELU": 0.7, "THRESHOLDEDRELU": 0.8, "LINEAR": [2.0, -1.0], "SCALED_TANH": [1.5, 0.5],
        "SIGMOID_HARD": [0.3, 0.4], "PRELU": per_channel[0], "PARAMETRICSOFTPLUS": per_channel,
    }.get(kind)  # fmt: skip
    alpha, beta = (values.reshape(3, 1, 1) for values in per_channel)
    expected = {
        "LINEAR": lambda: 2 * x - 1,
        "RELU": lambda: np.maximum(x, 0),
        "LEAKYRELU": lambda: np.where(x >= 0, x, 0.3 * x),
        "PRELU": lambda: np.where(x >= 0, x, alpha * x),
        "TANH": lambda: np.tanh(x),
        "SCALED_TANH": lambda: 1.5 * np.tanh(0.5 * x),
        "SIGMOID": lambda: 1 / (1 + np.exp(-x)),
        "SIGMOID_HARD": lambda: np.clip(0.3 * x + 0.4, 0, 1),
        "ELU": lambda: np.where(x >= 0, x, 0.7 * (np.exp(x) - 1)),
        "THRESHOLDEDRELU": lambda: np.where(x >= 0.8, x, 0),
        "SOFTSIGN": lambda: x / (1 + np.abs(x)),
        "SOFTPLUS": lambda: np.log1p(np.exp(x)),
        "PARAMETRICSOFTPLUS": lambda: alpha * np.log1p(np.exp(beta * x)),
    }[kind]()
    check(expected, run_layer(lambda net: net.add_activation("a", kind, "x0", "output", params), x))


def test_scale_and_bias_have_four_shapes() -> None:
    x = RNG.normal(size=(2, 3, 4, 5))
    for shape in ([1], [3], [1, 4, 5], [3, 4, 5]):
        weight, bias = RNG.normal(size=shape), RNG.normal(size=shape)
        full = weight.reshape(-1, 1, 1) if len(shape) == 1 else weight
        offset = bias.reshape(-1, 1, 1) if len(shape) == 1 else bias
        scaled = run_layer(
            lambda net, w=weight, b=bias, s=shape: net.add_scale("s", w, b, True, "x0", "output", s, s), x
        )
        check(x * full + offset, scaled)
        biased = run_layer(lambda net, b=bias, s=shape: net.add_bias("b", b, "x0", "output", s), x)
        check(x + offset, biased)


def test_shapes_that_are_computed_from_shapes_become_static() -> None:
    network = builder({"data": (2, 3, 4)}, ["output"])
    network.add_get_shape("shape", "data", "shape")
    network.add_slice_static("rows", "shape", "rows", [0], [1], [1], [False], [False])
    network.add_load_constant_nd("rest", "rest", np.array([-1.0]), [1])
    network.add_concat_nd("target", ["rows", "rest"], "target", 0)
    network.add_reshape_dynamic("reshape", ["data", "target"], "output")
    x = RNG.normal(size=(2, 3, 4))
    graph = lowered(network.spec, {"data": x})
    assert [(node.op, node.outputs[0].shape) for node in graph.nodes] == [("reshape", (2, 12))]
    check(x.reshape(2, 12), run(network.spec, {"data": x})["output"])


def test_inputs_that_decide_shapes_are_named_and_then_fixed() -> None:
    network = builder({"data": (9,), "k": (1,)}, ["values", "places"])
    network.add_topk("top", ["data", "k"], ["values", "places"], axis=0)
    model = message(network.spec)
    with pytest.raises(ValueNeeded, match=r"layer top \(topK\): K depends on the values of k") as caught:
        lower_neural_network(model, {"data": (9,), "k": (1,)})
    assert caught.value.inputs == {"k"}
    result = run(network.spec, {"data": np.array([3, 1, 4, 1, 5, 9, 2, 6, 5]), "k": np.array([3])})
    check([9, 6, 5], result["values"])
    check([5, 7, 4], result["places"])


def test_data_dependent_shapes_stay_open() -> None:
    x = np.array([[0, 1, 0], [2, 0, 3]])
    graph = lowered(where_non_zero(), {"x": x})
    assert graph.nodes[-1].outputs[0].shape == (None, 2)
    check([[0, 1], [1, 0], [1, 2]], run(where_non_zero(), {"x": x})["output"])


def where_non_zero() -> Any:
    network = builder({"x": (2, 3)}, ["output"])
    network.add_where_nonzero("where", "x", "output")
    return network.spec


def test_all_layers_that_are_not_supported_are_named_at_once() -> None:
    network = builder({"x": (3,)}, ["output"])
    network.add_activation("relu", "RELU", "x", "y")
    network.add_branch("decide", "y")
    network.add_loop("again", max_iterations=3)
    layer = network.spec.neuralNetwork.layers.add()
    layer.name, layer.custom.className = "mine", "MyLayer"
    with pytest.raises(ModelError) as caught:
        lower_neural_network(message(network.spec), {"x": (3,)})
    assert str(caught.value).startswith(
        "3 layers are not supported: branch (at layer decide), loop (at layer again), custom MyLayer (at layer mine). "
        "Supported: acos, "
    )


def test_a_copy_overwrites_a_blob() -> None:
    network = builder({"x": (3,)}, ["output"])
    network.add_activation("double", "LINEAR", "x", "y", [2.0, 0.0])
    network.add_activation("triple", "LINEAR", "x", "z", [3.0, 0.0])
    network.add_copy("copy", "z", "y")
    network.add_elementwise("sum", ["y", "z"], "output", "ADD")
    check([6, 12, 18], run(network.spec, {"x": np.array([1, 2, 3])})["output"])


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda layers: layers[1].input.append("nothing"), "layer relu (activation) reads 'nothing', which no input"),
        (lambda layers: layers[1].output.append("x"), "layer relu (activation) gives 'x', which exists already"),
        (lambda layers: layers[1].output.append("more"), "layer relu (activation) names 2 outputs; it has 1"),
        (lambda layers: layers[0].input.append("x"), "layer flat (flattenTo2D): it has 2 inputs; expected 1"),
        (lambda layers: layers.pop(), "no layer gives the output 'output'"),
        (lambda layers: target(layers).append(1), "they must have the same rank"),
        (lambda layers: target(layers).__setitem__(1, 5), "cannot be reshaped to"),
        (lambda layers: target(layers).__setitem__(1, 1 << 40), "are no sizes or positions"),
    ],
)  # fmt: skip
def test_networks_that_do_not_fit_together_are_refused_in_words(change: Any, words: str) -> None:
    network = builder({"x": (2, 3, 4)}, ["output"])
    network.add_flatten_to_2d("flat", "x", "y", axis=1)
    network.add_activation("relu", "RELU", "y", "z")
    network.add_rank_preserving_reshape("reshape", "z", "output", (0, 12))
    change(network.spec.neuralNetwork.layers)
    with pytest.raises(ModelError) as caught:
        lower_neural_network(message(network.spec), {"x": (2, 3, 4)})
    assert words in str(caught.value)


def target(layers: Any) -> Any:
    return layers[2].rankPreservingReshape.targetShape


def test_a_tensor_of_absurd_size_is_refused_before_it_is_made() -> None:
    network = builder({"x": (1,)}, ["output"])
    network.add_fill_static("fill", "output", (100_000, 100_000), 1.0)
    with pytest.raises(
        ModelError, match=r"layer fill \(fillStatic\): the result would have the shape \(100000, 100000\)"
    ):
        lower_neural_network(message(network.spec), {"x": (1,)})


def test_declared_inputs_enter_in_four_or_five_dimensions() -> None:
    old = builder({"vector": (7,), "image": (3, 4, 5)}, ["output"], rank5=True)
    old.add_activation("relu", "RELU", "vector", "output")
    assert input_shapes(message(old.spec)) == {"vector": (1, 1, 7, 1, 1), "image": (1, 1, 3, 4, 5)}
    new = builder({"vector": (7,), "image": (3, 4, 5)}, ["output"])
    new.add_activation("relu", "RELU", "vector", "output")
    assert input_shapes(message(new.spec)) == {"vector": (7,), "image": (3, 4, 5)}


def test_arrays_for_old_networks_are_read_by_what_their_input_declares() -> None:
    assert rank5_shape((7,), 1) == (1, 1, 7, 1, 1)
    assert rank5_shape((9, 2, 7), 1) == (9, 2, 7, 1, 1)  # [Seq, B, C]
    assert rank5_shape((3, 4, 5), 3) == (1, 1, 3, 4, 5)
    assert rank5_shape((2, 3, 4, 5), 3) == (1, 2, 3, 4, 5)
    assert rank5_shape((6, 2, 3, 4, 5), 3) == (6, 2, 3, 4, 5)
    with pytest.raises(ModelError, match=r"an array of shape \(2, 3\) is given"):
        rank5_shape((2, 3), 1)


def test_every_reference_of_a_graph_was_computed_before() -> None:
    graph = lowered(convolutions(2), {"data": np.zeros((3, 8, 8))})
    known = {tensor.name for tensor in graph.inputs}
    for node in graph.nodes:
        assert {value.name for value in node.arguments.values() if isinstance(value, Ref)} <= known
        known.update(tensor.name for tensor in node.outputs)
    assert set(graph.outputs) <= known
