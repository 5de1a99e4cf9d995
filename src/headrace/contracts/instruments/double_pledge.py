"""What is financed already (重复融资): exact identity refuses, near identity raises a question.

New claims are compared with those that stand and with the new ones before them. Joins find the
candidates, so that a register of millions costs what a join costs; only pairs of the same seller,
buyer and amount are compared number by number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.contracts.instruments.claims import Kind, days, normal, one_apart


class Verdict(StrEnum):
    """What a finding means."""

    REFUSE = "refuse"
    RAISE = "raise"


class Reason(StrEnum):
    """Why two claims are held against each other."""

    SAME_RECEIPT = "same_receipt"
    SAME_SERIAL = "same_serial"
    SAME_LOT = "same_lot"
    OVER_FINANCED = "over_financed"
    SHARED_PAPER = "shared_paper"
    AMOUNT_DIFFERS = "amount_differs"
    ORDER_AND_INVOICE = "order_and_invoice"
    NEAR_NUMBER = "near_number"
    NEAR_PAPER = "near_paper"
    SAME_PLACE = "same_place"
    BLANKET = "blanket"


VERDICTS = {
    Reason.SAME_RECEIPT: Verdict.REFUSE,
    Reason.SAME_SERIAL: Verdict.REFUSE,
    Reason.SAME_LOT: Verdict.REFUSE,
    Reason.OVER_FINANCED: Verdict.REFUSE,
    Reason.SHARED_PAPER: Verdict.RAISE,
    Reason.AMOUNT_DIFFERS: Verdict.RAISE,
    Reason.ORDER_AND_INVOICE: Verdict.RAISE,
    Reason.NEAR_NUMBER: Verdict.RAISE,
    Reason.NEAR_PAPER: Verdict.RAISE,
    Reason.SAME_PLACE: Verdict.RAISE,
    Reason.BLANKET: Verdict.RAISE,
}

SCHEMA = pa.schema(
    [
        ("claim", pa.string()),
        ("other", pa.string()),
        ("financing", pa.string()),
        ("other_financing", pa.string()),
        ("other_lender", pa.string()),
        ("other_source", pa.string()),
        ("reason", pa.string()),
        ("verdict", pa.string()),
    ]
)
"""A new claim, the earlier one it meets, and why; the earlier may be new, too."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Near:
    """How near is near.

    Attributes:
        days: Papers of one seller, buyer and amount within so many days of each other.
        days_of_number: The same where the number is one character away.
    """

    days: int = 7
    days_of_number: int = 90


def check(new: pa.Table, known: pa.Table, near: Near | None = None) -> pa.Table:
    """Hold new claims against those known and against the new ones before them.

    Args:
        new: A table of `claims.SCHEMA`, in the order in which they are asked for.
        known: The claims that stand, from our own books and from the register.
        near: How near is near; None: the usual.

    Returns:
        A table of `SCHEMA` in the order of the new claims, empty where nothing was found. A new
        claim counts against later ones even if it was refused itself: ask again without it.
    """
    within = near or Near()
    whole = _keyed(known, new)
    first = known.num_rows
    found = [
        *_same_paper(whole, first),
        _pairs(whole, first, ("serial",), Reason.SAME_SERIAL),
        *_same_place(whole, first),
        _order_and_invoice(whole, first),
        *_near(whole, first, within),
        _blanket(whole, first),
    ]
    return _told(pa.concat_tables([known, new]), [each for each in found if len(each[0])])


def refused(findings: pa.Table) -> frozenset[str]:
    """The claims that may not be financed."""
    kept = findings.filter(pc.equal(findings["verdict"], Verdict.REFUSE.value))
    return frozenset(kept["claim"].to_pylist())


Found = tuple[NDArray[np.int64], NDArray[np.int64], Reason]


