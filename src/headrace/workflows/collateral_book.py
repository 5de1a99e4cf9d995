"""A book of pledges on a day: marked, with haircuts, and what would trigger a call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa

from headrace.contracts.collateral import triggers
from headrace.contracts.collateral.desk import step, to_cure
from headrace.contracts.collateral.haircuts import HaircutTerms
from headrace.contracts.collateral.marks import (
    Goods,
    Item,
    Kind,
    Mark,
    Quota,
    Quote,
    Rules,
    Shares,
    mark,
)
from headrace.contracts.collateral.pledges import Held, Lines, Marked, Phase, Pledge, Refusal
from headrace.contracts.collateral.terms import Terms
from headrace.contracts.conventions.china import CHINA
from headrace.errors import InputError
from headrace.workflows.collateral_market import Market, factor_volatility, share_haircuts

CASH = "cash"
"""Kind of a row that is margin (保证金)."""
MINOR_MAX = 10**15
FINE = 100  # adjusted prices have four decimals of a yuan, two more than a fen


@dataclass(frozen=True)
class Piece:
    """One thing that secures a loan.

    Attributes:
        item: What it is.
        stated: A price that was stated with it, such as an appraisal; None: of the prices.
        haircut: As agreed, 0..1; None: computed for shares, else not known.
    """

    item: Item
    stated: Quote | None = None
    haircut: Decimal | None = None


@dataclass(frozen=True)
class PledgedLoan:
    """A loan and what secures it; amounts in minor units."""

    id: str
    owed_minor: int
    lines: Lines
    pieces: tuple[Piece, ...] = ()
    margin_minor: int = 0


@dataclass(frozen=True)
class Cut:
    """A haircut and its parts, 0..1; `sale_days` None where it was agreed."""

    haircut: float
    sale_days: float | None = None


@dataclass(frozen=True)
class MarkedLoan:
    """A loan on a day.

    Attributes:
        marks: Of its pieces, in order.
        cuts: Of its pieces; None where no haircut is known.
        pledge: As the desk sees it; a piece without a price counts nothing in it.
        complete: Whether every piece has a price.
        phase: None where it hangs on a piece without a price.
    """

    loan: PledgedLoan
    marks: tuple[Mark, ...]
    cuts: tuple[Cut | None, ...]
    pledge: Pledge
    complete: bool
    phase: Phase | None

    @property
    def flags(self) -> tuple[str, ...]:
        """What a reader must know, each once."""
        return tuple(dict.fromkeys(str(flag) for each in self.marks for flag in each.flags))

    def lendable(self, cap: Decimal | None) -> int | None:
        """Value after haircuts, shares at most at the legal cap; None where one is not known."""
        total = Fraction(self.loan.margin_minor)
        for found, cut in zip(self.marks, self.cuts, strict=True):
            if found.value_minor is None or cut is None:
                return None
            part = Fraction(1) - Fraction(str(cut.haircut))
            if cap is not None and found.kind is Kind.SHARES:
                part = min(part, Fraction(cap))
            total += found.value_minor * max(part, Fraction(0))
        return int(total)


def trading_days(first: date, last: date) -> list[date]:
    """Days of the exchanges as far as holidays are announced: no weekends, make-up days or not."""
    known = CHINA.known or (first, last)
    begin, end = max(first, known[0]), min(last, known[1])
    days = (begin + timedelta(days=n) for n in range(max((end - begin).days + 1, 0)))
    return [day for day in days if day.weekday() < 5 and day not in CHINA.holidays]


def marked_loans(
    loans: Sequence[PledgedLoan], found: Mapping[str, Quote], on: date, rules: Rules
) -> list[MarkedLoan]:
    """Every loan with its collateral at the day's prices, in the phase the desk puts it in.

    Raises:
        InputError: A value is above 10^13 yuan.
    """
    days = trading_days(on, on + timedelta(days=60))
    return [_marked(loan, found, on, (rules, days)) for loan in loans]


def _marked(
    loan: PledgedLoan, found: Mapping[str, Quote], on: date, how: tuple[Rules, list[date]]
) -> MarkedLoan:
    rules, days = how
    marks = tuple(
        mark(piece.item, piece.stated or found.get(piece.item.code), on, rules)
        for piece in loan.pieces
    )
    known = [each.value_minor or 0 for each in marks]
    if max([*known, loan.margin_minor, sum(known)]) > MINOR_MAX:
        problem = "the collateral is worth more than 10^13 yuan"
        raise InputError(problem, where=f"loan {loan.id}", remedy="check quantities and prices")
    held = {
        str(at): Held(value, each.stale)
        for at, (each, value) in enumerate(zip(marks, known, strict=True))
    }
    before = Pledge(
        loan.lines, on, loan.owed_minor, dict.fromkeys(held, Held(0)), loan.margin_minor
    )
    done = step(before, Marked(on, held, loan.owed_minor), days)
    pledge = done.pledge
    if done.refusal is Refusal.DEADLINE_MUST_BE_IN_THE_CALENDAR:
        pledge = Pledge(loan.lines, on, loan.owed_minor, held, loan.margin_minor, Phase.CALLED)
    complete = all(each.value_minor is not None for each in marks)
    phase = pledge.phase if complete or pledge.phase is Phase.OPEN else None
    cuts = tuple(
        None if piece.haircut is None else Cut(float(piece.haircut)) for piece in loan.pieces
    )
    return MarkedLoan(loan, marks, cuts, pledge, complete, phase)


def with_haircuts(
    loans: Sequence[MarkedLoan], known: Market, terms: HaircutTerms
) -> list[MarkedLoan]:
    """The loans with haircuts of shares; all that is pledged of a share would be sold together."""
    total = np.zeros(len(known.prices.codes))
    for loan in loans:
        for found in loan.marks:
            at = known.column(found.code)
            if found.kind is Kind.SHARES and at is not None:
                total[at] += (found.value_minor or 0) / 100
    held = share_haircuts(known, total, terms)

    def cut(piece: Piece, stated: Cut | None) -> Cut | None:
        at = known.column(piece.item.code)
        if stated is not None or at is None or not isinstance(piece.item, Shares):
            return stated
        found = float(held.haircut[at])
        return None if np.isnan(found) else Cut(found, float(held.sale_days[at]))

    return [
        MarkedLoan(
            loan.loan, loan.marks,
            tuple(cut(p, c) for p, c in zip(loan.loan.pieces, loan.cuts, strict=True)),
            loan.pledge, loan.complete, loan.phase,
        )
        for loan in loans
    ]  # fmt: skip


def pieces_table(loans: Iterable[MarkedLoan]) -> pa.Table:
    """One row per piece.

    Returns:
        `loan`, `kind`, `code`, `quantity` as stated, `price` in yuan exact, `price_on`, `source`,
        `value_minor` (null: no price), `haircut`, `sale_days`, `flags` separated by spaces.
    """
    rows: list[Mapping[str, object]] = []
    for loan in loans:
        for piece, found, cut in zip(loan.loan.pieces, loan.marks, loan.cuts, strict=True):
            aged = found.age_days is not None
            rows.append(
                {
                    "loan": loan.loan.id,
                    "kind": str(found.kind),
                    "code": found.code,
                    "quantity": _plain(_quantity(piece.item)),
                    "price": None if found.price_minor is None else _plain(found.price_minor / 100),
                    "price_on": found.on - timedelta(days=found.age_days or 0) if aged else None,
                    "source": found.source,
                    "value_minor": found.value_minor,
                    "haircut": None if cut is None else cut.haircut,
                    "sale_days": None if cut is None else cut.sale_days,
                    "flags": " ".join(str(flag) for flag in found.flags),
                }
            )
        if loan.loan.margin_minor:
            margin = {"loan": loan.loan.id, "kind": CASH, "value_minor": loan.loan.margin_minor}
            rows.append({**margin, "haircut": 0.0, "flags": "", "source": ""})
    return pa.Table.from_pylist(rows, schema=PIECES)


PIECES = pa.schema(
    [
        ("loan", pa.string()), ("kind", pa.string()), ("code", pa.string()),
        ("quantity", pa.string()), ("price", pa.string()), ("price_on", pa.date32()),
        ("source", pa.string()), ("value_minor", pa.int64()), ("haircut", pa.float64()),
        ("sale_days", pa.float64()), ("flags", pa.string()),
    ]
)  # fmt: skip


def loans_table(loans: Iterable[MarkedLoan], terms: Terms, on: date) -> pa.Table:
    """One row per loan.

    Returns:
        `loan`, `owed_minor`, `value_minor` of what has a price, `complete`, `lendable_minor` after
        haircuts (null: one is not known), `ratio` value over debt, `phase` (null: not known),
        `to_cure_minor`, `deadline`, `flags`.
    """
    name = "shares.rate_max"
    cap = terms.value(name, on) if terms.has(name, on) else None
    rows: list[Mapping[str, object]] = []
    for each in loans:
        pledge = each.pledge
        called = each.phase in (Phase.CALLED, Phase.DISPOSING)
        rows.append(
            {
                "loan": each.loan.id,
                "owed_minor": pledge.owed_minor,
                "value_minor": pledge.value_minor,
                "complete": each.complete,
                "lendable_minor": each.lendable(cap),
                "ratio": None if pledge.ratio is None else float(pledge.ratio),
                "phase": None if each.phase is None else str(each.phase),
                "to_cure_minor": to_cure(pledge) if called else None,
                "deadline": pledge.deadline if called else None,
                "flags": " ".join(each.flags),
            }
        )
    return pa.Table.from_pylist(rows, schema=LOANS)


LOANS = pa.schema(
    [
        ("loan", pa.string()), ("owed_minor", pa.int64()), ("value_minor", pa.int64()),
        ("complete", pa.bool_()), ("lendable_minor", pa.int64()), ("ratio", pa.float64()),
        ("phase", pa.string()), ("to_cure_minor", pa.int64()), ("deadline", pa.date32()),
        ("flags", pa.string()),
    ]
)  # fmt: skip


# --- triggers -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Triggers:
    """What would trigger a call.

    Attributes:
        by_price: `loan`, `code`, `line`; `price` and `trigger` in yuan, exact text, to the fen, or
            to 0.0001 yuan where a price of the loan is as fine; `fall`; `half_life`, trading days:
            as `contracts…triggers.by_price`.
        by_factor: As `contracts…triggers.by_factor`.
        left_out: Loans with a piece without a price.
        volatility: Of all prices together, daily; None: not known.
    """

    by_price: pa.Table
    by_factor: pa.Table
    left_out: tuple[str, ...]
    volatility: float | None


def triggers_of(loans: Sequence[MarkedLoan], known: Market) -> Triggers:
    """Prices, and moves of all prices, at which loans cross their lines.

    Shares, goods and quota move with their price; patents, land, warrants and cash stay as they
    are. Every price moves by the same part in a joint move.
    """
    kept = [loan for loan in loans if loan.complete]
    units = {loan.loan.id: _unit(loan) for loan in kept}
    secured = [_secured(loan, known, units[loan.loan.id]) for loan in kept]
    volatility = factor_volatility(known)
    table = triggers.by_price(secured)
    owners = table["loan"].to_pylist()
    for name in ("price", "trigger"):
        told = [
            None if each is None else _plain(Decimal(each) / (100 * units[loan]))
            for loan, each in zip(owners, table[name].to_pylist(), strict=True)
        ]
        place = table.column_names.index(name)
        table = table.set_column(place, name, pa.array(told, pa.string()))
    left = tuple(loan.loan.id for loan in loans if not loan.complete)
    return Triggers(table, triggers.by_factor(secured, volatility), left, volatility)


def _unit(loan: MarkedLoan) -> int:
    """Into how many parts a fen is cut, so that every price of a loan is whole."""
    prices = (each.price_minor for each in loan.marks if each.price_minor is not None)
    return FINE if any(price % 1 for price in prices) else 1


def _secured(loan: MarkedLoan, known: Market, unit: int) -> triggers.Secured:
    positions: list[triggers.Position] = []
    other = loan.loan.margin_minor * unit
    for piece, found in zip(loan.loan.pieces, loan.marks, strict=True):
        units = moving_units(piece.item)
        if not units or found.price_minor is None or not found.value_minor:
            other += (found.value_minor or 0) * unit
            continue
        if isinstance(piece.item, Goods):
            other -= piece.item.storage_minor * unit
        at = known.column(piece.item.code)
        sigma = float("nan") if at is None else float(known.known.volatility[known.row, at])
        price = int(found.price_minor * unit)
        positions.append(triggers.Position(piece.item.code, units, price, volatility=sigma))
    owed = loan.loan.owed_minor * unit
    return triggers.Secured(loan.loan.id, owed, tuple(positions), loan.loan.lines, other)


def moving_units(item: Item) -> Fraction:
    """Units whose price moves with the market; 0 where there is none."""
    if isinstance(item, Shares):
        return Fraction(item.quantity)
    if isinstance(item, Goods):
        return Fraction(item.quantity) * Fraction(item.quality)
    if isinstance(item, Quota):
        return Fraction(max(item.tonnes - item.due_tonnes, 0))
    return Fraction(0)


def _quantity(item: Item) -> Decimal | int:
    for name in ("quantity", "area_square_metres", "tonnes"):
        if hasattr(item, name):
            found: Decimal | int = getattr(item, name)
            return found
    return 1


def _plain(value: Decimal | int) -> str:
    """Without exponent and without zeros behind."""
    return f"{Decimal(value).normalize():f}"
