"""Random but plausible facts for property tests."""

from datetime import UTC, datetime, timedelta

import pyarrow as pa
from hypothesis import strategies as st

from headrace.facts.kinds import CORRECTION, INVOICE

ZONE = "Asia/Shanghai"
FIRST = datetime(2018, 12, 31, 16, tzinfo=UTC)  # 2019-01-01 in Shanghai
PARTIES = ("E1", "E2", "E3")


def day_start(day: int) -> datetime:
    """The instant at which local day number `day` after 2019-01-01 begins."""
    return FIRST + timedelta(days=day)


def day_end(day: int) -> datetime:
    return day_start(day + 1) - timedelta(microseconds=1)


@st.composite
def invoice_rows(draw, count_max: int = 40) -> list[dict]:
    """Invoices as plain rows; `void_day` is when a void became known, or None."""
    rows = draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "party": st.sampled_from(PARTIES),
                    "counterparty": st.sampled_from(["X", "Y", "Z"]),
                    "direction": st.sampled_from(["sale", "purchase"]),
                    "number": st.sampled_from(["00000001", "00000002", "00000003"]),
                    "day": st.integers(0, 900),
                    "amount": st.integers(-5, 20).map(lambda n: n * 50_000),
                    "late": st.sampled_from([0, 0, 0, 3, 40]),
                    "void": st.sampled_from([None, None, None, 0, 10]),
                }
            ),
            max_size=count_max,
        )
    )
    return [
        {
            **row,
            "id": f"t#{position}",
            "row": position,
            "tax": row["amount"] * 13 // 100,
            "known_day": row["day"] + row["late"],
            "void_day": None if row["void"] is None else row["day"] + row["late"] + row["void"],
        }
        for position, row in enumerate(rows, start=1)
    ]


def invoice_table(rows: list[dict]) -> pa.Table:
    """The fact table of such rows."""
    plain = [
        {
            "id": row["id"],
            "source": "t",
            "row": row["row"],
            "event_time": day_start(row["day"]),
            "known_time": day_end(row["known_day"]),
            "party": row["party"],
            "counterparty": row["counterparty"],
            "direction": row["direction"],
            "number": row["number"],
            "amount_minor": row["amount"],
            "tax_minor": row["tax"],
            "total_minor": row["amount"] + row["tax"],
            "currency": "CNY",
            "status": "valid" if row["void_day"] is None else "voided",
            "purpose": "credit_assessment",
            "consent": "test",
        }
        for row in rows
    ]
    return _typed(plain, INVOICE.arrow)


def correction_table(rows: list[dict]) -> pa.Table:
    """The voids of such rows."""
    plain = [
        {
            "id": f"{row['id']}#void",
            "source": "t",
            "row": row["row"],
            "event_time": day_end(row["void_day"]),
            "known_time": day_end(row["void_day"]),
            "corrects": row["id"],
            "kind": "void",
            "rule": "status",
            "purpose": "credit_assessment",
            "consent": "test",
        }
        for row in rows
        if row["void_day"] is not None
    ]
    return _typed(plain, CORRECTION.arrow)


def _typed(rows: list[dict], schema: pa.Schema) -> pa.Table:
    columns = [
        pa.array([row.get(field.name) for row in rows], _plain(field.type)).cast(field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_dictionary(kind) else kind
