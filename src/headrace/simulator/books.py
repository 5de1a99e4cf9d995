"""The two sides' books: rows of the invoice tables, with copies and writing faults.

The seller's book calls the buyer by a B code, the buyer's book calls the seller by an A code; a
firm has one of each, and nothing in the books says which firm a code is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.clock import day_number
from headrace.simulator.arrays import Flags, Ints
from headrace.simulator.firms import firm_ids
from headrace.simulator.seasons import Calendar
from headrace.simulator.trade import CORRECTS_NOTHING, NOT_VOIDED, Trades

NUMBER_WIDTH = 8
BLANK_STATUS_SHARE = 0.0003
WRONG_TOTAL_SHARE = 0.00005
LOST_ZEROS_FIRM_SHARE = 0.03
MONEY = pa.decimal128(18, 2)


@dataclass(frozen=True)
class Ledger:
    """All that the books are written from.

    Attributes:
        trades: Every invoice once, in order of seller and day.
        number: Number of each invoice.
        calendar: Gives days their dates.
        firms: Identifiers of the firms.
        seller_codes: A code of each seller, firms first.
        buyer_codes: B code of each buyer, firms first.
    """

    trades: Trades
    number: Ints
    calendar: Calendar
    firms: list[str]
    seller_codes: list[str]
    buyer_codes: list[str]


@dataclass(frozen=True)
class Side:
    """The place of each row of one invoice table in the ledger, and what is wrong with the row.

    Attributes:
        place: Trade that the row shows; rows are in order of firm and day.
        copy: Whether the row repeats the one before it.
        blank_status: Whether the status is written with a leading blank.
        lost_zeros: Whether the number is written without its leading zeros.
        total_error: Fen by which the total is wrong; 0 on all but a few rows.
    """

    place: Ints
    copy: Flags
    blank_status: Flags
    lost_zeros: Flags
    total_error: Ints


def ledger_of(
    trades: Trades, number: Ints, calendar: Calendar, traders: tuple[int, int, int],
    rng: np.random.Generator,
) -> Ledger:  # fmt: skip
    """A ledger with codes dealt at random.

    Args:
        trades: Every invoice, numbered.
        number: Their numbers.
        calendar: The calendar of the span.
        traders: Count of firms, of all sellers and of all buyers.
        rng: Deals the codes.
    """
    firms, sellers, buyers = traders
    return Ledger(
        trades, number, calendar, firm_ids(firms), _codes("A", sellers, rng),
        _codes("B", buyers, rng),
    )  # fmt: skip


def draw_sides(ledger: Ledger, rows: int, rng: np.random.Generator) -> tuple[Side, Side]:
    """Purchases and sales; exact copies fill both up to `rows` rows in all."""
    trades, firms = ledger.trades, len(ledger.firms)
    sold = np.flatnonzero(trades.seller < firms).astype(np.int32)
    bought = np.flatnonzero(trades.buyer < firms).astype(np.int32)
    key = trades.buyer[bought].astype(np.int64) << 24 | trades.day[bought]
    bought = bought[np.argsort(key, kind="stable")]
    distinct = len(sold) + len(bought)
    copies = max(0, rows - distinct)
    of_sales = round(copies * len(sold) / distinct)
    purchases = _draw_side(ledger, bought, trades.buyer[bought], copies - of_sales, rng)
    return purchases, _draw_side(ledger, sold, trades.seller[sold], of_sales, rng)


def purchase_table(ledger: Ledger, side: Side) -> pa.Table:
    """purchase_invoices: what each firm bought, its sellers by A codes."""
    trades = ledger.trades
    firm, seller = trades.buyer[side.place], trades.seller[side.place]
    return _table(ledger, side, firm, ("seller_id", texts(seller, ledger.seller_codes)))


def sales_table(ledger: Ledger, side: Side) -> pa.Table:
    """sales_invoices: what each firm sold, its buyers by B codes."""
    trades = ledger.trades
    firm, buyer = trades.seller[side.place], trades.buyer[side.place]
    return _table(ledger, side, firm, ("buyer_id", texts(buyer, ledger.buyer_codes)))


def texts(index: Ints, values: Sequence[str]) -> pa.Array:
    """A dictionary-encoded column: `values` at each index."""
    return pa.DictionaryArray.from_arrays(pa.array(index.astype(np.int32)), pa.array(values))


def money(fen: Ints) -> pa.Array:
    """Yuan with two decimals, decimal128(18, 2), from whole fen."""
    words = np.empty((len(fen), 2), dtype=np.int64)
    words[:, 0] = fen
    words[:, 1] = words[:, 0] >> 63  # the sign fills the high word
    return pa.Array.from_buffers(MONEY, len(fen), [None, pa.py_buffer(words)])


def dates(calendar: Calendar, day: Ints, absent: Flags | None = None) -> pa.Array:
    """date32 of day offsets; null where absent."""
    since_epoch = (np.asarray(day) + day_number(calendar.first)).astype(np.int32)
    return pa.array(since_epoch, mask=absent).view(pa.date32())


def number_texts(number: Ints, absent: Flags | None = None) -> pa.Array:
    """Invoice numbers as eight digits; null where absent."""
    return pc.utf8_lpad(pc.cast(pa.array(number, mask=absent), pa.string()), NUMBER_WIDTH, "0")


def _codes(letter: str, count: int, rng: np.random.Generator) -> list[str]:
    return [f"{letter}{code:05d}" for code in (rng.permutation(count) + 1).tolist()]


def _draw_side(
    ledger: Ledger, place: Ints, firm: Ints, copies: int, rng: np.random.Generator
) -> Side:
    count = len(place)
    blank_status, lost_zeros = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
    voided = np.flatnonzero(ledger.trades.void_day[place] != NOT_VOIDED)
    blanks = min(len(voided), max(1, round(BLANK_STATUS_SHARE * count)))
    blank_status[rng.choice(voided, blanks, replace=False)] = True
    total_error = np.zeros(count, dtype=np.int32)
    wrong = rng.choice(count, max(1, round(WRONG_TOTAL_SHARE * count)), replace=False)
    total_error[wrong] = rng.integers(2, 5_000, len(wrong)) * rng.choice([-1, 1], len(wrong))
    short = ledger.number[place] < 10 ** (NUMBER_WIDTH - 1)
    careless = np.unique(firm[short])
    some = min(len(careless), max(1, round(LOST_ZEROS_FIRM_SHARE * len(ledger.firms))))
    lost_zeros[short & np.isin(firm, rng.choice(careless, some, replace=False))] = True
    again = rng.choice(count, min(copies, count), replace=False)
    row = np.sort(np.concatenate([np.arange(count), again]))
    copy = np.concatenate([[False], row[1:] == row[:-1]])
    return Side(place[row], copy, blank_status[row], lost_zeros[row], total_error[row])


def _table(ledger: Ledger, side: Side, firm: Ints, partner: tuple[str, pa.Array]) -> pa.Table:
    trades, place = ledger.trades, side.place
    amount, tax = trades.amount[place], trades.tax[place]
    void_day, corrects = trades.void_day[place], trades.corrects[place]
    valid, blue = void_day == NOT_VOIDED, corrects == CORRECTS_NOTHING
    number = number_texts(ledger.number[place])
    if side.lost_zeros.any():
        number = pc.if_else(pa.array(side.lost_zeros), pc.utf8_ltrim(number, "0"), number)
    status = np.where(valid, 0, np.where(side.blank_status, 2, 1))
    return pa.table(
        {
            "firm_id": texts(firm, ledger.firms),
            "invoice_number": number,
            "date": dates(ledger.calendar, trades.day[place]),
            partner[0]: partner[1],
            "amount": money(amount),
            "tax": money(tax),
            "total": money(amount + tax + side.total_error),
            "status": texts(status, ["valid", "voided", " voided"]),
            "void_date": dates(ledger.calendar, void_day, valid),
            "corrects_number": number_texts(ledger.number[corrects], blue),
        }
    )
