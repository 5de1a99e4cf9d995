"""Views of a ledger on both times, statements, reports, adjustments: a quarter of one lender."""

from dataclasses import replace
from datetime import date

import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ledger_story import (
    ACCOUNTS,
    BOOKS,
    CAPITAL,
    CASH,
    INCOME,
    INTEREST,
    LOAN,
    SECOND,
    accrued,
    quarter,
)

from headrace.contracts.movements import ROLES
from headrace.errors import InputError, MappingError
from headrace.ledger import asof, chart, drafting, reports
from headrace.ledger.account import Account, Limit, account_id
from headrace.ledger.book import State
from headrace.ledger.drafting import Accrual, How
from headrace.ledger.journal import InMemory, Ledger
from headrace.ledger.transfer import Kind, Transfer

YEAR_END = date(2026, 12, 31)


@pytest.fixture
def ledger():
    return quarter()


def test_balances_by_day_and_by_what_was_known(ledger):
    book = ledger.book
    assert asof.balance(book, LOAN.id).debit == 50_000_00
    assert asof.balance(book, LOAN.id, on=date(2026, 2, 28)).debit == 100_000_00
    assert asof.balance(book, LOAN.id, known_at=59 * SECOND).debit == 100_000_00
    assert asof.balance(book, INCOME.id, date(2026, 1, 31)).credit == 371_03
    assert asof.balance(book, INCOME.id, date(2026, 1, 31), 30 * SECOND).credit == 0
    held = asof.balance(book, CASH.id, known_at=1 * SECOND)
    assert (held.credits_held, asof.balance(book, CASH.id).credits_held) == (900_00, 0)
    with pytest.raises(InputError, match="no account 'nobody'"):
        asof.balance(book, "nobody")


def test_a_hold_that_is_never_posted_is_held_until_its_time_is_up():
    ledger = Ledger(InMemory())
    hold = Transfer("h", LOAN.id, CAPITAL.id, 9, YEAR_END, kind=Kind.HOLD, timeout_seconds=10)
    ledger.commit(SECOND, [hold], ACCOUNTS)
    ask = [asof.balance(ledger.book, LOAN.id, None, at).debits_held for at in (0, SECOND)]
    assert ask == [0, 9]
    assert asof.balance(ledger.book, LOAN.id, None, 11 * SECOND - 1).debits_held == 9
    assert asof.balance(ledger.book, LOAN.id, None, 11 * SECOND).debits_held == 0
    assert ledger.book.totals["debits_held"].sum() == 9  # until somebody writes again


def test_a_hold_that_was_posted_is_not_held_before_or_after_its_time_is_up():
    ledger = Ledger(InMemory())
    hold = Transfer("h", LOAN.id, CAPITAL.id, 9, YEAR_END, kind=Kind.HOLD, timeout_seconds=10)
    post = replace(hold, id="p", amount=4, kind=Kind.POST_HOLD, timeout_seconds=0, refers_to="h")
    ledger.commit(1 * SECOND, [hold], ACCOUNTS)
    ledger.commit(2 * SECOND, [post])
    for second, held, moved in ((1, 9, 0), (2, 0, 4), (10, 0, 4), (11, 0, 4), (99, 0, 4)):
        found = asof.balance(ledger.book, LOAN.id, None, second * SECOND)
        assert (found.debits_held, found.debits) == (held, moved)


def test_a_transfer_by_its_id(ledger):
    found = asof.find(ledger, "repay")
    assert (found.entry, found.batch, found.known_at) == (8, 5, 90 * SECOND)
    assert found.transfer == Transfer(
        "repay", CASH.id, LOAN.id, 50_000_00, date(2026, 3, 1), contract="C1"
    )
    assert (found.amount, found.state) == (50_000_00, State.NONE)
    assert asof.find(ledger, "hold").state == State.VOIDED
    void = asof.find(ledger, "void")
    assert (void.amount, void.transfer.amount, void.transfer.kind) == (0, None, Kind.VOID_HOLD)
    assert asof.find(ledger, "never") is None


