"""A book of pledges: triggers and marks agree to the fen, stress in blocks, fees by risk."""

from datetime import date, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.collateral.marks import Quote, Rules, Shares
from headrace.contracts.collateral.pledges import Lines, Phase
from headrace.contracts.collateral.terms import shipped
from headrace.contracts.sharing.scenarios import Draw, Exposures
from headrace.contracts.sharing.scheme import Layer, Scheme, Share
from headrace.workflows import collateral_stress
from headrace.workflows.collateral_book import (
    Piece,
    PledgedLoan,
    marked_loans,
    trading_days,
    triggers_of,
)
from headrace.workflows.collateral_market import factor_volatility, market, quotes
from headrace.workflows.sharing_losses import Terms, priced

ON = date(2024, 3, 1)
PHASES = {"warn": Phase.WARNED, "call": Phase.CALLED, "close": Phase.DISPOSING}


def prices(days=60, codes=("A", "B"), seed=1):
    """Rows as `price_files` gives them, by chance."""
    rng = np.random.default_rng(seed)
    rows = []
    for code in codes:
        close = 10 * np.exp(np.cumsum(rng.normal(0, 0.02, days)))
        for n in range(days):
            row = {"code": code, "date": ON - timedelta(days=days - 1 - n), "close": close[n]}
            rows.append({**row, "stated": f"{close[n]:.2f}", "tradestatus": 1.0})
    table = pa.Table.from_pylist(rows)
    for name in ("high", "low", "preclose", "amount", "turn", "isST"):
        table = table.append_column(name, pa.nulls(len(rows), pa.float64()))
    return table


def phase_at(loan, code, price_minor, others):
    quoted = {**others, code: Quote(Decimal(price_minor), ON, "test")}
    return marked_loans([loan], quoted, ON, Rules())[0].phase


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10**9), st.integers(1, 5_000), st.integers(1, 5_000))
def test_a_trigger_is_the_highest_price_at_which_the_mark_is_so(owed, first, second):
    """Two commands, two code paths, one boundary: to the fen."""
    rows = prices()
    known = market(rows, ON, shipped())
    loan = PledgedLoan("L", owed, Lines(), (Piece(Shares("A", first)), Piece(Shares("B", second))))
    found = quotes(rows, ["A", "B"], ON, "test")
    order = [Phase.OPEN, Phase.WARNED, Phase.CALLED, Phase.DISPOSING]
    table = triggers_of(marked_loans([loan], found, ON, Rules()), known).by_price
    for row in table.to_pylist():
        if row["trigger"] is None or float(row["trigger"]) > 1e6:
            continue
        at = int(Decimal(row["trigger"]) * 100)
        wanted = order.index(PHASES[row["line"]])
        assert order.index(phase_at(loan, row["code"], at, found)) >= wanted
        assert order.index(phase_at(loan, row["code"], at + 1, found)) < wanted


def test_a_suspended_share_has_the_price_of_its_last_trade():
    rows = prices(days=20).to_pylist()
    for row in rows:
        if row["code"] == "A" and row["date"] > date(2024, 2, 15):
            row["tradestatus"] = 0.0
    found = quotes(pa.Table.from_pylist(rows), ["A", "B", "C"], ON, "test")
    assert found["A"].on == date(2024, 2, 15)
    assert found["B"].on == ON
    assert "C" not in found
    loan = PledgedLoan("L", 100, Lines(), (Piece(Shares("A", 1)),))
    assert marked_loans([loan], found, ON, Rules())[0].flags == ("stale",)


def test_a_market_ends_on_its_day_and_volatility_is_that_of_the_mean():
    rows = prices()
    known = market(rows, date(2024, 2, 15), shipped())
    assert known.day == date(2024, 2, 15)
    assert len(known.prices.days) == 45
    assert factor_volatility(known) == pytest.approx(0.02 / np.sqrt(2), rel=0.4)
    assert factor_volatility(market(rows, date(2024, 1, 10), shipped())) is None


def test_trading_days_know_holidays_and_that_make_up_days_are_none():
    days = trading_days(date(2024, 2, 5), date(2024, 2, 20))
    assert date(2024, 2, 12) not in days  # Spring Festival
    assert date(2024, 2, 18) not in days  # a Sunday that was worked elsewhere
    assert date(2024, 2, 19) in days
    assert trading_days(date(2099, 1, 1), date(2099, 2, 1)) == []


def test_paths_run_in_blocks_are_the_paths(monkeypatch):
    rows = prices()
    known = market(rows, ON, shipped())
    pieces = (Piece(Shares("A", 100)), Piece(Shares("B", 100)))
    loans = marked_loans(
        [PledgedLoan("L", 110_000, Lines(), pieces), PledgedLoan("M", 90_000, Lines(), pieces[:1])],
        quotes(rows, ["A", "B"], ON, "test"), ON, Rules(),
    )  # fmt: skip
    told = []
    asked = collateral_stress.Resample(97, seed=5, days=20, block=5)
    whole = collateral_stress.stressed_book(loans, known, asked, 3, told.append)
    monkeypatch.setattr(collateral_stress, "BLOCK_CELLS", 20)
    parts = collateral_stress.stressed_book(loans, known, asked, 3, told.append)
    assert parts.loans.equals(whole.loans)
    assert parts.book.equals(whole.book)
    assert told[-1] == 1
    assert whole.paths == 97


def test_fees_by_risk_add_up_to_the_premiums():
    book = Exposures(
        ("A", "B"), np.array([10**8, 3 * 10**8]), np.array([0.01, 0.05]), np.full(2, 0.5)
    )
    half = Layer("half", "一半", "half", (Share("guarantor", Decimal("0.5")),
                                          Share("bank", Decimal("0.5"))))  # fmt: skip
    found = priced(book, Scheme("s", "方案", "scheme", (half,)), Terms(Draw(4_000)), lambda _: None)
    premium = {row["party"]: row["premium"] for row in found.parties.to_pylist()}
    assert found.fee == pytest.approx(premium["guarantor"])
    assert found.exposure_minor == 4 * 10**8
