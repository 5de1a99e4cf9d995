"""A pledge from the first day to the last, as a table; and what must hold whatever happens."""

import csv
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.collateral.desk import step, to_cure
from headrace.contracts.collateral.pledges import (
    PHASE_ZH,
    REFUSAL_ZH,
    Add,
    Close,
    Held,
    Lines,
    Marked,
    Market,
    Phase,
    Pledge,
    Refusal,
    Release,
    Repay,
    Sell,
    Substitute,
)
from headrace.contracts.collateral.triggers import zones
from headrace.errors import InputError

STORY = Path(__file__).parents[2] / "data" / "contracts" / "collateral_desk.csv"
TEN_THOUSAND = 1_000_000  # fen: the story is told in 万元
DAYS = [
    day for day in (date(2024, 1, 1) + timedelta(days=n) for n in range(200)) if day.weekday() < 5
]
START = date(2024, 1, 8)


def parsed(row):
    """The event that a row of the story states."""
    on, words = date.fromisoformat(row["on"]), row["arguments"].replace(";", " ").split()
    numbers = [int(word) * TEN_THOUSAND for word in words if word.isdigit()]
    if row["event"] == "mark":
        pieces = {name: Held(value) for name, value in zip(words[2::2], numbers[1:], strict=True)}
        return Marked(on, pieces, numbers[0])
    if row["event"] == "sell":
        return Sell(on, words[0], numbers[0], numbers[1], Market(words[3]))
    if row["event"] == "substitute":
        return Substitute(on, words[0], words[1], numbers[0])
    if row["event"] == "close":
        return Close(on)
    return {"add": Add, "release": Release}[row["event"]](on, words[0], numbers[0])


def test_the_story_of_a_pledge():
    pledge = Pledge(Lines(), START, 0)
    books = Counter()
    with STORY.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            done = step(pledge, parsed(row), DAYS)
            told = (
                done.pledge.phase, done.pledge.deadline, done.pledge.called_minor / TEN_THOUSAND,
                done.refusal,
            )  # fmt: skip
            deadline = date.fromisoformat(row["deadline"]) if row["deadline"] else None
            called = float(row["called"])
            assert told == (row["phase"], deadline, called, row["refusal"] or None), row
            moved = [f"{m.memo} {m.amount // TEN_THOUSAND}" for m in done.movements]
            assert moved == [part for part in row["movements"].split(";") if part], row
            for movement in done.movements:
                books[movement.debit] += movement.amount
                books[movement.credit] -= movement.amount
            pledge = done.pledge
    assert books["collateral_held"] == books["margin_deposit_held"] == 0
    assert -books["borrower_deposit"] == 100 * TEN_THOUSAND


def pledge(value, owed=100, **changes):
    return Pledge(Lines(), START, owed, {"S": Held(value)}, **changes)


def mark(pledged, value, on=START, **held):
    return step(pledged, Marked(on, {"S": Held(value, **held)}, pledged.owed_minor), DAYS).pledge


@pytest.mark.parametrize(
    ("value", "phase"),
    [(160, "open"), (159, "warned"), (150, "warned"), (149, "called"), (130, "called"),
     (129, "disposing")],
)  # fmt: skip
def test_a_line_is_crossed_below_it_not_on_it(value, phase):
    assert mark(pledge(200), value).phase == phase


def test_below_the_closing_line_nobody_waits_for_a_deadline():
    called = mark(pledge(200), 140)
    assert mark(called, 129).phase is Phase.DISPOSING
    assert mark(mark(called, 129), 200).phase is Phase.OPEN  # nothing was sold yet


def test_the_day_of_the_deadline_is_in_time_the_next_is_late():
    called = mark(pledge(200), 140)
    assert called.deadline == date(2024, 1, 10)
    assert mark(called, 140, date(2024, 1, 10)).phase is Phase.CALLED
    assert mark(called, 140, date(2024, 1, 11)).phase is Phase.DISPOSING
    assert mark(called, 160, date(2024, 1, 11)).phase is Phase.OPEN


def test_a_call_over_the_new_year_counts_trading_days():
    friday = Pledge(Lines(cure_days=3), date(2024, 1, 5), 100, {"S": Held(200)})
    called = mark(friday, 140, date(2024, 1, 5))
    assert called.deadline == date(2024, 1, 10)
    short = step(friday, Marked(date(2024, 1, 5), {"S": Held(140)}, 100), DAYS[:6])
    assert short.refusal is Refusal.DEADLINE_MUST_BE_IN_THE_CALENDAR


def test_an_old_price_makes_matters_worse_but_never_better():
    called = mark(pledge(200), 140)
    assert mark(called, 300, stale=True).phase is Phase.CALLED
    assert mark(pledge(200), 140, stale=True).phase is Phase.CALLED
    assert mark(mark(pledge(200), 155), 300, stale=True).phase is Phase.WARNED
    old = mark(pledge(300), 300, stale=True)
    for event in (Release(START, "S", 1), Substitute(START, "S", "T", 400)):
        assert step(old, event, DAYS).refusal is Refusal.PRICE_MUST_BE_FRESH


def test_repaying_cures():
    called = mark(pledge(200), 140)
    assert called.called_minor == 20
    assert step(called, Repay(START, 12), DAYS).pledge.phase is Phase.CALLED
    assert step(called, Repay(START, 13), DAYS).pledge.phase is Phase.OPEN
    assert step(called, Repay(START, 500), DAYS).pledge.owed_minor == 0