def _keyed(known: pa.Table, new: pa.Table) -> pa.Table:
    """Both tables as one, with a row number and numbers made comparable."""
    whole = pa.concat_tables([known, new]).combine_chunks()
    plain = {name: normal(whole[name]) for name in ("number", "order", "serial", "batch")}
    return pa.table(
        {
            "row": np.arange(whole.num_rows),
            **{name: whole[name] for name in ("kind", "seller", "buyer", "warehouse", "location")},
            "place": normal(whole["location"]),
            "amount": whole["amount_minor"],
            "financed": pc.fill_null(
                pc.coalesce(whole["financed_minor"], whole["amount_minor"]), 0
            ),
            "unsaid": pc.and_(
                pc.is_null(whole["financed_minor"]), pc.is_null(whole["amount_minor"])
            ),
            "day": days(whole["day"]),
            "from": pc.fill_null(days(whole["held_from"]), np.iinfo(np.int32).min),
            "until": pc.fill_null(days(whole["held_until"]), np.iinfo(np.int32).max),
            "source": whole["source"],
            **plain,
        }
    )


def _joined(whole: pa.Table, first: int, keys: Sequence[str], side: pa.Table) -> pa.Table:
    """New rows with earlier rows of the same keys, none of them null; columns of both."""
    columns = [*keys, "row"]
    new, others = whole.slice(first).select(columns), side.select(columns)
    mine = new.filter(_all_valid(new, keys))
    theirs = others.filter(_all_valid(others, keys))
    met = theirs.join(mine, list(keys), join_type="inner", left_suffix="_other")
    met = met.filter(pc.less(met["row_other"], met["row"])).sort_by("row")
    other = whole.take(met["row_other"])
    other = other.rename_columns([f"{name}_other" for name in whole.column_names])
    pairs = whole.take(met["row"])
    for name in other.column_names:
        pairs = pairs.append_column(name, other[name])
    return pairs


def _all_valid(table: pa.Table, keys: Sequence[str]) -> pa.ChunkedArray:
    mask = pc.is_valid(table[keys[0]])
    for key in keys[1:]:
        mask = pc.and_(mask, pc.is_valid(table[key]))
    return mask


def _as_found(pairs: pa.Table, reason: Reason) -> Found:
    return pairs["row"].to_numpy(), pairs["row_other"].to_numpy(), reason


def _pairs(whole: pa.Table, first: int, keys: Sequence[str], reason: Reason) -> Found:
    return _as_found(_joined(whole, first, keys, whole), reason)


def _same_paper(whole: pa.Table, first: int) -> list[Found]:
    """One receipt twice; one invoice or order of a seller for more than it is worth, or shared.

    Where nobody says how much was lent on a paper, as in a register, it is taken to be all of it.
    """
    goods = whole.filter(pc.equal(whole["kind"], Kind.RECEIPT.value))
    receipts = _joined(whole, first, ("kind", "warehouse", "number"), goods)
    paper = whole.filter(pc.is_in(whole["kind"], pa.array([Kind.INVOICE, Kind.ORDER])))
    pairs = _joined(whole, first, ("kind", "seller", "number"), paper)
    earlier = pairs.group_by("row").aggregate([("financed_other", "sum"), ("unsaid_other", "any")])
    rows, lent = pairs["row"].to_numpy(), whole["financed"].to_numpy().copy()
    endless = whole["unsaid"].to_numpy().copy()
    lent[earlier["row"].to_numpy()] += earlier["financed_other_sum"].to_numpy()
    endless[earlier["row"].to_numpy()] |= earlier["unsaid_other_any"].to_numpy()
    over = endless[rows] | (lent[rows] > pc.fill_null(pairs["amount"], 0).to_numpy())
    differs = pc.fill_null(pc.not_equal(pairs["amount"], pairs["amount_other"]), False)  # noqa: FBT003 - the value to fill in
    return [
        _as_found(receipts, Reason.SAME_RECEIPT),
        _as_found(pairs.filter(pa.array(over)), Reason.OVER_FINANCED),
        _as_found(pairs.filter(pa.array(~over)), Reason.SHARED_PAPER),
        _as_found(pairs.filter(differs), Reason.AMOUNT_DIFFERS),
    ]


