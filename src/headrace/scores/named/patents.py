"""What a patent is worth by cost, market and income, and how far the three disagree.

    cost    = (development × (1 + profit) + fees) × remaining share of its life
    market  = median price of comparable deals × remaining legal life here / theirs
    income  = Σ over years t of sales_t × royalty × share × (1 - tax) / (1 + discount)^(t - 1/2)

Relief from royalty, mid-year; `sales_t` grows as given for the first years and then stands; years
run to the end of the legal or the economic life, whichever is first. A comparable deal counts at
most twice for a longer life. The value in the middle weighs the approaches that can be computed;
the range takes the lowest and the highest of them, income at the cautious and at the hopeful
royalty and discount. The three approaches are those of the Chinese
guidance on appraising patents (专利资产评估指导意见, not read officially); the parameters are data.
An appraisal is an opinion: it is computed in double precision and rounded half up to the yuan.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.errors import InputError, MappingError
from headrace.scores.named.scoring import BadCell, bad_cells

Floats = NDArray[np.float64]
APPROACHES = ("cost", "market", "income")
KINDS = {"invention": "发明", "utility": "实用新型", "design": "外观设计"}
LEGAL_YEARS = {"invention": 20.0, "utility": 10.0, "design": 15.0}
"""From filing; Patent Law of China (2020), article 42."""
NUMBERS = (
    "age_years", "development_yuan", "fees_yuan", "comparable_yuan", "comparable_deals",
    "comparable_years_left", "sales_yuan", "growth", "contribution", "economic_years",
)  # fmt: skip


@dataclass(frozen=True)
class PatentTerms:
    """Parameters of a valuation.

    Attributes:
        weights: By approach, above 0.
        profit: Return on development.
        life_years: Economic life by kind, for the cost approach.
        deals_least: Comparable deals the market approach asks for.
        discount: A year.
        discount_spread: Added for the low, taken off for the high value.
        tax: On royalties.
        growth_years: Years in which sales grow as given.
        royalty: Share of sales by section A to H, and `other`.
        royalty_spread: Share taken off for the low, added for the high value.
        pledge_rate: Of the middle value.
        version: Day of the parameters.
    """

    weights: Mapping[str, float]
    profit: float
    life_years: Mapping[str, float]
    deals_least: float
    discount: float
    discount_spread: float
    tax: float
    growth_years: float
    royalty: Mapping[str, float]
    royalty_spread: float
    pledge_rate: float
    version: str


def shipped_text() -> str:
    """The file of parameters that ships."""
    return files("headrace.scores.named").joinpath("patent_value.toml").read_text("utf-8")


@cache
def shipped_terms() -> PatentTerms:
    """The parameters that ship."""
    return read_patent_terms(shipped_text(), "patent_value.toml")


def read_patent_terms(text: str, file: str) -> PatentTerms:
    """Parameters of a TOML text.

    Raises:
        MappingError: It is no TOML, or a parameter is missing or out of range.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"it is no TOML: {error}", where=file) from error
    return PatentTerms(
        weights={name: _share(data, file, "weights", name) for name in APPROACHES},
        profit=_share(data, file, "cost", "profit"),
        life_years={kind: _number(data, file, "cost", "life_years", kind) for kind in KINDS},
        deals_least=_number(data, file, "market", "least"),
        discount=_share(data, file, "income", "discount"),
        discount_spread=_share(data, file, "income", "discount_spread"),
        tax=_share(data, file, "income", "tax"),
        growth_years=_number(data, file, "income", "growth_years"),
        royalty={
            name: _share(data, file, "income", "royalty", name) for name in (*"ABCDEFGH", "other")
        },
        royalty_spread=_share(data, file, "income", "royalty_spread"),
        pledge_rate=_share(data, file, "pledge", "rate"),
        version=str(data.get("version", "")),
    )


def _number(data: Mapping[str, Any], file: str, *keys: str) -> float:
    value: Any = data
    for key in keys:
        value = value.get(key) if isinstance(value, Mapping) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise MappingError("a parameter is missing or no number", where=f"{file}, {'.'.join(keys)}",
                           remedy="a number, 0 or more")  # fmt: skip
    return float(value)


def _share(data: Mapping[str, Any], file: str, *keys: str) -> float:
    value = _number(data, file, *keys)
    if value > 1:
        raise MappingError("a share is above 1", where=f"{file}, {'.'.join(keys)}",
                           remedy="from 0 to 1: 0.15 for 15 %")  # fmt: skip
    return value


@dataclass(frozen=True)
class Valued:
    """What patents are worth.

    Attributes:
        values: A row each, in yuan, whole: `cost`, `market`, `income`, `low`, `value`, `high`,
            `pledge`; `approaches`, how many could be computed; `note`. Null where nothing could.
        bad: Cells that count as missing because they could not be read, of schema `BAD_CELLS`;
            rows from 1. Without a readable kind nothing of a row can be computed.
    """

    values: pa.Table
    bad: pa.Table


