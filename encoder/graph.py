"""The network of all-MiniLM-L6-v2 and its kind as an ONNX graph, written node by node: no training library is needed.

BERT (Devlin et al., 2018) with 12 heads and 384 units in as many layers as the weights have (6; 12 in
paraphrase-multilingual-MiniLM-L12-v2); the layer norm stands after each residual sum. Mean
pooling over the mask and the L2 norm are part of the graph: it takes token ids and gives unit vectors.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from encoder.model import MAX_TOKENS, WIDTH

HEADS = 12
HEAD_WIDTH = WIDTH // HEADS
NORM_EPSILON = 1e-12
#: Added to the attention score of padding; far below any real score, and safe in 32 bits.
MASKED = -10000.0
#: Opset 20 is the first with a Gelu node.
OPSET = 20
#: The oldest file format that knows this opset; newer ones would shut out older runtimes.
IR_VERSION = 9

Array = npt.NDArray[np.float32]
Tensors = Mapping[str, Array]


@dataclass
class Graph:
    """Nodes and constants on their way to becoming a model."""

    nodes: list[NodeProto] = field(default_factory=list)
    constants: list[TensorProto] = field(default_factory=list)
    names: int = 0

    def constant(self, value: npt.NDArray[Any]) -> str:
        """Store a tensor and return its name."""
        name = self._new("c")
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def number(self, value: float) -> str:
        """Store one number of 32 bits and return its name."""
        return self.constant(np.array(value, np.float32))

    def node(self, kind: str, *inputs: str, outputs: int = 1, **attributes: object) -> str:
        """Add a node with one output and return the output's name."""
        return self.split_node(kind, *inputs, outputs=outputs, **attributes)[0]

    def split_node(self, kind: str, *inputs: str, outputs: int, **attributes: object) -> list[str]:
        """Add a node with several outputs and return their names."""
        names = [self._new(kind) for _ in range(outputs)]
        self.nodes.append(helper.make_node(kind, list(inputs), names, **attributes))
        return names

    def _new(self, stem: str) -> str:
        self.names += 1
        return f"{stem}_{self.names}"


def build(tensors: Tensors) -> ModelProto:
    """Make the 32-bit graph from the weights of the published model.

    Args:
        tensors: arrays by the names they have in `model.safetensors`.

    Raises:
        KeyError: a weight is missing, so the folder holds another kind of model.
        ValueError: its vectors have another width.
    """
    tensors = plain(tensors)
    width = tensors["embeddings.word_embeddings.weight"].shape[1]
    if width != WIDTH:
        raise ValueError(f"its vectors have {width} numbers; the tables and this program take {WIDTH}")
    graph = Graph()
    hidden = _embed(graph, tensors)
    bias = _attention_bias(graph)
    for number in range(layers_of(tensors)):
        hidden = _layer(graph, tensors, f"encoder.layer.{number}", hidden, bias)
    pooled = _mean(graph, hidden)
    graph.nodes.append(helper.make_node("Identity", [_unit(graph, pooled)], ["vector"]))
    return _model(graph)


def plain(tensors: Tensors) -> Tensors:
    """The weights in 32 bits, without the `bert.` that some publishers write before each name."""
    return {name.removeprefix("bert."): np.asarray(value, np.float32) for name, value in tensors.items()}


def layers_of(tensors: Tensors) -> int:
    """How many layers the weights have.

    Raises:
        KeyError: none.
    """
    start = "encoder.layer."
    numbers = {int(name[len(start) :].partition(".")[0]) for name in tensors if name.startswith(start)}
    if not numbers:
        raise KeyError(f"{start}0")
    return max(numbers) + 1


def _embed(graph: Graph, tensors: Tensors) -> str:
    """Words plus places. Every text is one segment, so the segment's vector is added to the places once and for all."""
    words = graph.node("Gather", graph.constant(tensors["embeddings.word_embeddings.weight"]), "ids")
    places = tensors["embeddings.position_embeddings.weight"][:MAX_TOKENS]
    places = places + tensors["embeddings.token_type_embeddings.weight"][0]
    length = graph.node("Shape", "ids", start=1, end=2)
    used = graph.node("Slice", graph.constant(places), graph.constant(np.array([0])), length)
    return _norm(graph, tensors, "embeddings.LayerNorm", graph.node("Add", words, used))


