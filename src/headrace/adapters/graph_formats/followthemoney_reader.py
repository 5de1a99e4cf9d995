"""FollowTheMoney: reading entities, each line for itself; `followthemoney` says how they are meant.

Entities of other schemata than parties and relations are skipped and counted.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from headrace.adapters.graph_formats import cells
from headrace.adapters.graph_formats import followthemoney_words as words
from headrace.adapters.graph_formats.followthemoney_words import code_of
from headrace.adapters.graph_formats.tables import Gathered, Imported, Origin, Refused
from headrace.errors import InputError
from headrace.facts.kinds import PARTY, RELATION
from headrace.facts.schema import FieldType
from headrace.money import MINOR_PER_MAJOR

_INTEGER_MAX = 2**62


def read_followthemoney(path: Path, origin: Origin) -> Imported:
    """Read entities; each line for itself.

    Raises:
        InputError: If the file cannot be opened.
    """
    gathered = Gathered(path.name)
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    _read_line(line, number, gathered, origin)
    except OSError as error:
        message = f"it cannot be read: {error.strerror}"
        raise InputError(message, where=str(path), remedy="check its name") from error
    return gathered.imported(origin)


def _read_line(line: bytes, number: int, gathered: Gathered, origin: Origin) -> None:
    identity: str | None = None
    try:
        try:
            entity = orjson.loads(line)
        except orjson.JSONDecodeError as error:
            raise Refused(
                "", line.decode(errors="replace"), f"not JSON: {error}", "one entity a line"
            ) from error
        if not isinstance(entity, dict) or not isinstance(entity.get("id"), str):
            raise Refused(
                "id",
                line.decode(errors="replace"),
                "an entity has a text `id`",
                '{"id": …, "schema": …, "properties": {…}}',
            )
        identity = entity["id"]
        schema, said = entity.get("schema"), entity.get("properties", {})
        if not isinstance(schema, str) or not isinstance(said, dict):
            raise Refused(
                "schema",
                schema,
                "an entity has a text `schema` and `properties`",
                "Company, Person, Ownership, …",
            )
        _keep(_Entity(identity, schema, said, entity.get(words.OURS)), number, gathered, origin)
    except Refused as refused:
        gathered.refuse((number, identity), refused)


@dataclass(frozen=True, slots=True)
class _Entity:
    """One entity; `values` of a property are its texts."""

    identity: str
    schema: str
    said: Mapping[str, Any]
    ours: Any

    def values(self, name: str) -> list[str]:
        found = self.said.get(name, [])
        found = found if isinstance(found, list) else [found]
        for each in found:
            if not isinstance(each, str):
                raise Refused(name, each, "values of properties are texts", f'"{name}": ["…"]')
        return found

    def first(self, name: str) -> str | None:
        return next(iter(self.values(name)), None)


def _keep(entity: _Entity, number: int, gathered: Gathered, origin: Origin) -> None:
    place = (number, entity.identity)
    kept = _kept(entity)
    if kept.get("mentioned") is True:
        gathered.skip("mentioned codes")
    elif entity.schema in words.PARTY_TYPE:
        gathered.party(place, _party(entity, kept, origin))
    elif entity.schema in words.READ or entity.schema == "UnknownLink":
        gathered.relation(place, _relation(entity, kept, origin))
    else:
        gathered.skip(entity.schema)


def _kept(entity: _Entity) -> dict[str, Any]:
    """What we wrote beside the properties; every value is checked for its type."""
    if entity.ours is None:
        return {}
    if not isinstance(entity.ours, dict):
        raise Refused(words.OURS, entity.ours, "not an object", f"delete the key `{words.OURS}`")
    return entity.ours


_PARTY_FIELDS, _RELATION_FIELDS = (
    {each.name: each.type for each in schema.stored} for schema in (PARTY, RELATION)
)
_WANTED: dict[FieldType, type | tuple[type, ...]] = {
    FieldType.INSTANT: int,
    FieldType.MONEY: int,
    FieldType.INTEGER: int,
    FieldType.RATE: (int, float),
}


def _typed(kept: Mapping[str, Any], fields: Mapping[str, FieldType]) -> dict[str, object]:
    """Those of the values that are fields; each must be of its field's type."""
    found = {}
    for name, value in kept.items():
        kind = fields.get(name)
        if kind is None or value is None:
            continue
        remedy = f"delete it from `{words.OURS}`"
        if isinstance(value, bool) or not isinstance(value, _WANTED.get(kind, str)):
            raise Refused(name, value, f"not of type {kind.value}", remedy)
        if isinstance(value, int) and abs(value) >= _INTEGER_MAX:
            raise Refused(name, value, "the number is too large", remedy)
        found[name] = value
    return found


