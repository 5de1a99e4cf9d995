"""One firm for people: months and peers."""

from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from headrace.workflows.firm import PEERS_MIN, months, partners, standings

MOMENTS = st.datetimes(datetime(2023, 11, 1), datetime(2024, 3, 1)).map(  # noqa: DTZ001 - made aware
    lambda at: at.replace(tzinfo=UTC)
)
ROWS = st.lists(
    st.tuples(
        MOMENTS,
        st.sampled_from(["sale", "purchase"]),
        st.integers(-900, 900),
        st.sampled_from("ABC"),
    ),
    max_size=20,
)


def invoices(rows):
    return pa.table(
        {
            "event_time": pa.array([each[0] for each in rows], pa.timestamp("us", tz="UTC")),
            "direction": pa.array([each[1] for each in rows], pa.string()),
            "amount_minor": pa.array([each[2] for each in rows], pa.int64()),
            "counterparty": pa.array([each[3] for each in rows], pa.string()),
        }
    )


@given(ROWS)
def test_months_add_up_invoice_by_invoice(rows):
    found = months(invoices(rows), "UTC")
    sums = {}
    for at, direction, amount, _ in rows:
        key = (f"{at:%Y-%m}", direction)
        total, count = sums.get(key, (0, 0))
        sums[key] = (total + amount, count + 1)
    for each in found:
        assert (each.sales, each.sales_count) == sums.get((each.month, "sale"), (0, 0))
        assert (each.purchases, each.purchase_count) == sums.get((each.month, "purchase"), (0, 0))
    named = [each.month for each in found]
    assert {month for month, _ in sums} <= set(named)
    assert named == sorted(set(named))


def test_a_month_without_an_invoice_is_there_and_midnight_is_local():
    rows = [(datetime(2024, 1, 31, 17, tzinfo=UTC), "sale", 5, "A")]
    rows.append((datetime(2024, 4, 1, tzinfo=UTC), "purchase", 7, "A"))
    found = months(invoices(rows), "Asia/Shanghai")
    assert [each.month for each in found] == ["2024-02", "2024-03", "2024-04"]
    assert [each.sales for each in found] == [5, 0, 0]
    assert months(invoices([]), "UTC") == ()


@given(ROWS)
def test_partners_are_those_with_the_largest_sums(rows):
    sums = {}
    for _, direction, amount, who in rows:
        if direction == "sale":
            total, count = sums.get(who, (0, 0))
            sums[who] = (total + amount, count + 1)
    expected = sorted(
        ((who, *told) for who, told in sums.items()), key=lambda each: (-each[1], each[0])
    )
    assert partners(invoices(rows), "sale", 2) == tuple(expected[:2])


def test_a_figure_stands_among_its_peers():
    values = [float(each) for each in range(PEERS_MIN)]
    table = pa.table({"party": [str(each) for each in values], "as_of": values, "x": values})
    everybody = np.ones(PEERS_MIN, dtype=np.bool_)
    [found] = standings(table, 5, everybody)
    assert (found.feature, found.value, found.peers) == ("x", 5.0, PEERS_MIN)
    assert found.rank == (5 + 0.5) / PEERS_MIN
    assert found.low < found.middle < found.high
    few = everybody.copy()
    few[0] = False
    [found] = standings(table, 5, few)
    assert (found.low, found.rank, found.value) == (None, None, 5.0)


def test_a_missing_figure_is_missing_and_not_zero():
    table = pa.table({"party": ["a"] * 30, "as_of": [0] * 30, "x": pa.array([None, *[1.0] * 29])})
    [found] = standings(table, 0, np.ones(30, dtype=np.bool_))
    assert (found.value, found.rank, found.peers, found.middle) == (None, None, 29, 1.0)