def _same_place(whole: pa.Table, first: int) -> list[Found]:
    """Goods at one place at one time: of one batch they are the same, of another a question."""
    pairs = _joined(whole, first, ("warehouse", "place"), whole)
    together = pc.and_(
        pc.less_equal(pairs["from"], pairs["until_other"]),
        pc.less_equal(pairs["from_other"], pairs["until"]),
    )
    pairs = pairs.filter(together)
    same = pc.fill_null(pc.equal(pairs["batch"], pairs["batch_other"]), False)  # noqa: FBT003 - the value to fill in
    return [
        _as_found(pairs.filter(same), Reason.SAME_LOT),
        _as_found(pairs.filter(pc.invert(same)), Reason.SAME_PLACE),
    ]


def _order_and_invoice(whole: pa.Table, first: int) -> Found:
    """The order behind an invoice is financed as an order, or the other way round."""
    orders = whole.filter(pc.equal(whole["kind"], Kind.ORDER.value))
    invoices = whole.filter(pc.equal(whole["kind"], Kind.INVOICE.value))
    columns = ["row", "seller", "order"]
    ordered = orders.select(["row", "seller", "number"]).rename_columns(columns)
    pairs = (
        invoices.select(columns)
        .filter(pc.is_valid(invoices["order"]))
        .join(ordered, ["seller", "order"], join_type="inner", right_suffix="_other")
    )
    one, other = pairs["row"].to_numpy(), pairs["row_other"].to_numpy()
    later, earlier = np.maximum(one, other), np.minimum(one, other)
    return later[later >= first], earlier[later >= first], Reason.ORDER_AND_INVOICE


def _near(whole: pa.Table, first: int, near: Near) -> list[Found]:
    """Papers of one seller, buyer and amount, of near days, whose numbers differ."""
    papers = whole.filter(pc.is_in(whole["kind"], pa.array([Kind.INVOICE, Kind.ORDER])))
    pairs = _joined(whole, first, ("kind", "seller", "buyer", "amount"), papers)
    pairs = pairs.filter(pc.not_equal(pairs["number"], pairs["number_other"]))
    apart = pc.abs(pc.subtract(pairs["day"], pairs["day_other"]))
    apart = pc.fill_null(apart, 0).to_numpy()
    pairs = pairs.filter(pa.array(apart <= max(near.days, near.days_of_number)))
    apart = apart[apart <= max(near.days, near.days_of_number)]
    numbers = zip(pairs["number"].to_pylist(), pairs["number_other"].to_pylist(), strict=True)
    close: Mask = np.array([one_apart(one, other) for one, other in numbers], bool)
    close &= apart <= near.days_of_number
    rest = ~close & (apart <= near.days)
    return [
        _as_found(pairs.filter(pa.array(close)), Reason.NEAR_NUMBER),
        _as_found(pairs.filter(pa.array(rest)), Reason.NEAR_PAPER),
    ]


def _blanket(whole: pa.Table, first: int) -> Found:
    """The register says that somebody has all receivables of the seller."""
    entries = whole.filter(
        pc.and_(pc.is_null(whole["number"]), pc.equal(whole["source"], "register"))
    )
    return _as_found(_joined(whole, first, ("kind", "seller"), entries), Reason.BLANKET)


def _told(whole: pa.Table, found: list[Found]) -> pa.Table:
    """Findings with the names of both claims."""
    if not found:
        return SCHEMA.empty_table()
    rows = np.concatenate([each[0] for each in found])
    others = np.concatenate([each[1] for each in found])
    reasons = [reason for mine, _, reason in found for _ in range(len(mine))]
    rank = np.concatenate([np.full(len(each[0]), at) for at, each in enumerate(found)])
    order = np.lexsort((others, rank, rows))
    mine, theirs = whole.take(pa.array(rows[order])), whole.take(pa.array(others[order]))
    told = [reasons[at] for at in order.tolist()]
    columns = [
        mine["claim"], theirs["claim"], mine["financing"], theirs["financing"], theirs["lender"],
        theirs["source"], pa.array([each.value for each in told]),
        pa.array([VERDICTS[each].value for each in told]),
    ]  # fmt: skip
    return pa.table(columns, schema=SCHEMA)
