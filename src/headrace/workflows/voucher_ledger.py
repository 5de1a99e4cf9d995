"""What acts on vouchers and bills move for one party, booked on its ledger act by act."""

from dataclasses import replace

from headrace.contracts.instruments import kernels, views
from headrace.contracts.instruments.postings import movements
from headrace.contracts.movements import Movement
from headrace.errors import InputError
from headrace.workflows.desk_rows import Sheet
from headrace.workflows.trade_acts import Booking
from headrace.workflows.trade_ledger import Acts, TradeLedger
from headrace.workflows.vouchers import Desk

ON_A_PLEDGE = "pledge_collected"


def check_keys(sheet: Sheet) -> None:
    """Every act has an idempotency key.

    Raises:
        InputError: One has none.
    """
    for row in sheet.rows:
        if "key" not in row.values:
            raise InputError(
                f"row {row.number} has no key, by which the ledger knows it again",
                where="column key",
                remedy="give every act a key of its own",
            )


def bookings(desk: Desk, us: str) -> list[Booking]:
    """What a party books, one entry an act that moves its money, in order.

    What is collected on a pledged piece repays a loan, and is booked where that loan is.
    """
    book, found = desk.book, dict[int, list[Movement]]()
    papers = {}
    for place, flow in enumerate(desk.applied.flows.tolist()):
        act, piece = flow[0], flow[3]
        one = replace(desk.applied, flows=desk.applied.flows[place : place + 1])
        moves = [each for each in movements(one, us) if each.memo != ON_A_PLEDGE]
        if moves:
            found.setdefault(act, []).extend(moves)
            papers[act] = book.paper_names[int(book.pieces[piece, kernels.PAPER])]
    about = views.papers(book)
    payers = dict(zip(about["paper"].to_pylist(), about["payer"].to_pylist(), strict=True))
    return [
        Booking(act, desk.acts[act].key, papers[act], payers[papers[act]], tuple(moves))
        for act, moves in sorted(found.items())
    ]


def acts_of(desk: Desk, us: str) -> Acts:
    """What the acts are known by on the ledger of a party."""
    papers = {each.contract for each in bookings(desk, us)}
    return Acts("voucher", [each.key for each in desk.acts], papers)


def book_vouchers(desk: Desk, us: str, books: TradeLedger) -> None:
    """Book them, until one cannot be: the same sheet again goes on there.

    Raises:
        InputError: The ledger refuses an act; those before it are booked.
        HeadraceError: The ledger cannot be written.
    """
    for booking in bookings(desk, us):
        refused = books.post(booking)
        if refused is not None:
            raise InputError(
                f"the ledger refuses it: {refused.says.en} ({refused.says.zh})",
                where=f"row {desk.rows[booking.place]}, {booking.key}",
                remedy="rows before it are booked; see to it and give the same sheet again",
            )
