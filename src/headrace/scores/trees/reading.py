"""What a saved model must be to be read: every field by itself, then the arrays as trees.

A model may come from anywhere, so nothing of it is taken on trust. What passes here is walked
without leaving its arrays and without end.
"""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.evidence.canonical import parse_object
from headrace.scores.straight_card import Floats
from headrace.scores.trees.calibration import Isotonic

Ints = NDArray[np.int32]
Counts = NDArray[np.int64]
NO_NODE = -1  # the feature, left and right of a leaf
LARGEST = 1e300
WHOLE = ("roots", "feature", "missing_left", "left", "right")
NODES = ("feature", "threshold", "missing_left", "left", "right", "value")
NEEDED = ("fitted_on", "names", "baseline", "slope", "shift", "roots", *NODES)
ADDED = ("cover", "isotonic")  # older files do not have them
CURVE = MappingProxyType({"at": "scores", "to": "probabilities"})


def read_fields(text: str) -> dict[str, Any]:
    """The fields of a saved model, each checked, and checked together.

    Raises:
        InputError: If the text is no such model: it says where and what would be right.
    """
    plain = parse_object(text.encode(errors="replace"))
    if plain is None or not set(NEEDED) <= set(plain) <= {*NEEDED, *ADDED}:
        raise no_model("the file", f"a JSON object of {', '.join(NEEDED)}")
    read: dict[str, Any] = {
        "fitted_on": _text(plain["fitted_on"], "fitted_on"),
        "names": _names(plain["names"]),
        **{name: _number(plain[name], name) for name in ("baseline", "slope", "shift")},
        **{name: _whole_numbers(plain[name], name) for name in WHOLE},
        "threshold": _numbers(_infinite_for_null(plain["threshold"]), "threshold"),
        "value": _numbers(plain["value"], "value"),
    }
    _first(np.isinf(read["value"]), "value", "a finite number")
    if "cover" in plain:
        read["cover"] = _counts(plain["cover"])
    if "isotonic" in plain:
        read["isotonic"] = _isotonic(plain["isotonic"])
    check_trees(read)
    return read


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or re.search("[\ud800-\udfff]", value):
        raise no_model(where, "a text")
    return value


def _names(value: Any) -> tuple[str, ...]:
    if type(value) is not list or not value or len(value) != len({repr(each) for each in value}):
        raise no_model("names", "a list of one text or more, each once")
    return tuple(_text(each, f"names {place}") for place, each in enumerate(value))


def _number(value: Any, where: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= LARGEST:
        raise no_model(where, "a number")
    return float(value)


def _infinite_for_null(value: Any) -> Any:
    return [np.inf if each is None else each for each in value] if type(value) is list else value


def _numbers(value: Any, where: str) -> Floats:
    """Finite numbers, or infinity: what null was read as, for JSON spells infinity too large."""
    if type(value) is not list or any(type(each) not in (int, float) for each in value):
        raise no_model(where, "a list of numbers")
    for place, each in enumerate(value):
        if not (abs(each) <= LARGEST or each == np.inf):
            raise no_model(f"{where} {place}", "a finite number")
    return np.array(value, np.float64)


def _whole_numbers(value: Any, where: str) -> Ints:
    if type(value) is not list or any(type(each) is not int for each in value):
        raise no_model(where, "a list of whole numbers")
    wrong = [place for place, each in enumerate(value) if not NO_NODE <= each < 2**31]
    if wrong:
        raise no_model(f"{where} {wrong[0]}", f"a whole number, {NO_NODE} or more")
    return np.array(value, np.int32)


def _counts(value: Any) -> Counts:
    if type(value) is not list or any(type(each) is not int for each in value):
        raise no_model("cover", "a list of whole numbers")
    wrong = [place for place, each in enumerate(value) if not 1 <= each < 2**53]
    if wrong:
        raise no_model(f"cover {wrong[0]}", "a whole number, 1 or more")
    return np.array(value, np.int64)


def _isotonic(value: Any) -> Isotonic:
    if type(value) is not dict or set(value) != set(CURVE):
        raise no_model("isotonic", f"an object of {', '.join(CURVE)}")
    at, to = (_numbers(value[name], f"isotonic, {name}") for name in CURVE)
    if not at.size or at.size != to.size:
        raise no_model("isotonic", "as many scores as probabilities, one or more")
    if not np.isfinite(at).all() or (np.diff(at) <= 0).any():
        raise no_model("isotonic, at", "rising numbers")
    if (to < 0).any() or (to > 1).any() or (np.diff(to) < 0).any():
        raise no_model("isotonic, to", "probabilities that never fall")
    return Isotonic(at, to)


def check_trees(model: Mapping[str, Any]) -> None:
    """What no single value shows: arrays of one length that are trees, each node below one other.

    A node lies before the two below it, so no walk can turn back; and below one other only, so a
    walk never leaves its tree.

    Args:
        model: The arrays by name, and the names of the features.

    Raises:
        InputError: If they are no trees; it says which node.
    """
    feature, nodes = model["feature"], model["feature"].size
    for name in NODES:
        if model[name].size != nodes:
            raise no_model(name, f"{nodes} values, one a node, as feature has")
    roots = model["roots"]
    if not roots.size or roots[0] != 0 or (np.diff(roots) <= 0).any() or roots[-1] >= nodes:
        raise no_model("roots", f"rising from 0, each below {nodes}, the number of nodes")
    leaf = feature == NO_NODE
    _first(feature >= len(model["names"]), "feature", f"below {len(model['names'])}")
    _first(leaf & (model["threshold"] != 0), "threshold", "0 at a leaf")
    _first(np.signbit(model["threshold"]) & leaf, "threshold", "0 at a leaf")
    _first(~np.isin(model["missing_left"], (0, 1)), "missing_left", "0 or 1")
    _first(leaf & (model["missing_left"] != 0), "missing_left", "0 at a leaf")
    places = np.arange(nodes)
    end = np.append(roots[1:], nodes)[np.searchsorted(roots, places, "right") - 1]
    for name in ("left", "right"):
        below = model[name]
        _first(leaf & (below != NO_NODE), name, f"{NO_NODE} at a leaf")
        inside = (below > places) & (below < end)
        _first(~leaf & ~inside, name, "a later node of the same tree")
    left, right = model["left"][~leaf], model["right"][~leaf]
    above = np.bincount(np.concatenate([left, right]), minlength=nodes)
    above[roots] += 1
    _first(above != 1, "node", "a root, or below one other node")
    cover = model.get("cover")
    if cover is not None:
        if cover.size != nodes:
            raise no_model("cover", f"{nodes} values, one a node, as feature has")
        wrong = np.zeros(nodes, np.bool_)
        wrong[~leaf] = cover[~leaf] != cover[left] + cover[right]
        _first(wrong, "cover", "the rows of the two nodes below together")


def _first(wrong: NDArray[np.bool_], where: str, right: str) -> None:
    if wrong.any():
        raise no_model(f"{where} {int(wrong.argmax())}", right)


def no_model(where: str, right: str) -> InputError:
    """The refusal of a file, naming the place and what would be right there."""
    return InputError("this is no boosted model", where=where, remedy=f"it should be {right}")