def test_a_statement(ledger):
    found = asof.statement(ledger, INTEREST.id, date(2026, 2, 1), date(2026, 3, 31))
    assert (found.opening, found.closing) == (371_03, 0)
    assert found.lines["debit"].to_pylist() == [335_16, None]
    assert found.lines["credit"].to_pylist() == [None, 706_19]
    assert found.lines["balance"].to_pylist() == [706_19, 0]
    assert found.lines["other_account"].to_pylist() == [INCOME.id, CASH.id]
    assert found.lines["memo"].to_pylist() == ["accrue_interest", ""]
    nothing = asof.statement(ledger, INTEREST.id, date(2025, 1, 1), date(2025, 2, 1))
    assert (nothing.opening, nothing.lines.num_rows, nothing.closing) == (0, 0, 0)
    whole = asof.statement(ledger, CASH.id, date(2026, 1, 1), date(2026, 3, 31), 32 * SECOND)
    assert whole.lines["id"].to_pylist() == ["in", "lend", "fee"]


def test_what_comes_after_the_close_is_marked_as_backdated(ledger):
    late = Transfer("late", INTEREST.id, INCOME.id, 10, date(2026, 1, 31), contract="C1")
    receipt = ledger.commit(95 * SECOND, [late], close=date(2026, 3, 31))
    assert receipt.all_held
    lines = asof.statement(ledger, INTEREST.id, date(2026, 1, 1), YEAR_END).lines
    assert lines["id"].to_pylist() == [
        "accrue_interest:C1:2026-01-31",
        "late",
        "accrue_interest:C1:2026-02-28",
        "paid",
    ]
    assert lines["backdated"].to_pylist() == [False, True, False, False]
    closed = asof.trial_balance(ledger.book, date(2026, 1, 31), 32 * SECOND)
    now = asof.trial_balance(ledger.book, date(2026, 1, 31))
    assert reports.difference(closed, now).to_pylist() == [
        {"account": INTEREST.id, "code": "1132", "currency": "CNY", "before": 371_03,
         "after": 371_13, "change": 10},
        {"account": INCOME.id, "code": "6011", "currency": "CNY", "before": -371_03,
         "after": -371_13, "change": -10},
    ]  # fmt: skip
    again = ledger.commit(99 * SECOND, close=date(2026, 2, 28))  # closed already
    assert again.batch is None


def test_the_balance_sheet_and_income(ledger):
    trial = asof.trial_balance(ledger.book)
    assert pc.sum(trial["balance"]).as_py() == 0
    sheet = reports.balance_sheet(trial, BOOKS)
    assert sheet.balanced
    assert sheet.assets == {"CNY": 499_956_19, "USD": 7_05}
    assert sheet.profit == {"CNY": 371_03 + 335_16 + 500_00 - 1_250_00, "USD": 0}
    told = {
        row["code"]: row["amount"] for row in sheet.lines.to_pylist() if row["currency"] == "CNY"
    }
    assert told["1304"] == -1_250_00  # an allowance lessens assets
    assert told["9002"] + told["9000"] == 0
    moved = asof.movements(ledger.book, date(2026, 2, 1), date(2026, 3, 31))
    income = reports.income(moved, BOOKS)
    assert income.profit == {"CNY": 335_16 - 1_250_00}
    assert income.lines["zh"].to_pylist() == ["利息收入", "信用减值损失"]


