"""Tables of transfers whose last column is what must become of each: read and correct them."""

import csv
from datetime import date
from itertools import groupby
from pathlib import Path

import pyarrow as pa
import pytest

from headrace.errors import InputError
from headrace.ledger import book, kernels, transfer
from headrace.ledger.account import Account, AccountOutcome, Limit
from headrace.ledger.journal import InMemory, Ledger
from headrace.ledger.outcome import DIFFERENCES, WORDS_ZH, Outcome
from headrace.ledger.transfer import SCHEMA, Kind, Transfer, table_of

TABLES = sorted((Path(__file__).parents[1] / "data" / "ledger").glob("*.csv"))
ACCOUNTS = (
    Account("cash", "1002", limit=Limit.CREDITS_AT_MOST_DEBITS),
    Account("loan", "1303"),
    Account("deposit", "2011", limit=Limit.DEBITS_AT_MOST_CREDITS),
    Account("capital", "4001"),
    Account("usd", "1002", currency="USD"),
)
DAY = date(2026, 3, 1)


def row_of(told):
    kind = told["kind"]
    return {
        "id": told["id"],
        "debit": told["debit"],
        "credit": told["credit"],
        "amount": int(told["amount"]) if told["amount"] else None,
        "currency": told["currency"],
        "on": DAY.replace(day=int(told["day"])) if told["day"] else None,
        "kind": int(kind) if kind.isdigit() else int(Kind[kind.upper()]),
        "linked": told["linked"] == "linked",
        "timeout_seconds": int(told["timeout"] or 0),
        "refers_to": told["refers_to"],
        "contract": "",
        "fact": "",
        "memo": "",
    }


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.stem)
def test_what_becomes_of_transfers(path):
    ledger = Ledger(InMemory())
    ledger.commit(0, accounts=ACCOUNTS)
    with path.open(encoding="utf-8") as file:
        told = list(csv.DictReader(file))
    loose = pa.schema([field.with_nullable(True) for field in SCHEMA])
    for _, group in groupby(told, key=lambda row: row["batch"]):
        rows = list(group)
        table = pa.Table.from_pylist([row_of(row) for row in rows], loose)
        receipt = ledger.commit(int(rows[0]["second"]) * 1_000_000, table)
        found = [Outcome(each).name.lower() for each in receipt.outcomes]
        expected = [row["outcome"] for row in rows]
        assert list(zip((row["id"] for row in rows), found, strict=True)) == list(
            zip((row["id"] for row in rows), expected, strict=True)
        )
    assert ledger.verify() == ()


def test_every_requirement_is_met_in_some_table():
    met = set()
    for path in TABLES:
        with path.open(encoding="utf-8") as file:
            met |= {row["outcome"] for row in csv.DictReader(file)}
    texts = {DIFFERENCES[name] for name in ("contract", "fact", "memo")}  # below
    assert met == {each.name.lower() for each in Outcome if each not in texts}


@pytest.mark.parametrize("name", ["contract", "fact", "memo"])
def test_texts_are_part_of_what_is_repeated(name):
    ledger = Ledger(InMemory())
    first = Transfer("t", "cash", "capital", 5, DAY, contract="C1", fact="F1", memo="pay_in")
    ledger.commit(0, [first], ACCOUNTS)
    other = Transfer(**{**vars(first), name: "another"})
    for batch in ([other], [first, other]):
        receipt = ledger.commit(1, batch)
        assert receipt.outcomes[-1] == DIFFERENCES[name]
        assert not receipt.all_held
    assert Outcome(receipt.outcomes[0]) == Outcome.EXISTS


def test_kernels_count_as_the_enums_do():
    for enum in (Outcome, Kind, book.State, Limit):
        for member in enum:
            name = {"NONE": "NO_STATE"}.get(member.name, member.name)
            if hasattr(kernels, name) and not (enum is Limit and name == "NO_STATE"):
                assert getattr(kernels, name) == member
    numbered = {name for name in vars(kernels) if name.isupper()}
    others = {"ABSENT", "UNKNOWN", "WHOLE", "NO_DAY", "INT64_MAX", "NO_STATE"}
    known = {each.name for enum in (Outcome, Kind, book.State, Limit) for each in enum}
    assert numbered - others <= known


def test_every_outcome_has_words():
    assert set(WORDS_ZH) == set(Outcome)
    assert list(DIFFERENCES.values()) == sorted(DIFFERENCES.values())
    assert set(DIFFERENCES) == set(SCHEMA.names) - {"id"}
    assert Outcome.DAY_MUST_BE_GIVEN.requirement == "day must be given"
    assert Outcome.EXISTS.held
    assert not Outcome.GROUP_MUST_END_IN_ITS_BATCH.held