def patent_values(table: pa.Table, terms: PatentTerms) -> Valued:
    """Value every patent.

    Args:
        table: `kind` (invention, utility, design, or 发明, 实用新型, 外观设计), `section` (A to H)
            and the numbers of `NUMBERS`: years since filing; yuan spent and paid; median yuan of
            comparable deals, how many, and years of legal life they had left; yearly sales of the
            products that use it, their growth, the share of their profit it earns, and years until
            it is overtaken. Any may be missing: the approach that needs it is then left out.
        terms: The parameters.

    Raises:
        InputError: There is no kind column.
    """
    bad: list[BadCell] = []
    kinds = _kinds(table, bad)
    given = {name: _column(table, name, bad) for name in NUMBERS}
    legal = np.array([LEGAL_YEARS.get(kind, np.nan) for kind in kinds])
    left = np.maximum(legal - given["age_years"], 0.0)
    cost = _cost(given, kinds, terms)
    enough = given["comparable_deals"] >= terms.deals_least
    their = np.where(given["comparable_years_left"] > 0, given["comparable_years_left"], np.nan)
    market = np.where(enough, given["comparable_yuan"] * np.minimum(left / their, 2.0), np.nan)
    royalty = _royalty(table, terms)
    income = _income(given, left, royalty, terms.discount, terms)
    spread, wider = terms.royalty_spread, terms.discount_spread
    wary = _income(given, left, royalty * (1 - spread), terms.discount + wider, terms)
    keen = _income(given, left, royalty * (1 + spread), max(terms.discount - wider, 0.0), terms)
    parts = np.stack([cost, market, income])
    weights = np.array([terms.weights[name] for name in APPROACHES])[:, None] * ~np.isnan(parts)
    total = weights.sum(axis=0)
    middle = np.where(total > 0, np.nansum(parts * weights, axis=0), np.nan)
    value = np.divide(middle, total, out=np.full(middle.size, np.nan), where=total > 0)
    count = (~np.isnan(parts)).sum(axis=0)
    values = pa.table(
        {
            "cost": _yuan(cost),
            "market": _yuan(market),
            "income": _yuan(income),
            "low": _yuan(_extreme(np.fmin, cost, market, wary)),
            "value": _yuan(value),
            "high": _yuan(_extreme(np.fmax, cost, market, keen)),
            "pledge": _yuan(np.floor(value * terms.pledge_rate)),
            "approaches": pa.array(count.astype(np.int64)),
            "note": pa.array(
                [_note(int(n), gone) for n, gone in zip(count, left <= 0, strict=True)]
            ),
        }
    )
    return Valued(values, bad_cells(bad))


def _note(count: int, lapsed: bool) -> str:  # noqa: FBT001 - a fact about the row, not a switch
    if lapsed:
        return "legal life is over 保护期已满"
    return ("nothing to value it by 无可用依据", "one approach only 仅一种方法", "", "")[count]


def _kinds(table: pa.Table, bad: list[BadCell]) -> list[str]:
    """The kind of each; empty where it is none."""
    if "kind" not in table.column_names:
        raise InputError("there is no kind of patent", where="kind", remedy=", ".join(KINDS))
    from_zh = {zh: kind for kind, zh in KINDS.items()}
    found = []
    for row, cell in enumerate(table["kind"].to_pylist(), start=1):
        kind = from_zh.get(str(cell), str(cell))
        if kind not in KINDS:
            bad.append((row, "kind", "" if cell is None else str(cell), ", ".join(KINDS)))
        found.append(kind if kind in KINDS else "")
    return found


def _column(table: pa.Table, name: str, bad: list[BadCell]) -> Floats:
    """Numbers of a column; NaN where there is none, or none that can be."""
    found = np.full(table.num_rows, np.nan)
    if name not in table.column_names:
        return found
    least = -1.0 if name == "growth" else 0.0
    for row, cell in enumerate(table[name].to_pylist()):
        if cell in (None, ""):
            continue
        try:
            value = float(str(cell).replace(",", ""))
        except ValueError:
            value = np.nan
        if least <= value < np.inf:
            found[row] = value
        else:
            right = "above -1" if name == "growth" else "a number, 0 or more"
            bad.append((row + 1, name, str(cell), right))
    return found


def _cost(given: Mapping[str, Floats], kinds: list[str], terms: PatentTerms) -> Floats:
    life = np.array([terms.life_years.get(kind, np.nan) for kind in kinds])
    share = np.clip(1 - given["age_years"] / life, 0.0, 1.0)
    fees = np.nan_to_num(given["fees_yuan"])  # fees are a trifle beside development
    return np.asarray((given["development_yuan"] * (1 + terms.profit) + fees) * share)


def _royalty(table: pa.Table, terms: PatentTerms) -> Floats:
    if "section" not in table.column_names:
        return np.full(table.num_rows, terms.royalty["other"])
    sections = [str(cell or "")[:1].upper() for cell in table["section"].to_pylist()]
    return np.array([terms.royalty.get(each, terms.royalty["other"]) for each in sections])


def _income(
    given: Mapping[str, Floats], left: Floats, royalty: Floats, discount: float, terms: PatentTerms
) -> Floats:
    years = np.minimum(left, given["economic_years"])
    growth = np.nan_to_num(given["growth"])
    total = np.where(np.isnan(years), np.nan, 0.0)
    sales = given["sales_yuan"].copy()
    for year in range(1, int(np.nanmax(years, initial=0.0)) + 2):
        sales = sales * np.where(year <= terms.growth_years, 1 + growth, 1.0)
        part = np.clip(years - (year - 1), 0.0, 1.0)
        total = total + part * sales / (1 + discount) ** (year - 0.5)
    return np.asarray(total * royalty * given["contribution"] * (1 - terms.tax))


def _extreme(pick: np.ufunc, *parts: Floats) -> Floats:
    """The lowest or highest of those that are known; NaN where none is."""
    return np.asarray(pick.reduce(np.stack(parts)))


def _yuan(value: Floats) -> pa.Array:
    whole = np.floor(value + 0.5)
    known = np.isfinite(whole) & (np.abs(whole) < 2**53)
    return pa.array(np.where(known, whole, 0.0).astype(np.int64), mask=~known)
