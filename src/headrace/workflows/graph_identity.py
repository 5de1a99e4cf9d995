"""Which party facts are one firm: codes of several sources brought together, with reasons."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.errors import InputError
from headrace.facts.corrections import known_by
from headrace.facts.kinds import PARTY
from headrace.facts.parties import is_firm
from headrace.graph.identity.firms import FORMER_SCHEMA, branch_relations, firm_records
from headrace.graph.identity.judgements import Judgement, Verdict
from headrace.graph.identity.model import Model
from headrace.graph.identity.presets import FIRMS, FIRMS_MODEL, FIRMS_PROTOCOL
from headrace.graph.identity.records import records_of
from headrace.graph.identity.resolver import Match, Resolver
from headrace.graph.identity.training import train
from headrace.graph.relations.statements import ALWAYS, Codes, whole
from headrace.workflows.ports import FactTables

SEED = 1
FIRMS_MIN = 2_000
"""With fewer, agreement by chance cannot be learned; the preset model stands in."""
ONE = pa.schema(
    {"entity": pa.string(), "party": pa.string(), "name": pa.string(), "canonical": pa.bool_()}
)
BRANCHES = pa.schema({"branch": pa.string(), "head_office": pa.string()})
_JUDGED = ("id", "verdict", "left", "right", "by", "at", "why")


def resolved(
    facts: FactTables,
    known: datetime,
    judgements: Sequence[Judgement] = (),
    earlier: pa.Table | None = None,
) -> Resolver:
    """The firms that party facts describe, as far as known by then, put together.

    A party's present name is the last known; names that other facts gave it are former ones.

    Args:
        facts: Where they are.
        known: What became known after it is not used.
        judgements: People's words, which stand above the evidence.
        earlier: What `Resolver.parties` gave before, so that ids last; None: all are new.

    Raises:
        InputError: If there are fewer than two firms.
        JudgementConflictError: If judgements contradict each other.
    """
    table, former = _firms(facts, known)
    if table.num_rows < 2:
        raise InputError(
            "there are fewer than two firms to compare",
            where="facts of kind party",
            remedy="map tables of firms to `party`, with names, codes and phones",
        )
    ready = firm_records(table, former).table
    ids = ready["id"].combine_chunks()
    resolver = Resolver(_model(ready, ids))
    resolver.load(ready, ids.to_pylist(), earlier)
    for judgement in judgements:
        resolver.judge(judgement)
    return resolver


def _model(ready: pa.Table, ids: pa.StringArray) -> Model:
    """Learned from the firms themselves, where there are enough."""
    if len(ids) < FIRMS_MIN:
        return FIRMS_MODEL
    rng = np.random.default_rng(SEED)
    return train(records_of(ready, ids, FIRMS, {}), FIRMS, FIRMS_PROTOCOL, rng)


def _firms(facts: FactTables, known: datetime) -> tuple[pa.Table, pa.Table]:
    """One row a firm as `firm_records` takes it, and its former names."""
    parties = facts.read(PARTY.kind)
    parties = parties.filter(pc.and_(is_firm(parties), known_by(parties, known)))
    order = np.argsort(whole(parties["known_time"], ALWAYS), kind="stable")
    parties = parties.take(pa.array(order))
    now: dict[str, dict[str, str | None]] = {}
    former: list[dict[str, object]] = []
    names = ("party", "name", "uscc", "registration_number", "phone", "legal_representative")
    for row in parties.select([*names, "known_time"]).to_pylist():
        before = now.get(row["party"], {})
        if before.get("name") and row["name"] and row["name"] != before["name"]:
            until = None if row["known_time"] is None else row["known_time"].date()
            former.append({"id": row["party"], "name": before["name"], "until": until})
        told = {name: row[name] for name in names if row[name] is not None}
        now[row["party"]] = {**before, **told}
    rows = [
        {
            "id": code,
            "name": row.get("name"),
            "code": row.get("uscc") or row.get("registration_number"),
            "phone": row.get("phone"),
            "legal_person": row.get("legal_representative"),
        }
        for code, row in sorted(now.items())
    ]
    schema = pa.schema([(each, pa.string()) for each in ("id", "name", "code", "phone")])
    table = pa.Table.from_pylist(rows, schema.append(pa.field("legal_person", pa.string())))
    return table, pa.Table.from_pylist(former, FORMER_SCHEMA)


def entity_table(resolver: Resolver, facts: FactTables, *, several: bool) -> pa.Table:
    """Parties by the entity they are; of each entity the first code is canonical; see ONE.

    Args:
        resolver: Of `resolved`.
        facts: For names.
        several: Whether only entities of two codes or more are shown.
    """
    found = resolver.parties().select(["party", "record"]).to_pylist()
    parties = facts.read(PARTY.kind)
    named = dict(
        zip(
            parties["party"].cast(pa.string()).to_pylist(), parties["name"].to_pylist(), strict=True
        )
    )
    members: dict[str, list[str]] = {}
    for row in found:
        members.setdefault(row["party"], []).append(row["record"])
    rows = [
        {
            "entity": entity,
            "party": code,
            "name": named.get(code),
            "canonical": place == 0,
        }
        for entity, codes in members.items()
        if len(codes) > 1 or not several
        for place, code in enumerate(sorted(codes))
    ]
    return pa.Table.from_pylist(rows, ONE)


def branch_table(resolver: Resolver, facts: FactTables, known: datetime) -> pa.Table:
    """Branches and their head offices by name: relations, never one party; see BRANCHES.

    Of a firm with several codes the canonical one stands for all, so that its branches find it.
    """
    entities = entity_table(resolver, facts, several=False)
    canonical = entities.filter(entities["canonical"])["party"].combine_chunks()
    table, former = _firms(facts, known)
    ready = firm_records(table, former).table
    return branch_relations(ready.filter(pc.is_in(ready["id"], value_set=canonical))).cast(BRANCHES)


def merged_codes(entities: pa.Table, codes: pa.StringArray) -> Codes:
    """For each node the node of its entity's canonical code; itself where it is nobody else's.

    Args:
        entities: Of `entity_table`.
        codes: Of the nodes of a graph.

    Raises:
        InputError: If a column is missing.
    """
    for name in ("entity", "party", "canonical"):
        if name not in entities.column_names:
            raise InputError(f"there is no column {name!r}", remedy="a table of `graph identify`")
    heads = {
        row["entity"]: row["party"]
        for row in entities.to_pylist()
        if str(row["canonical"]) in _TRUE
    }
    place = {code: node for node, code in enumerate(codes.to_pylist())}
    merged = np.arange(len(codes), dtype=np.int32)
    for row in entities.to_pylist():
        node, head = place.get(row["party"]), place.get(heads.get(row["entity"], ""))
        if node is not None and head is not None:
            merged[node] = head
    return merged


_TRUE = ("True", "true", "1")


def explained(resolver: Resolver, left: str, right: str) -> tuple[Match, ...]:
    """Why two codes are one firm: the chain of matches; where they are not, the pair itself.

    Raises:
        InputError: If no party fact describes one of them.
    """
    return resolver.path(left, right) or (resolver.explain(left, right),)


def read_judgements(text: str, where: str) -> tuple[Judgement, ...]:
    """People's words from CSV: id, verdict (same or different), left, right, by, at (a day), why.

    Raises:
        InputError: If a column is missing, or a cell cannot be; names the row.
    """
    rows = csv.DictReader(io.StringIO(text))
    missing = [name for name in _JUDGED if name not in (rows.fieldnames or ())]
    if missing:
        raise InputError(
            f"there is no column {missing[0]!r}", where=where, remedy=", ".join(_JUDGED)
        )
    found = []
    for number, row in enumerate(rows, start=1):
        if any(row[name] is None for name in _JUDGED):
            raise InputError(
                "a judgement has fewer cells than there are columns",
                where=f"{where}, row {number}",
                remedy=", ".join(_JUDGED),
            )
        try:
            at = datetime.fromisoformat(row["at"]).replace(tzinfo=UTC)
            verdict = Verdict(row["verdict"])
        except ValueError as error:
            raise InputError(
                f"a judgement cannot be read: {error}",
                where=f"{where}, row {number}",
                remedy="verdict same or different; at such as 2024-06-30",
            ) from error
        found.append(
            Judgement(row["id"], verdict, row["left"], row["right"], row["by"], at, row["why"])
        )
    return tuple(found)