def test_a_year_is_closed_into_retained_earnings(ledger):
    draft = drafting.year_end(asof.trial_balance(ledger.book, YEAR_END), BOOKS, YEAR_END)
    before = reports.balance_sheet(asof.trial_balance(ledger.book), BOOKS)
    assert ledger.commit(400 * SECOND, draft.transfers, draft.accounts).all_held
    after = reports.balance_sheet(asof.trial_balance(ledger.book), BOOKS)
    assert (after.equity, after.assets) == (before.equity, before.assets)
    assert after.profit == {"CNY": 0, "USD": 0}
    retained = BOOKS.account("retained_earnings")
    assert asof.balance(ledger.book, retained.id).credit == before.profit["CNY"]
    assert asof.balance(ledger.book, BOOKS.account("profit_of_the_year").id).credit == 0
    assert ledger.commit(401 * SECOND, draft.transfers, draft.accounts).batch is None
    nothing = drafting.year_end(asof.trial_balance(ledger.book, YEAR_END), BOOKS, YEAR_END)
    assert nothing.transfers == ()


def repayments(on):
    """What a loan posts when 20,000 yuan are repaid on a day: interest depends on it."""
    interest = {1: 10_00, 2: 12_00}[on.day]
    return (
        Transfer("r", CASH.id, LOAN.id, 20_000_00, on, contract="C1", memo="repay_principal"),
        Transfer("i", CASH.id, INCOME.id, interest, on, contract="C1", memo="repay_interest"),
        Transfer("f", CASH.id, CAPITAL.id, 3_00, date(2026, 4, 9), contract="C1", memo="same"),
    )


@pytest.mark.parametrize("how", list(How))
@pytest.mark.parametrize("on", [None, date(2026, 5, 5)])
def test_a_backdated_event_shows_and_posts_the_difference(ledger, how, on):
    posted, wanted = repayments(date(2026, 4, 2)), repayments(date(2026, 4, 1))
    assert ledger.commit(100 * SECOND, posted).all_held
    group = drafting.adjust(posted, wanted, how, "late-1", on)
    assert [each.linked for each in group] == [True] * (len(group) - 1) + [False]
    assert ledger.commit(101 * SECOND, group).all_held
    assert ledger.commit(102 * SECOND, group).batch is None  # a retry
    end = asof.trial_balance(ledger.book)
    other = quarter()
    other.commit(100 * SECOND, wanted)
    assert end["balance"].equals(asof.trial_balance(other.book)["balance"])
    first = date(2026, 4, 1)
    moved = asof.balance(ledger.book, LOAN.id, first).debit
    assert moved == (30_000_00 if on is None else 50_000_00)
    named = {each.refers_to for each in group if each.memo == drafting.ADJUSTMENT}
    assert named <= {"r", "i", ""}
    assert "r" in named
    assert drafting.adjust(wanted, wanted, how, "none") == ()


@pytest.mark.parametrize("how", list(How))
def test_what_was_spent_since_can_be_reversed_and_posted_anew(how):
    ledger = Ledger(InMemory())
    posted = [
        Transfer("in", CASH.id, CAPITAL.id, 100, date(2026, 1, 2)),
        Transfer("lend", LOAN.id, CASH.id, 100, date(2026, 1, 2)),
    ]
    back = Transfer("back", CASH.id, LOAN.id, 100, date(2026, 1, 3))
    out = Transfer("out", CAPITAL.id, CASH.id, 100, date(2026, 1, 4))
    assert ledger.commit(1, [*posted, back, out], ACCOUNTS).all_held
    earlier = [replace(each, on=date(2026, 1, 1)) for each in posted]
    assert ledger.commit(2, drafting.adjust(posted, earlier, how, "run")).all_held
    assert asof.balance(ledger.book, LOAN.id, date(2026, 1, 1)).debit == 100
    assert asof.balance(ledger.book, LOAN.id).debit == 0
    less = [replace(each, amount=99) for each in posted]
    refused = ledger.commit(3, drafting.adjust(earlier, less, how, "less"))
    assert not refused.all_held  # 100 were paid back of what would be 99


ANY = st.builds(
    Transfer,
    id=st.uuids().map(str),
    debit=st.sampled_from(["a", "b"]),
    credit=st.sampled_from(["c", "d"]),
    amount=st.integers(1, 50),
    on=st.dates(date(2026, 1, 1), date(2026, 1, 3)),
)


