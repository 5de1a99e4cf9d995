"""Beneficial Ownership Data Standard 0.4: writing; `bods_reader` reads it and its older form.

A party fact is an entity or person statement whose record is the party's code; a relation fact is a
relationship statement with one interest. Versions of a statement share a record, `new`, `updated`,
and `closed` where it was withdrawn. A nominee is a nomination: an arrangement with a nominee, a
nominator, and an interest in the company concerned. Relations that BODS has no interest for are not
written; `Exported.lost` counts them.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import orjson

from headrace.adapters.graph_formats import bods_words as words
from headrace.adapters.graph_formats import cells
from headrace.adapters.graph_formats.columns import unwritable
from headrace.adapters.graph_formats.rows import plain_rows
from headrace.adapters.graph_formats.tables import Exported, GraphFacts, Lost, strangers

_PARTY_LOST = (
    "english_name",
    "industry",
    "region",
    "phone",
    "legal_representative",
    "capital_minor",
    "event_time",
)
_RELATION_LOST = ("about", "amount_minor", "currency", "detail")


@dataclass(frozen=True, slots=True)
class Publication:
    """Who publishes, and when.

    Attributes:
        publisher: Name of the publisher.
        day: Day of publication; also the date of statements that do not say when they were made.
        zone: Whose days stand in the file.
    """

    publisher: str
    day: date
    zone: str = "Asia/Shanghai"


def write_bods(facts: GraphFacts, path: Path, publication: Publication) -> Exported:
    """Write one array of statements, parties before relationships, one statement a line.

    Raises:
        InputError: If it cannot be written.
    """
    writer = _Writer(publication)
    try:
        with path.open("wb") as sink:
            opening = b"[\n"
            for statement in writer.statements(facts):
                sink.write(opening + orjson.dumps(statement))
                opening = b",\n"
            sink.write(b"[]\n" if opening == b"[\n" else b"\n]\n")
    except OSError as error:
        raise unwritable(path, error) from error
    lost = tuple(Lost(what, *found) for what, found in sorted(writer.lost.items()))
    return Exported(facts.parties.num_rows, writer.written, lost)


@dataclass
class _Writer:
    """Facts as statements; counts what BODS cannot say."""

    publication: Publication
    lost: dict[str, tuple[int, str]] = field(default_factory=dict)
    written: int = 0
    _seen: set[str] = field(default_factory=set)

    def statements(self, facts: GraphFacts) -> Iterator[dict[str, Any]]:
        for row in plain_rows(facts.parties):
            yield self._party(row)
        for code in strangers(facts):
            details = {"isComponent": False, "entityType": {"type": "unknownEntity"}}
            yield self._statement((code, "entity", code), {"id": f"mentioned {code}"}, details)
        for row in plain_rows(facts.relations):
            if row["relation"] not in words.INTEREST:
                self._lose(f"`{row['relation']}`: no interest says it; not written", row)
                continue
            self.written += 1
            yield from self._relation(row)

    def _party(self, row: Mapping[str, Any]) -> dict[str, Any]:
        for name in _PARTY_LOST:
            if row[name] is not None:
                self._lose(f"`{name}` of parties: no field for it", row)
        person = row["type"] == "person"
        details: dict[str, Any] = {"isComponent": False}
        if person:
            details["personType"] = "knownPerson"
            if row["name"] is not None:
                details["names"] = [{"type": "legal", "fullName": row["name"]}]
        else:
            details["entityType"] = {"type": words.ENTITY_TYPE[row["type"]]}
            if row["type"] is not None:
                details["entityType"]["details"] = row["type"]
            if row["name"] is not None:
                details["name"] = row["name"]
        named = (("uscc", words.USCC), ("registration_number", words.REGISTRATION))
        found = [{"id": row[key], "schemeName": scheme} for key, scheme in named if row[key]]
        if found:
            details["identifiers"] = found
        if row["address"]:
            details["addresses"] = [{"address": row["address"]}]
        record = "person" if person else "entity"
        return self._statement((row["party"], record, row["party"]), row, details)

    def _relation(self, row: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        kind = row["relation"]
        dropped = [name for name in _RELATION_LOST if name != "about" or kind != "nominee"]
        if kind == "nominee":
            dropped += ["share", "share_min", "share_max", "role"]
        for name in dropped:
            if row[name] is not None:
                self._lose(f"`{name}` of `{kind}`: no field for it", row)
        for name in ("event_time", "valid_to"):
            if row[name] is not None and not cells.is_day(row[name], self.publication.zone):
                self._lose(f"`{name}` within the day: the day is written", row)
        record = row["statement"] or row["id"]
        if kind == "nominee":
            yield from self._nomination(row, record)
        else:
            interest = self._interest(row)
            yield self._link(row, (record, row["object"]), row["subject"], interest)

    def _nomination(self, row: Mapping[str, Any], record: str) -> Iterator[dict[str, Any]]:
        arrangement = f"{record}/nomination"
        declared = row["about"] or arrangement
        entity = {"type": "arrangement", "subtype": "nomination"}
        details = {"isComponent": False, "entityType": entity}
        yield self._statement((arrangement, "entity", declared), row, details)
        own = self._interest(row)
        yield self._link(row, (record, arrangement), row["subject"], own)
        theirs = {**own, "type": "nominator"}
        yield self._link(row, (f"{record}/nominator", arrangement), row["object"], theirs)
        if row["about"] is not None:
            held = {**own, "type": "unknownInterest"}
            yield self._link(row, (f"{record}/held", row["about"]), arrangement, held)

    def _interest(self, row: Mapping[str, Any]) -> dict[str, Any]:
        kind, role = row["relation"], row["role"]
        interest: dict[str, Any] = {
            "type": words.BY_ROLE.get((kind, role), words.INTEREST[kind]),
            "directOrIndirect": "direct",
            "details": kind if role is None else f"{kind}: {role}",
        }
        share = {
            theirs: float(cells.percent(row[name]))
            for name, theirs in (
                ("share", "exact"),
                ("share_min", "minimum"),
                ("share_max", "maximum"),
            )
            if row[name] is not None
        }
        if share and kind != "nominee":
            interest["share"] = share
        withdrawn = row["status"] == "withdrawn"
        for name, theirs in (
            ("event_time", "endDate" if withdrawn else "startDate"),
            ("valid_to", "endDate"),
        ):
            if row[name] is not None:
                interest[theirs] = cells.day_text(row[name], self.publication.zone)
        return interest

    def _link(
        self,
        row: Mapping[str, Any],
        record: tuple[str, str],
        party: str,
        interest: Mapping[str, Any],
    ) -> dict[str, Any]:
        """A relationship: (record, company), the interested party, and the one interest."""
        details = {
            "isComponent": False,
            "subject": record[1],
            "interestedParty": party,
            "interests": [interest],
        }
        return self._statement((record[0], "relationship", record[1]), row, details)

    def _statement(
        self, record: tuple[str, str, str], row: Mapping[str, Any], details: Mapping[str, Any]
    ) -> dict[str, Any]:
        """(record, type, whom the declaration is about), the fact, the details."""
        identity, kind, about = record
        seen = f"{kind} {identity}"
        status = "updated" if seen in self._seen else "new"
        self._seen.add(seen)
        statement = {
            "statementId": hashlib.sha256(f"{seen} {row['id']}".encode()).hexdigest(),
            "statementDate": self._known(row),
            "declarationSubject": about,
            "recordId": identity,
            "recordType": kind,
            "recordStatus": "closed" if row.get("status") == "withdrawn" else status,
            "recordDetails": details,
            "publicationDetails": {
                "publicationDate": self.publication.day.isoformat(),
                "bodsVersion": words.VERSION,
                "publisher": {"name": self.publication.publisher},
            },
        }
        if row.get("source"):
            statement["source"] = {"type": ["thirdParty"], "description": row["source"]}
        return statement

    def _known(self, row: Mapping[str, Any]) -> str:
        known = row.get("known_time")
        if known is None:
            if "source" in row:
                self._lose("`known_time` is not said: the day of publication is written", row)
            return self.publication.day.isoformat()
        return cells.known_text(known, self.publication.zone)

    def _lose(self, what: str, row: Mapping[str, Any]) -> None:
        rows, example = self.lost.get(what, (0, row["id"]))
        self.lost[what] = (rows + 1, example)
