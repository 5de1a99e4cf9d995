"""The official test vectors of the ACTUS Financial Research Foundation, all 276.

The vectors are not in the repository: their licence is CC BY-SA 4.0. What they print is mostly a
double; some values were cut rather than rounded, after the tenth decimal (466.0272972602 for
466.02739726027...) or after the fifteenth digit. A value agrees where it is the printed double, or
differs by less than one unit of the tenth decimal, or, of a number printed with fifteen digits and
fewer decimals, by less than one unit of its last digit. One amount is printed without its decimals.
"""

import gzip
import json
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from headrace.contracts.actus.engine import cash_flows, contract_events
from headrace.contracts.actus.observed import Observed
from headrace.contracts.actus.terms import parse_time, time_of

VECTORS = Path(__file__).parents[4] / "shared" / "data" / "actus_tests"
CASES = {
    "pam": 25, "lam": 31, "lax": 18, "nam": 22, "ann": 31, "clm": 15, "ump": 9, "csh": 4,
    "stk": 10, "com": 4, "fxout": 12, "swppv": 14, "swaps": 11, "capfl": 4, "optns": 23,
    "futur": 14, "cec": 15, "ceg": 14,
}  # fmt: skip
FIELDS = {
    "payoff": "payoff",
    "notionalPrincipal": "notional",
    "nominalInterestRate": "rate",
    "accruedInterest": "accrued",
    "exerciseAmount": "exercise_amount",
}
CUT_TO_WHOLE = {("guarantee14", "STD", "payoff")}
"""Printed as 3508695: 3,500,000 and 80 days of a fee of 10,000 for 92 days, 8,695.652..."""
UNIT = Decimal("1e-10")


def load(kind):
    path = VECTORS / f"actus-tests-{kind}.json.gz"
    return json.loads(gzip.decompress(path.read_bytes())) if path.exists() else {}


ALL = {name: case for kind in CASES for name, case in load(kind).items()}
needs_vectors = pytest.mark.skipif(not ALL, reason="needs ../shared/data/actus_tests")


def observed(case):
    """What a vector tells of the market and of the contract, as we read it."""
    market = {
        code: [(each["timestamp"], each["value"]) for each in series["data"]]
        for code, series in case.get("dataObserved", {}).items()
    }
    own = case["terms"]["contractID"]
    happened = [
        (each.get("contractId", own), each["time"], each["type"],
         each["states"]["contractPerformance"] if "states" in each else each["value"])
        for each in case.get("eventsObserved", [])
    ]  # fmt: skip
    return Observed.of(market, happened)


def horizon(case):
    return time_of(parse_time(case["to"])) if case.get("to") else None


def printed(value):
    """The number a vector prints, and the unit to which it tells it."""
    text = str(value).strip()
    digits = text.lstrip("-").replace(".", "").lstrip("0")
    decimals = len(text.partition(".")[2])
    shortened = len(digits) >= 15 and decimals < 10
    return Decimal(text), Decimal(1).scaleb(-decimals) if shortened else UNIT


def agrees(ours, theirs):
    number, unit = printed(theirs)
    return ours == float(number) or abs(Decimal(ours) - number) < unit


def differences(name, case):
    """What is not as the vector has it, in words."""
    events = contract_events(case["terms"], observed(case), horizon=horizon(case)).to_pylist()
    wanted = case["results"]
    found = [(each["time"], each["type"], each["currency"]) for each in events]
    dated = [
        (time_of(parse_time(each["eventDate"])), each["eventType"], each["currency"])
        for each in wanted
    ]
    if found != dated:
        return [f"{found} are not {dated}"]
    wrong = []
    for ours, theirs in zip(events, wanted, strict=True):
        for field, column in FIELDS.items():
            if field not in theirs:
                continue
            value = ours[column]
            if (name, ours["type"], field) in CUT_TO_WHOLE:
                value = float(int(value))
            if value is None or not agrees(value, theirs[field]):
                wrong.append(f"{ours['time']} {ours['type']} {field}: {value}, {theirs[field]}")
        if "exerciseAmount" in theirs:
            when = theirs.get("exerciseDate")
            if ours["exercise_time"] != (time_of(parse_time(when)) if when else None):
                wrong.append(f"{ours['time']} {ours['type']} exercised {ours['exercise_time']}")
    return wrong


@needs_vectors
@pytest.mark.parametrize(("name", "case"), ALL.items(), ids=list(ALL))
def test_an_official_vector_is_reproduced(name, case):
    assert differences(name, case) == []


@needs_vectors
def test_all_vectors_are_there():
    assert Counter(case["terms"]["contractType"].lower() for case in ALL.values()) == CASES
    assert len(ALL) == 276
    assert sum(len(case["results"]) for case in ALL.values()) == 4241


@needs_vectors
def test_many_contracts_at_once_give_what_each_gives_alone():
    """Those without observations, in one table of events, in any order."""
    plain = [
        case
        for case in ALL.values()
        if "dataObserved" not in case and not case.get("eventsObserved")
    ]
    terms = [case["terms"] for case in plain]
    alone = [contract_events(each, horizon=time_of(parse_time("2040-01-01"))) for each in terms]
    for order in (range(len(terms)), range(len(terms) - 1, -1, -1)):
        batch = cash_flows([terms[at] for at in order], horizon=time_of(parse_time("2040-01-01")))
        assert batch.refusals == []
        rows = batch.events.to_pylist()
        wanted = [
            {**row, "contract": place}
            for place, at in enumerate(order)
            for row in alone[at].to_pylist()
        ]
        assert rows == wanted


@needs_vectors
def test_how_strictly_the_vectors_agree():
    """Rounded half up to ten decimals, most values are the same; the rest were cut in print."""
    same = total = 0
    for case in ALL.values():
        events = contract_events(case["terms"], observed(case), horizon=horizon(case)).to_pylist()
        for ours, theirs in zip(events, case["results"], strict=True):
            for field, column in FIELDS.items():
                if field in theirs:
                    number = Decimal(str(theirs[field]).strip())
                    pair = (Decimal(repr(ours[column])), number)
                    one, other = (each.quantize(UNIT, ROUND_HALF_UP) for each in pair)
                    same += one == other
                    total += 1
    assert total > 16_000
    assert same / total > 0.91