def _attention_bias(graph: Graph) -> str:
    """0 for a word and a large negative number for padding, shaped to be added to (batch, heads, from, to)."""
    mask = graph.node("Cast", "mask", to=TensorProto.FLOAT)
    padding = graph.node("Sub", graph.number(1.0), mask)
    scaled = graph.node("Mul", padding, graph.number(MASKED))
    return graph.node("Unsqueeze", scaled, graph.constant(np.array([1, 2])))


def _layer(graph: Graph, tensors: Tensors, name: str, hidden: str, bias: str) -> str:
    attended = _attention(graph, tensors, f"{name}.attention.self", hidden, bias)
    projected = _dense(graph, tensors, f"{name}.attention.output.dense", attended)
    hidden = _norm(graph, tensors, f"{name}.attention.output.LayerNorm", graph.node("Add", projected, hidden))
    wide = graph.node("Gelu", _dense(graph, tensors, f"{name}.intermediate.dense", hidden))
    narrow = _dense(graph, tensors, f"{name}.output.dense", wide)
    return _norm(graph, tensors, f"{name}.output.LayerNorm", graph.node("Add", narrow, hidden))


def _attention(graph: Graph, tensors: Tensors, name: str, hidden: str, bias: str) -> str:
    """Queries, keys and values come from one product; the queries' scale is folded into their weights."""
    scale = np.float32(1.0 / math.sqrt(HEAD_WIDTH))
    weights = [tensors[f"{name}.{part}.weight"].T for part in ("query", "key", "value")]
    biases = [tensors[f"{name}.{part}.bias"] for part in ("query", "key", "value")]
    weight = np.concatenate([weights[0] * scale, *weights[1:]], axis=1)
    offset = np.concatenate([biases[0] * scale, *biases[1:]])
    product = graph.node("MatMul", hidden, graph.constant(weight))
    together = graph.node("Add", product, graph.constant(offset))
    parts = graph.split_node("Split", together, outputs=3, axis=2, num_outputs=3)
    query, value = (_heads(graph, part, [0, 2, 1, 3]) for part in (parts[0], parts[2]))
    key = _heads(graph, parts[1], [0, 2, 3, 1])
    scores = graph.node("Add", graph.node("MatMul", query, key), bias)
    mixed = graph.node("MatMul", graph.node("Softmax", scores, axis=-1), value)
    joined = graph.node("Transpose", mixed, perm=[0, 2, 1, 3])
    return graph.node("Reshape", joined, graph.constant(np.array([0, 0, WIDTH])))


def _heads(graph: Graph, name: str, order: list[int]) -> str:
    shaped = graph.node("Reshape", name, graph.constant(np.array([0, 0, HEADS, HEAD_WIDTH])))
    return graph.node("Transpose", shaped, perm=order)


def _dense(graph: Graph, tensors: Tensors, name: str, inputs: str) -> str:
    product = graph.node("MatMul", inputs, graph.constant(tensors[f"{name}.weight"].T))
    return graph.node("Add", product, graph.constant(tensors[f"{name}.bias"]))


def _norm(graph: Graph, tensors: Tensors, name: str, inputs: str) -> str:
    weight, bias = (graph.constant(tensors[f"{name}.{part}"]) for part in ("weight", "bias"))
    return graph.node("LayerNormalization", inputs, weight, bias, axis=-1, epsilon=NORM_EPSILON)


def _mean(graph: Graph, hidden: str) -> str:
    mask = graph.node("Cast", "mask", to=TensorProto.FLOAT)
    column = graph.node("Unsqueeze", mask, graph.constant(np.array([2])))
    total = graph.node("ReduceSum", graph.node("Mul", hidden, column), graph.constant(np.array([1])), keepdims=0)
    count = graph.node("ReduceSum", mask, graph.constant(np.array([1])), keepdims=1)
    return graph.node("Div", total, count)


def _unit(graph: Graph, vector: str) -> str:
    length = graph.node("ReduceL2", vector, graph.constant(np.array([1])), keepdims=1)
    return graph.node("Div", vector, graph.node("Max", length, graph.number(1e-12)))


def _model(graph: Graph) -> ModelProto:
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "length"]) for name in ("ids", "mask")]
    outputs = [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["batch", WIDTH])]
    body = helper.make_graph(graph.nodes, "encoder", inputs, outputs, graph.constants)
    model = helper.make_model(body, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    checker.check_model(model)
    return model
