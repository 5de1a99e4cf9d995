"""The engine and its slow twin, written apart from each other, give the same events.

The twin is checked against the official vectors first: 276 contracts.
"""
# ruff: noqa: DTZ001 -- ACTUS has no time zones

from datetime import datetime
from math import isclose

import actus_reference as twin
import pytest
import test_actus_vectors as vectors
from actus_reference_base import World, time_of
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from headrace.contracts.actus.engine import cash_flows, contract_events
from headrace.contracts.actus.observed import Observed
from strategies_actus import CLOSED, HOLIDAYS, MARKET, books, loans


def world_of(case):
    """What a vector tells of the market and of the contract, as the twin reads it."""
    market = {
        code: [(time_of(each["timestamp"]), float(each["value"])) for each in series["data"]]
        for code, series in case.get("dataObserved", {}).items()
    }
    own = case["terms"]["contractID"]
    happened = [
        (each.get("contractId", own), time_of(each["time"]), each["type"],
         each["states"]["contractPerformance"] if "states" in each else each["value"])
        for each in case.get("eventsObserved", [])
    ]  # fmt: skip
    end = time_of(case["to"]) if case.get("to") else None
    return World(market, happened, {}, end)


@vectors.needs_vectors
@pytest.mark.parametrize(("name", "case"), vectors.ALL.items(), ids=list(vectors.ALL))
def test_the_twin_reproduces_an_official_vector(name, case):
    events = twin.events_of(case["terms"], world_of(case))
    wanted = case["results"]
    assert [(each.time, each.type, each.currency) for each in events] == [
        (time_of(each["eventDate"]), each["eventType"], each["currency"]) for each in wanted
    ]
    for ours, theirs in zip(events, wanted, strict=True):
        for field, attribute in vectors.FIELDS.items():
            if field in theirs:
                value = getattr(ours, attribute)
                if (name, ours.type, field) in vectors.CUT_TO_WHOLE:
                    value = float(int(value))
                assert vectors.agrees(value, theirs[field]), (ours, theirs)
        if "exerciseAmount" in theirs:
            when = theirs.get("exerciseDate")
            assert ours.exercise_time == (time_of(when) if when else None)


def same(ours, theirs, scale):
    """Whether two events are the same but for the rounding of floats."""
    if (ours["time"], ours["type"], ours["currency"]) != (
        theirs.time,
        theirs.type,
        theirs.currency,
    ):
        return False
    pairs = [(ours["payoff"], theirs.payoff), (ours["notional"], theirs.notional),
             (ours["rate"], theirs.rate), (ours["accrued"], theirs.accrued)]  # fmt: skip
    return all(isclose(a, b, rel_tol=1e-9, abs_tol=1e-12 * scale) for a, b in pairs)


def first_difference(terms, ours, theirs):
    """The first event that is not the same, in words; empty where all are."""
    ours = [each for each in ours if each["type"] != "AD" or each["notional"]]
    theirs = [each for each in theirs if each.type != "AD" or each.notional]
    scale = terms["notionalPrincipal"]
    for a, b in zip(ours, theirs, strict=False):
        if not same(a, b, scale):
            return f"engine {a}\ntwin   {b}\n{terms}"
    more = [*ours[len(theirs) :], *theirs[len(ours) :]]
    return f"only one has {more[0]}\n{terms}" if more else ""


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(books())
def test_the_engine_and_the_twin_give_the_same_events(book):
    several, end = book
    happened = [each for _, events in several for each in events]
    seen = Observed.of(MARKET, happened)
    found = cash_flows([terms for terms, _ in several], seen, horizon=end, calendars=[HOLIDAYS])
    refused = {each.row for each in found.refusals}
    assume(len(refused) < len(several))
    rows = found.events.to_pylist()
    for row, (terms, events) in enumerate(several):
        if row in refused:
            continue
        ours = [each for each in rows if each["contract"] == row]
        theirs = twin.events_of(terms, World(MARKET, events, CLOSED, end))
        assert first_difference(terms, ours, theirs) == ""
        alone = contract_events(terms, seen, horizon=end, calendars=[HOLIDAYS]).to_pylist()
        assert [{**each, "contract": row} for each in alone] == ours


OWN = ("contractRole", "purchaseDate", "terminationDate", "prepaymentEffect", "settlementCurrency")


@st.composite
def children(draw, name):
    """A loan as a part of another contract."""
    terms, _ = draw(loans(name, ("PAM", "LAM")))
    return {term: value for term, value in terms.items() if term not in OWN}


