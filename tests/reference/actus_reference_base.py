"""What all ACTUS contracts of the slow twin have: times, day counts, terms, events in order.

Sections are those of the ACTUS technical specification 1.1. Schedules are lists of datetimes; each
type of contract is a class whose methods are the entries of its table (`stf_IP`, `pof_IP`), and a
type that is the "same as" another inherits. Where the official tests say otherwise than the
specification, the tests are right; such places say "tests:".
"""
# ruff: noqa: DTZ901, N802 -- ACTUS has no time zones; names are those of its tables

import re
from calendar import isleap, monthrange
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

SEQUENCE = ["IED", "FP", "PR", "PI", "PY", "PP", "IP", "IPFX", "IPFL", "IPCI", "CE", "RRF", "RR",
            "PRF", "DV", "PRD", "TD", "SC", "IPCB", "MD", "XD", "STD", "AD"]  # fmt: skip
ALIASES = {
    "scalingIndexAtStatusDate": "scalingIndexAtContractDealDate",
    "cycleOfDividendPayment": "cycleOfDividend",
    "cycleAnchorDateOfDividendPayment": "cycleAnchorDateOfDividend",
}
OBLIGATIONS = {"RPL", "ST", "SEL", "PFL", "PF", "GUA", "UDLM"}  # section 3.7
DAY, SECOND = timedelta(1), timedelta(seconds=1)


@dataclass
class Event:
    """What happened, and the state after it."""

    time: datetime
    type: str
    payoff: float
    currency: str
    notional: float | None = 0.0
    rate: float | None = 0.0
    accrued: float | None = 0.0
    exercise_time: datetime | None = None
    exercise_amount: float | None = None


@dataclass
class World:
    """Prices and rates by code, what happened to contracts, and the calendars' closed days."""

    market: dict[str, list[tuple[datetime, float]]] = field(default_factory=dict)
    happened: list[tuple[str, datetime, str, object]] = field(default_factory=list)
    closed: dict[str, object] = field(default_factory=dict)  # name -> (date -> bool)
    end: datetime | None = None

    def at(self, code: str, time: datetime) -> float:
        known = [(when, value) for when, value in self.market.get(code, []) if when <= time]
        return max(known, key=lambda pair: pair[0])[1]


# ---- times ---------------------------------------------------------------------------------------


def time_of(value) -> datetime:
    return value if isinstance(value, datetime) else datetime.fromisoformat(str(value).strip())


def day_of(time: datetime) -> date:
    """The last second of a day is its midnight, which begins the next (section 2.9)."""
    return (time + SECOND).date()


def cycle_of(text) -> tuple[int, str, bool]:
    number, unit, stub = re.fullmatch(r"P(\d+)([DWMQHY])(?:L([01]))?", text.strip()).groups()
    months = {"M": 1, "Q": 3, "H": 6, "Y": 12}.get(unit)
    return (int(number) * (months or {"D": 1, "W": 7}[unit]), "M" if months else "D", stub == "0")


def later(time: datetime, cycle, count: int = 1, end_of_month: bool = False) -> datetime:
    number, unit, _ = cycle
    if unit == "D":
        return time + count * number * DAY
    year, month = divmod(time.year * 12 + time.month - 1 + count * number, 12)
    last = monthrange(year, month + 1)[1]
    day = last if end_of_month else min(time.day, last)
    return time.replace(year=year, month=month + 1, day=day)


def last_of_month(day) -> bool:
    return day.day == monthrange(day.year, day.month)[1]


def schedule(start, cycle, end, eomc="SD", with_end=True) -> list[datetime]:
    """S(s, c, T, B) of section 3.1; a long last stub takes the last regular time out."""
    if start is None or start >= end:
        return [end] if with_end else []
    if cycle is None:
        return [start, end] if with_end else [start]
    to_end = eomc == "EOM" and last_of_month(start)
    times = [start]
    while later(start, cycle, len(times), to_end) < end:
        times.append(later(start, cycle, len(times), to_end))
    long_stub = cycle[2] and later(start, cycle, len(times), to_end) != end
    if long_stub and len(times) > 1:
        times.pop()
    return [*times, end] if with_end else times


def shifted(time: datetime, convention: str, closed) -> datetime:
    """Section 3.4: following or preceding, and modified not to leave the month."""
    way = convention[2:]
    if convention == "NOS" or not closed(time.date()):
        return time

    def search(step):
        moved = time + step
        while closed(moved.date()):
            moved += step
        return moved

    step = DAY if way.endswith("F") else -DAY
    moved = search(step)
    if way.startswith("M") and moved.month != time.month:
        moved = search(-step)
    return moved


# ---- year fractions ------------------------------------------------------------------------------


