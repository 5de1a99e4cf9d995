"""Whole units in proportion: the method of largest remainders (最大余额法; Hamilton, 1792).

Everybody gets the whole units of the exact proportion, rounded down; the units that are left over
go one each to the largest fractions, to the one named first where fractions are equal. Nothing is
lost and nobody is off by a whole unit.
"""

from collections.abc import Sequence

from headrace.errors import InputError


def apportion(amount: int, weights: Sequence[int]) -> list[int]:
    """`amount` in proportion to `weights`, adding up to it exactly.

    Args:
        amount: Minor units, 0 or more.
        weights: Whole numbers, 0 or more, of which one at least is above 0 (unless the amount
            is 0). A weight of 0 gets nothing.

    Returns:
        One amount for each weight. None exceeds its weight where `amount` does not exceed
        their sum.

    Raises:
        InputError: The amount or a weight is negative, or there is nobody to give it to.
    """
    total = sum(weights)
    if amount < 0 or min(weights, default=0) < 0:
        raise InputError(
            "an amount or a weight is negative",
            where=f"apportion {amount} by {list(weights)}",
            remedy="amounts and weights of 0 or more",
        )
    if amount == 0:
        return [0] * len(weights)
    if total == 0:
        raise InputError(
            "there is nobody to bear the amount",
            where=f"apportion {amount} by {list(weights)}",
            remedy="at least one weight above 0",
        )
    given = [amount * weight // total for weight in weights]
    rests = [amount * weight % total for weight in weights]
    left = amount - sum(given)
    for place in sorted(range(len(weights)), key=lambda place: -rests[place])[:left]:
        given[place] += 1
    return given