@given(st.lists(ANY, max_size=8), st.lists(ANY, max_size=8), st.sampled_from(How), st.booleans())
def test_an_adjustment_leaves_what_should_have_been(posted, wanted, how, same_day):
    accounts = [Account(name, "1303") for name in "abcd"]
    ledger, right = Ledger(InMemory()), Ledger(InMemory())
    ledger.commit(1, posted, accounts)
    right.commit(1, wanted, accounts)
    on = None if same_day else date(2026, 1, 2)
    group = drafting.adjust(posted, wanted, how, "run", on)
    assert ledger.commit(2, group).all_held
    days = [date(2026, 1, 1), date(2026, 1, 2), date(2026, 1, 3)] if on is None else [YEAR_END]
    for day in days:
        found = asof.trial_balance(ledger.book, day)["balance"]
        assert found.equals(asof.trial_balance(right.book, day)["balance"])


def test_accruals_never_add_up_roundings():
    every_day = [round(37_1 * day / 3) for day in range(1, 31)]
    posted, all_posted = 0, 0
    for day, earned in enumerate(every_day, 1):
        for each in accrued(date(2026, 6, day), earned, posted):
            all_posted += each.amount
        posted = earned
    assert all_posted == every_day[-1]
    less = drafting.accrue([Accrual("C1", "d", "c", 5, 9)], YEAR_END, "accrue")
    assert [(each.debit, each.credit, each.amount) for each in less] == [("c", "d", 4)]
    assert drafting.accrue([Accrual("C1", "d", "c", 9, 9)], YEAR_END, "accrue") == ()


@pytest.mark.parametrize("view", ["bank", "platform"])
def test_every_role_of_contracts_has_an_account(view):
    books = chart.shipped(view)
    own = {"capital", "profit_of_the_year", "retained_earnings"}
    assert set(books.roles) == set(ROLES) | own
    other = chart.shipped("bank" if view == "platform" else "platform")
    unused = set(books.entries) - set(books.roles.values())
    assert unused == set(other.roles.values()) - set(books.roles.values()) | {"2241"}
    assert not any(each.verified for each in books.entries.values())


def test_accounts_by_role():
    bank = chart.shipped("bank")
    assert bank.account("cash") == Account("1011/CNY", "1011", limit=Limit.CREDITS_AT_MOST_DEBITS)
    loan = bank.account("loan_principal", contract="C1", party="P1", currency="USD")
    assert (loan.id, loan.party) == ("1303/C1/USD", "P1")
    assert bank.account("borrower_deposit", party="P1").id == "2011/P1/CNY"
    assert bank.entry("1304").side == chart.Side.CREDIT
    assert bank.entry("2011").side == chart.Side.CREDIT
    assert bank.entry("6702").side == chart.Side.DEBIT
    with pytest.raises(MappingError, match="No account plays the role 'ghost'"):
        bank.account("ghost")
    with pytest.raises(MappingError, match="no account '9'"):
        bank.entry("9")
    with pytest.raises(InputError, match="would have 138 bytes"):
        account_id("1303", "合" * 43)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('kind = "asset"', 'kind = "assets"', "cannot be read: ValueError"),
        ('source = "own"', 'source = "other"', "source other"),
        ('loan_principal = "1303"', 'loan_principal = "1"', "account 1"),
        ("verified = false", "", "KeyError"),
        ("[role.bank]", "[role.bunk]", "KeyError"),
        ("[account.1002]", "[account.1002", "not TOML"),
    ],
)
def test_a_chart_that_cannot_be(old, new, said):
    text = chart.files("headrace.ledger").joinpath(chart.SHIPPED).read_text("utf-8")
    assert old in text
    with pytest.raises(MappingError, match=said):
        chart.read_chart(text.replace(old, new), "bank", "mine.toml")