@st.composite
def swaps(draw):
    """A swap of two loans, or a cap and floor on one."""
    kind = draw(st.sampled_from(["SWAPS", "CAPFL"]))
    one, two = draw(children("one")), draw(children("two"))
    status = min(one["statusDate"], two["statusDate"])
    terms = {"contractType": kind, "contractID": "S", "statusDate": status, "currency": "CNY"}
    if kind == "SWAPS":
        legs = [("FIL", one), ("SEL", two)]
        terms |= {"contractRole": draw(st.sampled_from(["RFL", "PFL"])), "deliverySettlement": "D"}
    else:
        legs = [("UDL", {name: one[name] for name in one if name not in {"lifeCap", "lifeFloor"}})]
        terms |= {"contractRole": draw(st.sampled_from(["BUY", "SEL"]))}
        terms |= {"lifeCap": 0.05, "lifeFloor": 0.02}
    structure = [
        {"object": {**leg, "statusDate": status}, "referenceType": "CNT", "referenceRole": role}
        for role, leg in legs
    ]
    return {**terms, "contractStructure": structure}


@settings(max_examples=50, suppress_health_check=list(HealthCheck))
@given(swaps())
def test_swaps_and_caps_on_random_loans_are_the_same(terms):
    end = datetime(2021, 6, 1)
    found = cash_flows([terms], Observed.of(MARKET), horizon=end, calendars=[HOLIDAYS])
    assume(not found.refusals)
    ours = found.events.to_pylist()
    theirs = twin.events_of(terms, World(MARKET, [], CLOSED, end))
    scale = {**terms, "notionalPrincipal": 1e6}
    assert first_difference(scale, ours, theirs) == ""


LAM = {
    "contractType": "LAM", "contractID": "L", "contractRole": "RPA", "statusDate": "2023-12-31",
    "currency": "CNY", "initialExchangeDate": "2024-01-02", "notionalPrincipal": 3_000.0,
    "nominalInterestRate": 0.12, "dayCountConvention": "A360", "calendar": "MF",
    "cycleAnchorDateOfPrincipalRedemption": "2024-01-30", "cycleOfPrincipalRedemption": "P1ML1",
    "cycleAnchorDateOfInterestPayment": "2024-01-30", "cycleOfInterestPayment": "P1ML1",
    "nextPrincipalRedemptionPayment": 1_000.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "last", "days"),
    [("CSF", "2024-04-01", 30), ("SCF", "2024-04-01", 32), ("CSP", "2024-03-29", 30)],
)
def test_a_maturity_that_is_derived_is_paid_on_a_business_day(rule, last, days):
    """Three redemptions: the last on Saturday 30 March 2024, a month after Thursday 29 February."""
    events = contract_events({**LAM, "businessDayConvention": rule}).to_pylist()
    told = [(str(each["time"])[:10], each["type"], each["payoff"]) for each in events[-4:]]
    assert told == [
        ("2024-02-29", "PR", 1_000.0),
        ("2024-02-29", "IP", pytest.approx(2_000 * 0.12 * 30 / 360)),
        (last, "IP", pytest.approx(1_000 * 0.12 * days / 360)),
        (last, "MD", 1_000.0),
    ]


def test_interest_paid_before_the_status_date_for_a_day_after_it_is_paid():
    """The interest of Sunday 31 March was paid on Friday 29; on Saturday the loan is taken over."""
    loan = {
        **LAM, "contractType": "PAM", "businessDayConvention": "SCP", "statusDate": "2024-03-30",
        "cycleAnchorDateOfInterestPayment": "2024-01-31", "maturityDate": "2024-06-28",
    }  # fmt: skip
    loan = {name: value for name, value in loan.items() if "PrincipalRed" not in name}
    first = contract_events(loan).to_pylist()[0]
    assert (str(first["time"])[:10], first["type"]) == ("2024-04-30", "IP")
    assert first["payoff"] == pytest.approx(3_000 * 0.12 * 32 / 360)


def test_instalments_that_only_pay_the_interest_are_refused():
    """Interest of two months of thirty days at 12 % is 2 % of the notional."""
    loan = {**LAM, "contractType": "NAM", "dayCountConvention": "30E360",
            "cycleOfPrincipalRedemption": "P2ML1"}  # fmt: skip
    for payment in (60.0, 59.0, 60.000_000_001):
        found = cash_flows([{**loan, "nextPrincipalRedemptionPayment": payment}, LAM])
        assert [each.problem for each in found.refusals] == ["never repays the loan"]
        assert set(found.events.column("contract").to_pylist()) == {1}
