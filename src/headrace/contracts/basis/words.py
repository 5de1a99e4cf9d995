"""Refusals of basis trades for people, in English and Chinese."""

from enum import StrEnum
from typing import NamedTuple


class Words(NamedTuple):
    """One text in both languages."""

    en: str
    zh: str


WORDS = {
    "other_futures": Words("a price of another futures contract", "期货合约不符"),
    "outside_window": Words("outside the pricing window", "不在点价期内"),
    "window_still_open": Words("the pricing window is still open", "点价期尚未届满"),
    "not_the_fixer": Words("the other side has the right to fix", "点价权属于对方"),
    "quantity_not_positive": Words("above zero", "数量或金额必须大于零"),
    "not_whole_lots": Words("not whole lots", "不是整手"),
    "more_than_open": Words("more than is not fixed yet", "超过未点价数量"),
    "price_off_tick": Words("off the price step", "价格不符合最小变动价位"),
    "invoiced_already": Words("invoiced already", "暂结已开票"),
    "not_invoiced": Words("not invoiced yet", "尚未暂结"),
    "not_fixed": Words("not all is fixed", "尚有未点价数量"),
    "settled_already": Words("settled already", "已终结算"),
    "price_not_positive": Words("a price is above zero", "价格必须大于零"),
    "amount_not_positive": Words("an amount is above zero", "金额必须大于零"),
    "more_than_free": Words("more than is free", "超过可用保证金"),
    "grade_not_deliverable": Words("the grade is not deliverable", "该等级不可交割"),
    "not_a_whole_unit": Words("less than a delivery unit", "不足一个交割单位"),
    "more_than_short": Words("more than was sold", "超过持有的卖出头寸"),
}
"""By the value of a refusal."""


def words(refusal: StrEnum) -> Words:
    """A refusal for people."""
    return WORDS[refusal.value]
