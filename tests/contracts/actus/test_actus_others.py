"""Contracts that run already, and types beside loans, where the official vectors say nothing."""

from datetime import date

import pytest

from headrace.contracts.actus.engine import cash_flows, contract_events
from headrace.contracts.actus.events import NAMES, WORDS
from headrace.contracts.actus.observed import Observed

LOAN = {
    "contractType": "PAM", "contractID": "loan", "contractRole": "RPA", "currency": "CNY",
    "statusDate": "2023-12-31", "initialExchangeDate": "2024-01-01", "maturityDate": "2025-01-01",
    "notionalPrincipal": 12_000, "nominalInterestRate": 0.06, "dayCountConvention": "30E360",
    "cycleAnchorDateOfInterestPayment": "2024-02-01", "cycleOfInterestPayment": "P1ML1",
}  # fmt: skip
REDEEMED = {
    "cycleAnchorDateOfPrincipalRedemption": "2024-02-01", "cycleOfPrincipalRedemption": "P1ML1",
}  # fmt: skip
BOUGHT = {"purchaseDate": "2024-01-02", "priceAtPurchaseDate": 10}
BUYER = {
    "contractID": "x", "contractRole": "BUY", "currency": "CNY", "statusDate": "2023-12-31",
}  # fmt: skip
PRICE = [{"object": {"marketObjectCode": "S"}, "referenceType": "MOC", "referenceRole": "UDL"}]


def told(contract, observed=None, **asked):
    events = contract_events(contract, observed or Observed(), **asked).to_pylist()
    return [(str(each["time"])[:10], each["type"], each["payoff"]) for each in events]


def part(contract, role):
    return {"object": contract, "referenceType": "CNT", "referenceRole": role}


def test_a_loan_that_runs_is_told_from_its_status_date_on():
    """Interest since the last payment, 1 June, is owed on 16 June, and paid on 1 July."""
    running = {**LOAN, "statusDate": "2024-06-16"}
    whole, rest = told(LOAN), told(running)
    assert [row[:2] for row in rest] == [row[:2] for row in whole[-len(rest) :]]
    assert [row[2] for row in rest] == pytest.approx([row[2] for row in whole[-len(rest) :]])
    assert rest[0] == ("2024-07-01", "IP", pytest.approx(60))
    given = told({**running, "accruedInterest": 7})
    assert given[0][2] == pytest.approx(7 + 30)
    owed = {**running, "contractRole": "RPL", "accruedInterest": 7}
    assert told(owed)[0][2] == pytest.approx(-37)


@pytest.mark.parametrize("kind", ["LAM", "NAM", "ANN"])
def test_a_maturity_is_derived_from_what_is_paid(kind):
    """5,000 at 500 a month: ten months; eleven where interest is paid out of the 500."""
    open_ended = {
        **LOAN, **REDEEMED, "contractType": kind, "notionalPrincipal": 5_000,
        "nextPrincipalRedemptionPayment": 500, "maturityDate": None,
    }  # fmt: skip
    last = told(open_ended)[-1]
    assert last[:2] == ("2024-11-01" if kind == "LAM" else "2024-12-01", "MD")
    running = {**open_ended, "statusDate": "2024-03-15", "notionalPrincipal": 4_000}
    assert told(running)[-1][0] == ("2024-11-01" if kind == "LAM" else "2024-12-01")


def test_an_annuity_that_runs_is_fixed_on_what_is_left():
    terms = {**LOAN, **REDEEMED, "contractType": "ANN"}
    events = contract_events(terms).to_pylist()
    left = [each["notional"] for each in events if str(each["time"])[:10] == "2024-06-01"][-1]
    running = {**terms, "statusDate": "2024-06-01", "notionalPrincipal": left}
    after = [row for row in told(terms) if row[0] > "2024-06-01"]
    found = told(running)
    assert [row[:2] for row in found] == [row[:2] for row in after]
    assert [row[2] for row in found] == pytest.approx([row[2] for row in after])


def test_the_redemptions_of_an_exotic_loan_say_when_it_ends():
    """1,000 drawn twice more, then 2,000 a quarter: 14,000 lasts seven quarters."""
    lax = {
        **LOAN, "contractType": "LAX", "maturityDate": None,
        "cycleAnchorDateOfInterestPayment": None, "cycleOfInterestPayment": None,
        "arrayCycleAnchorDateOfInterestPayment": "2024-03-01",
        "arrayCycleOfInterestPayment": "P3ML1",
        "arrayCycleAnchorDateOfPrincipalRedemption": ["2024-02-01", "2024-04-01"],
        "arrayCycleOfPrincipalRedemption": ["P1ML1", "P3ML1"],
        "arrayNextPrincipalRedemptionPayment": [1_000, 2_000],
        "arrayIncreaseDecrease": ["INC", "DEC"],
    }  # fmt: skip
    rows = told(lax)
    assert [row for row in rows if row[1] == "PI"] == [
        ("2024-02-01", "PI", -1_000.0),
        ("2024-03-01", "PI", -1_000.0),
    ]
    assert sum(row[1] == "PR" for row in rows) == 6
    assert rows[-1] == ("2025-10-01", "MD", 2_000.0)


