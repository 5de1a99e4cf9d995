"""What acts on vouchers and bills mean for one party's ledger, as movements between roles.

A funder books what it buys at face against what it pays and a discount not yet earned. Vouchers
are no 应收票据 (财会〔2021〕32号), hence a role of their own. Loans against pledged pieces are
booked by lending. Whether a sale with recourse leaves the seller's books (企业会计准则第23号) is
for the workflow to decide: here a seller books a sale as one.
"""

from datetime import timedelta

from headrace.clock import EPOCH
from headrace.contracts.instruments import kernels as k
from headrace.contracts.instruments.book import Applied
from headrace.contracts.movements import Movement

RECEIVABLE = {k.VOUCHER: "voucher_receivable", k.BILL: "bill_receivable"}


def movements(applied: Applied, us: str) -> tuple[Movement, ...]:
    """The movements of one party by the acts that were applied, in their order."""
    book = applied.book
    code = book.party_names.index(us)
    found: list[Movement] = []
    for act, payer, payee, piece, amount, why in applied.flows.tolist():
        if code not in (payer, payee):
            continue
        day = EPOCH + timedelta(days=int(applied.rows[act, k.A_DAY]))
        kind = int(book.papers[int(book.pieces[piece, k.PAPER]), k.P_KIND])
        whole = amount
        if why == k.FOR_PURCHASE:
            whole = int(book.pieces[piece, k.FACE])
        elif why == k.FOR_RECOURSE:  # what is unpaid now was unpaid on the piece given back
            whole = int(book.pieces[int(book.pieces[piece, k.PARENT]), k.UNPAID])
        moves = _moves(why, RECEIVABLE[kind], amount, whole - amount, out=payer == code)
        found += [
            Movement(debit, credit, moved, book.currency, day, memo)
            for debit, credit, moved, memo in moves
            if moved > 0
        ]
    return tuple(found)


def limit_movements(applied: Applied) -> tuple[Movement, ...]:
    """Limits taken and given back, off the balance sheet of whoever grants them.

    Issue takes, cancellation before acceptance and payment give back; conversion into a bill of the
    same payer does neither.
    """
    book, found = applied.book, []
    row_of = {int(each): row for row, each in enumerate(book.papers[:, k.P_ID])}
    for row, answer in zip(applied.rows, applied.answers.tolist(), strict=True):
        kind = int(row[k.A_KIND])
        if answer != k.APPLIED or kind not in (k.ISSUE, k.CANCEL, k.PAY):
            continue
        day = EPOCH + timedelta(days=int(row[k.A_DAY]))
        paper = book.papers[row_of[int(row[k.A_TARGET])]]
        amount = int(row[k.A_AMOUNT]) if kind == k.PAY else int(paper[k.P_AMOUNT])
        roles = ("voucher_anchored", "memorandum")
        debit, credit = roles if kind == k.ISSUE else roles[::-1]
        memo = {k.ISSUE: "limit_taken", k.CANCEL: "limit_cancelled", k.PAY: "limit_given_back"}
        found.append(Movement(debit, credit, amount, book.currency, day, memo[kind]))
    return tuple(found)


def _moves(
    why: int, held: str, amount: int, rest: int, *, out: bool
) -> list[tuple[str, str, int, str]]:
    """Debit, credit, amount, memo; `rest` is what the receivable is more than the money."""
    if why == k.FOR_PLEDGE:
        return [] if out else [("cash", "loan_principal", amount, "pledge_collected")]
    if why == k.FOR_PAYMENT:
        return [] if out else [("cash", held, amount, "paper_paid")]
    if why == k.FOR_PURCHASE:
        if out:
            return [
                (held, "cash", amount, "paper_bought"),
                (held, "fee_income_deferred", rest, "paper_discount"),
            ]
        return [
            ("cash", held, amount, "paper_sold"),
            ("fee_expense", held, rest, "paper_discount"),
        ]
    if out:
        return [
            (held, "cash", amount, "recourse_paid"),
            (held, "fee_income_deferred", rest, "recourse_discount"),
        ]
    return [
        ("cash", held, amount, "recourse_collected"),
        ("fee_income_deferred", held, rest, "recourse_discount"),
    ]
