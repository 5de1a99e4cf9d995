"""A model of a table as JSON and back, without losing a bit; a file is not taken on trust."""

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json, parse_object
from headrace.scores.binning.codec import fields_of, many, number, optional, text, whole
from headrace.scores.cards.codec import card_from_json, card_to_json
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.linear import Linear
from headrace.scores.table_model import KINDS, Inner, Learnt, TableModel, Taken
from headrace.scores.trees.categories_text import rated_from_json, rated_to_json
from headrace.scores.trees.model import Boosting
from headrace.scores.validation.figures import Figure

ARRAYS = ("median", "low", "high", "mean", "spread", "weights")
FIELDS = ("columns", "inner", "kind", "learnt", "target")


def table_model_to_json(model: TableModel) -> str:
    """One line of canonical JSON."""
    learnt = model.learnt
    plain = {
        "kind": model.kind,
        "target": model.target,
        "columns": [
            {
                "name": each.name,
                "categorical": each.categorical,
                "rated": None if each.rated is None else json.loads(rated_to_json(each.rated)),
            }
            for each in model.columns
        ],
        "inner": json.loads(_inner_text(model.model)),
        "learnt": {
            "rows": learnt.rows,
            "bad": learnt.bad,
            "seed": learnt.seed,
            "base_rate": learnt.base_rate,
            "inferred": learnt.inferred,
            "leaking": list(learnt.leaking),
            "split": list(learnt.split),
            "figures": [[name, *_ends(figure)] for name, figure in learnt.figures],
            "importance": list(learnt.importance),
        },
    }
    return canonical_json(plain).decode()


def _ends(figure: Figure) -> list[float | None]:
    """NaN and infinities, which JSON lacks, are null."""
    ends = (figure.value, figure.low, figure.high)
    return [float(each) if np.isfinite(each) else None for each in ends]


def _inner_text(inner: Inner) -> str:
    if isinstance(inner, Boosting):
        return inner.to_json()
    if isinstance(inner, PointsCard):
        return card_to_json(inner)
    plain: dict[str, Any] = {name: getattr(inner, name).tolist() for name in ARRAYS}
    plain |= {"names": list(inner.names), "intercept": inner.intercept}
    return canonical_json(plain).decode()


def table_model_from_json(plain_text: str) -> TableModel:
    """The model that `table_model_to_json` wrote.

    Raises:
        InputError: If the text is none; it says where and what would be right.
    """
    plain = parse_object(plain_text.encode())
    if plain is None or sorted(plain) != list(FIELDS):
        raise no_model("the model", f"an object of {', '.join(FIELDS)}")
    try:
        kind = text(plain["kind"], "kind")
        if kind not in KINDS:
            raise no_model("kind", f"one of {', '.join(KINDS)}")
        columns = many(_taken)(plain["columns"], "columns")
        inner = _INNER[kind](canonical_json(plain["inner"]).decode())
        learnt = fields_of(plain["learnt"], Learnt, "learnt", _LEARNT)
        target = text(plain["target"], "target")
    except InputError as error:
        if error.problem == "these are no bins":
            raise no_model(error.where, error.remedy.removeprefix("it should be ")) from error
        raise
    _check(columns, inner, learnt)
    return TableModel(kind, target, columns, inner, learnt)


def no_model(where: str, right: str) -> InputError:
    """What is wrong with a text that holds no model."""
    return InputError("this is no saved model", where=where, remedy=f"it should be {right}")


def _check(columns: tuple[Taken, ...], inner: Inner, learnt: Learnt) -> None:
    """What no single field shows."""
    names = tuple(each.name for each in columns)
    own = inner.features if isinstance(inner, PointsCard) else inner.names
    if names != own or len(set(names)) < len(names):
        raise no_model("columns", f"the features of the model: {', '.join(own)}")
    is_card = isinstance(inner, PointsCard)
    for each in columns:
        if (each.rated is not None) != (each.categorical and not is_card):
            raise no_model(f"columns, {each.name}", "rated where it holds categories")
    if learnt.importance and len(learnt.importance) != len(names):
        raise no_model("learnt, importance", f"{len(names)} numbers")
    if len(learnt.split) != 2:
        raise no_model("learnt, split", "two texts")


def _taken(value: Any, where: str) -> Taken:
    return fields_of(value, Taken, where, _TAKEN)


def _flag(value: Any, where: str) -> bool:
    if not isinstance(value, bool):
        raise no_model(where, "true or false")
    return value


def _rated(value: Any, where: str) -> Any:
    if not isinstance(value, dict):
        raise no_model(where, "rated categories")
    return rated_from_json(canonical_json(value).decode())


def _figure(value: Any, where: str) -> tuple[str, Figure]:
    if not isinstance(value, list) or len(value) != 4:
        raise no_model(where, "a name and three numbers")
    ends = [optional(number)(each, where) for each in value[1:]]
    return text(value[0], where), Figure(*(float("nan") if e is None else e for e in ends))


def _linear(plain_text: str) -> Linear:
    plain = parse_object(plain_text.encode())
    wanted = (*ARRAYS, "intercept", "names")
    if plain is None or set(plain) != set(wanted):
        raise no_model("inner", f"an object of {', '.join(wanted)}")
    names = many(text)(plain["names"], "inner, names")
    arrays = {
        name: np.array(many(number)(plain[name], f"inner, {name}"), np.float64) for name in ARRAYS
    }
    for name, values in arrays.items():
        if values.size != len(names):
            raise no_model(f"inner, {name}", f"{len(names)} numbers")
    if not (arrays["spread"] > 0).all() or not (arrays["low"] <= arrays["high"]).all():
        raise no_model("inner", "spreads above 0, and bounds in order")
    return Linear(names=names, intercept=float(number(plain["intercept"], "inner")), **arrays)


_INNER: dict[str, Callable[[str], Inner]] = {
    "boosting": Boosting.from_json,
    "linear": _linear,
    "rare": _linear,
    "card": card_from_json,
}
_TAKEN = {"name": text, "categorical": _flag, "rated": optional(_rated)}
_LEARNT = {
    "rows": whole,
    "bad": whole,
    "seed": whole,
    "base_rate": optional(number),
    "inferred": whole,
    "leaking": many(text),
    "split": many(text),
    "figures": many(_figure),
    "importance": many(number),
}