def test_interest_without_a_schedule_is_paid_at_maturity():
    bullet = {**LOAN, "cycleAnchorDateOfInterestPayment": None, "cycleOfInterestPayment": None}
    assert told(bullet) == [
        ("2024-01-01", "IED", -12_000.0),
        ("2025-01-01", "IP", pytest.approx(720)),
        ("2025-01-01", "MD", 12_000.0),
    ]


def test_a_payment_at_a_maturity_that_is_a_holiday_stays_with_it():
    """1 June 2024 is a Saturday: the principal is due then, and so is the last interest."""
    loan = {**LOAN, "maturityDate": "2024-06-01", "businessDayConvention": "SCF", "calendar": "MF"}
    assert [row[:2] for row in told(loan)][-2:] == [("2024-06-01", "IP"), ("2024-06-01", "MD")]


def test_a_loan_is_looked_at_between_payments():
    seen = Observed.of(happened=[("loan", "2024-02-16", "AD", 0)])
    events = contract_events(LOAN, seen).to_pylist()
    looked = next(each for each in events if each["type"] == "AD")
    assert (looked["payoff"], looked["notional"]) == (0.0, 12_000.0)
    assert looked["accrued"] == pytest.approx(30)


def test_a_horizon_ends_what_is_told():
    assert told(LOAN, horizon=date(2024, 4, 1))[-1][0] == "2024-04-01"


SWAP = {
    **LOAN, "contractType": "SWPPV", "contractRole": "RFL", "nominalInterestRate": 0.05,
    "nominalInterestRate2": 0.04, "cycleOfRateReset": "P6ML1", "rateSpread": 0.01,
    "cycleAnchorDateOfRateReset": "2024-07-01", "marketObjectCodeOfRateReset": "R",
    "cycleAnchorDateOfInterestPayment": "2024-07-01", "cycleOfInterestPayment": "P6ML1",
}  # fmt: skip
RATE = Observed.of({"R": [("2024-01-01", 0.05)]})


def test_a_plain_swap_pays_its_legs_apart_or_together():
    apart = told({**SWAP, "deliverySettlement": "D"}, RATE)
    together = told({**SWAP, "deliverySettlement": "S"}, RATE)
    assert [row for row in apart if row[1].startswith("IP")] == [
        ("2024-07-01", "IPFX", pytest.approx(300)),
        ("2024-07-01", "IPFL", pytest.approx(-240)),
        ("2025-01-01", "IPFX", pytest.approx(300)),
        ("2025-01-01", "IPFL", pytest.approx(-360)),
    ]
    paid = [row[2] for row in together if row[1] == "IP"]
    assert paid == pytest.approx([60, -60])


def test_a_plain_swap_that_runs_pays_since_its_last_payment():
    running = told({**SWAP, "statusDate": "2024-08-01", "nominalInterestRate2": 0.06}, RATE)
    assert running[0] == ("2025-01-01", "IPFX", pytest.approx(300))
    assert running[1] == ("2025-01-01", "IPFL", pytest.approx(-360))


def test_a_swap_whose_leg_is_wrong_is_refused_alone():
    legs = [part(LOAN, "FIL"), part({**LOAN, "contractID": "bad", "maturityDate": None}, "SEL")]
    swap = {**BUYER, "contractType": "SWAPS", "contractRole": "RFL", "contractStructure": legs}
    found = cash_flows([swap, LOAN])
    assert [each.row for each in found.refusals] == [0]
    assert "holds bad whose maturityDate is missing" in found.refusals[0].problem
    assert set(found.events["contract"].to_pylist()) == {1}


def test_a_cap_that_is_bought_and_sold_again():
    floating = {
        **LOAN, "cycleAnchorDateOfRateReset": "2024-02-01", "cycleOfRateReset": "P1ML1",
        "marketObjectCodeOfRateReset": "R",
    }  # fmt: skip
    cap = {
        **BUYER, **BOUGHT, "contractType": "CAPFL", "contractStructure": [part(floating, "UDL")],
        "lifeCap": 0.03, "terminationDate": "2024-03-15", "priceAtTerminationDate": 4,
    }  # fmt: skip
    assert told(cap, RATE) == [
        ("2024-01-02", "PRD", -10.0),
        ("2024-02-01", "IP", 0.0),
        ("2024-03-01", "IP", pytest.approx(12_000 * (0.05 - 0.03) / 12)),
        ("2024-03-15", "TD", 4.0),
    ]


