"""Cash flows of contracts, whatever their types: terms and observations in, a table of events out.

Loans go through the columnar path; other types one by one; contracts made of contracts first have
their parts evaluated as a batch of their own.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from math import isfinite
from operator import itemgetter
from typing import Any

import numpy as np
import pyarrow as pa

from headrace.contracts.actus import enhancements, events, kernels, options, positions, swaps
from headrace.contracts.actus.book import Book, Longs
from headrace.contracts.actus.checks import calendars_of, check
from headrace.contracts.actus.events import Currencies, Events, Row
from headrace.contracts.actus.loans import loan_events
from headrace.contracts.actus.observed import NOTHING, Observed
from headrace.contracts.actus.schedules import ALWAYS
from headrace.contracts.actus.setting import RefusedError, Setting
from headrace.contracts.actus.terms import LOANS, TERMS, Record, Refusal, parse_time
from headrace.contracts.conventions.calendars import (
    Calendar,
    Flat,
    date_of,
    day_number,
    flattened,
)
from headrace.contracts.conventions.day_count import DayCount
from headrace.errors import InputError

CHUNK = 2048  # contracts walked through at once: their arrays stay near the processor
TYPES = TERMS["contractType"].choices
Rows = list[tuple[int, Row]]

ALONE: dict[str, Callable[[Setting], list[Row]]] = {
    "CSH": positions.cash,
    "STK": positions.share,
    "COM": positions.commodity,
    "FXOUT": positions.currency_forward,
    "SWPPV": swaps.plain_swap,
    "OPTNS": options.exercised,
    "FUTUR": options.exercised,
}
LEGS = {"SWAPS": swaps.swap_legs, "CAPFL": swaps.cap_floor_legs}
JOINED = {"SWAPS": swaps.swap, "CAPFL": swaps.cap_floor}
ENHANCED = {"CEG": enhancements.guarantee, "CEC": enhancements.collateral}


@dataclass(frozen=True)
class CashFlows:
    """What a batch of contracts pays.

    Attributes:
        events: A table of `events.SCHEMA`; `contract` is the row of the batch.
        refusals: The contracts that were not evaluated, and why, by row.
    """

    events: pa.Table
    refusals: list[Refusal]


@dataclass(frozen=True)
class World:
    """What all contracts of a run share."""

    observed: Observed
    calendars: Mapping[str, Calendar]
    currencies: Currencies


def cash_flows(
    contracts: pa.Table | Sequence[Record],
    observed: Observed = NOTHING,
    *,
    horizon: date | None = None,
    calendars: Iterable[Calendar] = (),
) -> CashFlows:
    """Events of contracts of any of the 18 types, and the contracts that were refused.

    Args:
        contracts: One mapping of ACTUS term names a contract; or a table with a column a term,
            one row a contract, whose loans are evaluated without a Python step a contract.
        observed: Rates, prices and happenings.
        horizon: The last day or time asked for; None: until each contract ends. A contract that
            has no end of its own, as a share, needs one.
        calendars: Calendars beside NC and MF, by the names that contracts give.
    """
    book = Book.read(contracts)
    limit = ALWAYS if horizon is None else parse_time(horizon)
    if isinstance(horizon, date) and not isinstance(horizon, datetime):
        limit += 86_399  # all of that day
    own = {each.name: each for each in calendars}
    world = World(observed, own, Currencies())
    found = evaluate(book, world, np.full(book.size, limit, np.int64))
    refusals = [book.refusals[row] for row in sorted(book.refusals)]
    return CashFlows(events.table(found, world.currencies), refusals)


def contract_events(
    contract: Record,
    observed: Observed = NOTHING,
    *,
    horizon: date | None = None,
    calendars: Iterable[Calendar] = (),
) -> pa.Table:
    """Events of one contract, as `cash_flows`.

    Raises:
        InputError: If the contract is refused: which term, what it says, what would be right.
    """
    found = cash_flows([contract], observed, horizon=horizon, calendars=calendars)
    for refusal in found.refusals:
        raise refusal.error()
    return found.events


@np.errstate(over="ignore", invalid="ignore")  # what is beyond any number is refused
def evaluate(book: Book, world: World, horizon: Longs) -> list[Events]:
    """Events of a book, in parts that follow each other; what is wrong is in `book.refusals`."""
    check(book, world.observed)
    known, which = calendars_of(book, world.calendars)
    flat = flattened(known)
    sound = np.ones(book.size, bool)
    sound[list(book.refusals)] = False
    kinds = book.kinds()
    rows = np.flatnonzero(sound & (kinds >= len(LOANS)))
    settings = [
        Setting(row, terms, world.observed, (flat, int(which[row])), int(horizon[row]))
        for row, terms in zip(rows.tolist(), book.records(rows), strict=True)
    ]
    others = events.of_rows(_others(settings, book, world), world.currencies)
    loans = np.flatnonzero(sound & (kinds < len(LOANS)))
    parts, told = [], 0
    for start in range(0, len(loans), CHUNK):
        rows = loans[start : start + CHUNK]
        found = _loans(book, rows, world, (flat, which[rows]), horizon[rows])
        until = int(np.searchsorted(others.contract, rows[-1]))
        parts.append(events.interleaved(found, others.take(slice(told, until))))
        told = until
    parts.append(others.take(slice(told, None)))
    return [_of_known_days(book, part, known, which) for part in parts]


def _loans(
    book: Book, rows: Longs, world: World, calendars: tuple[Flat, Longs], horizon: Longs
) -> Events:
    """Events of some loans of a book, by its rows."""
    if len(rows) == book.size:
        return loan_events(book, world.observed, calendars, horizon, world.currencies)
    some = book.take(rows)
    found = loan_events(some, world.observed, calendars, horizon, world.currencies)
    for row, each in some.refusals.items():
        book.refuse(int(rows[row]), each.term, each.problem, each.remedy, each.value or None)
    return replace(found, contract=rows[found.contract])


def _of_known_days(book: Book, found: Events, known: list[Calendar], which: Longs) -> Events:
    """Events whose days the calendar knows, where it is asked; contracts with others are refused.

    A horizon within what is known keeps a contract that lasts longer.
    """
    spans = [each.known for each in known]
    if not any(spans):
        return found
    low = np.array([day_number(span[0]) if span else -ALWAYS for span in spans])
    high = np.array([day_number(span[1]) if span else ALWAYS for span in spans])
    asked = (book.choices("businessDayConvention") > 0) | (
        book.choices("dayCountConvention") == DayCount.BUSINESS_252.code
    )
    days, of = found.time // 86_400, which[found.contract]
    beyond = asked[found.contract] & ((days < low[of]) | (days > high[of]))
    for at in np.flatnonzero(beyond):
        row, calendar = int(found.contract[at]), known[of[at]]
        try:
            calendar.check([date_of(days[at])])
        except InputError as error:
            book.refuse(row, "calendar", error.problem, error.remedy, calendar.name)
    kept = ~np.isin(found.contract, found.contract[beyond])
    return found.take(np.flatnonzero(kept)) if beyond.any() else found


def _others(settings: list[Setting], book: Book, world: World) -> Rows:
    """Events of contracts that are no loans, in the order of contracts."""
    found: Rows = []
    by_type: dict[str, list[Setting]] = {}
    for setting in settings:
        by_type.setdefault(setting.terms["contractType"], []).append(setting)
    for kind, some in by_type.items():
        if kind in ALONE:
            for setting in some:
                found += _kept(book, setting, _alone)
        elif kind in LEGS:
            found += _of_legs(kind, some, book, world)
        else:
            found += _of_enhancements(kind, some, book, world)
    return sorted(found, key=itemgetter(0))


def _alone(setting: Setting) -> list[Row]:
    kind = setting.terms["contractType"]
    if kind == "STK" and setting.horizon >= ALWAYS and "cycleOfDividend" in setting.terms:
        raise setting.refused("cycleOfDividend", "never ends", "Ask up to a horizon.")
    return ALONE[kind](setting)


def _kept(book: Book, setting: Setting, work: Callable[..., list[Row]], *parts: Any) -> Rows:
    """The events of one contract, or its refusal in the book."""
    try:
        rows = work(setting, *parts)
        if not all(isfinite(row.payoff) for row in rows):
            problem = "makes amounts beyond any number"
            raise setting.refused("notionalPrincipal", problem, "Give amounts in major units.")
        return [(setting.row, row) for row in rows]
    except RefusedError as error:
        book.refusals.setdefault(setting.row, error.refusal)
        return []


def _children(
    owners: list[tuple[Setting, list[dict[str, Any]]]], book: Book, world: World
) -> dict[int, list[list[Row]]]:
    """Events of the parts of contracts, all parts in one batch; a bad part refuses its owner."""
    flat = [(setting, part) for setting, parts in owners for part in parts]
    inherited = ("statusDate", "currency")
    contracts = []
    for setting, part in flat:
        base = {n: setting.terms[n] for n in inherited if n in setting.terms and n not in part}
        if "statusDate" in base:
            base["statusDate"] = str(np.datetime64(base["statusDate"], "s"))
        contracts.append({**base, **part})
    child = Book.read(contracts)
    horizon = np.array([setting.horizon for setting, _ in flat], np.int64)
    found = events.together(evaluate(child, world, horizon))
    rows = _rows(found, list(world.currencies))
    legs: dict[int, list[list[Row]]] = {}
    bounds = np.searchsorted(found.contract, np.arange(len(flat) + 1))
    for at, (setting, _) in enumerate(flat):
        if at in child.refusals:
            bad = child.refusals[at]
            problem = f"holds {bad.contract or 'a contract'} whose {bad.term} {bad.problem}"
            refusal = setting.refused("contractStructure", problem, bad.remedy).refusal
            book.refusals.setdefault(setting.row, refusal)
        legs.setdefault(setting.row, []).append(rows[bounds[at] : bounds[at + 1]])
    return legs


def _rows(found: Events, currencies: list[str]) -> list[Row]:
    """Events one by one."""
    codes = np.where(found.code == kernels.LAST_IP, kernels.IP, found.code).tolist()
    money = [currencies[number] if number >= 0 else "" for number in found.currency.tolist()]
    states = (found.notional.tolist(), found.rate.tolist(), found.accrued.tolist())
    columns = zip(found.time.tolist(), codes, found.payoff.tolist(), money, *states, strict=True)
    return [Row(*each) for each in columns]


def _of_legs(kind: str, some: list[Setting], book: Book, world: World) -> Rows:
    """Swaps and caps: their legs, joined."""
    owners = []
    for setting in some:
        try:
            owners.append((setting, LEGS[kind](setting)))
        except RefusedError as error:
            book.refusals.setdefault(setting.row, error.refusal)
    legs = _children(owners, book, world)
    rows: Rows = []
    for setting, _ in owners:
        if setting.row not in book.refusals:
            rows += _kept(book, setting, JOINED[kind], legs[setting.row])
    return rows


def _of_enhancements(kind: str, some: list[Setting], book: Book, world: World) -> Rows:
    """Guarantees and collateral: what they cover is looked at when they are exercised."""
    owners = [(setting, enhancements.covered_contracts(setting)) for setting in some]
    ended = [each for each in owners if "maturityDate" not in each[0].terms]
    first = _children(ended, book, world) if ended else {}
    whens: dict[int, dict[str, Any]] = {}
    looks: dict[str, list[int]] = {}
    for setting, parts in owners:
        last = [rows[-1].time for rows in first.get(setting.row, []) if rows]
        try:
            when = enhancements.times(setting, max(last, default=None))
        except RefusedError as error:
            book.refusals.setdefault(setting.row, error.refusal)
            continue
        whens[setting.row] = when
        for part in parts:
            name = str(part.get("contractID", ""))
            looks.setdefault(name, []).extend(enhancements.watched(when, setting))
    watching = World(world.observed.watching(looks), world.calendars, world.currencies)
    legs = _children(owners, book, watching)
    rows: Rows = []
    for setting, _ in owners:
        if setting.row not in book.refusals:
            covered = legs.get(setting.row, [])
            rows += _kept(book, setting, ENHANCED[kind], covered, whens[setting.row])
    return rows