def test_what_is_to_be_added_is_rounded_up():
    assert to_cure(Pledge(Lines(warn=Decimal("1.6001")), START, 333, {"S": Held(500)})) == 33


@pytest.mark.parametrize(
    "event",
    [Release(START, "Z", 1), Release(START, "S", 201), Release(START, "margin", 1),
     Substitute(START, "Z", "T", 5)],
    ids=str,
)  # fmt: skip
def test_what_is_not_pledged_cannot_go_back(event):
    assert step(pledge(200), event, DAYS).refusal is Refusal.PIECE_MUST_BE_PLEDGED


def test_a_whole_piece_and_margin_go_back_when_nothing_is_owed():
    free = pledge(200, owed=0, margin_minor=7)
    whole = step(free, Release(START, "S", 200), DAYS)
    assert whole.pledge.pieces == {}
    assert [(m.debit, m.credit, m.amount) for m in whole.movements] == [
        ("memorandum", "collateral_held", 200)
    ]
    margin = step(free, Release(START, "margin", 7), DAYS)
    assert margin.pledge.margin_minor == 0
    assert [(m.debit, m.credit, m.amount) for m in margin.movements] == [
        ("margin_deposit_held", "cash", 7)
    ]


def test_a_sale_that_does_not_cover_ends_with_what_is_missing():
    sold = step(mark(pledge(200), 90), Sell(START, "S", 90, 85), DAYS).pledge
    closed = step(sold, Close(START), DAYS)
    assert (closed.refusal, closed.pledge.phase, closed.pledge.owed_minor) == (
        None, Phase.CLOSED, 15,
    )  # fmt: skip


def test_amounts_below_or_at_nothing_are_refused():
    for event in (
        Add(START, "T", 0), Marked(START, {"S": Held(-1)}, 1), Marked(START, {"S": Held(1)}, -1),
    ):  # fmt: skip
        assert step(pledge(200), event, DAYS).refusal is Refusal.AMOUNT_MUST_BE_POSITIVE
    sold = step(mark(pledge(200), 100), Sell(START, "S", 1, -1), DAYS)
    assert sold.refusal is Refusal.AMOUNT_MUST_BE_POSITIVE


def test_words_are_there_in_chinese_for_every_phase_and_refusal():
    assert set(PHASE_ZH) == set(Phase)
    assert set(REFUSAL_ZH) == set(Refusal)


@pytest.mark.parametrize(
    "changes",
    [{"warn": Decimal(1)}, {"close": Decimal(0)}, {"cure_days": 0}, {"cure": Decimal("1.4")},
     {"warn": Decimal("1.55555")}],
)  # fmt: skip
def test_lines_in_disorder_are_refused(changes):
    with pytest.raises(InputError):
        Lines(**changes)


def drawn_event(data, pledged, day):
    """Any event, most of them refused."""
    number, piece = st.integers(0, 300), st.sampled_from(["S", "T", "margin"])
    draw = data.draw
    held = st.builds(Held, number, st.booleans())
    marked = st.fixed_dictionaries(dict.fromkeys(pledged.pieces, held))
    kind = draw(st.integers(0, 6))
    if kind == 0:
        return Add(day, draw(piece), draw(number))
    if kind == 1:
        return Marked(day, draw(marked), draw(number))
    if kind == 2:
        return Repay(day, draw(number))
    if kind == 3:
        return Release(day, draw(piece), draw(number))
    if kind == 4:
        return Substitute(day, draw(piece), draw(piece), draw(number))
    if kind == 5:
        return Sell(day, draw(piece), draw(number), draw(number))
    return Close(day)


@settings(max_examples=80)
@given(st.data())
def test_the_books_hold_the_collateral_whatever_happens(data):
    pledged, books, day = Pledge(Lines(), START, 0), Counter(), START
    for _ in range(data.draw(st.integers(0, 14))):
        day += timedelta(days=data.draw(st.integers(0, 2)))
        event = drawn_event(data, pledged, day)
        done = step(pledged, event, DAYS)
        if done.refusal is not None:
            assert (done.pledge, done.movements) == (pledged, ())
        pledged = done.pledge
        for movement in done.movements:
            books[movement.debit] += movement.amount
            books[movement.credit] -= movement.amount
        held = sum(part.value_minor for part in pledged.pieces.values())
        assert books["collateral_held"] == -books["memorandum"] == held
        assert -books["margin_deposit_held"] == pledged.margin_minor
        assert (pledged.deadline is not None) == (pledged.phase is Phase.CALLED)


@given(
    st.lists(st.tuples(st.integers(0, 2**61), st.integers(1, 10**15)), min_size=1),
    st.integers(13_000, 20_000),
)
def test_many_pledges_at_once_are_where_the_desk_puts_each(drawn, warn):
    lines = Lines(warn=Decimal(warn) / 10_000, call=Decimal("1.3"), close=Decimal("1.1001"))
    near = [(owed * warn // 10_000 + shift, owed) for _, owed in drawn for shift in (-1, 0, 1)]
    value, owed = (np.array(column, np.int64) for column in zip(*drawn, *near, strict=True))
    names = {"open": 0, "warned": 1, "called": 2, "disposing": 3}
    expected = []
    for each, debt in zip(value.tolist(), owed.tolist(), strict=True):
        fresh = Pledge(lines, START, debt, {"S": Held(each)})
        expected.append(names[mark(fresh, each).phase])
    assert zones(value, owed, lines).tolist() == expected
