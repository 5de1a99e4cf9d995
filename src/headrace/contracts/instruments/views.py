"""A book of vouchers and bills as tables: papers, pieces, money that passed."""

import numpy as np
import pyarrow as pa

from headrace.contracts.instruments import kernels as k
from headrace.contracts.instruments.acts import PaperKind, PieceState, Status, Why
from headrace.contracts.instruments.book import Applied, Book, Longs

HOWS = pa.array(["issue", "split", "transfer", "finance", "recourse"])


def papers(book: Book) -> pa.Table:
    """One row a voucher or bill.

    Columns: paper, kind, payer, drawer (strings); amount_minor, paid_minor, converted_minor,
    unpaid_minor (int64); issued, due (date32); status; pieces_live (int64).
    """
    rows = book.papers
    owed = np.where(rows[:, k.P_STATUS] == k.CANCELLED, 0, rows[:, k.P_AMOUNT])
    live = book.pieces[book.pieces[:, k.STATE] == k.LIVE, k.PAPER]
    return pa.table(
        {
            "paper": pa.array(book.paper_names, pa.string()),
            "kind": _words(PaperKind, rows[:, k.P_KIND]),
            "payer": named(book, rows[:, k.P_PAYER]),
            "drawer": named(book, rows[:, k.P_DRAWER]),
            "amount_minor": rows[:, k.P_AMOUNT],
            "paid_minor": owed - rows[:, k.P_UNPAID] - rows[:, k.P_CONVERTED],
            "converted_minor": rows[:, k.P_CONVERTED],
            "unpaid_minor": rows[:, k.P_UNPAID],
            "issued": days(rows[:, k.P_ISSUED]),
            "due": days(rows[:, k.P_DUE]),
            "status": _words(Status, rows[:, k.P_STATUS]),
            "pieces_live": np.bincount(live, minlength=len(rows)),
        }
    )


def pieces(book: Book, rows: Longs | None = None) -> pa.Table:
    """One row a piece, spent ones too, in the order in which they came to be.

    Columns: piece (its path), paper, holder, seller (who handed it on; null: the payer or drawer),
    how it came to be (`issue`, `split`, ...), state; tier (int64: 1 holds from the payer);
    start_minor, amount_minor, unpaid_minor, cost_minor (what the holder gave), received_minor;
    recourse (whether the seller answers); day (date32); registered_for, pledged_to (null: nobody);
    loan_minor.

    Args:
        book: The book.
        rows: Which pieces; None: all.
    """
    chosen = np.arange(len(book.pieces)) if rows is None else rows
    at = book.pieces[chosen]
    source = at[:, k.SOURCE]
    seller = np.where(source >= 0, book.pieces[source, k.HOLDER], k.NOBODY) if len(at) else source
    names = pa.array(book.paper_names, pa.string())
    cost = np.empty(len(chosen), np.int64)
    k.costs(book.pieces, chosen, cost)
    return pa.table(
        {
            "piece": paths(book, chosen),
            "paper": names.take(pa.array(at[:, k.PAPER])),
            "holder": named(book, at[:, k.HOLDER]),
            "seller": named(book, seller),
            "how": HOWS.take(pa.array(at[:, k.MADE])),
            "state": _words(PieceState, at[:, k.STATE]),
            "tier": at[:, k.TIER],
            "start_minor": at[:, k.START],
            "amount_minor": at[:, k.FACE],
            "unpaid_minor": at[:, k.UNPAID],
            "cost_minor": cost,
            "received_minor": at[:, k.RECEIVED],
            "recourse": at[:, k.RECOURSE] == 1,
            "day": days(at[:, k.DAY]),
            "registered_for": named(book, at[:, k.REGISTERED]),
            "pledged_to": named(book, at[:, k.PLEDGED]),
            "loan_minor": at[:, k.LOAN],
        }
    )


def live(book: Book) -> Longs:
    """int64: the rows of live pieces, in the order of their papers and of their place in them."""
    rows = np.flatnonzero(book.pieces[:, k.STATE] == k.LIVE)
    at = book.pieces[rows]
    return rows[np.lexsort((at[:, k.START], at[:, k.PAPER]))]


def money(applied: Applied) -> pa.Table:
    """Money that passed: act (row of the acts), payer, payee, piece, amount_minor, why."""
    flows, book = applied.flows, applied.book
    return pa.table(
        {
            "act": flows[:, k.F_ACT],
            "payer": named(book, flows[:, k.F_FROM]),
            "payee": named(book, flows[:, k.F_TO]),
            "piece": paths(book, flows[:, k.F_PIECE]),
            "amount_minor": flows[:, k.F_AMOUNT],
            "why": _words(Why, flows[:, k.F_WHY]),
        }
    )


def paths(book: Book, rows: Longs) -> pa.Array:
    """The paths of pieces (`V1/1/0`)."""
    known: dict[int, str] = {}
    for row in rows.tolist():
        chain = []
        while row >= 0 and row not in known:
            chain.append(row)
            row = int(book.pieces[row, k.PARENT])  # noqa: PLW2901 - climbs from the row given
        for each in reversed(chain):
            parent = int(book.pieces[each, k.PARENT])
            step = int(book.pieces[each, k.INDEX])
            paper = int(book.pieces[each, k.PAPER])
            root = book.paper_names[paper] if parent < 0 else f"{known[parent]}/{step}"
            known[each] = root
    return pa.array([known[row] for row in rows.tolist()], pa.string())


def named(book: Book, parties: Longs) -> pa.Array:
    """Names of parties by row; null for nobody."""
    codes = pa.array(parties, pa.int64(), mask=parties < 0)
    return pa.array(book.party_names, pa.string()).take(codes)


def days(numbers: Longs) -> pa.Array:
    """date32 of days since 1970-01-01."""
    return pa.array(numbers.astype(np.int32)).cast(pa.date32())


def _words(kind: type[PaperKind | Status | PieceState | Why], values: Longs) -> pa.Array:
    return pa.array([each.name.lower() for each in kind], pa.string()).take(pa.array(values))
