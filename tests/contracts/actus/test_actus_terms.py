"""Reading terms: what is refused, in which words, and that the rest of a batch goes on."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from headrace.contracts.actus import engine, terms
from headrace.contracts.actus.book import Book
from headrace.contracts.actus.engine import cash_flows, contract_events
from headrace.contracts.actus.observed import Observed
from headrace.contracts.actus.terms import INFORMATIVE, TERMS, parse_time, time_of
from headrace.contracts.conventions.calendars import Calendar
from headrace.errors import InputError

PAM = {
    "contractType": "PAM", "contractID": "P", "contractRole": "RPA", "statusDate": "2023-12-31",
    "currency": "CNY", "initialExchangeDate": "2024-01-01", "maturityDate": "2024-07-01",
    "notionalPrincipal": 12_000, "nominalInterestRate": 0.06, "dayCountConvention": "30E360",
    "cycleAnchorDateOfInterestPayment": "2024-02-01", "cycleOfInterestPayment": "P1ML1",
}  # fmt: skip
LAM = {**PAM, "contractType": "LAM", "cycleOfPrincipalRedemption": "P1ML1"}
LAX = {
    **PAM, "contractType": "LAX", "cycleOfInterestPayment": None,
    "cycleAnchorDateOfInterestPayment": None,
    "arrayCycleAnchorDateOfInterestPayment": ["2024-02-01"], "arrayCycleOfInterestPayment": "P1ML1",
    "arrayCycleAnchorDateOfPrincipalRedemption": ["2024-02-01", "2024-04-01"],
    "arrayNextPrincipalRedemptionPayment": [1_000, 2_000], "arrayIncreaseDecrease": ["DEC", "DEC"],
}  # fmt: skip
GOLD = [{"object": {"marketObjectCode": "GOLD"}, "referenceType": "MOC", "referenceRole": "UDL"}]
OPTION = {
    "contractType": "OPTNS", "contractID": "O", "contractRole": "BUY", "currency": "CNY",
    "statusDate": "2023-12-31", "maturityDate": "2024-07-01", "optionType": "C",
    "optionStrike1": 80, "contractStructure": GOLD,
}  # fmt: skip


def without(contract, name):
    return {each: value for each, value in contract.items() if each != name}


REFUSED = [
    ({**PAM, "notionalPrincipal": "much"}, "notionalPrincipal", "much", "Give a number of 0 or"),
    ({**PAM, "notionalPrincipal": -5}, "notionalPrincipal", "-5", "Give a number of 0 or more"),
    ({**PAM, "notionalPrincipal": float("inf")}, "notionalPrincipal", "inf", "Give a number"),
    ({**PAM, "notionalPrincipal": True}, "notionalPrincipal", "True", "Give a number"),
    ({**PAM, "statusDate": "01/02/2024"}, "statusDate", "01/02/2024", "2024-01-31"),
    ({**PAM, "statusDate": datetime(2024, 1, 1, tzinfo=UTC)}, "statusDate", "+00:00", "a zone"),
    ({**PAM, "statusDate": 20240101}, "statusDate", "20240101", "a date"),
    ({**PAM, "cycleOfInterestPayment": "monthly"}, "cycleOfInterestPayment", "monthly", "P1ML0"),
    ({**PAM, "cycleOfInterestPayment": "P0M"}, "cycleOfInterestPayment", "", "Give a day or more"),
    ({**PAM, "contractRole": "LENDER"}, "contractRole", "LENDER", "RPA, LG"),
    ({**PAM, "contractType": "LOAN"}, "contractType", "LOAN", "PAM, LAM"),
    ({**PAM, "calendar": "XX"}, "calendar", "XX", "One of NC, MF"),
    ({**PAM, "calendar": 7}, "calendar", "7", "Give a text"),
    ({**PAM, "interestRate": 0.05}, "interestRate", "0.05", "Take it out"),
    ({**PAM, "contractStructure": "leg"}, "contractStructure", "leg", "a list of"),
    (without(PAM, "currency"), "currency", "", "Give a text"),
    (without(PAM, "maturityDate"), "maturityDate", "", "Give a date"),
    (without(PAM, "dayCountConvention"), "dayCountConvention", "", "One of AA, A360"),
    ({**PAM, "maturityDate": "2024-01-01"}, "maturityDate", "2024-01-01", "Mature after"),
    ({**PAM, "purchaseDate": "2024-02-05"}, "priceAtPurchaseDate", "", "Give a number"),
    ({**PAM, "purchaseDate": "2024-05-05", "priceAtPurchaseDate": 1,
      "terminationDate": "2024-03-01", "priceAtTerminationDate": 1}, "terminationDate",
     "2024-03-01", "Terminate later"),
    ({**PAM, "cycleOfRateReset": "P1ML1"}, "marketObjectCodeOfRateReset", "", "Name the rate"),
    ({**PAM, "scalingEffect": "I00"}, "marketObjectCodeOfScalingIndex", "", "Give it"),
    ({**PAM, "feeRate": 1}, "feeBasis", "", "A or N"),
    ({**PAM, "nominalInterestRate": 1e308}, "nominalInterestRate", "", "0.0435 for 4.35 %"),
    ({**PAM, "contractType": "FXOUT", "currency2": "USD", "notionalPrincipal2": 1e308,
      "deliverySettlement": "S"}, "currency2", "USD", "Observe it"),
    ({**PAM, "lifeFloor": 0.05, "lifeCap": 0.04}, "lifeFloor", "0.05", "below the cap"),
    ({**PAM, "cyclePointOfInterestPayment": "B"}, "cyclePointOfInterestPayment", "B", "Only E"),
    ({**PAM, "cycleOfInterestPayment": "P1D", "maturityDate": "3024-01-01"}, "maturityDate", "",
     "longer cycle"),
    (without(LAM, "maturityDate"), "maturityDate", "", "nextPrincipalRedemptionPayment"),
    ({**LAM, "interestCalculationBase": "NTL"}, "cycleAnchorDateOfInterestCalculationBase", "",
     "Give it"),
    ({**without(LAM, "maturityDate"), "contractType": "NAM", "nextPrincipalRedemptionPayment": 40},
     "nextPrincipalRedemptionPayment", "40.0", "Pay more"),
    ({**PAM, "contractType": "CLM", "maturityDate": None}, "maturityDate", "", "up to a horizon"),
    ({**LAX, "arrayIncreaseDecrease": ["DEC"]}, "arrayIncreaseDecrease", "", "one for each"),
    ({**LAX, "arrayCycleOfPrincipalRedemption": ["P1ML1"] * 3}, "arrayCycleOfPrincipalRedemption",
     "", "one for each"),
    ({**LAX, "arrayCycleAnchorDateOfPrincipalRedemption": ["2024-04-01", "2024-02-01"]},
     "arrayCycleAnchorDateOfPrincipalRedemption", "", "in order"),
    ({**LAX, "arrayNextPrincipalRedemptionPayment": [1_000, "x"]},
     "arrayNextPrincipalRedemptionPayment", "x", "Give a number"),
    ({**OPTION, "contractStructure": []}, "contractStructure", "[]", "Name it"),
    (OPTION, "contractStructure", "GOLD", "Observe it"),
    ({**OPTION, "contractType": "CAPFL", "lifeCap": 0.1}, "contractStructure", "GOLD",
     "Give one of PAM, LAM"),
    ({**OPTION, "contractType": "SWAPS"}, "contractStructure", "GOLD", "FIL"),
    ({**OPTION, "contractType": "STK", "cycleOfDividend": "P1YL1"}, "cycleOfDividend", "",
     "up to a horizon"),
    ({**OPTION, "contractType": "CEG", "contractStructure": [], "maturityDate": None},
     "maturityDate", "", "the covered contracts"),
]  # fmt: skip


@pytest.mark.parametrize(("contract", "term", "value", "remedy"), REFUSED)
def test_a_wrong_contract_is_refused_and_the_others_are_not(contract, term, value, remedy):
    found = cash_flows([PAM, contract, {**PAM, "contractID": "Q"}])
    assert [each.row for each in found.refusals] == [1]
    refusal = found.refusals[0]
    assert refusal.contract == contract["contractID"]
    assert refusal.term == term
    assert value in refusal.value
    assert remedy in refusal.remedy
    assert set(found.events["contract"].to_pylist()) == {0, 2}
    with pytest.raises(InputError, match=re.escape(term)):
        contract_events(contract)


def test_a_table_refuses_the_same_rows():
    table = pa.table(
        {
            name: [value, value, value]
            for name, value in PAM.items()
            if name not in {"notionalPrincipal", "contractRole", "contractID"}
        }
        | {
            "notionalPrincipal": [1_000.0, -1.0, 500.0],
            "contractRole": ["RPA", "RPA", "LENDER"],
            "contractID": ["a", "b", "c"],
            "extra": [None, None, None],
        }
    )
    found = cash_flows(table)
    told = [(each.contract, each.term, each.value) for each in found.refusals]
    assert told == [("b", "notionalPrincipal", "-1.0"), ("c", "contractRole", "LENDER")]
    assert set(found.events["contract"].to_pylist()) == {0}
    zoned = table.set_column(
        table.column_names.index("statusDate"),
        "statusDate",
        pa.array([datetime(2023, 12, 31, tzinfo=UTC)] * 3),
    )
    assert {each.term for each in cash_flows(zoned).refusals} == {"statusDate"}


def test_what_was_not_observed_is_refused_by_name():
    loan = {**PAM, "cycleOfRateReset": "P1ML1", "marketObjectCodeOfRateReset": "LPR"}
    late = Observed.of({"LPR": [("2024-06-01", 0.03)]})
    found = cash_flows([loan], late).refusals[0]
    assert (found.term, found.value) == ("marketObjectCodeOfRateReset", "LPR")
    assert "no value at or before" in found.problem
    settled = {**PAM, "settlementCurrency": "USD"}
    assert "CNY/USD" in cash_flows([settled]).refusals[0].problem


def test_a_prepayment_needs_the_right_to_prepay():
    happened = Observed.of(happened=[("P", "2024-03-01", "PP", 100)])
    assert cash_flows([PAM], happened).refusals[0].term == "prepaymentEffect"
    later = {**PAM, "prepaymentEffect": "A", "cycleAnchorDateOfOptionality": "2024-04-01"}
    assert cash_flows([later], happened).refusals[0].term == "cycleAnchorDateOfOptionality"
    ended = {**PAM, "prepaymentEffect": "A", "optionExerciseEndDate": "2024-02-01"}
    assert cash_flows([ended], happened).refusals[0].problem == "a prepayment is outside"
    negative = Observed.of(happened=[("P", "2024-03-01", "PP", -100)])
    found = cash_flows([{**PAM, "prepaymentEffect": "A"}], negative).refusals[0]
    assert found.problem == "PP of -100.0"


@pytest.mark.parametrize(
    ("kind", "happening", "term"),
    [
        ("PAM", "PR", "contractType"),
        ("LAM", "XD", "contractType"),
        ("CLM", "PI", "contractType"),
        ("CLM", "XD", "maturityDate"),
    ],
)
def test_what_cannot_happen_to_a_type_is_refused(kind, happening, term):
    happened = Observed.of(happened=[("P", "2024-03-01", happening, 1)])
    refusal = cash_flows([{**LAM, "contractType": kind}], happened).refusals[0]
    assert refusal.term == term
    assert refusal.remedy


@pytest.mark.parametrize(
    ("market", "happened", "message"),
    [
        ({"LPR": [("2024-01-01", "low")]}, [], "a value of LPR cannot be read"),
        ({"LPR": [("soon", 0.03)]}, [], "a value of LPR cannot be read"),
        ({}, [("P", "2024-01-01", "XX", 1)], "'XX' is not observed"),
        ({}, [("P", "soon", "PP", 1)], "PP 1 at 'soon' cannot be read"),
    ],
)
def test_observations_that_cannot_be_read_are_errors(market, happened, message):
    with pytest.raises(InputError, match=message):
        Observed.of(market, happened)


def test_a_calendar_is_not_asked_for_years_it_does_not_know():
    known = Calendar("CN", weekend=frozenset({5, 6}), known=(date(2023, 1, 1), date(2024, 6, 30)))
    loan = {**PAM, "calendar": "CN", "businessDayConvention": "SCF"}
    found = cash_flows([loan, PAM], calendars=[known])
    assert [each.term for each in found.refusals] == ["calendar"]
    assert "knows 2023-01-01 to 2024-06-30, not 2024-07-01" in found.refusals[0].problem
    assert set(found.events["contract"].to_pylist()) == {1}
    # As far as it knows it is asked; where nothing moves it is not asked at all.
    some = contract_events(loan, horizon=date(2024, 6, 30), calendars=[known])
    assert some.num_rows == contract_events(PAM, horizon=date(2024, 6, 30)).num_rows
    plain = contract_events({**loan, "businessDayConvention": "NOS"}, calendars=[known])
    assert plain.equals(contract_events(PAM))


NAIVE = datetime.fromisoformat("2024-01-31T23:59:59")


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2024-01-31", "2024-01-31 00:00:00"),
        (" 2024-01-31T12:30 ", "2024-01-31 12:30:00"),
        ("2024-01-31T24:00:00", "2024-02-01 00:00:00"),
        (date(2024, 1, 31), "2024-01-31 00:00:00"),
        (NAIVE, "2024-01-31 23:59:59"),
        ("1969-12-31T23:59:59", "1969-12-31 23:59:59"),
    ],
)
def test_times_are_read(written, time):
    assert str(time_of(parse_time(written))) == time


def test_a_second_before_midnight_is_midnight_for_interest():
    """Technical specification 1.1, section 2.10."""
    loan = {**PAM, "maturityDate": "2024-06-30T23:59:59", "dayCountConvention": "A360"}
    interest = [each for each in contract_events(loan).to_pylist() if each["type"] == "IP"]
    assert interest[-1]["payoff"] == pytest.approx(12_000 * 0.06 * 30 / 360)
    assert str(interest[-1]["time"]) == "2024-06-30 23:59:59"


def test_terms_may_be_spelt_as_the_official_tests_spell_them():
    spelt = {
        **without(PAM, "contractID"), "contractIdentifier": "P", "calendar": "NOCALENDAR",
        "fixingDays": "P2D", "notionalPrincipal": "  12000", "scalingEffect": "OOO",
    }  # fmt: skip
    assert contract_events(spelt).equals(contract_events(PAM))


def test_every_term_does_something_or_is_said_to_do_nothing():
    """A parameter that a calculation ignores is a trap."""
    folder = Path(engine.__file__).parent
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in folder.glob("*.py")
        if path != Path(terms.__file__)
    )
    prefixes = ("cycleAnchorDateOf", "cycleOf", "arrayCycleAnchorDateOf", "arrayCycleOf", "")
    idle = {
        name
        for name in TERMS
        if not any(
            name.startswith(begin) and f'"{name.removeprefix(begin)}"' in source
            for begin in prefixes
        )
    }
    assert idle == INFORMATIVE


def test_a_book_is_taken_apart_without_loss():
    contracts = [{**PAM, "contractID": "a"}, LAX, {**PAM, "contractID": "b", "calendar": "MF"}]
    book = Book.read(contracts)
    some = book.take(np.array([2, 1]))
    assert some.record(0) == book.record(2)
    assert some.record(0)["calendar"] == "MF"
    assert some.record(0)["cycleOfInterestPayment"] == (1, 0, 0)
    kept = some.lists("arrayNextPrincipalRedemptionPayment")
    assert kept.count().tolist() == [0, 2]
    assert kept.values.tolist() == [1_000.0, 2_000.0]
    assert book.named({"b", "x"}) == [2]
