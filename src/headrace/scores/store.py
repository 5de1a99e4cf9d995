"""Models as data: what is saved says what it is, and reads back to the same bits; never pickled.

A saved model is one line of canonical JSON:

    {"kind": "boosting", "model": {...}, "sha256": "...", "version": 1}

with the SHA-256 of the canonical text of `model`, so that a file cut short or altered on its way is
refused, not scored. The hash finds damage, not intent: whoever alters a file can hash it again, and
the evidence log is what says which model decided. Reading runs no code of the file.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from headrace.errors import InputError
from headrace.evidence.canonical import canonical_json, parse_object
from headrace.scores.cards.codec import card_from_json, card_to_json
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.deep.codec import model_from_json, model_to_json
from headrace.scores.deep.model import DeepModel
from headrace.scores.straight_card import Scorecard
from headrace.scores.table_model import TableModel
from headrace.scores.table_model_text import table_model_from_json, table_model_to_json
from headrace.scores.trees.categories import Ordered, Rated
from headrace.scores.trees.categories_text import (
    ordered_from_json,
    ordered_to_json,
    rated_from_json,
    rated_to_json,
)
from headrace.scores.trees.model import Boosting

VERSION = 1
FIELDS = ("kind", "model", "sha256", "version")
Model: TypeAlias = Any
"""One of the types of `KINDS`."""


@dataclass(frozen=True)
class Kind:
    """A kind of model that can be saved.

    Attributes:
        name: In the file.
        type: Of the model.
        to_json: The model as the text of a JSON object, without losing a bit.
        from_json: The model of such a text; raises InputError where the text is none.
    """

    name: str
    type: type
    to_json: Callable[[Any], str]
    from_json: Callable[[str], Any]


KINDS = (
    Kind("boosting", Boosting, Boosting.to_json, Boosting.from_json),
    Kind("straight card", Scorecard, Scorecard.to_json, Scorecard.from_json),
    Kind("points card", PointsCard, card_to_json, card_from_json),
    Kind("table model", TableModel, table_model_to_json, table_model_from_json),
    Kind("deep model", DeepModel, model_to_json, model_from_json),
    Kind("ordered categories", Ordered, ordered_to_json, ordered_from_json),
    Kind("rated categories", Rated, rated_to_json, rated_from_json),
)
"""All kinds there are; a new one takes its place here."""


def saved(model: Model, kinds: Sequence[Kind] = KINDS) -> bytes:
    """The bytes of a model; equal models give equal bytes.

    Args:
        model: Of a type of `kinds`.
        kinds: That are known.

    Raises:
        InputError: If the model is of no such type.
    """
    kind = next((each for each in kinds if type(model) is each.type), None)
    if kind is None:
        known = ", ".join(each.type.__name__ for each in kinds)
        raise InputError(f"a {type(model).__name__} is no model to save", remedy=f"one of {known}")
    content = parse_object(kind.to_json(model).encode())
    sealed = {
        "kind": kind.name,
        "model": content,
        "sha256": _digest(content),
        "version": VERSION,
    }
    return canonical_json(sealed) + b"\n"


def read(data: bytes, kinds: Sequence[Kind] = KINDS) -> Model:
    """The model that was saved.

    Args:
        data: The bytes; spaces and the order of keys do not matter.
        kinds: That are known.

    Raises:
        InputError: If the bytes are no saved model, of another version, of a kind that is not
            known, altered, or not what the kind needs; it says where and what would be right.
    """
    sealed = parse_object(data)
    if sealed is None or sorted(sealed) != list(FIELDS):
        raise _unreadable("the file", f"a JSON object of {', '.join(FIELDS)}")
    if sealed["version"] != VERSION or type(sealed["version"]) is not int:
        raise _unreadable("version", f"{VERSION}; a later Headrace may read it")
    kind = next((each for each in kinds if each.name == sealed["kind"]), None)
    if kind is None:
        raise _unreadable("kind", f"one of {', '.join(each.name for each in kinds)}")
    if sealed["sha256"] != _digest(sealed["model"]):
        raise _unreadable("sha256", "that of the model: the file was cut short or altered")
    return kind.from_json(canonical_json(sealed["model"]).decode())


def _digest(content: Any) -> str:
    try:
        return hashlib.sha256(canonical_json(content)).hexdigest()
    except ValueError as error:  # NaN, or half a character
        raise _unreadable("model", f"JSON in UTF-8: {error}") from error


def _unreadable(where: str, right: str) -> InputError:
    return InputError("this is no saved model", where=where, remedy=f"it should be {right}")