@pytest.mark.parametrize(
    ("terms", "price", "paid"),
    [
        ({"optionType": "C", "optionStrike1": 80}, 90, 10),
        ({"optionType": "C", "optionStrike1": 80}, 70, 0),
        ({"optionType": "P", "optionStrike1": 80}, 70, 10),
        ({"optionType": "CP", "optionStrike1": 80, "optionStrike2": 60}, 50, 10),
        ({"optionType": "CP", "optionStrike1": 80, "optionStrike2": 60}, 85, 5),
    ],
)
def test_what_options_bring(terms, price, paid):
    option = {
        **BUYER, **BOUGHT, **terms, "contractType": "OPTNS", "maturityDate": "2024-06-01",
        "contractStructure": PRICE, "settlementPeriod": "P2D",
    }  # fmt: skip
    seen = Observed.of({"S": [("2024-01-01", price)]})
    assert told(option, seen)[-1] == ("2024-06-03", "STD", float(paid))
    sold = told({**option, "contractRole": "SEL"}, seen)
    assert [row[2] for row in sold] == [10.0, 0.0, 0.0, -float(paid)]


def test_an_american_option_may_be_exercised_before_it_ends():
    option = {
        **BUYER, **BOUGHT, "contractType": "OPTNS", "maturityDate": "2024-06-01", "optionType": "C",
        "optionStrike1": 80, "contractStructure": PRICE, "optionExerciseType": "A",
    }  # fmt: skip
    seen = Observed.of(
        {"S": [("2024-01-01", 95), ("2024-05-01", 85)]}, [("x", "2024-03-01", "XD", 0)]
    )
    early = told(option, seen)
    assert early[1:] == [("2024-03-01", "XD", 0.0), ("2024-03-01", "STD", 15.0)]
    european = told({**option, "optionExerciseType": "E"}, seen)
    assert european[-1] == ("2024-06-01", "STD", 5.0)
    ended = {**option, "terminationDate": "2024-02-01", "priceAtTerminationDate": 12}
    assert told(ended, seen)[-1] == ("2024-02-01", "TD", 12.0)


def test_a_share_pays_the_dividend_that_is_known_and_then_those_observed():
    share = {
        **BUYER, **BOUGHT, "contractType": "STK", "contractID": "share", "cycleOfDividend": "P1YL1",
        "cycleAnchorDateOfDividend": "2024-06-01", "nextDividendPaymentAmount": 3,
    }  # fmt: skip
    seen = Observed.of({"share-DV": [("2025-06-01", 4)]})
    assert told(share, seen, horizon=date(2025, 12, 31)) == [
        ("2024-01-02", "PRD", -10.0),
        ("2024-06-01", "DV", 3.0),
        ("2025-06-01", "DV", 4.0),
    ]


DEFAULT = Observed.of({"V": [("2024-01-01", 900)]}, [("loan", "2024-06-16", "CE", "DF")])


@pytest.mark.parametrize(
    ("terms", "paid"),
    [
        ({"guaranteedExposure": "NO"}, 12_000),
        ({"guaranteedExposure": "NI"}, 12_000 + 30),
        ({"guaranteedExposure": "NO", "coverageOfCreditEnhancement": 0.8}, 9_600),
        ({"notionalPrincipal": 5_000}, 5_000),
        ({"guaranteedExposure": "MV"}, 900),
        ({"feeBasis": "N", "feeRate": 0.01, "cycleOfFee": "P6ML1", "dayCountConvention": "30E360",
          "cycleAnchorDateOfFee": "2024-01-02"}, 12_000 + 12_000 * 0.01 * 164 / 360),
    ],
)  # fmt: skip
def test_what_a_guarantee_pays(terms, paid):
    """Interest since 1 June is 15 days at 2 a day; the fee, 164 days since 2 January."""
    guarantee = {
        **BUYER, **BOUGHT, **terms, "contractType": "CEG", "settlementPeriod": "P5D",
        "contractStructure": [part({**LOAN, "marketObjectCode": "V"}, "COVE")],
    }  # fmt: skip
    rows = told(guarantee, DEFAULT)
    assert rows[-2] == ("2024-06-16", "XD", 0.0)
    assert rows[-1] == ("2024-06-21", "STD", pytest.approx(paid))
    assert told(guarantee, Observed.of({"V": [("2024-01-01", 900)]}))[-1] == (
        "2025-01-01",
        "MD",
        0.0,
    )


def test_collateral_pays_no_more_than_it_is_worth():
    gold = {"contractType": "COM", "contractID": "g", "marketObjectCode": "V", "quantity": 2}
    pledge = {
        **BUYER, "contractType": "CEC",
        "contractStructure": [part(LOAN, "COVE"), part(gold, "COVI")],
    }  # fmt: skip
    assert told(pledge, DEFAULT)[-1] == ("2024-06-16", "STD", 1_800.0)
    unseen = cash_flows([pledge], Observed.of(happened=[("loan", "2024-06-16", "CE", "DF")]))
    assert "'V' has no value" in unseen.refusals[0].problem


def test_every_event_has_words():
    assert set(WORDS) == set(NAMES)
    assert all(english and chinese for english, chinese in WORDS.values())
