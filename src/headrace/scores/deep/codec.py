"""A deep model as JSON text and back, without losing a bit; every field is checked on reading."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json, parse_object
from headrace.scores.deep.encoding import LARGEST, CategoryColumn, Column, Encoding, NumberColumn
from headrace.scores.deep.model import DeepModel, Layer, Learnt

Floats = NDArray[np.float64]
FIELDS = ("columns", "head", "layers", "learnt", "shift", "slope")
LAYER = ("bias", "weight")
LEARNT = ("events", "made", "rows", "strength")
NUMBERS, CATEGORIES = ("at", "name", "to"), ("known", "name")


def model_to_json(model: DeepModel) -> str:
    """The model as one line of canonical JSON; floats as their shortest text that reads back."""
    learnt = model.learnt
    plain = {
        "columns": [_plain_column(each) for each in model.encoding.columns],
        "layers": [_plain_layer(each) for each in model.layers],
        "head": _plain_layer(model.head),
        "slope": model.slope,
        "shift": model.shift,
        "learnt": {name: getattr(learnt, name) for name in LEARNT},
    }
    return canonical_json(plain).decode()


def _plain_column(column: Column) -> dict[str, Any]:
    if isinstance(column, NumberColumn):
        return {"name": column.name, "at": column.at.tolist(), "to": column.to.tolist()}
    return {"name": column.name, "known": list(column.known)}


def _plain_layer(layer: Layer) -> dict[str, Any]:
    return {"weight": layer.weight.tolist(), "bias": layer.bias.tolist()}


def model_from_json(text: str) -> DeepModel:
    """The model that `model_to_json` wrote.

    Raises:
        InputError: If the text is no such model: it says where and what would be right. A model
            may come from anywhere, so nothing of it is taken on trust.
    """
    plain = parse_object(text.encode(errors="replace"))
    if plain is None or sorted(plain) != list(FIELDS):
        raise _no_model("the file", f"a JSON object of {', '.join(FIELDS)}")
    columns = tuple(
        _column(each, f"columns {place}")
        for place, each in enumerate(_list(plain["columns"], "columns"))
    )
    encoding = Encoding(columns)
    if not columns or len(set(encoding.names)) < len(columns):
        raise _no_model("columns", "one or more, each name once")
    inputs, codes = encoding.owner.size, 0
    layers = []
    for place, each in enumerate(_list(plain["layers"], "layers")):
        layer = _layer(each, f"layers {place}", inputs)
        layers.append(layer)
        inputs = layer.bias.size
        codes += inputs
    head = _layer(plain["head"], "head", codes if layers else inputs)
    if head.bias.size != 1:
        raise _no_model("head, bias", "one number")
    return DeepModel(
        encoding,
        tuple(layers),
        head,
        _number(plain["slope"], "slope"),
        _number(plain["shift"], "shift"),
        _learnt(plain["learnt"]),
    )


def _column(value: Any, where: str) -> Column:
    plain = _mapping(value, where)
    if sorted(plain) == list(CATEGORIES):
        known = tuple(
            _text(each, f"{where}, known {place}")
            for place, each in enumerate(_list(plain["known"], f"{where}, known"))
        )
        if len(set(known)) < len(known):
            raise _no_model(f"{where}, known", "each category once")
        return CategoryColumn(_text(plain["name"], f"{where}, name"), known)
    if sorted(plain) != list(NUMBERS):
        raise _no_model(where, f"{', '.join(NUMBERS)}, or {', '.join(CATEGORIES)}")
    at, to = (_numbers(plain[name], f"{where}, {name}") for name in ("at", "to"))
    if not at.size or (np.diff(at) <= 0).any():
        raise _no_model(f"{where}, at", "one number or more, rising")
    if to.size != at.size or (np.diff(to) < 0).any():
        raise _no_model(f"{where}, to", f"{at.size} numbers that never fall")
    return NumberColumn(_text(plain["name"], f"{where}, name"), at, to)


def _layer(value: Any, where: str, inputs: int) -> Layer:
    plain = _mapping(value, where)
    if sorted(plain) != list(LAYER):
        raise _no_model(where, f"an object of {', '.join(LAYER)}")
    bias = _numbers(plain["bias"], f"{where}, bias")
    rows = [
        _numbers(each, f"{where}, weight {place}")
        for place, each in enumerate(_list(plain["weight"], f"{where}, weight"))
    ]
    if not bias.size:
        raise _no_model(f"{where}, bias", "one number or more")
    if len(rows) != inputs or any(each.size != bias.size for each in rows):
        raise _no_model(f"{where}, weight", f"{inputs} rows of {bias.size} numbers")
    return Layer(np.array(rows), bias)


def _learnt(value: Any) -> Learnt:
    plain = _mapping(value, "learnt")
    if sorted(plain) != list(LEARNT):
        raise _no_model("learnt", f"an object of {', '.join(LEARNT)}")
    for name in ("rows", "events", "made"):
        if type(plain[name]) is not int or not 0 <= plain[name] < 2**53:
            raise _no_model(f"learnt, {name}", "a whole number, 0 or more")
    if not 0 < plain["events"] < plain["rows"]:
        raise _no_model("learnt, events", "above 0 and below the number of rows")
    strength = _number(plain["strength"], "learnt, strength")
    if strength <= 0:
        raise _no_model("learnt, strength", "above 0")
    return Learnt(plain["rows"], plain["events"], plain["made"], strength)


def _mapping(value: Any, where: str) -> Mapping[str, Any]:
    if type(value) is not dict:
        raise _no_model(where, "an object")
    return value


def _list(value: Any, where: str) -> list[Any]:
    if type(value) is not list:
        raise _no_model(where, "a list")
    return value


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str) or re.search("[\ud800-\udfff]", value):
        raise _no_model(where, "a text")
    return value


def _number(value: Any, where: str) -> float:
    if type(value) not in (int, float) or not abs(value) <= LARGEST:
        raise _no_model(where, "a finite number")
    return float(value)


def _numbers(value: Any, where: str) -> Floats:
    return np.array(
        [_number(each, f"{where} {place}") for place, each in enumerate(_list(value, where))],
        np.float64,
    )


def _no_model(where: str, right: str) -> InputError:
    return InputError("this is no deep model", where=where, remedy=f"it should be {right}")