def test_accounts_are_opened_once():
    ledger = Ledger(InMemory())
    loan = ACCOUNTS[1]
    given = [
        loan,
        loan,
        Account("loan", "1303", party="P1"),
        Account("", "1303"),
        Account("账" * 43, "1303"),
        Account("x", ""),
        Account("y", "1303", currency="XXX"),
    ]
    receipt = ledger.commit(1, accounts=given)
    assert [each.name.lower() for each in receipt.accounts] == [
        "opened",
        "exists",
        "id_must_not_come_again_for_another_account",
        "id_must_have_1_to_128_bytes",
        "id_must_have_1_to_128_bytes",
        "code_must_be_given",
        "currency_must_be_known",
    ]
    assert not receipt.all_held
    assert ledger.book.accounts == [loan]
    assert ledger.commit(1, accounts=[loan]).accounts == (AccountOutcome.EXISTS,)


def test_columns_that_are_not_those_of_transfers():
    ledger = Ledger(InMemory())
    ledger.commit(1, accounts=ACCOUNTS)
    whole = table_of([Transfer("t", "cash", "capital", 5, DAY)])
    with pytest.raises(InputError, match="no column 'amount'"):
        ledger.commit(2, whole.drop_columns("amount"))
    with pytest.raises(InputError, match="'amount' cannot be read as int64"):
        ledger.commit(2, whole.set_column(3, "amount", pa.array(["much"])))
    with pytest.raises(InputError, match="holds what it cannot"):
        ledger.commit(2, [Transfer("t", "cash", "capital", 2**63, DAY)])
    with pytest.raises(InputError, match="holds what it cannot"):
        ledger.commit(2, [Transfer("\ud800", "cash", "capital", 1, DAY)])
    short = whole.select(["id", "debit", "credit", "amount", "currency", "on"])
    assert ledger.commit(2, short).all_held
    chunks = pa.concat_tables([whole.slice(0, 0), whole, whole])
    assert ledger.commit(3, chunks).outcomes.tolist() == [Outcome.EXISTS] * 2
    assert ledger.commit(4, whole.slice(0, 0)).batch is None


def test_a_batch_that_is_too_large_is_refused_and_the_ledger_goes_on(monkeypatch):
    monkeypatch.setattr(transfer, "BATCH_BYTES_MAX", 1000)
    ledger = Ledger(InMemory())
    with pytest.raises(InputError, match="A batch has 1,") as found:
        ledger.commit(1, [Transfer("t", "cash", "capital", 1, DAY, memo="x" * 1000)], ACCOUNTS)
    assert found.value.remedy == "Split it below 1,000"
    assert ledger.commit(1, [Transfer("t", "cash", "capital", 1, DAY)], ACCOUNTS).all_held


def test_time_does_not_go_back():
    ledger = Ledger(InMemory())
    ledger.commit(100, accounts=ACCOUNTS)
    receipt = ledger.commit(50, [Transfer("t", "cash", "capital", 5, DAY)])
    assert receipt.head.known_at == 100


def test_a_group_longer_than_any_batch_before_it_is_taken_back_whole():
    ledger = Ledger(InMemory())
    ledger.commit(1, accounts=ACCOUNTS)
    group = [Transfer(f"t{place}", "cash", "capital", 5, DAY, linked=True) for place in range(5000)]
    receipt = ledger.commit(2, [*group, Transfer("bad", "cash", "nobody", 1, DAY)])
    assert receipt.batch is None
    assert (receipt.outcomes[:-1] == Outcome.GROUP_MUST_HOLD_AS_A_WHOLE).all()
    assert ledger.book.totals["debits"].sum() == 0
    assert ledger.commit(2, [*group, Transfer("good", "cash", "capital", 1, DAY)]).all_held


def test_holds_expire_one_after_another_and_only_with_a_batch_that_is_written():
    ledger = Ledger(InMemory())
    held = []

    def commit(second, *batch):
        ledger.commit(int(second * 1_000_000), batch, ACCOUNTS)
        held.append(int(ledger.book.totals["debits_held"].sum()))

    nothing = Transfer("no", "loan", "nobody", 1, DAY)
    for name, amount, timeout in (("a", 1, 1), ("b", 10, 3), ("c", 100, 3), ("d", 1000, 9)):
        hold = Transfer(
            name, "loan", "capital", amount, DAY, kind=Kind.HOLD, timeout_seconds=timeout
        )
        commit(0, hold)
    commit(1.5, nothing)  # leaves no trace: what expired is held again
    commit(1.5, Transfer("one", "loan", "capital", 1, DAY))
    commit(2.9, Transfer("two", "loan", "capital", 1, DAY))
    commit(3, nothing)
    commit(3, Transfer("three", "loan", "capital", 1, DAY))
    commit(9, Transfer("four", "loan", "capital", 1, DAY))
    assert held == [1, 11, 111, 1111, 1111, 1110, 1110, 1110, 1000, 0]
    assert ledger.verify() == ()
