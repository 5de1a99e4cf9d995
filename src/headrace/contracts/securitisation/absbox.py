"""Deals of AbsBox: a request as JSON becomes a `Deal`, a response as JSON is compared with a run.

AbsBox (github.com/yellowbean/AbsBox) describes a deal to a server, Hastructure. A request holds the
deal and not the run's assumptions; those are arguments of the run. Pure functions on parsed JSON.

Where the two differ by design, the importer takes AbsBox's side: amounts and rates are cut downward
(`projection.ABSBOX`), unpaid interest bears interest, an annual fee falls due only where a step
says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

import numpy as np

from headrace.contracts.securitisation.amounts import PPM, Rounding, exact, to_fen
from headrace.contracts.securitisation.dates import Pattern, day_number
from headrace.contracts.securitisation.deal import (
    COLLECTION_WATERFALL,
    Account,
    Amortisation,
    Bond,
    Calendar,
    Coupon,
    Deal,
    Fee,
    FeeKind,
    State,
    Step,
    StepKind,
)
from headrace.contracts.securitisation.engine import Run
from headrace.contracts.securitisation.formulas import Formula
from headrace.contracts.securitisation.projection import PLANS, FloatingRate, LoanLines
from headrace.errors import InputError

Json = Mapping[str, Any]

_SOURCES = {
    "CollectedInterest": "interest",
    "CollectedPrincipal": "principal",
    "CollectedPrepayment": "prepayment",
    "CollectedRecoveries": "recovery",
}
_PLANS = {"Even": "even", "Level": "level", "I_P": "interest_first"}
_DAY_COUNTS = {"DC_ACT_365F": "ACT/365F", "DC_ACT_360": "ACT/360", "DC_30E_360": "30E/360"}
_WATERFALLS = {
    "DistributionDay Amortizing": State.NORMAL.value,
    "DistributionDay Accelerated": State.ACCELERATION.value,
    "EndOfPoolCollection": COLLECTION_WATERFALL,
    "CleanUp": State.CLEAN_UP.value,
}
_PATTERNS = {
    "MonthEnd": "month_end",
    "MonthFirst": "month_first",
    "QuarterEnd": "quarter_end",
    "YearEnd": "year_end",
}


@dataclass(frozen=True)
class Imported:
    """A request, read.

    Attributes:
        deal: To run.
        lines: The pool, to project.
        as_of: Cut-off date of the pool.
    """

    deal: Deal
    lines: LoanLines
    as_of: date


def from_absbox(request: Json) -> Imported:
    """Read a request.

    Raises:
        InputError: It uses what is not supported here; the tag is named.
    """
    deal = request["contents"]
    pools = deal["pool"]["contents"]
    if set(pools) != {"PoolConsol"}:
        raise _unsupported("pools", ", ".join(pools))
    pool = pools["PoolConsol"]
    as_of = date.fromisoformat(pool["asOfDate"])
    stats = pool["issuanceStat"] or {}
    starts = deal["status"]["tag"] == "PreClosing"
    read = Deal(
        name=deal["name"],
        currency="CNY",
        calendar=_calendar(deal["dates"]),
        parties=(),
        accounts=tuple(
            Account(name, to_fen(one["accBalance"])) for name, one in deal["accounts"].items()
        ),
        fees=tuple(_fee(one) for one in deal["fees"].values()),
        bonds=tuple(_bond(i, one) for i, one in enumerate(deal["bonds"].values(), start=1)),
        collect=tuple(_collect(rule) for rule in deal["collects"]),
        waterfalls={
            _known(_WATERFALLS, key): tuple(_step(one) for one in steps)
            for key, steps in deal["waterfall"].items()
        },
        rounding=Rounding.DOWN,
        original_pool=None if starts else to_fen(stats["IssuanceBalance"]),
        history={"default": to_fen(stats.get("HistoryDefaults", 0))},
    )
    return Imported(read, _lines(pool["assets"]), as_of)


def _unsupported(what: str, tag: str) -> InputError:
    return InputError(f"{what} {tag} of AbsBox is not supported", where="request")


def _known(table: Mapping[str, str], tag: str) -> str:
    if tag not in table:
        raise _unsupported("tag", tag)
    return table[tag]


def _calendar(dates: Json) -> Calendar:
    tag, held = dates["tag"], dates["contents"]
    if tag == "PreClosingDates":
        cutoff, closing, revolving, maturity, collect, pay = held
    elif tag == "CurrentDates":
        (cutoff, closing), revolving, maturity, collect, pay = held
    else:
        raise _unsupported("dates", tag)
    return Calendar(
        cutoff=date.fromisoformat(cutoff),
        closing=date.fromisoformat(closing),
        first_collection=date.fromisoformat(collect[0]),
        collection=_pattern(collect[1]),
        first_payment=date.fromisoformat(pay[0]),
        payment=_pattern(pay[1]),
        maturity=date.fromisoformat(maturity),
        revolving_until=None if revolving is None else date.fromisoformat(revolving),
    )


def _pattern(written: Json) -> Pattern:
    tag = written["tag"]
    if tag == "DayOfMonth":
        return Pattern("day_of_month", day=written["contents"])
    if tag == "MonthDayOfYear":
        month, day = written["contents"]
        return Pattern("month_day", day=day, month=month)
    return Pattern(_known(_PATTERNS, tag))


def _collect(rule: Json) -> tuple[str, str]:
    if rule["tag"] != "Collect":
        raise _unsupported("collection", rule["tag"])
    _, source, account = rule["contents"]
    return _known(_SOURCES, source), account


def _lines(assets: Sequence[Json]) -> LoanLines:
    floating: list[FloatingRate] = []
    rows = []
    for asset in assets:
        if asset["tag"] != "Mortgage" or asset["contents"][5]["tag"] != "Current":
            raise _unsupported("asset", asset["tag"])
        origin, balance, rate, left, _, _ = asset["contents"]
        which = -1
        if origin["originRate"]["tag"] == "Floater":
            _, index, spread, _, resets, *_ = origin["originRate"]["contents"]
            which = len(floating)
            floating.append(FloatingRate(index, int(exact(spread) * PPM), _pattern(resets)))
        start = day_number(date.fromisoformat(origin["startDate"]))
        plan = PLANS[_known(_PLANS, origin["prinType"]["tag"])]
        term = origin["originTerm"]
        rows.append((to_fen(balance), int(exact(rate) * PPM), term, left, start, plan, which))
    balance, rate, term, left, start, plan, which = np.array(rows, dtype=np.int64).T.copy()
    return LoanLines(balance, rate, term, left, start, plan, which, tuple(floating))


def _bond(rank: int, bond: Json) -> Bond:
    tag, info = bond["bndInterestInfo"]["tag"], bond["bndInterestInfo"]["contents"]
    rate = exact(bond["bndRate"])
    if tag == "Fix":
        day_count = _known(_DAY_COUNTS, info[1])
        coupon = Coupon(rate, day_count=day_count, on_unpaid=True)
    elif tag == "Floater":
        _, index, spread, resets, count, floor, cap = info
        coupon = Coupon(
            rate,
            index=index,
            spread=exact(spread),
            resets=_pattern(resets),
            floor=None if floor is None else exact(floor),
            cap=None if cap is None else exact(cap),
            day_count=_known(_DAY_COUNTS, count),
            on_unpaid=True,
        )
    else:
        raise _unsupported("coupon", tag)
    kinds = {
        "Sequential": Amortisation.PASS_THROUGH,
        "Equity": Amortisation.EQUITY,
        "PAC": Amortisation.SCHEDULE,
    }
    kind = kinds[_known({key: key for key in kinds}, bond["bndType"]["tag"])]
    points: Sequence[Any] = ()
    if kind is Amortisation.SCHEDULE:
        points = bond["bndType"]["contents"]["contents"]
    return Bond(
        name=bond["bndName"],
        rank=rank,
        balance=to_fen(bond["bndBalance"]),
        original=to_fen(bond["bndOriginInfo"]["originBalance"]),
        coupon=coupon,
        amortisation=kind,
        schedule=tuple((date.fromisoformat(day), to_fen(left)) for day, left in points),
    )


def _fee(fee: Json) -> Fee:
    tag, held = fee["feeType"]["tag"], fee["feeType"].get("contents")
    name, start = fee["feeName"], date.fromisoformat(fee["feeStart"])
    if tag == "FixFee":
        return Fee(name, FeeKind.FIXED, start, amount=to_fen(held))
    if tag == "RecurFee":
        amount = to_fen(held[1])
        return Fee(name, FeeKind.RECURRING, start, amount=amount, dates=_pattern(held[0]))
    if tag == "AnnualRateFee" and held[1]["tag"] == "Constant":
        rate = exact(held[1]["contents"])
        base = _formula(held[0])
        return Fee(name, FeeKind.ANNUAL, start, base=base, rate=rate, by_step=True)
    if tag == "TargetBalanceFee":
        gap = Formula("minus", args=(_formula(held[0]), _formula(held[1])))
        return Fee(name, FeeKind.TARGET, start, base=gap, by_step=True)
    raise _unsupported("fee", tag)


def _formula(written: Json) -> Formula:
    tag, held = written["tag"], written["contents"]
    if tag == "CurrentPoolBalance" and held is None:
        return Formula("fact", name="pool_balance")
    if tag == "Factor":
        times = Formula("constant", value=exact(held[1]))
        return Formula("times", args=(_formula(held[0]), times))
    if tag == "PoolCumCollection" and held[1] is None:
        kinds = tuple(_known(_SOURCES, source) for source in held[0])
        return Formula("fact", name="collected_total", about=kinds)
    if tag == "FeeTxnAmt" and held[1] is None:
        return Formula("fact", name="fee_paid_total", about=tuple(held[0]))
    raise _unsupported("formula", tag)


def _step(step: Json) -> Step:
    tag, held = step["tag"], step["contents"]
    if tag == "CalcFee":
        return Step(StepKind.ACCRUE_FEE, targets=tuple(held))
    if tag == "LiquidatePool":
        return _sale(held)
    kinds = {
        "PayFee": StepKind.PAY_FEE,
        "AccrueAndPayInt": StepKind.PAY_INTEREST,
        "PayPrin": StepKind.PAY_PRINCIPAL,
        "PayIntResidual": StepKind.PAY_RESIDUAL,
        "PayFeeResidual": StepKind.PAY_RESIDUAL,
        "Transfer": StepKind.TRANSFER,
    }
    kind = kinds[_known({key: key for key in kinds}, tag)]
    limit, account, target = held[:3]
    supported = tag in {"PayFee", "AccrueAndPayInt", "PayPrin"} and held[3] is not None
    if supported:
        raise _unsupported("support", str(held[3]))
    targets = (target,) if isinstance(target, str) else tuple(target)
    return Step(kind, account, targets, _limit(limit, account, kind))


def _limit(limit: Json | None, account: str, kind: StepKind) -> Formula | None:
    if limit is None:
        return None
    if limit["tag"] == "DueCapAmt":
        return Formula("constant", value=Fraction(to_fen(limit["contents"])))
    if limit["tag"] == "DuePct" and kind is StepKind.PAY_RESIDUAL:
        share = Formula("constant", value=exact(limit["contents"]))
        held = Formula("fact", name="account", about=(account,))
        return Formula("times", args=(held, share))
    raise _unsupported("limit", limit["tag"])


def _sale(held: Sequence[Any]) -> Step:
    price, account, _ = held
    if price["tag"] != "BalanceFactor" or exact(price["contents"][1]) != 0:
        raise _unsupported("price of a pool", price["tag"])
    share = Formula("constant", value=exact(price["contents"][0]))
    left = Formula("fact", name="pool_balance")
    return Step(StepKind.SELL_POOL, account, limit=Formula("times", args=(left, share)))


# --- a response, compared -----------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """A cell in which a run and a response differ; amounts in minor units, rates in millionths."""

    statement: str
    on: str
    field: str
    theirs: int
    ours: int


@dataclass(frozen=True)
class Comparison:
    """A response against a run.

    Attributes:
        cells: How many cells of each statement were compared.
        differences: Those that differ; none means equal to the cent.
    """

    cells: dict[str, int]
    differences: tuple[Difference, ...]

    def equal(self) -> list[str]:
        """Statements without a difference."""
        wrong = {one.statement for one in self.differences}
        return [name for name in self.cells if name not in wrong]


class _Cells:
    """Compared cells."""

    def __init__(self) -> None:
        self.count: dict[str, int] = {}
        self.wrong: list[Difference] = []

    def compare(self, statement: str, on: str, theirs: Json, ours: Mapping[str, int]) -> None:
        self.count[statement] = self.count.get(statement, 0) + len(theirs)
        for name, value in theirs.items():
            if value != ours.get(name, 0):
                self.wrong.append(Difference(statement, on, name, value, ours.get(name, 0)))


def compare(run: Run, response: Json) -> Comparison:
    """Every statement of a response against a run: pool, bonds, fees, accounts, cell by cell.

    Rows of theirs without money are compared too, but for those written after the run's end.
    """
    deal = response["Right"][0]["contents"]
    cells = _Cells()
    _compare_pool(cells, run, deal["pool"]["contents"]["PoolConsol"]["futureCf"][0])
    for name, bond in deal["bonds"].items():
        _compare_bond(cells, run, name, bond)
    for name, fee in deal["fees"].items():
        _compare_fee(cells, run, name, fee)
    for name, account in deal["accounts"].items():
        _compare_account(cells, run, name, account)
    return Comparison(cells.count, tuple(cells.wrong))


_POOL_TOTALS = (
    "principal_total",
    "prepayment_total",
    "delinquent_total",  # they have none without delinquency, and neither have we
    "default_total",
    "recovery_total",
    "loss_total",
)
_POOL_FIELDS = ("balance", "principal", "interest", "prepayment", "default", "recovery", "loss")


def _compare_pool(cells: _Cells, run: Run, frame: Json) -> None:
    (_, _, _), rows = frame["contents"]
    ours = {row.on.isoformat(): row for row in run.pool}
    totals = {f"{kind}_total": run.deal.history.get(kind, 0) for kind in _POOL_FIELDS[1:]}
    for row in rows:
        on, so_far = row["contents"][0], row["contents"][11]
        theirs = dict(zip(_POOL_FIELDS, map(to_fen, row["contents"][1:8]), strict=True))
        if so_far is not None:
            theirs |= dict(zip(_POOL_TOTALS, map(to_fen, so_far), strict=True))
        mine = ours.get(on)
        amounts = {} if mine is None else mine.amounts
        for kind, amount in amounts.items():
            totals[f"{kind}_total"] += amount
        held = {} if mine is None else {"balance": mine.balance, **amounts, **totals}
        cells.compare("pool", on, theirs, held)
    cells.compare("pool", "rows", {"rows": len(rows)}, {"rows": len(run.pool)})


def _paid(run: Run, prefix: str) -> dict[str, dict[str, int]]:
    """What went to a target on each date: by the last part of its name."""
    out: dict[str, dict[str, int]] = {}
    for row in run.rows:
        if row.target == prefix or row.target.startswith(prefix + ":"):
            day = out.setdefault(row.on.isoformat(), {})
            part = row.target.removeprefix(prefix).removeprefix(":")
            day[part] = day.get(part, 0) + row.amount
    return out


def _compare_bond(cells: _Cells, run: Run, name: str, bond: Json) -> None:
    statement = f"bond {name}"
    paid = _paid(run, f"bond:{name}")
    standing = {
        one.on.isoformat(): one for one in run.standings if one.what == "bond" and one.name == name
    }
    seen = set()
    for row in bond["bndStmt"] or ():
        on, balance, interest, principal, rate, cash, due, on_unpaid, *_ = row["contents"]
        seen.add(on)
        theirs = {
            "balance": to_fen(balance),
            "interest": to_fen(interest),
            "principal": to_fen(principal),
            "cash": to_fen(cash),
            "interest_due": to_fen(due),
            "on_unpaid_due": to_fen(on_unpaid),
            "rate": int(exact(rate) * PPM),
        }
        mine, held = paid.get(on, {}), standing.get(on)
        ours = {
            "interest": mine.get("interest", 0) + mine.get("residual", 0),
            "principal": mine.get("principal", 0),
            "cash": sum(mine.values()),
        }
        if held is not None:
            ours |= {
                "balance": held.balance,
                "interest_due": held.interest_due,
                "on_unpaid_due": held.on_unpaid_due,
                "rate": int(held.rate * PPM),
            }
        elif not theirs["cash"]:
            continue  # a row of theirs without money, after our run had ended
        cells.compare(statement, on, theirs, ours)
    for on in sorted(set(paid) - seen):
        cells.compare(statement, on, {"cash": 0}, {"cash": sum(paid[on].values())})
    last = run.last("bond")[name]
    final = {
        "balance": to_fen(bond["bndBalance"]),
        "interest_due": to_fen(bond["bndDueInt"]),
        "on_unpaid_due": to_fen(bond["bndDueIntOverInt"]),
    }
    ours = {key: getattr(last, key) for key in final}
    cells.compare(statement, "end", final, ours)


def _compare_fee(cells: _Cells, run: Run, name: str, fee: Json) -> None:
    statement = f"fee {name}"
    mine = [(row.on.isoformat(), row.amount) for row in run.rows if row.target == f"fee:{name}"]
    rows = [row["contents"] for row in fee.get("feeStmt") or ()]
    theirs = [(row[0], to_fen(row[2])) for row in rows if row[2]]
    standing = {
        one.on.isoformat(): one.balance
        for one in run.standings
        if one.what == "fee" and one.name == name
    }
    for (on, paid), ours in zip(theirs, mine, strict=False):
        cells.compare(statement, on, {"paid": paid}, {"paid": ours[1] if ours[0] == on else 0})
    for on, due in {row[0]: to_fen(row[1]) for row in rows}.items():
        if on in standing:
            cells.compare(statement, on, {"due": due}, {"due": standing[on]})
    cells.compare(statement, "rows", {"paid": len(theirs)}, {"paid": len(mine)})
    final = run.last("fee")[name].balance
    cells.compare(statement, "end", {"due": to_fen(fee["feeDue"])}, {"due": final})


def _compare_account(cells: _Cells, run: Run, name: str, account: Json) -> None:
    statement, end = f"account {name}", f"account:{name}"
    balance = next(one.opening for one in run.deal.accounts if one.name == name)
    changes: dict[tuple[str, str, str], int] = {}  # theirs has one row a step, whoever is paid
    for row in run.rows:
        change = row.amount * ((row.target == end) - (row.source == end))
        if change:
            source = row.source if row.kind == "collection" else ""
            key = (row.on.isoformat(), row.step, source)
            changes[key] = changes.get(key, 0) + change
    mine = []
    for (on, _, _), change in changes.items():
        balance += change
        mine.append((on, balance, change))
    rows = [row["contents"] for row in account.get("accStmt") or ()]
    theirs = [(row[0], to_fen(row[1]), to_fen(row[2])) for row in rows if row[2]]
    for (on, held, change), ours in zip(theirs, mine, strict=False):
        got = {"balance": ours[1], "change": ours[2]} if ours[0] == on else {}
        cells.compare(statement, on, {"balance": held, "change": change}, got)
    cells.compare(statement, "rows", {"moves": len(theirs)}, {"moves": len(mine)})
    cells.compare(
        statement, "end", {"balance": to_fen(account["accBalance"])}, {"balance": balance}
    )
