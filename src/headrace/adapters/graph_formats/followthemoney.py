"""FollowTheMoney: one JSON entity a line, and back.

Schemata and properties are those of FollowTheMoney 4.11 (https://followthemoney.tech). A relation
becomes the nearest of them:

    owns, votes, general_partner, limited_partner   Ownership, `role` tells them apart
    controls                                        Control
    office                                          Directorship
    family                                          Family
    proxy, nominee                                  Representation (agent, client)
    lends                                           Debt
    transfers                                       Payment
    all others                                      UnknownLink, `role` says which

What no property holds stands under the key `headrace` beside `properties`: FollowTheMoney keeps it
as context and passes it on; other programs ignore it. `Exported.lost` counts it.

Ids of entities may hold Latin letters, digits, dots and hyphens alone: another code becomes `hrx-`
and its UTF-8 bytes in hex. A relation's id begins with `rel.`.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from headrace.adapters.graph_formats import cells
from headrace.adapters.graph_formats import followthemoney_words as words
from headrace.adapters.graph_formats.columns import unwritable
from headrace.adapters.graph_formats.followthemoney_words import entity_id
from headrace.adapters.graph_formats.rows import plain_rows
from headrace.adapters.graph_formats.tables import Exported, GraphFacts, Lost, strangers
from headrace.money import MINOR_PER_MAJOR

_SECOND = 1_000_000
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}")
_PARTY_BESIDE = ("region", "legal_representative", "capital_minor", "event_time")


def write_followthemoney(
    facts: GraphFacts, path: Path, *, zone: str = "Asia/Shanghai", currency: str = "CNY"
) -> Exported:
    """Write entities, parties before relations.

    Args:
        facts: What to write.
        path: The file.
        zone: Whose days stand in startDate, endDate and date.
        currency: Of amounts that name none.

    Raises:
        InputError: If it cannot be written.
    """
    lost: dict[str, tuple[int, str]] = {}
    writer = _Writer(zone, currency, lost)
    try:
        with path.open("wb") as sink:
            for row in plain_rows(facts.parties):
                sink.write(orjson.dumps(writer.party(row)) + b"\n")
            for code in strangers(facts):
                sink.write(orjson.dumps(_stranger(code)) + b"\n")
            for row in plain_rows(facts.relations):
                sink.write(orjson.dumps(writer.relation(row)) + b"\n")
    except OSError as error:
        raise unwritable(path, error) from error
    told = tuple(Lost(what, rows, example) for what, (rows, example) in sorted(lost.items()))
    return Exported(facts.parties.num_rows, facts.relations.num_rows, told)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Facts as entities; counts what stands beside the properties.

    Attributes:
        zone: Of days.
        currency: Of amounts that name none.
        lost: What is lost to other programs: how often, and one example.
    """

    zone: str
    currency: str
    lost: dict[str, tuple[int, str]]

    def party(self, row: Mapping[str, Any]) -> dict[str, Any]:
        schema, form = words.PARTY_SCHEMA[row["type"]]
        said = {
            theirs: [row[name]]
            for name, theirs in words.PARTY_PROPERTIES.items()
            if row[name] is not None and _takes(name, row[name])
        }
        if form:
            said["legalForm"] = [form]
        if row["known_time"] is not None and row["known_time"] % _SECOND == 0:
            said["retrievedAt"] = [_seconds(row["known_time"])]
        beside = {
            name: row[name]
            for name in (*_PARTY_BESIDE, *words.PARTY_PROPERTIES)
            if row[name] is not None and words.PARTY_PROPERTIES.get(name) not in said
        }
        self._count(row, beside, "party")
        always = ("id", "source", "row", "known_time", "purpose", "consent")
        kept = {name: row[name] for name in always if row[name] is not None} | beside
        entity = {"id": entity_id(row["party"]), "schema": schema}
        if "name" in said:
            entity["caption"] = row["name"]
        return entity | {"properties": said, words.OURS: kept}

    def relation(self, row: Mapping[str, Any]) -> dict[str, Any]:
        kind = row["relation"]
        link = words.ALL[kind]
        said = {
            link.subject: [entity_id(row["subject"])],
            link.object: [entity_id(row["object"])],
            "recordId": [row["id"]],
            "publisher": [row["source"]],
        }
        kept: dict[str, Any] = {"relation": kind, "row": row["row"]}
        if link.role:
            said["role"] = [link.role]
        for name in (
            "role",
            "about",
            "share",
            "share_min",
            "share_max",
            "amount_minor",
            "currency",
            "statement",
            "status",
        ):
            if row[name] is not None and not self._said(said, link, name, row):
                kept[name] = row[name]
        self._count(row, [name for name in kept if name not in ("relation", "row")], kind)
        if link.schema == "UnknownLink":
            self._count(row, ["kind"], kind)
        if row["detail"] is not None:
            said["description"] = [row["detail"]]
        self._times(said, kept, row, link)
        kept |= {"purpose": row["purpose"], "consent": row["consent"]}
        identity = entity_id(f"rel.{row['id']}", ours=True)
        return {"id": identity, "schema": link.schema, "properties": said, words.OURS: kept}

    def _said(
        self, said: dict[str, list[str]], link: words.Link, name: str, row: Mapping[str, Any]
    ) -> bool:
        """Puts a field into the property that holds it; False: there is none."""
        if name == "role" and link.says_role:
            said[link.says_role] = [row["role"]]
        elif name == "share" and link.percentage:
            said["percentage"] = [cells.percent(row["share"])]
        elif name == "amount_minor" and link.amount:
            currency = row["currency"] or self.currency
            per_major = MINOR_PER_MAJOR.get(currency)
            if per_major is None:
                return False
            said["amount"] = [cells.decimal(row["amount_minor"], per_major)]
            said["currency"] = [currency]
        else:
            return name == "currency" and link.amount and "amount" in said
        return True

    def _times(
        self,
        said: dict[str, list[str]],
        kept: dict[str, Any],
        row: Mapping[str, Any],
        link: words.Link,
    ) -> None:
        begins = "date" if link.schema == "Payment" else "startDate"
        for name, theirs in (("event_time", begins), ("valid_to", "endDate")):
            if row[name] is None:
                continue
            day = cells.is_day(row[name], self.zone)
            said[theirs] = [cells.day_text(row[name], self.zone) if day else _seconds(row[name])]
            if not day and row[name] % _SECOND:
                kept[name] = row[name]
        if row["known_time"] is not None:
            said["retrievedAt"] = [_seconds(row["known_time"])]
            if row["known_time"] % _SECOND:
                kept["known_time"] = row["known_time"]

    def _count(self, row: Mapping[str, Any], names: Iterable[str], kind: str) -> None:
        for name in names:
            what = f"`{name}` of `{kind}`: no property for it; under `{words.OURS}`"
            if name == "kind":
                what = f"`{kind}`: no schema for it; an UnknownLink with that role"
            rows, example = self.lost.get(what, (0, row["id"]))
            self.lost[what] = (rows + 1, example)


def _takes(name: str, text: str) -> bool:
    """Whether FollowTheMoney calls a text valid: it takes international telephone numbers alone."""
    if name == "phone":
        return _PHONE.fullmatch(text) is not None
    return any(letter.isalnum() for letter in text)


def _stranger(code: str) -> dict[str, Any]:
    """An entity for a code that relations name and no party fact describes."""
    kind, _, rest = code.partition(":")
    schema = {
        "address": "Address",
        "phone": "UserAccount",
        "email": "UserAccount",
        "device": "UserAccount",
    }.get(kind if rest else "", "LegalEntity")
    held = {"Address": "full", "UserAccount": "username", "LegalEntity": "name"}[schema]
    return {
        "id": entity_id(code),
        "schema": schema,
        "properties": {held: [rest or code]},
        words.OURS: {"mentioned": True},
    }


def _seconds(us: int) -> str:
    return cells.utc_text(us - us % _SECOND).removesuffix("Z")
