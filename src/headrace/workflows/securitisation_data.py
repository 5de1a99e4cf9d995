"""What a user writes about a securitisation beside the deal: assumptions, rates, rules, shelves.

All of it is data as `tomllib` gives it; keys may be English or Chinese. Rates and shares are
fractions, as in a deal, or texts with a per cent sign: 0.02 and "2%" are the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from typing import Any

from headrace.contracts.securitisation.amounts import PPM, exact
from headrace.contracts.securitisation.book import Rates
from headrace.contracts.securitisation.deal import Bond, Coupon, Deal
from headrace.contracts.securitisation.deal_data import read_deal
from headrace.contracts.securitisation.pool import Concentration, Eligibility
from headrace.contracts.securitisation.projection import Assumptions
from headrace.contracts.securitisation.revenue import Interruption, RevenueRight
from headrace.contracts.securitisation.revolving import Standards
from headrace.contracts.securitisation.rules import KINDS
from headrace.contracts.securitisation.shelf import Series, Shelf
from headrace.errors import MappingError
from headrace.money import MINOR_PER_MAJOR

Data = Mapping[str, Any]
PERIODS_MAX = 1200

_KEYS = {
    "声明": "notice",
    "收费权": "revenue",
    "假设": "assume",
    "基准利率": "rates",
    "首月": "first_month",
    "月数": "months",
    "用户数": "users",
    "用户年增长率": "users_growth",
    "户均年用量": "volume",
    "单价": "tariff",
    "季节权重": "seasons",
    "回款比例": "collection",
    "停供": "stop",
    "剩余比例": "factor",
    "年违约率": "cdr",
    "年早偿率": "cpr",
    "月早偿率": "smm",
    "回收率": "recovery",
    "回收滞后期数": "lag",
    "迟付比例": "late",
    "迟付期数": "late_periods",
    "合格标准": "standard",
    "集中度": "limit",
    "分层": "strata",
    "列": "column",
    "比较": "is",
    "阈值": "than",
    "说明": "words",
    "名称": "name",
    "前几大": "largest",
    "比例上限": "share",
    "分界": "edges",
    "额度": "limit",
    "生效日": "valid_from",
    "到期日": "valid_to",
    "基础资产": "asset_kind",
    "期数上限": "series_max",
    "已发行": "issued",
    "发行日": "issued",
    "金额": "amount",
    "类型": "kind",
    "证券": "bond",
    "顺位": "rank",
    "自留": "held",
    "余额": "balance",
}
_OPERATORS = {"大于": ">", "不低于": ">=", "低于": "<", "不高于": "<=", "等于": "==", "属于": "in",
              "不属于": "not in"}  # fmt: skip
_KINDS = {"信贷资产": "credit", "收费权": "revenue_right"} | {zh: en for en, zh in KINDS.items()}
_ASSUMED = {"cdr", "cpr", "smm", "recovery", "lag", "late", "late_periods"}


class _Table:
    """A table of the data: keys taken one by one, each error with its place, none left over."""

    def __init__(self, data: Any, where: str) -> None:
        if not isinstance(data, Mapping):
            raise MappingError(f"{data!r} is no table", where=where, remedy="[table] of TOML")
        self.data: dict[str, Any] = {str(_KEYS.get(key, key)): data[key] for key in data}
        self.where = where

    def take(self, key: str) -> Any:
        if key not in self.data:
            known = "、".join(zh for zh, en in _KEYS.items() if en == key)
            raise MappingError(f"{key} is missing", where=self.where, remedy=f"{key} = … ({known})")
        return self.data.pop(key)

    def text(self, key: str) -> str:
        return str(self.take(key))

    def day(self, key: str) -> date:
        value = self.take(key)
        try:
            return value if type(value) is date else date.fromisoformat(str(value))
        except ValueError as error:
            raise MappingError(
                f"{value!r} is no date", where=f"{self.where} {key}", remedy="2026-11-22"
            ) from error

    def number(self, key: str, otherwise: Any = None) -> Fraction:
        value = self.data.pop(key, otherwise) if otherwise is not None else self.take(key)
        return number_of(value, f"{self.where} {key}")

    def whole(self, key: str, least: int, otherwise: Any = None, most: int = 10**12) -> int:
        value = self.number(key, otherwise)
        if value.denominator != 1 or not least <= value <= most:
            raise MappingError(
                f"{value} is no whole number from {least} to {most}", where=f"{self.where} {key}"
            )
        return int(value)

    def money(self, key: str) -> int:
        return _fen(self.take(key), f"{self.where} {key}")

    def share(self, key: str, otherwise: Any = None) -> Fraction:
        value = self.data.pop(key, otherwise) if otherwise is not None else self.take(key)
        return share_of(value, f"{self.where} {key}")

    def tables(self, key: str) -> list["_Table"]:
        written = self.data.pop(key, ())
        if not isinstance(written, list | tuple):
            raise MappingError(f"{key} is no list of tables", where=self.where, remedy=f"[[{key}]]")
        return [_Table(one, f"{self.where} {key} {n}") for n, one in enumerate(written, start=1)]

    def done(self) -> None:
        if self.data:
            raise MappingError(
                f"Unknown: {', '.join(self.data)}", where=self.where, remedy="correct its name"
            )


def number_of(value: Any, where: str) -> Fraction:
    """A number exactly as it is written; a text with a per cent sign is a hundredth of it.

    Raises:
        MappingError: It is none.
    """
    if isinstance(value, Fraction):
        return value
    text = str(value).strip().replace(",", "").replace("％", "%")
    divisor = 100 if text.endswith("%") else 1
    try:
        if isinstance(value, bool):
            raise ValueError
        return exact(text.removesuffix("%")) / divisor
    except (ArithmeticError, ValueError) as error:
        raise MappingError(f"{value!r} is no number", where=where, remedy='0.02 or "2%"') from error


def share_of(value: Any, where: str) -> Fraction:
    """A share from 0 to 1.

    Raises:
        MappingError: It is none; 2 is taken neither for 2 % nor for 200 %.
    """
    share = number_of(value, where)
    if not 0 <= share <= 1:
        raise MappingError(
            f"{value!r} is no share from 0 to 1", where=where, remedy='2 % is 0.02 or "2%"'
        )
    return share


def _fen(value: Any, where: str) -> int:
    amount = number_of(value, where) * 100
    if amount.denominator != 1 or amount < 0:
        raise MappingError(f"{value!r} is no amount in yuan", where=where, remedy="such as 1234.56")
    return int(amount)


def _rates_by_period(value: Any, where: str) -> tuple[float, ...]:
    given = value if isinstance(value, list | tuple) else [value]
    if not given:
        raise MappingError("no rate is given", where=where, remedy="a number, or one a period")
    return tuple(float(share_of(one, where)) for one in given)


def assumptions_of(written: Data, where: str, base: Assumptions | None = None) -> Assumptions:
    """What borrowers are assumed to do: cdr, cpr or smm, recovery, lag, late, late_periods.

    Args:
        written: The table; what is not in it is as in `base`.
        where: For errors.
        base: None: nobody defaults, prepays or pays late.

    Raises:
        MappingError: A key is unknown, or a value no rate.
    """
    part, found = _Table(written, where), base or Assumptions()
    if {"cpr", "smm"} <= part.data.keys():
        raise MappingError("cpr and smm are both given", where=where, remedy="one of them")
    if "cdr" in part.data:
        found = replace(found, default=_rates_by_period(part.take("cdr"), f"{where} cdr"))
    for key in ("cpr", "smm"):
        if key in part.data:
            rates = _rates_by_period(part.take(key), f"{where} {key}")
            found = replace(found, prepayment=rates, prepayment_monthly=key == "smm")
    if "recovery" in part.data:
        found = replace(found, recovery_ppm=round(part.share("recovery") * PPM))
    if "late" in part.data:
        found = replace(found, late_ppm=round(part.share("late") * PPM))
    if "lag" in part.data:
        found = replace(found, recovery_lag=part.whole("lag", 0, most=PERIODS_MAX))
    if "late_periods" in part.data:
        found = replace(found, late_periods=part.whole("late_periods", 0, most=PERIODS_MAX))
    part.done()
    return found


def rates_of(written: Data, where: str) -> Rates:
    """Index rates: `LPR5Y = 0.04`, or `LPR5Y = [["2022-05-20", 0.0445], …]`.

    Raises:
        MappingError: A rate is no number, or a day no date.
    """
    out: dict[str, list[tuple[date, int]]] = {}
    for index, value in _Table(written, where).data.items():
        place = f"{where} {index}"
        if not isinstance(value, list | tuple):
            value = [[date(1970, 1, 1), value]]  # noqa: PLW2901 - one rate is a curve of one point
        try:
            curve = [(str(on), rate) for on, rate in value]
        except (TypeError, ValueError) as error:
            raise MappingError(
                "it is no curve", where=place, remedy='[["2022-05-20", 0.0445], …]'
            ) from error
        if not curve:
            raise MappingError("the curve has no rate", where=place, remedy="one at least")
        points = [(_Table({"on": on}, place).day("on"), rate) for on, rate in curve]
        out[index] = sorted((on, round(number_of(rate, place) * PPM)) for on, rate in points)
    return out


@dataclass(frozen=True)
class Case:
    """A deal file: the deal, and what may stand beside it.

    Attributes:
        deal: What was agreed.
        right: The revenue right behind it; None where loans are.
        stops: Months without service.
        assumptions: Of the borrowers, as the file has them.
        rates: Of indices.
        notice: What everybody who sees a result must be told: simulated, assumed; or "".
    """

    deal: Deal
    right: RevenueRight | None
    stops: tuple[Interruption, ...]
    assumptions: Assumptions
    rates: Rates
    notice: str


def read_case(data: Data) -> Case:
    """A deal file.

    Raises:
        MappingError: A key, a name or a value is not what it should be; the place is named.
    """
    beside = {"notice", "revenue", "assume", "rates"}
    own = {key: value for key, value in data.items() if _KEYS.get(key, key) not in beside}
    extra = {_KEYS.get(key, key): value for key, value in data.items() if key not in own}
    deal = read_deal(own)
    revenue = extra.get("revenue")
    right, stops = (None, ()) if revenue is None else _right(revenue, deal.currency)
    return Case(
        deal,
        right,
        stops,
        assumptions_of(extra.get("assume", {}), "assume"),
        rates_of(extra.get("rates", {}), "rates"),
        str(extra.get("notice", "")),
    )


def _right(written: Data, currency: str) -> tuple[RevenueRight, tuple[Interruption, ...]]:
    part = _Table(written, "revenue")
    stops = tuple(
        Interruption(
            one.day("first_month"), one.whole("months", 1, most=PERIODS_MAX), one.share("factor", 0)
        )
        for one in part.tables("stop")
    )
    right = RevenueRight(
        first_month=part.day("first_month"),
        months=part.whole("months", 1, most=PERIODS_MAX),
        users=part.whole("users", 0),
        users_growth=part.number("users_growth", 0),
        volume=part.number("volume"),
        tariff=part.number("tariff") * MINOR_PER_MAJOR[currency],
        seasons=_numbers(part.data.pop("seasons", [1] * 12), "revenue seasons"),
        collection=_numbers(part.data.pop("collection", [1]), "revenue collection"),
    )
    part.done()
    return right, stops


def _numbers(written: Any, where: str) -> tuple[Fraction, ...]:
    if not isinstance(written, list | tuple):
        raise MappingError(f"{written!r} is no list", where=where, remedy="[1.0, 1.0, …]")
    return tuple(number_of(one, where) for one in written)


@dataclass(frozen=True)
class Split:
    """A column by which a pool is shown (分层), and where its ranges begin."""

    column: str
    edges: tuple[float, ...]


@dataclass(frozen=True)
class PoolRules:
    """What loans must be to enter a pool, and how the pool is shown.

    Attributes:
        standards: Of each loan, and of the mix.
        splits: Strata to show.
        notice: As `Case.notice`.
    """

    standards: Standards
    splits: tuple[Split, ...]
    notice: str


def read_pool_rules(data: Data, where: str = "rules") -> PoolRules:
    """Rules of a pool: `[[standard]]`, `[[limit]]`, `[[strata]]`.

    Raises:
        MappingError: A rule is not what it should be; the place is named.
    """
    top = _Table(data, where)
    loans = tuple(_standard(one) for one in top.tables("standard"))
    limits = tuple(_limit(one) for one in top.tables("limit"))
    splits = tuple(_split(one) for one in top.tables("strata"))
    notice = str(top.data.pop("notice", ""))
    top.done()
    if not (loans or limits or splits):
        raise MappingError(
            "The rules say nothing", where=where, remedy="[[standard]], [[limit]] or [[strata]]"
        )
    return PoolRules(Standards(loans, limits), splits, notice)


def _standard(part: _Table) -> Eligibility:
    column, written, value = part.text("column"), part.text("is"), part.take("than")
    op = _OPERATORS.get(written, written)
    if op not in _OPERATORS.values():
        raise MappingError(
            f"{written!r} is no comparison",
            where=part.where,
            remedy=", ".join(_OPERATORS.values()),
        )
    if (op in {"in", "not in"}) != isinstance(value, list):
        raise MappingError(
            f"{written} cannot be compared with {value!r}",
            where=part.where,
            remedy='a list for "in" and "not in", else one value',
        )
    words = str(part.data.pop("words", f"{column} {written} {value}"))
    part.done()
    return Eligibility(column, op, value, words)


def _limit(part: _Table) -> Concentration:
    column = part.text("column")
    largest = part.whole("largest", 1, 1)
    name = str(part.data.pop("name", f"{column} {largest}"))
    limit = Concentration(name, column, largest, part.share("share"))
    part.done()
    return limit


def _split(part: _Table) -> Split:
    column = part.text("column")
    edges = [float(one) for one in _numbers(part.data.pop("edges", []), f"{part.where} edges")]
    part.done()
    if edges != sorted(set(edges)):
        raise MappingError("The edges do not ascend", where=part.where, remedy="[6, 12, 24]")
    return Split(column, tuple(edges))


def read_shelf(data: Data, where: str = "shelf") -> Shelf:
    """A programme: name, limit in yuan, valid_from, valid_to, asset_kind, series_max, [[issued]].

    Raises:
        MappingError: A value is not what it should be; the place is named.
    """
    top = _Table(data, where)
    top.data.pop("notice", None)
    most = top.data.pop("series_max", None)
    shelf = Shelf(
        name=top.text("name"),
        limit=top.money("limit"),
        valid_from=top.day("valid_from"),
        valid_to=top.day("valid_to"),
        asset_kind=top.text("asset_kind"),
        series_max=None
        if most is None
        else _Table({"series_max": most}, where).whole("series_max", 0),
        issued=tuple(_issued(one) for one in top.tables("issued")),
    )
    top.done()
    kept = (replace(one, asset_kind=one.asset_kind or shelf.asset_kind) for one in shelf.issued)
    return replace(shelf, issued=tuple(kept))


def _issued(part: _Table) -> Series:
    kind = str(part.data.pop("asset_kind", ""))
    series = Series(part.text("name"), part.day("issued"), part.money("amount"), kind)
    part.done()
    return series


@dataclass(frozen=True)
class Issue:
    """A series that is to be issued.

    Attributes:
        series: For the programme.
        kind: Of securitisation, one of `rules.KINDS`.
        bonds: Its classes.
        held: What the originator keeps of each, minor units.
    """

    series: Series
    kind: str
    bonds: tuple[Bond, ...]
    held: dict[str, int]


def read_issue(data: Data, where: str) -> Issue:
    """A series: name, issued, asset_kind, kind, `[[bond]]` with name, rank, amount and held.

    Raises:
        MappingError: A value is not what it should be; the place is named.
    """
    top = _Table(data, where)
    top.data.pop("notice", None)
    written = top.text("kind")
    kind = _KINDS.get(written, written)
    if kind not in KINDS:
        raise MappingError(
            f"{written!r} is no kind of securitisation",
            where=f"{where} kind",
            remedy=", ".join([*KINDS, *_KINDS]),
        )
    bonds, held = [], {}
    for part in top.tables("bond"):
        name, amount = part.text("name"), part.money("amount")
        bonds.append(Bond(name, part.whole("rank", 1), amount, amount, Coupon(Fraction(0))))
        held[name] = _fen(part.data.pop("held", 0), f"{part.where} held")
        part.done()
        if held[name] > amount:
            raise MappingError(f"More is kept of {name} than there is", where=part.where)
    if not bonds:
        raise MappingError("The series has no class", where=where, remedy="[[bond]]")
    total = sum(bond.balance for bond in bonds)
    series = Series(top.text("name"), top.day("issued"), total, top.text("asset_kind"))
    top.done()
    return Issue(series, kind, tuple(bonds), held)
