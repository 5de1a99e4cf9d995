"""What was planted, precisely enough to count a finder's hits and misses."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.simulator.arrays import Ints
from headrace.simulator.books import Ledger, Side, dates, money, number_texts, texts
from headrace.simulator.defaults import NEVER, Outcomes
from headrace.simulator.firms import Firms
from headrace.simulator.trade import CIRCULAR, NOT_VOIDED, RING, SELF, SHELL

Sides = dict[str, Side]


def truth_tables(
    ledger: Ledger, sides: Sides, firms: Firms, outcomes: Outcomes, contagion: float
) -> dict[str, pa.Table]:
    """Every truth table by its file stem."""
    return {
        "defaults": _defaults(ledger, outcomes, contagion),
        "rings": _planned(ledger, RING, "ring_id"),
        "circular_trades": _planned(ledger, CIRCULAR, "circular_id"),
        "shells": _shells(ledger, firms),
        "hidden_edges": _hidden_edges(ledger),
        "self_invoices": _planned(ledger, SELF, "self_id"),
        "duplicates": pa.concat_tables(
            _rows(ledger, table, side, np.flatnonzero(side.copy)) for table, side in sides.items()
        ),
        "defects": pa.concat_tables(
            part for table, side in sides.items() for part in _defects(ledger, table, side)
        ),
    }


def _defaults(ledger: Ledger, outcomes: Outcomes, contagion: float) -> pa.Table:
    """One row per firm that defaults by the horizon, a year after the as-of date."""
    firm = np.flatnonzero(outcomes.day != NEVER)
    spread = contagion * outcomes.exposure[firm] / 0.1 > 1
    return pa.table(
        {
            "firm_id": texts(firm, ledger.firms),
            "event_date": dates(ledger.calendar, outcomes.day[firm]),
            "known_date": dates(ledger.calendar, outcomes.known_day[firm]),
            "known_on_as_of": outcomes.known_default[firm],
            "exposure": np.round(outcomes.exposure[firm], 6),
            "cause": texts(spread.astype(np.int32), ["own", "contagion"]),
        }
    )


def _planned(ledger: Ledger, kind: int, plan: str) -> pa.Table:
    """One row per invoice of the planned structures of one kind, in order of plan and step."""
    trades = ledger.trades
    place = np.flatnonzero(trades.kind == kind)
    place = place[np.lexsort([trades.step[place], trades.plan[place]])]
    parties = _parties(ledger, place)
    return pa.table(
        {
            plan: trades.plan[place] + 1,
            "step": trades.step[place] + 1,
            **parties,
            "invoice_number": number_texts(ledger.number[place]),
            "date": dates(ledger.calendar, trades.day[place]),
            "amount": money(trades.amount[place]),
        }
    )


def _parties(ledger: Ledger, place: Ints) -> dict[str, pa.Array]:
    """Both firms of trades between firms, and the codes by which their partners know them."""
    seller, buyer = ledger.trades.seller[place], ledger.trades.buyer[place]
    return {
        "seller_id": texts(seller, ledger.firms),
        "buyer_id": texts(buyer, ledger.firms),
        "seller_code": texts(seller, ledger.seller_codes),
        "buyer_code": texts(buyer, ledger.buyer_codes),
    }


def _shells(ledger: Ledger, firms: Firms) -> pa.Table:
    """One row per shell firm; counts are of distinct invoices and of distinct codes."""
    trades = ledger.trades
    shells = np.flatnonzero(firms.shell)
    issued = [np.flatnonzero(trades.seller == shell) for shell in shells]
    taken = [np.flatnonzero((trades.buyer == shell) & (trades.kind == SHELL)) for shell in shells]
    voided = [int((trades.void_day[place] != NOT_VOIDED).sum()) for place in issued]
    return pa.table(
        {
            "firm_id": texts(shells, ledger.firms),
            "founded": dates(ledger.calendar, firms.founded[shells]),
            "first_date": dates(
                ledger.calendar, np.array([trades.day[p].min() for p in issued], int)
            ),
            "last_date": dates(
                ledger.calendar, np.array([trades.day[p].max() for p in issued], int)
            ),
            "sales_invoices": pa.array([len(place) for place in issued], pa.int64()),
            "voided": pa.array(voided, pa.int64()),
            "buyers": pa.array([len(np.unique(trades.buyer[p])) for p in issued], pa.int64()),
            "sellers": pa.array([len(np.unique(trades.seller[p])) for p in taken], pa.int64()),
        }
    )


def _hidden_edges(ledger: Ledger) -> pa.Table:
    """One row per pair of different firms with a valid invoice, which stands in both books."""
    trades, firms = ledger.trades, len(ledger.firms)
    inside = (trades.seller < firms) & (trades.buyer < firms) & (trades.seller != trades.buyer)
    place = np.flatnonzero(inside & (trades.void_day == NOT_VOIDED))
    pair = trades.seller[place].astype(np.int64) * firms + trades.buyer[place]
    order = np.lexsort([trades.day[place], pair])
    place, pair = place[order], pair[order]
    first = np.flatnonzero(np.concatenate([[True], pair[1:] != pair[:-1]])[: len(pair)])
    last = np.concatenate([first[1:], [len(pair)]])[: len(first)] - 1
    return pa.table(
        {
            **_parties(ledger, place[first]),
            "invoices": pa.array(last - first + 1, pa.int64()),
            "first_date": dates(ledger.calendar, trades.day[place[first]]),
            "last_date": dates(ledger.calendar, trades.day[place[last]]),
        }
    )


def _rows(ledger: Ledger, table: str, side: Side, row: Ints) -> pa.Table:
    """Rows of an invoice table: where they are and which invoice they show."""
    place = side.place[row]
    trades = ledger.trades
    buying = table == "purchase_invoices"
    firm = trades.buyer[place] if buying else trades.seller[place]
    partner = (
        texts(trades.seller[place], ledger.seller_codes)
        if buying
        else texts(trades.buyer[place], ledger.buyer_codes)
    )
    return pa.table(
        {
            "file": _same(table, row),
            "row": pa.array(row, pa.int64()),
            "firm_id": pc.cast(texts(firm, ledger.firms), pa.string()),
            "counterparty_id": pc.cast(partner, pa.string()),
            "invoice_number": number_texts(ledger.number[place]),
            "date": dates(ledger.calendar, trades.day[place]),
        }
    )


def _defects(ledger: Ledger, table: str, side: Side) -> list[pa.Table]:
    """One row per fault of writing: the row it is in, its kind, and what is right."""
    trades, place = ledger.trades, side.place
    total = trades.amount[place] + trades.tax[place]
    blank = np.flatnonzero(side.blank_status & (trades.void_day[place] != NOT_VOIDED))
    zeros, wrong = np.flatnonzero(side.lost_zeros), np.flatnonzero(side.total_error)
    number = number_texts(ledger.number[place[zeros]])
    written_total = total[wrong] + side.total_error[wrong]
    kinds = {
        "leading_blank": (blank, _same(" voided", blank), _same("voided", blank)),
        "lost_zeros": (zeros, pc.utf8_ltrim(number, "0"), number),
        "wrong_total": (
            wrong,
            pc.cast(money(written_total), pa.string()),
            pc.cast(money(total[wrong]), pa.string()),
        ),
    }
    return [
        _rows(ledger, table, side, row)
        .append_column("kind", _same(kind, row))
        .append_column("written", written)
        .append_column("correct", correct)
        for kind, (row, written, correct) in kinds.items()
    ]


def _same(value: str, row: Ints) -> pa.Array:
    return pa.array([value] * len(row), pa.string())
