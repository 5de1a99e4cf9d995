"""Beneficial Ownership Data Standard: reading 0.4 and the form before 0.4.

Statements about one record are its versions: a later one replaces what the record said, a `closed`
one withdraws it. In the older form a statement names those it replaces; the first of a line of
replacements is the record. Several interests of a relationship are several relations: the first
bears the record's id as its statement, the next ones `<record>/2`, `/3`.

Indirect interests are the sum of direct ones: they are skipped where the statement names its
components, and go to quarantine where it does not, for then the chain between is not known.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from headrace.adapters.graph_formats import bods_words as words
from headrace.adapters.graph_formats import cells
from headrace.adapters.graph_formats.tables import Gathered, Imported, Origin, Refused
from headrace.errors import InputError
from headrace.facts.kinds import PARTY_TYPES
from headrace.facts.schema import FieldType

_OLD = {
    "entityStatement": "entity",
    "personStatement": "person",
    "ownershipOrControlStatement": "relationship",
}
_DATE = cells.EXPECTED[FieldType.INSTANT]
_ALWAYS = -(2**63)


def read_bods(path: Path, origin: Origin) -> Imported:
    """Read an array of statements, or one statement a line.

    Raises:
        InputError: If the file cannot be opened.
    """
    gathered = Gathered(path.name)
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"it cannot be read: {error.strerror}"
        raise InputError(message, where=str(path), remedy="check its name") from error
    statements = list(_statements(data, gathered))
    roots = _roots(statements)
    links: dict[str, list[_Statement]] = defaultdict(list)
    nominations: set[str] = set()
    for statement in statements:
        record = roots.get(statement.record, statement.record)
        try:
            if statement.kind == "relationship":
                links[record].append(statement)
            elif _is_nomination(statement):
                nominations.add(record)
            else:
                gathered.party(statement.place, {"party": record, **_party(statement, origin)})
        except Refused as refused:
            gathered.refuse(statement.place, refused)
    reader = _Links(gathered, origin, roots, nominations)
    for record, versions in links.items():
        reader.record(record, versions)
    reader.nominees()
    return gathered.imported(origin)


@dataclass(frozen=True, slots=True)
class _Statement:
    """One statement, of whichever form.

    Attributes:
        number: Its place in the file, from 1.
        identity: Its statement id.
        record: Its record id; in the older form its statement id.
        kind: entity, person or relationship.
        status: new, updated or closed; None: not said.
        details: What it says.
        whole: The statement itself.
    """

    number: int
    identity: str
    record: str
    kind: str
    status: str | None
    details: Mapping[str, Any]
    whole: Mapping[str, Any]

    @property
    def place(self) -> tuple[int | None, str | None]:
        return self.number, self.identity

    def known(self, origin: Origin) -> int | None:
        """When it was made."""
        text = _text(self.whole, "statementDate")
        if text is None:
            return None
        us = cells.known_instant(text, origin.zone)
        if us is None:
            raise Refused("statementDate", text, *_DATE)
        return us


# ---- statements ----


def _statements(data: bytes, gathered: Gathered) -> Iterator[_Statement]:
    """Every statement that has the shape of one; the others go to quarantine."""
    for number, value in enumerate(_values(data, gathered), start=1):
        identity = None
        try:
            if not isinstance(value, dict):
                raise Refused("", value, "a statement is an object", '{"statementId": …}')
            identity = _text(value, "statementId") or _text(value, "statementID")
            yield _statement(number, identity, value)
        except Refused as refused:
            gathered.refuse((number, identity), refused)


def _values(data: bytes, gathered: Gathered) -> Iterator[Any]:
    """The values of an array, or one a line; of a broken array those before the break."""
    text = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text.startswith(b"["):
        for number, line in enumerate(text.splitlines(), start=1):
            if line.strip():
                try:
                    yield orjson.loads(line)
                except orjson.JSONDecodeError as error:
                    shown = line.decode(errors="replace")
                    refused = Refused("", shown, f"not JSON: {error}", "one statement a line")
                    gathered.refuse((number, None), refused)
        return
    try:
        yield from orjson.loads(text)
    except orjson.JSONDecodeError:
        yield from _salvaged(text.decode(errors="replace"), gathered)


def _salvaged(text: str, gathered: Gathered) -> Iterator[Any]:
    decoder, at, number = json.JSONDecoder(), 1, 0
    while True:
        while at < len(text) and text[at] in " \t\r\n,":
            at += 1
        if at >= len(text) or text[at] == "]":
            return
        number += 1
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            remedy = "mend the file here: what stands before was read, the rest was not"
            refused = Refused("", text[at:], f"not JSON: {error}", remedy)
            gathered.refuse((number, None), refused)
            return
        yield value


def _statement(number: int, identity: str | None, value: Mapping[str, Any]) -> _Statement:
    old = _text(value, "statementType")
    if old is not None:
        kind = _OLD.get(old)
        if kind is None or identity is None:
            name, remedy = ("statementType", f"one of {', '.join(_OLD)}")
            raise Refused(name, old, "not a kind of statement, or without an id", remedy)
        return _Statement(number, identity, identity, kind, None, value, value)
    kind, record = _text(value, "recordType"), _text(value, "recordId")
    if kind is None or kind not in _OLD.values():
        remedy = "entity, person or relationship"
        raise Refused("recordType", kind, "not a kind of record", remedy)
    if record is None or identity is None:
        name = "recordId" if record is None else "statementId"
        raise Refused(name, None, "a required field is missing", f"give `{name}`")
    details = value.get("recordDetails")
    if not isinstance(details, dict):
        raise Refused("recordDetails", details, "a required field is missing", "an object")
    status = _text(value, "recordStatus")
    return _Statement(number, identity, record, kind, status, details, value)


def _roots(statements: list[_Statement]) -> dict[str, str]:
    """Older form: each statement that replaces others, and the first of its line."""
    before: dict[str, str] = {}
    for each in statements:
        replaced = each.whole.get("replacesStatements")
        if isinstance(replaced, list) and replaced and isinstance(replaced[0], str):
            before[each.record] = replaced[0]
    roots = {}
    for start in before:
        at, seen = start, {start}
        while at in before and before[at] not in seen:
            at = before[at]
            seen.add(at)
        roots[start] = at
    return roots


# ---- parties ----


def _is_nomination(statement: _Statement) -> bool:
    kind = statement.details.get("entityType")
    return isinstance(kind, dict) and kind.get("subtype") == "nomination"


def _party(statement: _Statement, origin: Origin) -> dict[str, object]:
    said = statement.details
    values: dict[str, object] = {"known_time": statement.known(origin)}
    if statement.kind == "person":
        values |= {"type": "person", "name": _person_name(said)}
    else:
        values |= {"type": _type(said), "name": _text(said, "name")}
    for identifier in _objects(said, "identifiers"):
        number, scheme = _text(identifier, "id"), _text(identifier, "schemeName")
        if number is None:
            continue
        if scheme == words.USCC:
            values.setdefault("uscc", number)
        elif not number.startswith(("http:", "https:", "/")):
            values.setdefault("registration_number", number)
    for address in _objects(said, "addresses"):
        values.setdefault("address", _text(address, "address"))
    return values


def _person_name(said: Mapping[str, Any]) -> str | None:
    names = _objects(said, "names")
    legal = [each for each in names if each.get("type") in ("legal", "individual")]
    for each in (*legal, *names):
        parts = [_text(each, part) for part in ("givenName", "familyName")]
        name = _text(each, "fullName") or " ".join(part for part in parts if part)
        if name:
            return name
    return None


def _type(said: Mapping[str, Any]) -> str | None:
    kind = said.get("entityType")
    if isinstance(kind, dict):
        details = _text(kind, "details")
        kind = _text(kind, "type")
        if details in PARTY_TYPES:
            return details
    if kind is not None and (not isinstance(kind, str) or kind not in words.PARTY_TYPE):
        remedy = f"one of {', '.join(words.PARTY_TYPE)}"
        raise Refused("entityType", kind, "not a type of entity", remedy)
    return words.PARTY_TYPE.get(kind, None) if kind else None


# ---- relationships ----


@dataclass(frozen=True, slots=True)
class _Side:
    """One interest in, or of, a nomination."""

    record: str
    statement: _Statement
    party: str
    values: Mapping[str, object]


class _Links:
    """Relationship statements, record by record; nominations are put together at the end."""

    def __init__(
        self, gathered: Gathered, origin: Origin, roots: Mapping[str, str], nominations: set[str]
    ) -> None:
        self._gathered, self._origin = gathered, origin
        self._roots, self._nominations = roots, nominations
        self._sides: dict[tuple[str, str], list[_Side]] = defaultdict(list)

    def record(self, record: str, versions: list[_Statement]) -> None:
        """All statements about one relationship, in the order in which they were made."""
        made = []
        for statement in versions:
            try:
                made.append((statement.known(self._origin), statement))
            except Refused as refused:
                self._gathered.refuse(statement.place, refused)
        made.sort(key=lambda each: _ALWAYS if each[0] is None else each[0])
        before: dict[str, Mapping[str, object]] = {}
        for number, (known, statement) in enumerate(made):
            last = number == len(made) - 1
            try:
                now = self._version(record, statement, known, last=last)
            except Refused as refused:
                self._gathered.refuse(statement.place, refused)
                continue
            for key, values in before.items():
                if key not in now:  # an interest that is no longer named has ended
                    ended = {
                        **values,
                        "status": "withdrawn",
                        "valid_to": None,
                        "event_time": known,
                        "known_time": known,
                    }
                    self._gathered.relation(statement.place, ended)
            for values in now.values():
                self._gathered.relation(statement.place, values)
            before = {key: values for key, values in now.items() if values["status"] != "withdrawn"}

    def _version(
        self, record: str, statement: _Statement, known: int | None, *, last: bool
    ) -> dict[str, Mapping[str, object]]:
        """The relations that one statement says, by their statement id."""
        company, party = self._end(statement, "subject"), self._end(statement, "interestedParty")
        if company is None or party is None:
            self._gathered.skip("relationship with an unspecified party")
            return {}
        said: dict[str, Mapping[str, object]] = {}
        for number, interest in enumerate(_objects(statement.details, "interests"), start=1):
            key = record if number == 1 else f"{record}/{number}"
            values = self._interest(statement, interest, known)
            if values is None:
                continue
            values |= {"statement": key, "subject": party, "object": company}
            side = self._side(values)
            if side is None:
                said[key] = values
            elif last:
                self._sides[side].append(_Side(record, statement, party, values))
        return said

    def _side(self, values: Mapping[str, object]) -> tuple[str, str] | None:
        """The nomination that an interest belongs to, and as what; None: to none."""
        if values["object"] in self._nominations:
            return str(values["object"]), str(values["interest"])
        if values["subject"] in self._nominations:
            return str(values["subject"]), "held"
        return None

    def _interest(
        self, statement: _Statement, interest: Mapping[str, Any], known: int | None
    ) -> dict[str, object] | None:
        word = _text(interest, "type") or "unknownInterest"
        direct = _text(interest, "directOrIndirect") or _text(interest, "interestLevel")
        if direct == "indirect":
            if statement.details.get("componentRecords") or _old_components(statement):
                self._gathered.skip("indirect interest, told by its components")
                return None
            reason = "an indirect interest without its components: the chain is not known"
            remedy = "import the direct statements, or name them in componentRecords"
            raise Refused("directOrIndirect", direct, reason, remedy)
        relation, role = _meaning(word, _text(interest, "details"))
        if relation is None and word not in ("nominee", "nominator", "unknownInterest"):
            self._gathered.skip(f"interest `{word}`")
            return None
        begins, ends = (self._day(interest, name) for name in ("startDate", "endDate"))
        values: dict[str, object] = {"interest": word, "relation": relation, "role": role}
        values |= {"known_time": known, "event_time": begins, "valid_to": ends, "status": None}
        if statement.status == "closed":
            ended = known if ends is None else ends
            values |= {"status": "withdrawn", "event_time": ended, "valid_to": None}
        values |= _share(interest)
        if relation is None and word == "unknownInterest" and not self._nominations:
            self._gathered.skip(f"interest `{word}`")
            return None
        return values

    def nominees(self) -> None:
        """A nominee relation for each nominee, nominator and company of a nomination."""
        for nomination in sorted({key for key, _ in self._sides}):
            nominees, nominators, held = (
                self._sides.get((nomination, side), []) for side in ("nominee", "nominator", "held")
            )
            if not nominees or not nominators:
                self._gathered.skip("nomination without nominee or nominator")
            for one in nominees:
                for other in nominators:
                    for company in (*held, *([] if held else [None])):
                        self._nominee(one, other, company)
                for each in held:
                    if each.values["relation"] is not None:
                        values = {**each.values, "subject": one.party}
                        self._gathered.relation(each.statement.place, values)

    def _nominee(self, one: _Side, other: _Side, company: _Side | None) -> None:
        several = [each for each in (one, other, company) if each is not None]
        values = dict(one.values)
        for name in ("known_time", "event_time"):
            found = [each.values[name] for each in several if each.values[name] is not None]
            values[name] = max(found, default=None)  # type: ignore[type-var]  # all are int
        about = None if company is None else company.values["object"]
        values |= {
            "relation": "nominee",
            "object": other.party,
            "about": about,
            "role": None,
            "statement": one.record,
            "share": None,
        }
        self._gathered.relation(one.statement.place, values)

    def _end(self, statement: _Statement, name: str) -> str | None:
        """The record of a party; None: it is said to be unspecified."""
        found = statement.details.get(name)
        if isinstance(found, str) and found:
            return self._roots.get(found, found)
        if isinstance(found, dict):
            for key in ("describedByEntityStatement", "describedByPersonStatement"):
                described = found.get(key)
                if isinstance(described, str) and described:
                    return self._roots.get(described, described)
            if found.get("reason") or found.get("unspecified"):
                return None
        raise Refused(name, found, "a required field is missing", f"`{name}` names a record")

    def _day(self, interest: Mapping[str, Any], name: str) -> int | None:
        text = _text(interest, name)
        if text is None:
            return None
        us = cells.instant(text, self._origin.zone)
        if us is None:
            raise Refused(name, text, *_DATE)
        return us


def _old_components(statement: _Statement) -> bool:
    return bool(statement.details.get("componentStatementIDs"))


def _meaning(word: str, details: str | None) -> tuple[str | None, str | None]:
    """Relation and role: from `details` where we wrote them, else from the interest's type."""
    if details is not None:
        kind, _, role = details.partition(": ")
        if kind in words.INTEREST and kind != "nominee":
            expected = words.BY_ROLE.get((kind, role), words.INTEREST[kind])
            if word == expected:
                return kind, role or None
    return words.RELATION.get(words.folded(word), (None, None))


