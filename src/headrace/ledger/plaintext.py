"""A ledger as Beancount and hledger text, with assertions by which they check every balance.

    https://beancount.github.io/docs/beancount_language_syntax.html
    https://hledger.org/hledger.html#journal

Both know five roots; what is off the balance sheet stands under equity. An account id such as
`1303/C17/CNY` becomes `Assets:1303:C17:CNY`. What a name may not hold is written as `-x2f-` (the
character's number, hexadecimal), a hyphen as `--`, and a part that does not begin with a digit or
a capital letter, or begins with N, gets an N before it: no two ids become one name.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pyarrow as pa

from headrace.clock import EPOCH
from headrace.ledger.asof import trial_balance
from headrace.ledger.chart import Chart, Kind
from headrace.ledger.journal import Ledger
from headrace.ledger.transfer import Kind as Act
from headrace.money import MINOR_PER_MAJOR

ROOTS = {
    Kind.ASSET: "Assets",
    Kind.LIABILITY: "Liabilities",
    Kind.EQUITY: "Equity",
    Kind.INCOME: "Income",
    Kind.EXPENSE: "Expenses",
    Kind.OFF_BALANCE: "Equity:OffBalance",
}
POSTED = pa.schema(
    [
        ("entry", pa.int64()),
        ("id", pa.string()),
        ("on", pa.date32()),
        ("known_at", pa.timestamp("us", "UTC")),
        ("debit", pa.string()),
        ("credit", pa.string()),
        ("amount", pa.int64()),
        ("currency", pa.string()),
        ("kind", pa.int8()),
        ("refers_to", pa.string()),
        ("contract", pa.string()),
        ("fact", pa.string()),
        ("memo", pa.string()),
    ]
)
"""Transfers that stand in a ledger; `amount` is what moved, or is held; 0 of a void."""


@dataclass(frozen=True)
class _Line:
    """A transfer that moved money, in words both formats can take."""

    on: date
    id: str
    narration: str
    debit: str
    credit: str
    amount: str
    currency: str
    about: tuple[tuple[str, str], ...]


def posted(ledger: Ledger) -> Iterator[pa.Table]:
    """Every transfer that stands in the ledger, batch by batch: columns of `POSTED`."""
    return (posted_in(ledger, batch) for batch in range(1, ledger.head.batch + 1))


def posted_in(ledger: Ledger, batch: int) -> pa.Table:
    """The transfers of a batch: columns of `POSTED`."""
    book = ledger.book
    start = book.batch_start(batch)
    given = ledger.transfers(batch)
    numbers = np.arange(start, start + given.num_rows)
    moments = np.full(len(numbers), book.batch_known_at(np.array([batch]))[0], np.int64)
    columns = {
        **{name: given[name] for name in given.column_names},
        "entry": pa.array(numbers, pa.int64()),
        "known_at": pa.array(moments).view(pa.timestamp("us", "UTC")),
        "amount": pa.array(book.entries["amount"][numbers], pa.int64()),
    }
    return pa.Table.from_arrays([columns[name] for name in POSTED.names], schema=POSTED)


def beancount(ledger: Ledger, chart: Chart) -> str:
    """The ledger as Beancount text.

    Raises:
        MappingError: The chart lacks a code.
    """
    names = _names(ledger, chart)
    parts = ['option "title" "Headrace ledger"']
    lines = sorted(_lines(ledger, names), key=lambda each: each.on)
    first = lines[0].on if lines else EPOCH
    for account in ledger.book.accounts:
        parts.append(f"{first} open {names[account.id]} {account.currency}")
        parts.append(f"  headrace-id: {_quoted(account.id)}")
    for each in lines:
        parts.append(f"{each.on} * {_quoted(each.narration)}")
        parts += [f"  {key}: {_quoted(value)}" for key, value in each.about]
        parts.append(f"  {each.debit}  {each.amount} {each.currency}")
        parts.append(f"  {each.credit}  -{each.amount} {each.currency}")
    after = (lines[-1].on if lines else EPOCH) + timedelta(days=1)
    for name, amount, currency in _balances(ledger, names):
        parts.append(f"{after} balance {name}  {amount} ~ 0 {currency}")
    return "\n".join(parts) + "\n"


def hledger(ledger: Ledger, chart: Chart) -> str:
    """The ledger as an hledger journal.

    Raises:
        MappingError: The chart lacks a code.
    """
    names = _names(ledger, chart)
    used = sorted({each.currency for each in ledger.book.accounts})
    parts = ["decimal-mark ."]
    parts += [
        f"commodity {_with_point(1000 * MINOR_PER_MAJOR[each], each)} {each}" for each in used
    ]
    parts += [f"account {names[each.id]}  ; {_plain(each.id)}" for each in ledger.book.accounts]
    lines = sorted(_lines(ledger, names), key=lambda each: each.on)
    for each in lines:
        parts += ["", f"{each.on} * {_plain(each.narration)}"]
        parts += [f"    ; {key}: {_plain(value)}" for key, value in each.about]
        parts.append(f"    {each.debit}  {each.amount} {each.currency}")
        parts.append(f"    {each.credit}  -{each.amount} {each.currency}")
    if lines:
        parts += ["", f"{lines[-1].on} * balances"]
    for name, amount, currency in _balances(ledger, names) if lines else ():
        parts.append(f"    {name}  0 {currency} = {amount} {currency}")
    return "\n".join(parts) + "\n"


def account_name(root: str, name: str) -> str:
    """An account id as both formats can take it; see the module."""
    return ":".join([root, *(_component(part) for part in name.split("/"))])


def _component(part: str) -> str:
    escaped = "".join(_character(each) for each in part)
    ready = escaped[:1].isascii() and (escaped[:1].isdigit() or escaped[:1].isupper())
    return escaped if ready and not escaped.startswith("N") else f"N{escaped}"


def _character(character: str) -> str:
    if character == "-":
        return "--"
    category = unicodedata.category(character)
    if category in {"Lu", "Ll", "Lo", "Nd"}:
        return character
    return f"-x{ord(character):x}-"


def _names(ledger: Ledger, chart: Chart) -> dict[str, str]:
    return {
        each.id: account_name(ROOTS[chart.entry(each.code).kind], each.id)
        for each in ledger.book.accounts
    }


def _lines(ledger: Ledger, names: dict[str, str]) -> Iterator[_Line]:
    for table in posted(ledger):
        for row in table.to_pylist():
            if row["kind"] not in (Act.POST, Act.POST_HOLD):
                continue
            about = (("headrace-transfer", "id"), ("contract", "contract"), ("fact", "fact"))
            yield _Line(
                row["on"],
                row["id"],
                " ".join(word for word in (row["memo"], row["contract"]) if word),
                names[row["debit"]],
                names[row["credit"]],
                _decimal(row["amount"], row["currency"]),
                row["currency"],
                tuple((key, row[name]) for key, name in about if row[name]),
            )


def _balances(ledger: Ledger, names: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    trial = trial_balance(ledger.book).select(["account", "balance", "currency"])
    for row in trial.to_pylist():
        yield names[row["account"]], _decimal(row["balance"], row["currency"]), row["currency"]


def _decimal(minor: int, currency: str) -> str:
    """Minor units in major ones, with all their decimals."""
    per_major = MINOR_PER_MAJOR[currency]
    major, rest = divmod(abs(minor), per_major)
    sign = "-" if minor < 0 else ""
    digits = len(str(per_major)) - 1
    return f"{sign}{major}.{rest:0{digits}d}" if digits else f"{sign}{major}"


def _with_point(minor: int, currency: str) -> str:
    decimal = _decimal(minor, currency)
    return decimal if "." in decimal else f"{decimal}."


def _quoted(text: str) -> str:
    """A Beancount string."""
    escaped = _spaced(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _plain(text: str) -> str:
    """Words that hledger reads as such: no comment, no second field."""
    return _spaced(text).replace(";", ",").replace("|", "/")


def _spaced(text: str) -> str:
    return "".join(each if each.isprintable() else " " for each in text)
