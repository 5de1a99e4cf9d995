"""One loan funded by several lenders, and notes that protect one."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.sharing import colending, notes
from headrace.contracts.sharing.book import shipped
from headrace.contracts.sharing.scheme import Scheme
from headrace.contracts.sharing.waterfall import Usage, allocate
from headrace.errors import InputError

DAY = date(2024, 5, 6)


def agreement(own="0.7", **known):
    parts = {"bank": Decimal(own), "partner": 1 - Decimal(own)}
    return colending.Agreement("bank", parts, **known)


def test_a_partner_funds_at_least_30_per_cent_from_2022():
    book = shipped()
    assert colending.breaches(agreement("0.7"), 100, DAY, book) == ()
    (breach,) = colending.breaches(agreement("0.75"), 100, DAY, book)
    assert (breach.found, breach.bound) == (Decimal("0.25"), Decimal("0.3"))
    assert "银保监办发〔2021〕24号" in breach.rule.clause
    assert colending.breaches(agreement("0.75"), 100, date(2021, 12, 31), book) == ()


def test_limits_on_partners_are_looked_at_where_capital_is_known():
    near = agreement(
        own_with_partner_minor=240, tier1_minor=1000, own_with_all_minor=400, loans_minor=1000
    )
    assert colending.breaches(near, 14, DAY, shipped()) == ()
    over = colending.breaches(near, 16, DAY, shipped())
    assert [breach.rule.id for breach in over] == ["joint.one_partner_max"]
    both = colending.breaches(near, 1000, DAY, shipped())
    assert [breach.rule.id for breach in both] == [
        "joint.one_partner_max",
        "joint.all_partners_max",
    ]


@given(
    st.integers(1, 10**15),
    st.lists(st.integers(1, 10**15), max_size=12),
    st.integers(1, 999),
)
def test_repayments_leave_nothing_and_nobody_gets_more_than_it_funded(amount, paid, own):
    agreed = agreement(str(Decimal(own) / 1000))
    owed = colending.fund(agreed, amount)
    assert sum(owed.values()) == amount
    for offered in paid:
        part = min(offered, sum(owed.values()))
        if not part:
            break
        got = colending.divide(owed, part)
        assert sum(got.values()) == part
        owed = {lender: owed[lender] - got[lender] for lender in owed}
        assert min(owed.values()) >= 0
    if sum(owed.values()):
        last = colending.divide(owed, sum(owed.values()))
        assert last == owed


def test_the_lead_s_books():
    agreed = agreement()
    out = colending.disburse_movements(agreed, colending.fund(agreed, 1001), DAY)
    assert [(m.debit, m.credit, m.amount) for m in out] == [
        ("loan_principal", "borrower_deposit", 701),
        ("cash", "partner_payable", 300),
        ("partner_payable", "borrower_deposit", 300),
    ]
    back = colending.repay_movements(agreed, {"bank": 70, "partner": 30}, "loan_principal", DAY)
    assert [(m.debit, m.credit, m.amount) for m in back] == [
        ("borrower_deposit", "loan_principal", 70),
        ("borrower_deposit", "partner_payable", 30),
        ("partner_payable", "cash", 30),
    ]
    none = colending.repay_movements(agreed, {"bank": 0, "partner": 0}, "loan_principal", DAY)
    assert none == ()


def test_a_joint_loan_that_cannot_be_is_refused():
    with pytest.raises(InputError, match="add up"):
        colending.Agreement("bank", {"bank": Decimal("0.5")})
    with pytest.raises(InputError, match="lead has none"):
        colending.Agreement("bank", {"partner": Decimal(1)})
    for own in ("1.5", "0.3333333333333"):  # the other below 0; more than nine decimals
        with pytest.raises(InputError, match="add up"):
            agreement(own)
    with pytest.raises(InputError, match="paid where"):
        colending.divide({"bank": 1}, 2)


QUARTERS = (date(2024, 4, 1), date(2024, 7, 1), date(2024, 10, 1), date(2025, 1, 1))


def note(**changes):
    terms = {
        "entity": "甲公司", "issuer": "创设机构", "loans": ("A",), "notional_minor": 1_000_000_000,
        "premium": Decimal("0.01"), "starts_on": date(2024, 1, 1), "ends_on": date(2025, 1, 1),
        "premium_days": QUARTERS,
    }  # fmt: skip
    return notes.Note(**{**terms, **changes})


def test_premiums_add_up_to_the_rounded_whole():
    table = notes.premiums(note())
    assert table["days"].to_pylist() == [91, 91, 92, 92]
    assert sum(table["amount"].to_pylist()) == 10_027_397  # 10 million x 1 % x 366 / 365
    upfront = notes.premiums(note(premium_days=(date(2024, 1, 1),)))
    assert upfront["amount"].to_pylist() == [10_027_397]


def notice(**changes):
    terms = {
        "entity": "甲公司", "event": notes.CreditEvent.BANKRUPTCY, "on": date(2024, 8, 30),
        "recovery": Decimal("0.35"),
    }  # fmt: skip
    return notes.Notice(**{**terms, **changes})


def test_after_a_credit_event_the_issuer_pays_what_was_lost():
    cash = notes.settle(note(), notice())
    assert (cash.refusal, cash.payout_minor, cash.delivered_minor) == (None, 650_000_000, 0)
    assert cash.accrued_minor == 1_643_836  # 60 days from 1 July
    physical = notes.settle(note(settlement=notes.Settlement.PHYSICAL), notice())
    assert (physical.payout_minor, physical.delivered_minor) == (1_000_000_000, 1_000_000_000)


MISSED = {"event": notes.CreditEvent.FAILURE_TO_PAY, "unpaid_minor": 10**9}


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"entity": "乙公司"}, notes.Refusal.ENTITY_MUST_BE_THE_REFERENCE),
        ({"event": notes.CreditEvent.RESTRUCTURING}, notes.Refusal.EVENT_MUST_BE_COVERED),
        ({"on": date(2025, 1, 2)}, notes.Refusal.DAY_MUST_BE_WITHIN_THE_TERM),
        (
            {**MISSED, "unpaid_minor": 10**8 - 1, "missed_on": date(2024, 8, 1)},
            notes.Refusal.UNPAID_MUST_REACH_THE_THRESHOLD,
        ),
        ({**MISSED, "unpaid_minor": 10**8, "missed_on": date(2024, 8, 1)}, None),
        ({**MISSED, "unpaid_minor": 1}, notes.Refusal.UNPAID_MUST_REACH_THE_THRESHOLD),
        (MISSED, notes.Refusal.GRACE_MUST_HAVE_ENDED),
        ({**MISSED, "missed_on": date(2024, 8, 27)}, notes.Refusal.GRACE_MUST_HAVE_ENDED),
        ({**MISSED, "missed_on": date(2024, 8, 26)}, None),
    ],
)
def test_a_notice_is_accepted_only_as_agreed(changes, refusal):
    assert notes.settle(note(), notice(**changes)).refusal == refusal


def test_a_note_is_a_layer_of_its_own_debts_up_to_its_notional():
    scheme = Scheme("s", "方案", "scheme", notes.as_layer([note(notional_minor=500)]))
    first, usage = allocate(scheme, Usage(), "A", DAY, 300)
    second, usage = allocate(scheme, usage, "A", DAY, 300)
    other, _ = allocate(scheme, usage, "B", DAY, 300)
    assert [each.borne("创设机构") for each in (first, second, other)] == [300, 200, 0]


@pytest.mark.parametrize(
    "changes",
    [{"ends_on": date(2024, 1, 1)}, {"premium_days": ()}, {"premium_days": QUARTERS[:3]},
     {"notional_minor": 0}, {"premium_days": QUARTERS[::-1]}],
)  # fmt: skip
def test_a_note_in_disorder_is_refused(changes):
    with pytest.raises(InputError, match="disorder"):
        note(**changes)


def test_a_recovery_of_more_than_all_is_refused():
    with pytest.raises(InputError, match="recovery"):
        notice(recovery=Decimal("1.01"))
