"""Boosted trees as an ONNX model, for servers that score with ONNX Runtime. Needs the extra `onnx`.

The graph has one tree ensemble (`ai.onnx.ml` version 5, `TreeEnsemble`) and a few plain operations
for the calibration, all in doubles: thresholds and leaves lose nothing, and probabilities differ
from ours in the last bits only. ONNX Runtime reads it from 1.20 on. Input `features`, (n, f) in
the order of the names, NaN for missing; outputs `raw_score` and `probability`, (n, 1).
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, checker, helper, numpy_helper

from headrace.scores.trees.calibration import Isotonic
from headrace.scores.trees.model import Boosting, Floats
from headrace.scores.trees.reading import NO_NODE

OPSET, OPSET_ML = 18, 5
IR_VERSION = 9
AT_MOST, SUM, AS_IS = 0, 1, 0  # nodes_modes BRANCH_LEQ, aggregate_function, post_transform


def boosting_onnx(model: Boosting) -> bytes:
    """The model as the bytes of an `.onnx` file; equal models give equal bytes."""
    steps = [_trees(model), *_adding("trees", model.baseline, "raw_score")]
    steps += _curve(model.isotonic) if model.isotonic is not None else _platt(model)
    features = helper.make_tensor_value_info(
        "features", TensorProto.DOUBLE, [None, len(model.names)]
    )
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.DOUBLE, [None, 1])
        for name in ("raw_score", "probability")
    ]
    graph = helper.make_graph(steps, "boosting", [features], outputs)
    made: ModelProto = helper.make_model(
        graph,
        producer_name="headrace",
        ir_version=IR_VERSION,
        opset_imports=[
            helper.make_opsetid("", OPSET),
            helper.make_opsetid("ai.onnx.ml", OPSET_ML),
        ],
    )
    said = {
        "names": json.dumps(list(model.names), ensure_ascii=False),
        "fitted_on": model.fitted_on,
        "sha256": model.digest(),
    }
    helper.set_model_props(made, said)
    checker.check_model(made)
    written: bytes = made.SerializeToString(deterministic=True)
    return written


def _trees(model: Boosting) -> NodeProto:
    """The ensemble: splits and leaves are numbered apart, and a tree begins at a split."""
    split, leaf = model.feature != NO_NODE, model.feature == NO_NODE
    lone = np.zeros(
        split.size, np.bool_
    )  # a tree of one leaf becomes a split with it on both sides
    lone[model.roots] = leaf[model.roots]
    asked = split | lone
    split_number, leaf_number = np.cumsum(asked) - 1, np.cumsum(leaf) - 1
    places = np.flatnonzero(asked)
    sides = {}
    for name, below in (("true", model.left), ("false", model.right)):
        to = np.where(lone, np.arange(split.size), below)[places]
        at_leaf = leaf[to]
        sides[f"nodes_{name}leafs"] = at_leaf.astype(np.int64).tolist()
        sides[f"nodes_{name}nodeids"] = np.where(
            at_leaf, leaf_number[to], split_number[to]
        ).tolist()
    return helper.make_node(
        "TreeEnsemble",
        ["features"],
        ["trees"],
        domain="ai.onnx.ml",
        n_targets=1,
        aggregate_function=SUM,
        post_transform=AS_IS,
        tree_roots=split_number[model.roots].tolist(),
        nodes_featureids=np.maximum(model.feature[places], 0).tolist(),
        nodes_modes=numpy_helper.from_array(np.full(places.size, AT_MOST, np.uint8)),
        nodes_splits=numpy_helper.from_array(model.threshold[places]),
        nodes_missing_value_tracks_true=model.missing_left[places].astype(np.int64).tolist(),
        leaf_targetids=[0] * int(leaf.sum()),
        leaf_weights=numpy_helper.from_array(model.value[leaf]),
        **sides,
    )


def _platt(model: Boosting) -> list[NodeProto]:
    return [
        *_constants(slope=[model.slope], shift=[model.shift]),
        helper.make_node("Mul", ["raw_score", "slope"], ["steeper"]),
        helper.make_node("Add", ["steeper", "shift"], ["log_odds"]),
        helper.make_node("Sigmoid", ["log_odds"], ["probability"]),
    ]


def _curve(curve: Isotonic) -> list[NodeProto]:
    """From knot to knot: what of each piece lies below the raw score, times how steep it is."""
    wide = np.diff(curve.at)
    steep = np.diff(curve.to) / wide
    return [
        *_constants(least=[curve.to[0]], zero=[0.0]),
        *_constants(knots=curve.at[:-1], wide=wide, steep=steep[:, None]),
        helper.make_node("Sub", ["raw_score", "knots"], ["past"]),
        helper.make_node("Min", ["past", "wide"], ["within"]),
        helper.make_node("Max", ["within", "zero"], ["below"]),
        helper.make_node("MatMul", ["below", "steep"], ["risen"]),
        helper.make_node("Add", ["risen", "least"], ["probability"]),
    ]


def _adding(of: str, number: float, name: str) -> list[NodeProto]:
    return [
        *_constants(**{f"{name}_added": [number]}),
        helper.make_node("Add", [of, f"{name}_added"], [name]),
    ]


def _constants(**values: Sequence[float] | Floats | NDArray[Any]) -> list[NodeProto]:
    return [
        helper.make_node(
            "Constant", [], [name], value=numpy_helper.from_array(np.asarray(value, np.float64))
        )
        for name, value in values.items()
    ]
