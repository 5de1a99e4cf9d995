"""The engine and its slow twin, written apart from each other, give the same events.

The twin is checked against the official vectors first: 276 contracts.
"""

from math import isclose

import actus_reference as twin
import pytest
import test_actus_vectors as vectors
from actus_reference_base import World, time_of
from hypothesis import HealthCheck, assume, given, settings

from headrace.contracts.actus.engine import cash_flows, contract_events
from headrace.contracts.actus.observed import Observed
from strategies_actus import CLOSED, HOLIDAYS, MARKET, books

SEEN = Observed.of(MARKET)


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
    loans, end = book
    happened = [each for _, events in loans for each in events]
    seen = Observed.of(MARKET, happened)
    found = cash_flows([terms for terms, _ in loans], seen, horizon=end, calendars=[HOLIDAYS])
    refused = {each.row for each in found.refusals}
    assume(len(refused) < len(loans))
    rows = found.events.to_pylist()
    for row, (terms, events) in enumerate(loans):
        if row in refused:
            continue
        ours = [each for each in rows if each["contract"] == row]
        theirs = twin.events_of(terms, World(MARKET, events, CLOSED, end))
        assert first_difference(terms, ours, theirs) == ""
        alone = contract_events(terms, seen, horizon=end, calendars=[HOLIDAYS]).to_pylist()
        assert [{**each, "contract": row} for each in alone] == ours