def year_fraction(convention: str, start: datetime, end: datetime, maturity, closed) -> float:
    """Section 3.6, with the day counts of the ACTUS dictionary."""
    a, b = day_of(start), day_of(end)
    if a == b:
        return 0.0
    if a > b and convention in {"AA", "B252"}:  # a day calculated later was paid before
        return -year_fraction(convention, end, start, maturity, closed)
    if convention == "AA":
        days = [0, 0]
        step = a
        while step < b:  # to the end of each year in turn
            until = min(b, date(step.year + 1, 1, 1))
            days[isleap(step.year)] += (until - step).days
            step = until
        return days[0] / 365 + days[1] / 366
    if convention in {"A360", "A365"}:
        return (b - a).days / int(convention[1:])
    if convention == "B252":
        return sum(not closed(a + k * DAY) for k in range((b - a).days)) / 252
    last_a, last_b = map(last_of_month, (a, b))
    if convention == "28E336":
        month, ends = 28, (min(a.day, 28), min(b.day, 28))
    elif convention == "30E360":
        month, ends = 30, (min(a.day, 30), min(b.day, 30))
    else:  # 30E360ISDA: the last of a month is its 30th, but not a maturity in February
        at_maturity = maturity is not None and b == day_of(maturity) and b.month == 2
        month, ends = 30, (30 if last_a else a.day, 30 if last_b and not at_maturity else b.day)
    months = (b.year - a.year) * 12 + b.month - a.month
    return (months * month + ends[1] - ends[0]) / (month * 12)


class Contract:
    """Terms, conventions, and events in their order; what they do is of each type."""

    def __init__(self, terms: dict, world: World):
        said = {ALIASES.get(k, k): v for k, v in terms.items()}
        self.terms = {k: v for k, v in said.items() if v is not None and str(v).strip()}
        self.world = world
        self.sign = -1.0 if self.terms["contractRole"] in OBLIGATIONS else 1.0
        self.t0 = self.time("statusDate")
        self.ied, self.md = self.time("initialExchangeDate"), self.time("maturityDate")
        self.began = self.ied or datetime.min
        self.eomc = self.word("endOfMonthConvention", "SD")
        self.bdc = self.word("businessDayConvention", "NOS")
        self.notional = self.number("notionalPrincipal", 0.0)
        name = self.word("calendar", "NC")
        weekend = (lambda day: day.weekday() > 4) if name == "MF" else (lambda _: False)
        self.closed = world.closed.get(name, weekend)
        self.now = self.t0
        self.derived = False  # whether maturity follows from the redemptions
        self.derive()
        self.events = self.schedules()
        self.start()

    # -- terms

    def time(self, name):
        return time_of(self.terms[name]) if name in self.terms else None

    def number(self, name, default=None):
        return float(self.terms[name]) if name in self.terms else default

    def cycle(self, name):
        return cycle_of(self.terms[name]) if name in self.terms else None

    def word(self, name, default=None):
        return self.terms.get(name, default)

    def happened(self, *types):
        own = self.terms["contractID"]
        return [(when, what, value) for who, when, what, value in self.world.happened
                if who == own and what in types and when > self.t0]  # fmt: skip

    def times(self, of, end=None, with_end=True):
        """The schedule of a cycle, from its anchor or a cycle after the initial exchange."""
        return schedule(
            self.anchor(of), self.cycle(f"cycleOf{of}"), end or self.md, self.eomc, with_end
        )

    def anchor(self, of):
        cycle, anchor = self.cycle(f"cycleOf{of}"), self.time(f"cycleAnchorDateOf{of}")
        return later(self.ied, cycle) if anchor is None and cycle else anchor

    # -- conventions

    def calc(self, time):
        """SC rules count days to the shifted time, CS rules to the time itself."""
        moves = self.bdc.startswith("SC") and time is not self.t0  # which is no event
        return shifted(time, self.bdc, self.closed) if moves else time

    def when(self, time):
        return shifted(time, self.bdc, self.closed)

    def moving(self, pairs, end=None):
        """Planned events of (time, type), all shifted but t_n, which section 3.4 leaves."""
        return [(t, what, None, t != end) for t, what in pairs]

    def given_end(self):
        """Maturity, unless it is derived; tests: then it shifts like the redemptions."""
        return None if self.derived else self.md

    def Y(self, start, end):
        """Section 3.6."""
        convention = self.terms.get("dayCountConvention", "A365")
        return year_fraction(convention, self.calc(start), self.calc(end), self.md, self.closed)

    def X(self):
        """Section 3.10: into the currency of settlement, on the day of payment."""
        own, other = self.terms["currency"], self.word("settlementCurrency")
        return 1.0 if other in {None, own} else self.world.at(f"{own}/{other}", self.now)

    def derive(self):
        """Maturity, where the terms do not give it."""

    # -- evaluation

    def run(self) -> list[Event]:
        planned = []
        for at, what, value, moves in self.events:
            when = self.when(at) if moves else at
            if when > self.t0 and (
                at >= self.began or not moves
            ):  # nothing falls due before it began
                planned.append((when, SEQUENCE.index(what), at, what, value))
        planned.sort(key=lambda each: each[:3])
        ends = [when for when, _, _, what, _ in planned if what == "TD"]
        bought = self.time("purchaseDate")
        found = []
        for when, order, at, what, value in planned:
            if ends and (when, order) > (ends[0], SEQUENCE.index("TD")):
                break
            if self.world.end is not None and when > self.world.end:
                break
            found += self.happen(when, at, what, value)
            if self.ends_with(when, what):
                break
        purchase = (bought, SEQUENCE.index("PRD"))
        return [e for e in found
                if not bought or (e.time, SEQUENCE.index(e.type)) >= purchase]  # fmt: skip

    def ends_with(self, when, what):
        """Whether an event was the last of its lifetime (section 2.11)."""
        return False

    def happen(self, when, at, what, value):
        self.now = when
        payoff = getattr(self, f"pof_{what}")(at, value)
        getattr(self, f"stf_{what}")(at, value)
        return [self.shown(when, what, payoff)]
