"""What holds for every loan, whatever its terms; and for every batch of them."""

import sys
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.actus.engine import cash_flows, contract_events
from headrace.contracts.actus.events import SCHEMA
from headrace.contracts.actus.observed import Observed
from headrace.contracts.actus.terms import TERMS
from headrace.contracts.conventions.day_count import DayCount, year_fraction

sys.path.insert(0, str(Path(__file__).parents[3] / "benchmarks"))
from workloads import contracts as workload

START = date(2024, 1, 1)
PRINCIPAL = {"IED", "PR", "PI", "PP", "MD", "STD"}
LPR = Observed.of({"LPR": [(START + timedelta(days=30 * i), 0.03 + i * 1e-4) for i in range(120)]})


@st.composite
def loans(draw):
    """A PAM, LAM, NAM or ANN with whatever conventions."""
    kind = draw(st.sampled_from(["PAM", "LAM", "NAM", "ANN"]))
    starts = START + timedelta(days=draw(st.integers(1, 400)))
    cycle = draw(st.sampled_from(["P1ML0", "P1ML1", "P3ML1", "P2WL0", "P45DL1", "P1YL0"]))
    first = starts + timedelta(days=draw(st.integers(0, 60)))
    terms = {
        "contractType": kind, "contractID": "x", "statusDate": START, "currency": "CNY",
        "contractRole": draw(st.sampled_from(["RPA", "RPL"])), "initialExchangeDate": starts,
        "maturityDate": starts + timedelta(days=draw(st.integers(120, 1500))),
        "notionalPrincipal": draw(st.integers(1, 10**9)) / 100,
        "nominalInterestRate": draw(st.integers(0, 2000)) / 10_000,
        "dayCountConvention": draw(st.sampled_from(DayCount)).value,
        "businessDayConvention": draw(st.sampled_from(["NOS", "SCF", "CSMF", "SCP", "CSMP"])),
        "calendar": draw(st.sampled_from(["NC", "MF"])),
        "endOfMonthConvention": draw(st.sampled_from(["SD", "EOM"])),
        "cycleAnchorDateOfInterestPayment": first, "cycleOfInterestPayment": cycle,
    }  # fmt: skip
    if kind != "PAM":
        terms |= {
            "cycleAnchorDateOfPrincipalRedemption": first,
            "cycleOfPrincipalRedemption": cycle,
        }
    if kind == "NAM" or (kind == "LAM" and draw(st.booleans())):
        part = draw(st.integers(1, 60))
        terms["nextPrincipalRedemptionPayment"] = terms["notionalPrincipal"] / part
    if draw(st.booleans()):
        terms |= {
            "cycleAnchorDateOfRateReset": first, "cycleOfRateReset": "P6ML1",
            "marketObjectCodeOfRateReset": "LPR", "rateSpread": 0.01,
        }  # fmt: skip
    return terms


@settings(max_examples=60)
@given(loans())
def test_what_is_lent_is_repaid(terms):
    events = contract_events(terms, LPR).to_pylist()
    principal = [each["payoff"] for each in events if each["type"] in PRINCIPAL]
    assert sum(principal) == pytest.approx(0, abs=1e-9 * terms["notionalPrincipal"])
    assert events[-1]["type"] == "MD"
    assert events[-1]["notional"] == 0
    assert [each["time"] for each in events] == sorted(each["time"] for each in events)


@settings(max_examples=50)
@given(loans(), st.integers(0, 1600))
def test_what_is_asked_for_does_not_change_what_is_paid(terms, days):
    """Up to a day, and all: the one begins the other."""
    until = START + timedelta(days=days)
    some = contract_events(terms, LPR, horizon=until).to_pylist()
    whole = contract_events(terms, LPR).to_pylist()
    assert some == whole[: len(some)]
    assert len(some) == len(whole) or whole[len(some)]["time"].date() > until - timedelta(days=7)


@settings(max_examples=40)
@given(loans())
def test_what_one_pays_the_other_receives(terms):
    mirrored = {**terms, "contractRole": "RPL" if terms["contractRole"] == "RPA" else "RPA"}
    one, other = (contract_events(each, LPR) for each in (terms, mirrored))
    for column in ("payoff", "notional", "accrued"):
        paid = one[column].to_numpy() + other[column].to_numpy()
        assert np.abs(paid).max() <= 1e-9 * terms["notionalPrincipal"]
    assert one["type"].to_pylist() == other["type"].to_pylist()


@settings(max_examples=30)
@given(loans(), st.sampled_from([0.5, 2.0, 1024.0]))
def test_twice_the_loan_pays_twice(terms, factor):
    larger = dict(terms, notionalPrincipal=factor * terms["notionalPrincipal"])
    if "nextPrincipalRedemptionPayment" in terms:
        larger["nextPrincipalRedemptionPayment"] *= factor
    one, other = (contract_events(each, LPR)["payoff"].to_numpy() for each in (terms, larger))
    assert np.array_equal(factor * one, other)


