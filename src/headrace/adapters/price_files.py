"""Daily prices from a file: at least a code, a day and a price; more columns allow haircuts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.desk_rows import TOLD_MAX, day_of, source_table
from headrace.errors import InputError
from headrace.facts.headers import match_columns, plain
from headrace.facts.kinds import INVOICE
from headrace.facts.mapping import TableMapping

HEADERS = {
    "code": ("code", "证券代码", "代码", "品种", "ts_code"),
    "date": ("date", "日期", "交易日期", "trade_date"),
    "close": ("close", "price", "收盘价", "价格"),
    "high": ("high", "最高价"),
    "low": ("low", "最低价"),
    "preclose": ("preclose", "pre_close", "前收盘价"),
    "amount": ("amount", "成交额"),
    "turn": ("turn", "换手率"),
    "tradestatus": ("tradestatus", "交易状态"),
    "isST": ("isST", "是否ST"),
}
NEEDED = ("code", "date", "close")
NUMBERS = tuple(name for name in HEADERS if name not in ("code", "date"))
PRICE_MAX = 1e9
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,2})?$"


@dataclass(frozen=True)
class PriceFile:
    """What a file of prices says.

    Attributes:
        rows: `code` string, `date` date32, the others of `HEADERS` float64, null where the file
            has no such column or cell; `tradestatus` 1 where nobody says otherwise; `stated` string
            the price as it is written.
        missing: Columns that the file does not have, of those that haircuts and grades need.
        unpriced: Rows without a price, left out.
        name: Of the file.
    """

    rows: pa.Table
    missing: tuple[str, ...]
    unpriced: int
    name: str


def read_prices(path: Path) -> PriceFile:
    """Prices from CSV, a workbook or Parquet.

    Raises:
        InputError: The file cannot be read, a column is missing, or a cell is no price or day; up
            to five rows are named.
    """
    mapping = TableMapping(path.stem, INVOICE, HEADERS)
    source = source_table(path, mapping)
    if source.ragged:
        problem = f"row {source.ragged[0].row} has more or fewer cells than the header"
        raise InputError(problem, where=str(path), remedy="export it again")
    names = [plain(name) for name in source.columns.column_names]
    there = {
        key: headers
        for key, headers in HEADERS.items()
        if key in NEEDED or any(plain(header) in names for header in headers)
    }
    places = match_columns(
        source.columns.column_names, TableMapping(path.stem, INVOICE, there), str(path)
    )
    numbers = source.rows
    count = source.columns.num_rows
    row = np.arange(1, count + 1) if numbers is None else np.asarray(numbers)
    given = {key: _flat(source.columns.column(at)) for key, at in places.items()}
    columns: dict[str, pa.Array] = {
        "code": given["code"].cast(pa.string()),
        "date": _days(given["date"], row, path),
    }
    for key in NUMBERS:
        columns[key] = (
            _numbers(given[key], row, (path, key))
            if key in given
            else pa.nulls(count, pa.float64())
        )
    if "tradestatus" not in given:
        columns["tradestatus"] = pa.array(np.ones(count))
    columns["stated"] = _stated(given["close"], columns["close"])
    _refuse(pc.is_null(columns["code"]), row, path, "no code")
    price = columns["close"]
    bad = pc.or_(pc.less_equal(price, 0), pc.greater(price, PRICE_MAX))
    _refuse(pc.fill_null(bad, fill_value=False), row, path, "a price is above 0 and below 10^9")
    table = pa.table(columns)
    priced = table.filter(pc.is_valid(price))
    if not priced.num_rows:
        raise InputError("there is no price in it", where=str(path), remedy="rows with prices")
    missing = tuple(key for key in HEADERS if key not in there)
    return PriceFile(priced, missing, count - priced.num_rows, path.name)


def _flat(column: pa.ChunkedArray) -> pa.Array:
    """One array; dictionaries and kinds of text made plain, blanks null."""
    whole = column.combine_chunks()
    if pa.types.is_dictionary(whole.type):
        whole = whole.cast(whole.type.value_type)
    if pa.types.is_large_string(whole.type) or pa.types.is_string_view(whole.type):
        whole = whole.cast(pa.string())
    if pa.types.is_string(whole.type):
        whole = pc.utf8_trim_whitespace(whole)
        whole = pc.if_else(pc.equal(whole, ""), pa.scalar(None, pa.string()), whole)
    return whole


def _numbers(given: pa.Array, row: np.ndarray, where: tuple[Path, str]) -> pa.Array:
    path, key = where
    if pa.types.is_string(given.type):
        plainly = pc.replace_substring(given, ",", "")
        good = pc.fill_null(pc.match_substring_regex(plainly, _NUMBER), fill_value=True)
        _refuse(pc.invert(good), row, path, f"{key}: no number")
        return plainly.cast(pa.float64())
    try:
        found = given.cast(pa.float64())
    except pa.ArrowException as error:
        remedy = "numbers in it"
        raise InputError(f"{key} holds {given.type}", where=str(path), remedy=remedy) from error
    return pc.if_else(pc.is_finite(found), found, pa.scalar(None, pa.float64()))


def _stated(given: pa.Array, read: pa.Array) -> pa.Array:
    """Prices as text, exactly as a file of text states them."""
    if pa.types.is_string(given.type):
        return pc.replace_substring(given, ",", "")
    return pa.array([None if each is None else f"{each:.6f}" for each in read.to_pylist()])


def _days(given: pa.Array, row: np.ndarray, path: Path) -> pa.Array:
    if pa.types.is_temporal(given.type):
        return given.cast(pa.date32(), safe=False)
    texts = given.cast(pa.string()).dictionary_encode()
    found: list[object] = []
    bad: list[object] = []
    for text in texts.dictionary.to_pylist():
        try:
            found.append(day_of(text))
        except ValueError:
            found.append(None)
            bad.append(text)
    days = pa.array(found, pa.date32()).take(texts.indices)
    _refuse(pc.is_null(days), row, path, "no day such as 2024-03-01")
    return days


def _refuse(bad: pa.Array, row: np.ndarray, path: Path, told: str) -> None:
    places: Sequence[int] = np.flatnonzero(bad.to_numpy(zero_copy_only=False)).tolist()
    if places:
        shown = ", ".join(str(row[at]) for at in places[:TOLD_MAX])
        more = f" and {len(places) - TOLD_MAX} more" if len(places) > TOLD_MAX else ""
        raise InputError(
            f"row {shown}{more}: {told}",
            where=str(path),
            remedy="correct the rows, or take them out",
        )
