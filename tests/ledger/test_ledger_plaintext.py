"""Beancount and hledger text, and plain tables."""

import re
import unicodedata
from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from ledger_story import BOOKS, SECOND, quarter

from headrace.ledger import plaintext
from headrace.ledger.account import Account
from headrace.ledger.journal import InMemory, Ledger
from headrace.ledger.transfer import Transfer

ODD = ("1122/甲 公司（北京）-x2f-·é/CNY", "1122//N/名/ⅷ/٣/ǅ", '1122/a;b|c"d\\e\n', "1122/北京--x")


def odd_quarter() -> Ledger:
    """The quarter, with names and texts that no format expects."""
    ledger = quarter()
    accounts = [Account(name, "1122") for name in ODD]
    accounts += [Account("1002/JPY", "1002", "JPY"), Account("1002/其他/JPY", "1002", "JPY")]
    day = date(2026, 3, 31)
    odd = [
        Transfer(f'流水{name}"\\;|\n', name, "4001/CNY", 1_01, day, memo=f'a "q" \\ ; | {name}')
        for name in ODD
    ]
    odd.append(Transfer("yen", "1002/JPY", "1002/其他/JPY", 7, day, "JPY"))
    assert ledger.commit(91 * SECOND, odd, accounts).all_held
    return ledger


def test_a_transfer_in_beancount():
    text = plaintext.beancount(quarter(), BOOKS)
    assert (
        '2026-01-01 * "disburse C1"\n'
        '  headrace-transfer: "lend"\n'
        '  contract: "C1"\n'
        '  fact: "决策 5 \\"ok\\"; | \\\\"\n'
        "  Assets:1303:C1:CNY  100000.00 CNY\n"
        "  Assets:1002:CNY  -100000.00 CNY\n"
    ) in text
    assert "2026-04-01 balance Assets:1303:C1:CNY  50000.00 ~ 0 CNY\n" in text
    assert "2026-04-01 balance Assets:1304:CNY  -1250.00 ~ 0 CNY\n" in text
    assert '2026-01-01 open Equity:OffBalance:9002:C1:CNY CNY\n  headrace-id: "9002/C1/CNY"' in text
    assert "hold" not in text  # nothing moved


def test_a_transfer_in_hledger():
    text = plaintext.hledger(odd_quarter(), BOOKS)
    assert (
        "2026-01-01 * disburse C1\n"
        "    ; headrace-transfer: lend\n"
        "    ; contract: C1\n"
        '    ; fact: 决策 5 "ok", / \\\n'
        "    Assets:1303:C1:CNY  100000.00 CNY\n"
        "    Assets:1002:CNY  -100000.00 CNY\n"
    ) in text
    assert "commodity 1000. JPY\n" in text
    assert "    Assets:1303:C1:CNY  0 CNY = 50000.00 CNY\n" in text


def test_a_ledger_without_transfers():
    ledger = Ledger(InMemory())
    assert "balance" not in plaintext.hledger(ledger, BOOKS)
    assert plaintext.beancount(ledger, BOOKS) == 'option "title" "Headrace ledger"\n'
    ledger.commit(1, accounts=[Account("1303/C1/CNY", "1303")])
    assert "1970-01-02 balance Assets:1303:C1:CNY  0.00 ~ 0 CNY" in plaintext.beancount(
        ledger, BOOKS
    )


@given(st.text(max_size=12), st.text(max_size=12))
def test_names_are_names_and_no_two_ids_share_one(one, other):
    names = [plaintext.account_name("Assets", each) for each in (one, other)]
    assert (names[0] == names[1]) == (one == other)
    for name in names:
        for part in name.split(":"):
            assert re.match(r"[A-Z0-9]", part)
            assert all(
                each == "-" or unicodedata.category(each) in {"Lu", "Ll", "Lo", "Nd"}
                for each in part
            )


def test_plain_tables_hold_everything_that_stands():
    ledger = quarter()
    tables = list(plaintext.posted(ledger))
    assert sum(each.num_rows for each in tables) == ledger.head.transfers
    assert [each.schema for each in tables] == [plaintext.POSTED] * ledger.head.batch
    first = tables[0].slice(2, 1).to_pylist()[0]
    assert (first["entry"], first["id"], first["amount"]) == (2, "lend", 100_000_00)
    assert first["known_at"].timestamp() == 1
    void = tables[-1].slice(3, 1).to_pylist()[0]
    assert (void["amount"], void["refers_to"]) == (0, "hold")