@settings(max_examples=30)
@given(loans().filter(lambda each: each["contractType"] == "PAM"))
def test_interest_of_a_bullet_is_that_of_its_days(terms):
    """Where days are counted, not months; a fixed rate; every day once."""
    for name in ("cycleAnchorDateOfRateReset", "cycleOfRateReset"):
        terms.pop(name, None)
    terms |= {"dayCountConvention": "A360", "businessDayConvention": "CSMF"}
    events = contract_events(terms).to_pylist()
    interest = sum(each["payoff"] for each in events if each["type"] == "IP")
    ends = terms["initialExchangeDate"], terms["maturityDate"]
    days = year_fraction(DayCount.ACTUAL_360, *ends)
    wanted = abs(terms["notionalPrincipal"]) * terms["nominalInterestRate"] * days
    assert abs(interest) == pytest.approx(wanted, rel=1e-9, abs=1e-9)


@settings(max_examples=25)
@given(st.lists(loans(), min_size=1, max_size=8), st.randoms(use_true_random=False))
def test_a_batch_gives_what_each_gives_alone_in_any_order(contracts, shuffler):
    for at, each in enumerate(contracts):
        each["contractID"] = f"c{at}"
    order = list(range(len(contracts)))
    shuffler.shuffle(order)
    batch = cash_flows([contracts[at] for at in order], LPR).events
    assert batch.schema.equals(SCHEMA)
    for place, at in enumerate(order):
        alone = contract_events(contracts[at], LPR).drop_columns("contract")
        rows = batch.filter(pa.compute.equal(batch["contract"], place)).drop_columns("contract")
        assert rows.to_pylist() == alone.to_pylist()


@pytest.fixture(scope="module")
def mixed():
    """A mixed book of all types, as mappings and as a table."""
    book = workload.book(600)
    return book, Observed.of(workload.market(), workload.happenings(book))


def test_a_table_gives_what_mappings_give(mixed):
    book, observed = mixed
    assert {each["contractType"] for each in book} >= {"PAM", "LAX", "UMP", "SWAPS", "CEG"}
    of_records = cash_flows(book, observed, horizon=workload.HORIZON)
    of_table = cash_flows(workload.columns(book), observed, horizon=workload.HORIZON)
    assert of_records.refusals == of_table.refusals == []
    assert of_records.events.equals(of_table.events)
    whose = of_table.events["contract"].to_numpy()
    assert np.array_equal(np.unique(whose), np.arange(len(book))[np.isin(range(len(book)), whose)])


def test_columns_of_other_types_say_the_same(mixed):
    book, observed = mixed
    plain = [each for each in book if each["contractType"] in {"PAM", "ANN", "LAM"}][:50]
    table = workload.columns(plain)
    encoded = [
        column.cast(pa.timestamp("us")) if pa.types.is_date(column.type)
        else column.dictionary_encode() if pa.types.is_string(column.type)
        else column
        for column in table.columns
    ]  # fmt: skip
    other = pa.table(dict(zip(table.column_names, encoded, strict=True)))
    wanted = cash_flows(table, observed).events
    assert cash_flows(other, observed).events.equals(wanted)
    texts = [{name: str(value) for name, value in each.items()} for each in plain]
    assert cash_flows(texts, observed).events.equals(wanted)
    parts = pa.concat_tables([table.slice(0, 20), table.slice(20)])
    assert cash_flows(parts, observed).events.equals(wanted)


def test_chunks_do_not_show(mixed, monkeypatch):
    """More contracts than are walked through at once."""
    book, observed = mixed
    whole = cash_flows(book, observed, horizon=workload.HORIZON).events
    monkeypatch.setattr("headrace.contracts.actus.engine.CHUNK", 37)
    assert cash_flows(book, observed, horizon=workload.HORIZON).events.equals(whole)


JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(),
    st.text(max_size=8),
    st.dates(date(1900, 1, 1), date(2200, 1, 1)),
    st.sampled_from(["RPA", "PAM", "P1ML0", "P0D", "2024-02-30", "NC", "A365", "EOM", "-1"]),
    st.lists(st.integers(-3, 3), max_size=3),
    st.dictionaries(st.text(max_size=3), st.integers(), max_size=2),
)


@settings(max_examples=150)
@given(
    st.sampled_from(workload.book(400)),
    st.dictionaries(st.sampled_from([*TERMS, "nonsense"]), JUNK, min_size=1, max_size=3),
)
def test_junk_is_refused_or_evaluated_and_never_stops_the_rest(contract, junk):
    """Whatever a contract says, it is answered for, and its neighbours are."""
    sound = {**workload.book(1)[0], "contractType": "CSH", "contractID": "sound"}
    market = Observed.of(workload.market(), [("sound", date(2025, 1, 1), "AD", 0)])
    found = cash_flows([sound, contract | junk, sound], market, horizon=date(2030, 1, 1))
    assert {each.row for each in found.refusals} <= {1}
    whose = found.events["contract"].to_numpy()
    assert {0, 2} <= set(whose.tolist())
    for column in ("payoff", "notional", "accrued"):
        values = found.events[column].drop_null().to_numpy()
        assert np.isfinite(values).all()
    for refusal in found.refusals:
        assert refusal.problem
        assert refusal.remedy


def test_an_empty_book_has_no_events():
    found = cash_flows([])
    assert found.events.num_rows == 0
    assert found.events.schema.equals(SCHEMA)
    assert found.refusals == []
