"""What the official vectors have none of: prepayment, penalties, fees, CSMP, real holidays.

The table is tests/data/contracts/actus_worked.csv: each figure is worked by hand, and says how.
"""

import csv
from datetime import date
from pathlib import Path

import pytest

from headrace.contracts.actus.engine import contract_events
from headrace.contracts.actus.observed import Observed
from headrace.contracts.conventions.calendars import Calendar

TABLE = Path(__file__).parents[2] / "data" / "contracts" / "actus_worked.csv"
ROWS = list(csv.DictReader(TABLE.open(encoding="utf-8")))
PAM = {
    "contractType": "PAM", "contractID": "P", "contractRole": "RPA", "statusDate": "2023-12-31",
    "currency": "CNY", "initialExchangeDate": "2024-01-01", "maturityDate": "2024-07-01",
    "notionalPrincipal": 12_000, "nominalInterestRate": 0.06, "dayCountConvention": "30E360",
    "cycleAnchorDateOfInterestPayment": "2024-02-01", "cycleOfInterestPayment": "P1ML1",
}  # fmt: skip
LAM = {
    **PAM, "contractType": "LAM", "notionalPrincipal": 6_000,
    "cycleAnchorDateOfPrincipalRedemption": "2024-02-01", "cycleOfPrincipalRedemption": "P1ML1",
    "nextPrincipalRedemptionPayment": 1_000,
}  # fmt: skip
FEES = {"cycleAnchorDateOfFee": "2024-04-01", "cycleOfFee": "P3ML1"}
AUTUMN = {**PAM, "statusDate": "2025-08-31", "initialExchangeDate": "2025-09-01",
          "businessDayConvention": "CSF", "calendar": "CN"}  # fmt: skip
CONTRACTS = {
    "prepaid PAM": {**PAM, "prepaymentEffect": "A", "penaltyType": "A", "penaltyRate": 100},
    "relative penalty": {**PAM, "prepaymentEffect": "A", "penaltyType": "R", "penaltyRate": 0.01},
    "penalty of the rate difference": {
        **PAM, "prepaymentEffect": "A", "penaltyType": "I", "marketObjectCodeOfRateReset": "LPR",
    },
    "lower redemptions": {**LAM, "prepaymentEffect": "A"},
    "earlier maturity": {**LAM, "prepaymentEffect": "M"},
    "fees of an amount": {**PAM, **FEES, "feeBasis": "A", "feeRate": 25},
    "fees on the notional": {
        **PAM, **FEES, "feeBasis": "N", "feeRate": 0.01, "prepaymentEffect": "A",
    },
    "calculated then shifted back": {**PAM, "businessDayConvention": "CSMP", "calendar": "MF"},
    "shifted then calculated": {**PAM, "businessDayConvention": "SCMP", "calendar": "MF"},
    "National Day": {
        **AUTUMN, "cycleAnchorDateOfInterestPayment": "2025-09-28", "maturityDate": "2025-11-04",
    },
    "off at National Day": {
        **AUTUMN, "cycleAnchorDateOfInterestPayment": "2025-10-01", "maturityDate": "2025-12-01",
    },
}  # fmt: skip
HAPPENED = [
    ("prepaid PAM", "2024-04-16", 3_000),
    ("relative penalty", "2024-04-16", 3_000),
    ("penalty of the rate difference", "2024-04-16", 3_000),
    ("lower redemptions", "2024-03-01", 2_000),
    ("earlier maturity", "2024-03-01", 2_000),
    ("fees on the notional", "2024-06-01", 3_000),
]
CHINA = Calendar(
    "CN",
    weekend=frozenset({5, 6}),
    holidays=frozenset(date(2025, 10, day) for day in range(1, 9)),
    workdays=frozenset({date(2025, 9, 28), date(2025, 10, 11)}),
    known=(date(2025, 1, 1), date(2025, 12, 31)),
)
OBSERVED = Observed.of(
    {"LPR": [(date(2024, 4, 1), 0.04)]},
    [(case, day, "PP", amount) for case, day, amount in HAPPENED],
)


def evaluated(terms):
    return contract_events(terms, OBSERVED, calendars=[CHINA]).to_pylist()


@pytest.mark.parametrize("case", CONTRACTS)
def test_events_are_as_worked_by_hand(case):
    wanted = [row for row in ROWS if row["case"] == case]
    found = evaluated({**CONTRACTS[case], "contractID": case})
    shown = [(str(each["time"])[:10], each["type"]) for each in found]
    assert shown == [(row["date"], row["type"]) for row in wanted]
    for ours, row in zip(found, wanted, strict=True):
        assert ours["payoff"] == pytest.approx(float(row["payoff"]), abs=1e-9), row
        assert ours["notional"] == pytest.approx(float(row["notional"]), abs=1e-9), row


def test_every_case_of_the_table_is_a_contract():
    assert {row["case"] for row in ROWS} == set(CONTRACTS)


ANN = {
    **PAM, "contractType": "ANN", "contractID": "ann", "maturityDate": "2025-01-01",
    "cycleAnchorDateOfPrincipalRedemption": "2024-02-01", "cycleOfPrincipalRedemption": "P1ML1",
}  # fmt: skip


def instalment(owed, payments, rate=0.06):
    """The level monthly payment of an annuity, by its closed formula."""
    return owed * rate / 12 / (1 - (1 + rate / 12) ** -payments)


