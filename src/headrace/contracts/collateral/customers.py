"""One customer: all loans and all collateral of a group together (同一客户合并管理).

Collateral that secures several loans is divided by rank (顺位): a rank is served when the ranks
before it have what they are owed, or their cap; within a rank, loans share in proportion to what
they still lack. Pieces that secure fewer loans are used first, so that what can serve one loan only
is not left over; ties by the order given. Whole minor units: the parts of a rank are the steps of
the running sum, rounded down, so that they add up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from headrace.errors import InputError


@dataclass(frozen=True)
class Loan:
    """A loan; `owed_minor` with interest, 0 or more."""

    id: str
    borrower: str
    owed_minor: int


@dataclass(frozen=True)
class Piece:
    """A piece of collateral.

    Attributes:
        value_minor: As marked, 0 or more.
        issuer: Whose share, debt or goods it is; empty where it is nobody's.
    """

    id: str
    value_minor: int
    issuer: str = ""


@dataclass(frozen=True)
class Charge:
    """A loan's right in a piece.

    Attributes:
        rank: 1 is served first.
        cap_minor: The most it may take (最高额); None: no cap.
    """

    piece: str
    loan: str
    rank: int = 1
    cap_minor: int | None = None


@dataclass(frozen=True)
class Divided:
    """Collateral divided among loans.

    Attributes:
        parts: By piece and loan, minor units, above 0.
        lacking: By loan: owed and not covered.
        left: By piece: value that nothing takes.
        wrong_way: Charges whose collateral was issued within the borrower's own group.
    """

    parts: Mapping[tuple[str, str], int]
    lacking: Mapping[str, int]
    left: Mapping[str, int]
    wrong_way: tuple[Charge, ...]


def crossed(loans: Sequence[Loan], pieces: Sequence[Piece]) -> tuple[Charge, ...]:
    """Every piece secures every loan, in one rank (交叉担保)."""
    return tuple(Charge(piece.id, loan.id) for piece in pieces for loan in loans)


def divide(
    loans: Sequence[Loan],
    pieces: Sequence[Piece],
    charges: Sequence[Charge],
    groups: Mapping[str, str],
) -> Divided:
    """Divide collateral among the loans it secures.

    Args:
        loans: In any order.
        pieces: In the order in which ties are broken.
        charges: Who has a right in what.
        groups: Party to the group it belongs to; a party that is missing is alone.

    Raises:
        InputError: A charge names a loan or piece that is not there, or an amount is negative.
    """
    lacking = {loan.id: loan.owed_minor for loan in loans}
    left = {piece.id: piece.value_minor for piece in pieces}
    if min([*lacking.values(), *left.values()], default=0) < 0:
        raise InputError("an amount is negative", where="one customer", remedy="0 or more")
    for charge in charges:
        if charge.loan not in lacking or charge.piece not in left:
            raise InputError(
                f"a charge is on {charge.piece} for {charge.loan}",
                where="one customer",
                remedy="a piece and a loan that are given",
            )
    by_piece: dict[str, list[Charge]] = {piece.id: [] for piece in pieces}
    for charge in charges:
        by_piece[charge.piece].append(charge)
    parts: dict[tuple[str, str], int] = {}
    for piece in sorted(pieces, key=lambda piece: len(by_piece[piece.id])):
        for rank in sorted({charge.rank for charge in by_piece[piece.id]}):
            served = [charge for charge in by_piece[piece.id] if charge.rank == rank]
            for charge, part in zip(served, _serve(served, left[piece.id], lacking), strict=True):
                key = (piece.id, charge.loan)
                if part:
                    parts[key] = parts.get(key, 0) + part
                lacking[charge.loan] -= part
                left[piece.id] -= part
    return Divided(parts, lacking, left, _wrong_way(loans, pieces, charges, groups))


def _serve(served: Sequence[Charge], value: int, lacking: Mapping[str, int]) -> list[int]:
    """What each charge of a rank gets of a value."""
    wanted = [
        lacking[charge.loan]
        if charge.cap_minor is None
        else min(lacking[charge.loan], charge.cap_minor)
        for charge in served
    ]
    total = sum(wanted)
    if total <= value:
        return wanted
    parts, so_far, given = [], 0, 0
    for want in wanted:
        so_far += want
        parts.append(value * so_far // total - given)
        given += parts[-1]
    return parts


def _wrong_way(
    loans: Sequence[Loan],
    pieces: Sequence[Piece],
    charges: Sequence[Charge],
    groups: Mapping[str, str],
) -> tuple[Charge, ...]:
    borrower = {loan.id: groups.get(loan.borrower, loan.borrower) for loan in loans}
    issuer = {piece.id: groups.get(piece.issuer, piece.issuer) for piece in pieces}
    return tuple(
        charge
        for charge in charges
        if issuer[charge.piece] and issuer[charge.piece] == borrower[charge.loan]
    )


def by_customer(
    loans: Sequence[Loan],
    pieces: Sequence[Piece],
    charges: Sequence[Charge],
    groups: Mapping[str, str],
) -> pa.Table:
    """One row per customer or group.

    A piece counts once for a customer, whatever it secures, and for each customer by what its loans
    took of it and, where it secures nobody else, what is left.

    Returns:
        `customer`; `loans` int64; `owed`, `value`, `covered`, `lacking`, `wrong_way` int64 minor
        units, the last the part of what covers that was issued within the group; `ratio` double,
        value over owed, null where nothing is owed.
    """
    divided = divide(loans, pieces, charges, groups)
    customer = {loan.id: groups.get(loan.borrower, loan.borrower) for loan in loans}
    wrong = {(charge.piece, charge.loan) for charge in divided.wrong_way}
    users: dict[str, set[str]] = {piece.id: set() for piece in pieces}
    for charge in charges:
        users[charge.piece].add(customer[charge.loan])
    rows = []
    for name in dict.fromkeys(customer.values()):
        own = [loan for loan in loans if customer[loan.id] == name]
        owed = sum(loan.owed_minor for loan in own)
        parts = {key: part for key, part in divided.parts.items() if customer[key[1]] == name}
        spare = sum(left for piece, left in divided.left.items() if users[piece] == {name})
        value = sum(parts.values()) + spare
        rows.append(
            {
                "customer": name,
                "loans": len(own),
                "owed": owed,
                "value": value,
                "covered": sum(parts.values()),
                "lacking": sum(divided.lacking[loan.id] for loan in own),
                "wrong_way": sum(part for key, part in parts.items() if key in wrong),
                "ratio": value / owed if owed else None,
            }
        )
    return pa.Table.from_pylist(rows, schema=CUSTOMERS)


CUSTOMERS = pa.schema(
    [
        ("customer", pa.string()),
        ("loans", pa.int64()),
        ("owed", pa.int64()),
        ("value", pa.int64()),
        ("covered", pa.int64()),
        ("lacking", pa.int64()),
        ("wrong_way", pa.int64()),
        ("ratio", pa.float64()),
    ]
)