def _share(interest: Mapping[str, Any]) -> dict[str, object]:
    """Fractions: exact, and the least and the most, exclusive ones as inclusive."""
    share = interest.get("share")
    if share is None:
        return {}
    if not isinstance(share, dict):
        raise Refused("share", share, "a share is an object", '{"exact": 51}')
    found: dict[str, object] = {}
    for name, names in (
        ("share", ("exact",)),
        ("share_min", ("minimum", "exclusiveMinimum")),
        ("share_max", ("maximum", "exclusiveMaximum")),
    ):
        for key in names:
            value = share.get(key)
            if value is None or isinstance(value, bool):  # the older form marks bounds so
                continue
            if not isinstance(value, (int, float)):
                raise Refused(f"share.{key}", value, "a percentage is a number", "51.5")
            found.setdefault(name, cells.fraction(repr(value)))
    return found


# ---- values of the types they should have ----


def _text(value: Mapping[str, Any], name: str) -> str | None:
    found = value.get(name)
    if found is None or isinstance(found, str):
        return found
    raise Refused(name, found, "this is not a text", f'"{name}": "…"')


def _objects(value: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = value.get(name)
    if found is None:
        return []
    if isinstance(found, list) and all(isinstance(each, dict) for each in found):
        return found
    raise Refused(name, found, "this is not a list of objects", f'"{name}": [{{…}}]')
