"""Random party and relation facts, with texts that break careless formats."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import strategies as st

from headrace.adapters.graph_formats.tables import GraphFacts
from headrace.facts.kinds import PARTY, PARTY_TYPES, RELATION, RELATIONS

FIRST_DAY = datetime(2019, 12, 31, 16, tzinfo=UTC)  # 2020-01-01 in Shanghai
ODD = (
    "=1+1",
    "'quoted",
    '"',
    "a,b",
    "a\nb",
    "<&>",
    "</data>",
    "企业",
    "rel.x",
    "hrx-41",
    "-5",
    "'=x",
    "\U0001f600",
)
_LETTERS = st.sampled_from("ABZaz09._- ,;\"'<>&=+@#企业集团")
texts = st.one_of(st.sampled_from(ODD), st.text(_LETTERS, min_size=1, max_size=12))
codes = st.one_of(
    st.sampled_from(["E1", "E2", "P1", *ODD]), st.text(_LETTERS, min_size=1, max_size=6)
)
days = st.integers(0, 1_500).map(lambda day: FIRST_DAY + timedelta(days=day))
moments = st.one_of(
    days, st.integers(0, 10**14).map(lambda us: FIRST_DAY + timedelta(microseconds=us))
)
shares = st.integers(0, 10_000).map(lambda points: points / 10_000)
amounts = st.integers(0, 10**15)


def maybe(strategy):
    return st.one_of(st.none(), strategy)


def table(rows: list[dict], schema) -> pa.Table:
    """Rows as stored facts; every fact says where it comes from."""
    whole = [
        dict.fromkeys(schema.arrow.names)
        | {"id": f"file#{row}", "source": "file", "row": row, "purpose": "p", "consent": "c"}
        | each
        for row, each in enumerate(rows, start=1)
    ]
    plain = pa.schema(
        [
            field.with_type(pa.string()) if pa.types.is_dictionary(field.type) else field
            for field in schema.arrow
        ]
    )
    return pa.Table.from_pylist(whole, plain).cast(schema.arrow)


@st.composite
def relation_rows(draw, kinds=RELATIONS, times=moments) -> dict:
    """One relation that contradicts itself nowhere."""
    subject = draw(codes)
    least, share, most = sorted(draw(st.tuples(shares, shares, shares)))
    told = draw(st.sampled_from(["nothing", "share", "range", "all"]))
    begins, ends = sorted(draw(st.tuples(times, times)))
    amount = draw(maybe(amounts))
    return {
        "relation": draw(st.sampled_from(kinds)),
        "subject": subject,
        "object": draw(codes.filter(lambda code: code != subject)),
        "role": draw(maybe(texts)),
        "about": draw(maybe(codes)),
        "share": share if told in ("share", "all") else None,
        "share_min": least if told in ("range", "all") else None,
        "share_max": most if told in ("range", "all") else None,
        "amount_minor": amount,
        "currency": None if amount is None else draw(st.sampled_from(["CNY", "USD", "JPY"])),
        "event_time": draw(maybe(st.just(begins))),
        "valid_to": draw(maybe(st.just(ends))),
        "known_time": draw(maybe(moments)),
        "statement": draw(maybe(texts)),
        "status": draw(st.sampled_from([None, None, "stated", "withdrawn"])),
        "detail": draw(maybe(texts)),
    }


@st.composite
def party_rows(draw) -> dict:
    """One party."""
    return {
        "party": draw(codes),
        "type": draw(maybe(st.sampled_from(PARTY_TYPES))),
        "capital_minor": draw(maybe(amounts)),
        "known_time": draw(maybe(moments)),
        **{
            name: draw(maybe(texts))
            for name in (
                "name",
                "industry",
                "region",
                "uscc",
                "registration_number",
                "english_name",
                "address",
                "phone",
                "legal_representative",
            )
        },
    }


@st.composite
def graph_facts(draw, kinds=RELATIONS, times=moments) -> GraphFacts:
    """Some parties, each once, and some relations."""
    parties = draw(st.lists(party_rows(), max_size=5, unique_by=lambda row: row["party"]))
    relations = draw(st.lists(relation_rows(kinds, times), max_size=8))
    return GraphFacts(table(parties, PARTY), table(relations, RELATION))
