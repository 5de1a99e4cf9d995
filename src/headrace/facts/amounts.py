"""Columns of amounts, rates and whole numbers, in whatever notation they were exported."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.facts import rules
from headrace.facts.cells import Coerced, Dialect, Int64, Mask, Refusal, distinct
from headrace.facts.cells import numpy_mask as mask_of

# Beyond this a float no longer tells one minor unit from the next.
_LARGEST = 2**53
_WIDEST_DECIMAL128 = 38
_CLOSE = 1e-6  # of a minor unit: what sums of floats leave behind

_AMOUNT = (
    r"^(?P<open>\()?(?P<minus>[-+\x{2212}])?\s*(?:¥|CNY|RMB|人民币)?\s*(?P<inner>[-+\x{2212}])?"
    r"(?P<whole>\d{1,3}(?:,\d{3})+|\d+)?(?:\.(?P<part>\d*))?"
    r"\s*(?:元|CNY|RMB)?(?P<trailing>[-\x{2212}])?(?P<close>\))?$"
)
_RATE = r"^(?P<number>[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?)\s*(?P<per>[%\x{2030}])?$"
_PER = {"": Decimal(1), "%": Decimal(100), "‰": Decimal(1000)}


def money(cells: pa.ChunkedArray, dialect: Dialect) -> Coerced:
    """Amounts in major units, of any numeric type or as text, to int64 minor units."""
    kind = cells.type
    if pa.types.is_floating(kind):
        return _money_from_float(cells, dialect.minor_per_major)
    if pa.types.is_integer(kind):
        return _money_from_decimal(pc.cast(cells, pa.decimal128(20, 0)), dialect.minor_per_major)
    if pa.types.is_decimal(kind):
        return _money_from_decimal(cells, dialect.minor_per_major)
    return _money_from_text(cells, dialect.minor_per_major)


def _money_from_float(cells: pa.ChunkedArray, per_major: int) -> Coerced:
    major, missing = _floats(cells)
    bad = ~(np.abs(major) * per_major <= _LARGEST)
    major = np.where(bad, 0.0, major)
    minor = np.rint(major * per_major)
    whole = (minor / per_major == major) | (np.abs(major * per_major - minor) <= _CLOSE)
    fine = ~bad & ~whole
    values = np.where(bad | fine, 0, minor).astype(np.int64)
    return Coerced(
        pa.array(values, mask=missing | bad | fine),
        _refusals((rules.BAD_NUMBER, bad), (rules.MORE_THAN_TWO_DECIMALS, fine)),
    )


def _floats(cells: pa.ChunkedArray) -> tuple[np.typing.NDArray[np.float64], Mask]:
    """Values, and where they are missing: a table written by pandas has NaN for missing."""
    column = pc.cast(cells.combine_chunks(), pa.float64())
    values = pc.fill_null(column, np.nan).to_numpy(zero_copy_only=False)
    missing = np.isnan(values)
    return np.where(missing, 0.0, values), missing


def _money_from_decimal(cells: pa.ChunkedArray, per_major: int) -> Coerced:
    column = cells.combine_chunks()
    missing = mask_of(pc.is_null(column))
    bad = mask_of(pc.greater(pc.abs(column), pa.scalar(Decimal(_LARGEST // per_major))))
    column = pc.if_else(pa.array(bad), None, column)
    # Scaling needs four more digits than the type has.
    if column.type.precision > _WIDEST_DECIMAL128 - 4:
        column = pc.cast(column, pa.decimal256(column.type.precision, column.type.scale))
    scaled = pc.multiply(column, pa.scalar(Decimal(per_major), pa.decimal128(3, 0)))
    whole = pc.trunc(scaled)
    fine = mask_of(pc.not_equal(whole, scaled))
    values = pc.fill_null(pc.cast(whole, pa.int64()), 0).to_numpy(zero_copy_only=False)
    return Coerced(
        pa.array(values, mask=missing | bad | fine),
        _refusals((rules.BAD_NUMBER, bad), (rules.MORE_THAN_TWO_DECIMALS, fine)),
    )


def _money_from_text(cells: pa.ChunkedArray, per_major: int) -> Coerced:
    column, changes = distinct(cells)
    parts = pc.extract_regex(column.texts, pattern=_AMOUNT)
    part = {name: pc.fill_null(parts.field(name), "") for name in _names(parts)}
    decimals = len(str(per_major)) - 1
    whole = pc.replace_substring(part["whole"], pattern=",", replacement="")
    fraction = pc.utf8_rtrim(part["part"], characters="0")
    digits = pc.binary_join_element_wise(
        whole, pc.utf8_rpad(fraction, width=decimals, padding="0"), ""
    )
    marks = [part[name] for name in ("open", "minus", "inner", "trailing")]
    negative = np.array(
        [mask_of(pc.match_substring_regex(mark, r"^[-(\x{2212}]$")) for mark in marks]
    )
    signs = np.array([mask_of(pc.not_equal(mark, "")) for mark in marks]).sum(axis=0)
    lone = mask_of(pc.not_equal(pc.equal(part["open"], ""), pc.equal(part["close"], "")))
    no_digits = mask_of(pc.equal(pc.binary_join_element_wise(part["whole"], part["part"], ""), ""))
    too_long = mask_of(pc.greater(pc.utf8_length(pc.utf8_ltrim(whole, characters="0")), 13))
    bad = no_digits | lone | (signs > 1) | too_long
    fine = ~bad & mask_of(pc.greater(pc.utf8_length(fraction), decimals))
    refused = bad | fine
    size: Int64 = pc.cast(pc.if_else(pa.array(refused), "0", digits), pa.int64()).to_numpy()
    minor = np.where(negative.any(axis=0), -size, size)
    plain = mask_of(pc.match_substring_regex(column.texts, r"^-?\d+(\.\d*)?$"))
    values = pa.array(minor, mask=refused)
    return Coerced(
        column.spread(values),
        (
            *(Refusal(rules.BAD_NUMBER, rows) for rows in _some(column.rows(bad))),
            *(Refusal(rules.MORE_THAN_TWO_DECIMALS, rows) for rows in _some(column.rows(fine))),
        ),
        (
            *changes,
            *column.change(rules.MONEY_NOTATION, ~plain & ~refused, _major(values, per_major)),
        ),
    )


def _major(minor: pa.Array, per_major: int) -> pa.Array:
    """For examples: the amount that was read, in major units."""
    decimals = len(str(per_major)) - 1
    return pa.array(
        [
            None if value is None else str(Decimal(value).scaleb(-decimals))
            for value in minor.to_pylist()
        ]
    )


def rate(cells: pa.ChunkedArray) -> Coerced:
    """Fractions from 0 to 1, as numbers or text, perhaps with a percent sign, to float64."""
    if pa.types.is_floating(cells.type):
        values, missing = _floats(cells)
        outside = ~((values >= 0) & (values <= 1))
        return Coerced(
            pa.array(values, mask=missing | outside),
            _refusals((rules.RATE_OUT_OF_RANGE, outside)),
        )
    column, changes = distinct(cells)
    parts = pc.extract_regex(column.texts, pattern=_RATE)
    bad = mask_of(pc.is_null(parts))
    # Decimal, so that 4.65% is the same float as 0.0465; few distinct rates ever occur.
    exact = [
        None if part is None else float(Decimal(part["number"]) / _PER[part["per"]])
        for part in parts.to_pylist()
    ]
    values = pa.array(exact, pa.float64())
    outside = ~bad & ~mask_of(pc.and_(pc.greater_equal(values, 0.0), pc.less_equal(values, 1.0)))
    percent = ~bad & ~outside & mask_of(pc.match_substring_regex(column.texts, r"[%\x{2030}]$"))
    after = pc.cast(values, pa.string())
    return Coerced(
        column.spread(pc.if_else(pa.array(outside), None, values)),
        (
            *(Refusal(rules.BAD_NUMBER, rows) for rows in _some(column.rows(bad))),
            *(Refusal(rules.RATE_OUT_OF_RANGE, rows) for rows in _some(column.rows(outside))),
        ),
        (*changes, *column.change(rules.PERCENT, percent, after)),
    )


def integer(cells: pa.ChunkedArray) -> Coerced:
    """Whole numbers to int64; 3.0 is whole, 3.5 is refused."""
    column, changes = distinct(cells)
    digits = pc.extract_regex(column.texts, pattern=r"^(?P<whole>[-+]?\d{1,18})(?:\.0*)?$")
    bad = mask_of(pc.is_null(digits))
    whole = pc.utf8_ltrim(pc.fill_null(digits.field("whole"), "0"), characters="+")
    values = pc.cast(pc.if_else(pa.array(bad), None, whole), pa.int64())
    refusals = tuple(Refusal(rules.BAD_NUMBER, rows) for rows in _some(column.rows(bad)))
    return Coerced(column.spread(values), refusals, changes)


def _names(parts: pa.StructArray) -> list[str]:
    return [field.name for field in parts.type]


def _some(rows: Int64) -> tuple[Int64, ...]:
    return (rows,) if len(rows) else ()


def _refusals(*checked: tuple[rules.Rule, Mask]) -> tuple[Refusal, ...]:
    return tuple(Refusal(rule, np.flatnonzero(mask)) for rule, mask in checked if mask.any())
