"""Formulas of a deal: amounts and ratios of what the deal holds, as data.

A formula is a name (`pool_balance`), a name with the things it is about
(`bond_balance:优先A1,优先A2`), a number (a ratio, 0.05), an amount (`{ yuan = 20000000 }`), a day
(`{ date = "2027-06-30" }`), or an operation on formulas (`{ op = "times", of = [...] }`). Amounts
are in minor units, and everything is exact until a step rounds it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Protocol

from headrace.contracts.securitisation.amounts import exact
from headrace.contracts.securitisation.dates import day_number
from headrace.errors import MappingError

NAMES = {
    "pool_balance": "资产池余额",
    "pool_balance_start": "期初资产池余额",
    "pool_original": "初始资产池余额",
    "pool_factor": "资产池余额占比",
    "collected": "本期回款",
    "collected_total": "累计回款",
    "defaults_total": "累计违约金额",
    "default_rate": "累计违约率",
    "losses_total": "累计损失",
    "bond_balance": "证券余额",
    "bond_original": "证券初始余额",
    "bond_interest_due": "应付利息",
    "bond_principal_due": "应付本金",
    "account": "账户余额",
    "target": "目标金额",
    "gap": "目标缺口",
    "excess": "超额部分",
    "fee_due": "应付费用",
    "fee_paid_total": "累计已付费用",
    "ledger": "台账余额",
    "claims": "待偿还垫付",
    "period": "期数",
    "today": "当日",
}
"""Every name a formula may use, and its Chinese form; both are read."""

_NO_MONEY = {"pool_factor", "default_rate", "period", "today"}
_YUAN = "yuan"

OPERATIONS = {
    "plus": "加",
    "minus": "减",
    "times": "乘",
    "over": "除",
    "min": "最小",
    "max": "最大",
}

COMPARISONS = {">": "大于", ">=": "不低于", "<": "低于", "<=": "不高于", "==": "等于"}

_ENGLISH = {zh: en for table in (NAMES, OPERATIONS, COMPARISONS) for en, zh in table.items()}


class Facts(Protocol):
    """What a formula may ask of a deal that runs."""

    def fact(self, name: str, about: tuple[str, ...]) -> Fraction:
        """The value of a name of `NAMES`."""
        ...


@dataclass(frozen=True)
class Formula:
    """A node: a constant, a name, or an operation.

    Attributes:
        op: An operation, `constant`, or `fact`.
        name: Of the fact; of a constant `yuan` where it is an amount.
        about: What the fact is about: bonds, accounts, kinds of collection.
        args: Of the operation.
        value: Of the constant.
    """

    op: str
    name: str = ""
    about: tuple[str, ...] = ()
    args: tuple["Formula", ...] = ()
    value: Fraction = Fraction(0)

    def evaluate(self, facts: Facts) -> Fraction:
        """The value now; a quotient by zero is zero only of zero.

        Raises:
            MappingError: Something is divided by zero.
        """
        if self.op == "constant":
            return self.value
        if self.op == "fact":
            return facts.fact(self.name, self.about)
        values = [arg.evaluate(facts) for arg in self.args]
        return _OPERATE[self.op](values)

    @property
    def is_money(self) -> bool:
        """Whether its value is an amount in minor units, not a ratio, a count or a day."""
        return self._degree() > 0

    def _degree(self) -> int:
        """The power of money in the value: 1 of an amount, 0 of a ratio."""
        if self.op == "constant":
            return int(self.name == _YUAN)
        if self.op == "fact":
            return int(self.name not in _NO_MONEY)
        degrees = [arg._degree() for arg in self.args]
        if self.op == "over":
            return degrees[0] - degrees[1]
        return sum(degrees) if self.op == "times" else max(degrees)

    def facts(self) -> list[tuple[str, tuple[str, ...]]]:
        """The names it uses, to check them before a deal runs."""
        if self.op == "fact":
            return [(self.name, self.about)]
        return [found for arg in self.args for found in arg.facts()]


@dataclass(frozen=True)
class Condition:
    """A comparison, or several.

    Attributes:
        op: One of `COMPARISONS`, or `all`, `any`.
        left: Of a comparison.
        right: Of a comparison.
        parts: Of `all` and `any`.
    """

    op: str
    left: Formula | None = None
    right: Formula | None = None
    parts: tuple["Condition", ...] = ()

    def holds(self, facts: Facts) -> bool:
        """Whether it is so now."""
        if self.op in {"all", "any"}:
            found = (part.holds(facts) for part in self.parts)
            return all(found) if self.op == "all" else any(found)
        assert self.left is not None  # noqa: S101 - `condition` gives both sides to a comparison
        assert self.right is not None  # noqa: S101 - the same
        return compared(self.left.evaluate(facts), self.op, self.right.evaluate(facts))

    def facts(self) -> list[tuple[str, tuple[str, ...]]]:
        """The names it uses."""
        sides = [side for side in (self.left, self.right) if side is not None]
        found = [name for side in sides for name in side.facts()]
        return found + [name for part in self.parts for name in part.facts()]


def compared(left: Fraction, op: str, right: Fraction) -> bool:
    """A comparison by its sign."""
    return {
        ">": left > right,
        ">=": left >= right,
        "<": left < right,
        "<=": left <= right,
        "==": left == right,
    }[op]


def _minus(values: list[Fraction]) -> Fraction:
    return values[0] - sum(values[1:], Fraction(0))


def _times(values: list[Fraction]) -> Fraction:
    product = Fraction(1)
    for value in values:
        product *= value
    return product


def _over(values: list[Fraction]) -> Fraction:
    above, below = values
    if below == 0:
        if above == 0:
            return Fraction(0)
        raise MappingError("A formula divides by zero", remedy="test the divisor with an `if`")
    return above / below


_OPERATE: dict[str, Callable[[list[Fraction]], Fraction]] = {
    "plus": lambda values: sum(values, Fraction(0)),
    "minus": _minus,
    "times": _times,
    "over": _over,
    "min": min,
    "max": max,
}


def formula(written: Any, where: str = "", per_major: int = 100) -> Formula:
    """A formula as deal data writes it.

    Args:
        written: As the module says.
        where: For errors.
        per_major: Minor units in a major one.

    Raises:
        MappingError: It is no formula.
    """
    if isinstance(written, str):
        name, _, about = written.partition(":")
        name = _ENGLISH.get(name.strip(), name.strip())
        if name not in NAMES:
            raise MappingError(
                f"{written!r} is no name of a formula", where=where, remedy=", ".join(NAMES)
            )
        parts = tuple(part.strip() for part in about.replace("，", ",").split(",") if part.strip())
        return Formula("fact", name=name, about=parts)
    if isinstance(written, Mapping):
        return _operation(written, where, per_major)
    try:
        return Formula("constant", value=exact(written))
    except (ArithmeticError, ValueError) as error:
        raise MappingError(f"{written!r} is no formula", where=where) from error


def _operation(written: Mapping[str, Any], where: str, per_major: int) -> Formula:
    if "yuan" in written or "元" in written:
        amount = written.get("yuan", written.get("元"))
        return Formula("constant", _YUAN, value=exact(amount) * per_major)
    if "date" in written:
        day = date.fromisoformat(str(written["date"]))
        return Formula("constant", value=Fraction(day_number(day)))
    op = _ENGLISH.get(str(written.get("op", "")), str(written.get("op", "")))
    args = tuple(formula(arg, where, per_major) for arg in written.get("of", ()))
    wanted = {"over": 2}.get(op)
    if op not in OPERATIONS or not args or (wanted and len(args) != wanted):
        raise MappingError(
            f"{dict(written)!r} is no operation",
            where=where,
            remedy="{ op = " + " | ".join(OPERATIONS) + ", of = [ ... ] }; `over` has two parts",
        )
    return Formula(op, args=args)


def condition(written: Mapping[str, Any], where: str = "", per_major: int = 100) -> Condition:
    """A condition as deal data writes it: `{ value = ..., is = ">", than = ... }`, `all`, `any`.

    Raises:
        MappingError: It is no condition.
    """
    for op in ("all", "any"):
        if op in written:
            return Condition(
                op, parts=tuple(condition(part, where, per_major) for part in written[op])
            )
    op = _ENGLISH.get(str(written.get("is", "")), str(written.get("is", "")))
    if op not in COMPARISONS or "value" not in written or "than" not in written:
        raise MappingError(
            f"{dict(written)!r} is no condition",
            where=where,
            remedy='{ value = ..., is = ">" , than = ... }, or all = [...], any = [...]',
        )
    return Condition(
        op,
        formula(written["value"], where, per_major),
        formula(written["than"], where, per_major),
    )