def _party(entity: _Entity, kept: Mapping[str, Any], origin: Origin) -> dict[str, object]:
    form = entity.first("legalForm")
    known = {word for _, word in words.PARTY_SCHEMA.values() if word}
    values: dict[str, object] = {
        "party": code_of(entity.identity),
        "type": form
        if entity.schema == "Company" and form in known
        else words.PARTY_TYPE[entity.schema],
    }
    for name, theirs in words.PARTY_PROPERTIES.items():
        values[name] = entity.first(theirs)
    if values["address"] is None:
        values["address"] = entity.first("full")
    values["known_time"] = _known(entity, origin)
    return values | _typed(kept, _PARTY_FIELDS)


def _relation(entity: _Entity, kept: Mapping[str, Any], origin: Origin) -> dict[str, object]:
    role = entity.first("role")
    kind = kept.get("relation")
    if not isinstance(kind, str) or kind not in words.ALL:
        kind = (words.BY_ROLE.get((entity.schema, role)) if role else None) or words.READ.get(
            entity.schema
        )
    if kind is None:
        raise Refused(
            "role",
            role,
            "a link that does not say which relation it is",
            f"a `role` of {', '.join(sorted(words.OTHERS))}",
        )
    link = words.READ_ENDS.get(entity.schema, words.ALL[kind])
    if link.schema != entity.schema:
        raise Refused(
            "schema", entity.schema, f"`{kind}` is not said by this schema", f"schema {link.schema}"
        )
    begins = "date" if entity.schema == "Payment" and entity.values("date") else "startDate"
    values: dict[str, object] = {
        "relation": kind,
        "subject": _end(entity, link.subject),
        "object": _end(entity, link.object),
        "role": entity.first(link.says_role) if link.says_role else None,
        "event_time": _instant(entity, begins, origin, min),
        "valid_to": _instant(entity, "endDate", origin, max),
        "known_time": _known(entity, origin),
        "detail": entity.first("description"),
    }
    if kept:
        values |= {"id": entity.first("recordId"), "source": entity.first("publisher")}
    if link.percentage:
        values |= _shares(entity)
    if link.amount:
        values |= _amount(entity)
    return values | _typed(kept, _RELATION_FIELDS) | {"relation": kind}


def _end(entity: _Entity, name: str) -> str | None:
    found = entity.values(name)
    if len(found) > 1:
        raise Refused(name, ", ".join(found), "more than one party", "one entity for each pair")
    return code_of(found[0]) if found else None


def _instant(
    entity: _Entity, name: str, origin: Origin, choose: Callable[[list[int]], int]
) -> int | None:
    found = []
    for text in entity.values(name):
        us = cells.instant(text, origin.zone)
        if us is None:
            raise Refused(name, text, *cells.EXPECTED[FieldType.INSTANT])
        found.append(us)
    return choose(found) if found else None


def _known(entity: _Entity, origin: Origin) -> int | None:
    """When the entity was taken from its source; a bare day: not before it is over."""
    found = []
    for text in entity.values("retrievedAt"):
        us = cells.known_instant(text, origin.zone)
        if us is None:
            raise Refused("retrievedAt", text, *cells.EXPECTED[FieldType.INSTANT])
        found.append(us)
    return min(found, default=None)


def _shares(entity: _Entity) -> dict[str, object]:
    """`51.5`, `51.5 %`, or a range `25-50`; of several values the least and the most."""
    found: list[float] = []
    for text in entity.values("percentage"):
        for part in re.split(r"\s*(?:-|–|to)\s*", text.strip()):
            share = cells.fraction(part)
            if share is None:
                raise Refused("percentage", text, "this is not a percentage", "51.5 or 25-50")
            found.append(share)
    if len(set(found)) > 1:
        return {"share_min": min(found), "share_max": max(found)}
    return {"share": found[0]} if found else {}


def _amount(entity: _Entity) -> dict[str, object]:
    text, currency = entity.first("amount"), entity.first("currency")
    if text is None:
        return {}
    if currency not in MINOR_PER_MAJOR:
        raise Refused(
            "currency",
            currency,
            "an amount has a currency that is known",
            f"one of {', '.join(MINOR_PER_MAJOR)}",
        )
    minor = cells.minor(text, MINOR_PER_MAJOR[currency])
    if minor is None:
        raise Refused("amount", text, "this is not an amount", "digits with a point: 1500.50")
    return {"amount_minor": minor, "currency": currency}
