"""What other parts move stands on the ledger of a book of loans, once, and only what it bears."""

from collections import Counter
from datetime import timedelta

import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.lending.events import Disburse
from headrace.contracts.movements import ROLES, Movement
from headrace.errors import InputError
from headrace.ledger import asof, chart
from headrace.ledger.journal import InMemory, Ledger
from headrace.workflows.loan_book import OF_LOANS
from headrace.workflows.loan_desk import LoanDesk
from headrace.workflows.loan_facts import loan_facts
from headrace.workflows.loan_log import DayEnded, Happened, Moved, Signed
from headrace.workflows.loan_reports import cash_by_month
from loan_sample import AT, START, YUAN, MemoryLog, contract, desk_with

BANK = chart.shipped("bank")


def moved(*sides, on=START, contract="PLEDGE-1", party="P-L-1", part="collateral"):
    moves = [Movement(debit, credit, amount, "CNY", on, "moved") for debit, credit, amount in sides]
    return Moved(on, part, contract, party, tuple(moves))


def balance(desk, role, contract="PLEDGE-1", party="P-L-1"):
    account = BANK.account(role, contract=contract, party=party).id
    return asof.balance(desk.ledger.book, account).debit


def test_margin_and_collateral_stand_beside_the_loans():
    desk = desk_with(contract())
    pledge = moved(("collateral_held", "memorandum", 500), ("cash", "margin_deposit_held", 70))
    (found,) = desk.record([("collateral 1", pledge)], AT)
    assert (found.existed, found.posted) == (False, 2)
    assert balance(desk, "collateral_held") == 500
    assert balance(desk, "margin_deposit_held") == -70
    (again,) = desk.record([("collateral 1", pledge)], AT)
    assert (again.existed, again.posted) == (True, 0)
    with pytest.raises(InputError, match="used before"):
        desk.record([("collateral 1", moved(("cash", "margin_deposit_held", 71)))], AT)
    assert cash_by_month(desk)["balance"].to_pylist() == [10**9 + 70]
    facts = loan_facts(desk._log.entries(), "Asia/Shanghai")
    assert facts["exposure"].num_rows == 0


def test_the_log_makes_it_again_and_a_crash_leaves_nothing_undone():
    log, batches = MemoryLog(), InMemory()
    desk = desk_with(contract(), log=log, ledger=Ledger(batches))
    whole = MemoryLog()
    whole.kept = list(log.kept)
    broken = LoanDesk(whole, Ledger(batches), BANK)
    broken.ledger.commit = lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        broken.record([("m", moved(("cash", "margin_deposit_held", 70)))], AT)
    opened = LoanDesk(whole, Ledger(batches), BANK)
    assert balance(opened, "margin_deposit_held") == -70
    back = moved(("margin_deposit_held", "cash", 70))
    opened.record([("back", back), ("end", DayEnded(START))], AT)
    again = LoanDesk(whole, Ledger(batches), BANK)
    assert again.ledger.head == opened.ledger.head
    assert again.book.others == {"PLEDGE-1": "P-L-1"}
    assert desk.book.number < again.book.number


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (moved(("cash", "overdue_principal", 5)), "moved by what happens to a loan"),
        (moved(("margin_deposit_held", "cash", 5)), "margin_deposit_held has 5 minor units"),
        (moved(("margin_deposit_paid", "cash", 10**10)), "cash has"),
        (moved(("cash", "margin_deposit_held", 5), contract="L-1"), "acts of a loan"),
        (moved(("cash", "margin_deposit_held", 5), contract=""), "acts of a loan"),
        (moved(("cash", "margin_deposit_held", 5), on=START + timedelta(1)), "morning of"),
        (
            Moved(START, "x", "C", "", (Movement("cash", "goods", 5, "USD", START, "m"),)),
            "not the book's",
        ),
        (
            Moved(START, "x", "C", "", (Movement("cash", "goods", 5, "CNY", START.replace(day=1),
                                                 "m"),)),
            "not the book's",
        ),
    ],
)  # fmt: skip
def test_what_the_ledger_would_not_bear_is_refused_before_it_is_logged(entry, said):
    desk = desk_with(contract())
    before = (desk.book.number, desk.ledger.head, len(desk._log.kept))
    with pytest.raises(InputError, match=said):
        desk.record([("m", entry)], AT)
    assert (desk.book.number, desk.ledger.head, len(desk._log.kept)) == before


def test_a_contract_has_one_party_and_is_no_loan():
    desk = desk_with(contract())
    desk.record([("1", moved(("cash", "margin_deposit_held", 5)))], AT)
    with pytest.raises(InputError, match="another party's"):
        desk.record([("2", moved(("cash", "margin_deposit_held", 5), party="P-9"))], AT)
    with pytest.raises(InputError, match="another part of the book"):
        desk.record([("3", Signed(contract("PLEDGE-1")))], AT)


def test_money_of_others_is_lent_and_what_is_lent_does_not_go_back():
    desk = desk_with(contract(yuan=100_000), cash=1)
    desk.record([("in", moved(("cash", "margin_deposit_held", 100_000 * YUAN)))], AT)
    desk.record([("out", Happened("L-1", Disburse(START)))], AT)
    with pytest.raises(InputError, match="cash has"):
        desk.record([("back", moved(("margin_deposit_held", "cash", 100_000 * YUAN)))], AT)


def refusal(desk, key, entry):
    """Why it is not recorded; empty where it is."""
    try:
        desk.record([(key, entry)], AT)
    except InputError as error:
        return error.problem
    return ""


FREE = sorted(set(ROLES) - OF_LOANS)
SIDES = st.tuples(st.sampled_from(FREE), st.sampled_from(FREE), st.integers(1, 10**9))
ENTRIES = st.lists(
    st.tuples(
        st.lists(SIDES.filter(lambda each: each[0] != each[1]), min_size=1, max_size=3),
        st.sampled_from(["C-1", "C-2"]),
    ),
    max_size=12,
)


@settings(max_examples=60)
@given(ENTRIES)
def test_whatever_is_accepted_stands_on_the_ledger_and_nothing_else(entries):
    log, batches = MemoryLog(), InMemory()
    desk = desk_with(contract(), log=log, ledger=Ledger(batches))
    wanted, start = Counter(), desk.ledger.head.transfers
    for number, (sides, name) in enumerate(entries):
        entry = moved(*sides, contract=name, party="")
        if refusal(desk, f"m {number}", entry):
            continue
        for debit, credit, amount in sides:
            wanted[debit] += amount
            wanted[credit] -= amount
            start += 1
    assert desk.ledger.head.transfers == start
    trial = asof.trial_balance(desk.ledger.book)
    assert pc.sum(trial["balance"]).as_py() == 0
    by_code = Counter()
    for row in trial.to_pylist():
        by_code[row["code"]] += row["balance"]
    codes = Counter({BANK.code("cash"): 10**9, BANK.code("capital"): -(10**9)})
    for role, amount in wanted.items():
        codes[BANK.code(role)] += amount
    assert {code: each for code, each in by_code.items() if each} == {
        code: each for code, each in codes.items() if each
    }
    again = LoanDesk(log, Ledger(batches), BANK)
    assert again.ledger.head == desk.ledger.head