def paid_by_day(events):
    """Principal and interest of each day together."""
    days = {}
    for each in events:
        if each["type"] in {"PR", "IP", "MD"}:
            days[each["time"]] = days.get(each["time"], 0.0) + each["payoff"]
    return list(days.values())


def test_an_annuity_pays_the_same_each_month():
    paid = paid_by_day(contract_events(ANN).to_pylist())
    assert paid == pytest.approx([instalment(12_000, 12)] * 12)


def test_an_annuity_whose_first_payment_moves_is_fixed_on_all_its_payments():
    """The first falls on Sunday 1 September: fixed the day before, paid the day after.

    Paid with interest to the days paid (SCF), the sum of what is paid is level all the same.
    """
    loan = {
        **ANN, "initialExchangeDate": "2024-08-01", "calendar": "MF", "statusDate": "2024-07-31",
        "cycleAnchorDateOfPrincipalRedemption": "2024-09-01", "dayCountConvention": "A365",
        "cycleAnchorDateOfInterestPayment": "2024-09-01", "maturityDate": "2025-08-01",
    }  # fmt: skip
    for rule in ("SCF", "SCP", "CSF", "CSP", "NOS"):
        paid = paid_by_day(contract_events({**loan, "businessDayConvention": rule}).to_pylist())
        assert len(paid) == 12
        assert paid == pytest.approx([paid[0]] * 12), rule


def test_an_annuity_that_is_prepaid_pays_less_each_month():
    happened = Observed.of(happened=[("ann", "2024-07-01", "PP", 3_000)])
    events = contract_events({**ANN, "prepaymentEffect": "A"}, happened).to_pylist()
    left = next(each["notional"] for each in events if each["type"] == "PP")
    paid = paid_by_day(events)
    assert paid[:6] == pytest.approx([instalment(12_000, 12)] * 6)
    assert paid[6:] == pytest.approx([instalment(left, 6)] * 6)


def test_an_annuity_that_is_prepaid_may_end_sooner_instead():
    happened = Observed.of(happened=[("ann", "2024-07-01", "PP", 3_000)])
    paid = paid_by_day(contract_events({**ANN, "prepaymentEffect": "M"}, happened).to_pylist())
    assert len(paid) == 10
    assert paid[:9] == pytest.approx([instalment(12_000, 12)] * 9)
    assert paid[9] < instalment(12_000, 12)


def test_a_loan_that_is_prepaid_whole_pays_its_interest_and_ends():
    happened = Observed.of(happened=[("P", "2024-04-16", "PP", 1e9)])
    events = contract_events({**PAM, "prepaymentEffect": "M"}, happened).to_pylist()
    assert [(str(each["time"])[:10], each["type"], each["payoff"]) for each in events[-2:]] == [
        ("2024-04-16", "PP", 12_000.0),
        ("2024-05-01", "IP", pytest.approx(30.0)),
    ]


def test_rates_keep_within_caps_and_floors():
    loan = {
        **PAM, "cycleAnchorDateOfRateReset": "2024-02-01", "cycleOfRateReset": "P1ML1",
        "marketObjectCodeOfRateReset": "R", "periodCap": 0.01, "periodFloor": 0.02,
        "lifeCap": 0.075, "lifeFloor": 0.04,
    }  # fmt: skip
    seen = [0.065, 0.10, 0.10, 0.02, 0.02]
    days = [f"2024-0{month}-01" for month in range(2, 7)]
    observed = Observed.of({"R": zip(days, seen, strict=True)})
    events = contract_events(loan, observed).to_pylist()
    rates = [each["rate"] for each in events if each["type"] == "RR"]
    assert rates == pytest.approx([0.065, 0.075, 0.075, 0.055, 0.04])


def test_a_payment_is_settled_in_another_currency():
    observed = Observed.of({"CNY/USD": [("2023-12-01", 0.14), ("2024-03-15", 0.15)]})
    events = contract_events({**PAM, "settlementCurrency": "USD"}, observed).to_pylist()
    assert [each["currency"] for each in events] == ["USD"] * len(events)
    paid = [each["payoff"] for each in events]
    assert paid == pytest.approx([-1680, 8.4, 8.4, 9, 9, 9, 9, 1800])


def test_a_deposit_is_drawn_and_repaid():
    """UMP: 10,000 at 3 % by 30E360; interest is added at the end of the half-year."""
    account = {
        **PAM, "contractType": "UMP", "contractID": "ump", "contractRole": "RPL",
        "notionalPrincipal": 10_000, "nominalInterestRate": 0.03,
        "cycleAnchorDateOfInterestPayment": "2024-07-01", "cycleOfInterestPayment": "P6ML1",
    }  # fmt: skip
    account.pop("maturityDate")
    happened = [("ump", "2024-02-01", "PI", 2_000), ("ump", "2024-04-01", "PR", 12_000)]
    observed = Observed.of(happened=happened)
    events = contract_events(account, observed, horizon=date(2024, 12, 1)).to_pylist()
    told = [(each["type"], each["payoff"], each["notional"]) for each in events]
    assert told == [
        ("IED", 10_000.0, -10_000.0),
        ("PI", 2_000.0, -12_000.0),
        ("PR", -12_000.0, 0.0),
        ("IPCI", 0.0, pytest.approx(-(25 + 60))),
    ]
    twice = Observed.of(happened=[("ump", "2024-02-01", "PI", 2_000)] * 2)
    drawn = contract_events(account, twice, horizon=date(2024, 3, 1)).to_pylist()
    assert [each["notional"] for each in drawn] == [-10_000.0, -12_000.0, -14_000.0]
