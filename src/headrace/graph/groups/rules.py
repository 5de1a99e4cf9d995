"""The rules by which parties belong together, and the limits on them, as dated and cited data.

A rule book is a TOML file that a bank may edit: numbers, dates, roles and standing are data; what a
rule looks for is code, so the identifiers are a closed list (`KNOWN_RULES`). `verified` says that
somebody read the official text; what ships was written from what `read` names, and is unverified.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from enum import IntEnum, StrEnum
from itertools import pairwise
from typing import Any

from headrace.errors import MappingError

NANO = 10**9


class GroupKind(IntEnum):
    """Why parties are counted together."""

    ONE_CUSTOMER = 0
    GROUP = 1
    DEPENDENCE = 2
    RELATED = 3


class Scope(StrEnum):
    """What a limit is on.

    `related_group` is a group customer with a related company in it; `related_all` is the sum over
    every related party.
    """

    CUSTOMER = "customer"
    GROUP = "group"
    DEPENDENCE = "dependence"
    INTERBANK_CUSTOMER = "interbank_customer"
    INTERBANK_GROUP = "interbank_group"
    RELATED_CUSTOMER = "related_customer"
    RELATED_GROUP = "related_group"
    RELATED_ALL = "related_all"


class Denominator(StrEnum):
    """The capital that a limit is a share of."""

    TIER1_NET = "tier1_net"
    NET = "net"
    PRIOR_QUARTER_NET = "prior_quarter_net"


class Measure(StrEnum):
    """Which amount of a party counts: exposure, credit net of what may be deducted, or loans."""

    EXPOSURE = "exposure"
    NET_CREDIT = "net_credit"
    LOANS = "loans"


KNOWN_RULES: Mapping[str, tuple[GroupKind, frozenset[str]]] = {
    "one.same": (GroupKind.ONE_CUSTOMER, frozenset()),
    "one.branch": (GroupKind.ONE_CUSTOMER, frozenset()),
    "group.control": (GroupKind.GROUP, frozenset()),
    "group.common_control": (GroupKind.GROUP, frozenset()),
    "group.person": (GroupKind.GROUP, frozenset()),
    "group.kin": (GroupKind.GROUP, frozenset({"lineal_generations", "collateral_generations"})),
    "group.joint": (
        GroupKind.GROUP,
        frozenset({"threshold", "lineal_generations", "collateral_generations"}),
    ),
    "group.key_manager": (GroupKind.GROUP, frozenset({"roles"})),
    "group.main_investor": (GroupKind.GROUP, frozenset({"threshold"})),
    "group.other": (GroupKind.GROUP, frozenset({"signs_min", "users_max"})),
    "dependence.income": (GroupKind.DEPENDENCE, frozenset({"threshold", "roles"})),
    "dependence.expenditure": (GroupKind.DEPENDENCE, frozenset({"threshold", "roles"})),
    "dependence.sales": (GroupKind.DEPENDENCE, frozenset({"threshold"})),
    "dependence.guarantee": (GroupKind.DEPENDENCE, frozenset({"threshold"})),
    "dependence.repayment": (GroupKind.DEPENDENCE, frozenset({"threshold", "roles"})),
    "dependence.funding": (GroupKind.DEPENDENCE, frozenset({"threshold", "roles"})),
    "dependence.same_source": (GroupKind.DEPENDENCE, frozenset({"threshold", "roles"})),
    "related.holder": (GroupKind.RELATED, frozenset({"threshold"})),
    "related.holder_controller": (GroupKind.RELATED, frozenset()),
    "related.concert": (GroupKind.RELATED, frozenset()),
    "related.beneficiary": (GroupKind.RELATED, frozenset({"threshold"})),
    "related.officer": (GroupKind.RELATED, frozenset({"roles"})),
    "related.kin": (GroupKind.RELATED, frozenset()),
    "related.controlled_by_holder": (GroupKind.RELATED, frozenset()),
    "related.controlled_by_insider": (GroupKind.RELATED, frozenset()),
    "related.subsidiary": (GroupKind.RELATED, frozenset()),
    "related.window": (GroupKind.RELATED, frozenset({"months_back", "months_forward"})),
}
"""Each rule the code can look for: the kind of group, and the settings it cannot do without."""


@dataclass(frozen=True)
class Source:
    """A regulation.

    Attributes:
        number: Of the document, as officially cited.
        read: What was read of it, and where; not the official text unless a rule says `verified`.
    """

    id: str
    zh: str
    en: str
    number: str
    read: str


@dataclass(frozen=True)
class Rule:
    """One reason for which a party belongs with another.

    Attributes:
        threshold: A share in 0..1, or None where the rule has none.
        above: Whether the number must be above the threshold, not merely reach it.
        certain: False where the rule, even if its facts are certain, only makes members possible.
        effective_from: First day in force; `effective_until` the last, None while in force.
        roles: Words of relations the rule looks at.
        lineal_generations: Generations counted in the line, oneself being the first (3: up to
            grandparents and grandchildren).
        collateral_generations: The same to the side (2: brothers and sisters).
    """

    id: str
    zh: str
    en: str
    source: str
    article: str
    effective_from: date
    verified: bool
    effective_until: date | None = None
    certain: bool = True
    above: bool = False
    threshold: Decimal | None = None
    roles: tuple[str, ...] = ()
    lineal_generations: int = 0
    collateral_generations: int = 0
    signs_min: int = 0
    users_max: int = 0
    months_back: int = 0
    months_forward: int = 0

    @property
    def kind(self) -> GroupKind:
        """The kind of group that the rule makes."""
        return KNOWN_RULES[self.id][0]

    @property
    def threshold_nano(self) -> int:
        """The threshold in billionths, so that comparisons are exact; 0 without one."""
        return int((self.threshold or Decimal(0)) * NANO)


@dataclass(frozen=True)
class Limit:
    """The most that may be lent to one customer or one group.

    Attributes:
        share: Of the denominator, in 0..1.
        possible_counts: Whether possible members count (they are always shown beside).
    """

    id: str
    zh: str
    en: str
    source: str
    article: str
    effective_from: date
    verified: bool
    scope: Scope
    denominator: Denominator
    measure: Measure
    share: Decimal
    effective_until: date | None = None
    possible_counts: bool = False


@dataclass(frozen=True)
class RuleBook:
    """All rules and limits of a file, of every date.

    Attributes:
        state_heads: Whether the state as a holder makes one group of what it controls.
        persons_count: Whether the exposure of a natural person counts in a group customer.
        children_adult_years: Age from which a child is an adult.
    """

    sources: Mapping[str, Source]
    rules: tuple[Rule, ...]
    limits: tuple[Limit, ...]
    state_heads: bool = False
    persons_count: bool = False
    children_adult_years: int = 18

    def on(self, day: date) -> "RuleBook":
        """Only what is in force on `day`."""
        return RuleBook(
            self.sources,
            tuple(rule for rule in self.rules if _in_force(rule, day)),
            tuple(limit for limit in self.limits if _in_force(limit, day)),
            self.state_heads,
            self.persons_count,
            self.children_adult_years,
        )

    def get(self, identifier: str) -> tuple[int, Rule] | None:
        """Position and rule by identifier; None where the book has none."""
        for position, rule in enumerate(self.rules):
            if rule.id == identifier:
                return position, rule
        return None


def _in_force(entry: Rule | Limit, day: date) -> bool:
    return entry.effective_from <= day and (
        entry.effective_until is None or day <= entry.effective_until
    )


def read_rules(text: str, file: str) -> RuleBook:
    """The rule book that a TOML file states.

    Args:
        text: The file's content.
        file: Its name, for errors.

    Raises:
        MappingError: Naming the entry and key, and what would be right.
    """
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        remedy = "`headrace graph rules-text` prints the rules that ship"
        raise MappingError(f"The file is not TOML: {error}", where=file, remedy=remedy) from error
    _only(document, {"source", "rule", "limit", "setting"}, file)
    sources = tuple(_entry(Source, each, file) for each in document.get("source", []))
    rules = tuple(_entry(Rule, each, file) for each in document.get("rule", []))
    limits = tuple(_entry(Limit, each, file) for each in document.get("limit", []))
    setting = document.get("setting", {})
    _only(setting, {"state_heads", "persons_count", "children_adult_years"}, f"{file}, setting")
    for key, value in setting.items():
        expected = int if key == "children_adult_years" else bool
        if type(value) is not expected:
            raise _wrong(f"{file}, setting", key, value, _WORDS[expected])
    book = RuleBook({each.id: each for each in sources}, rules, limits, **setting)
    _check(book, file)
    return book


_WORDS: Mapping[Any, str] = {
    str: "text in quotes",
    bool: "true or false",
    int: "a whole number, 0 or more",
    Decimal: "a share from 0 to 1 of at most 9 decimals",
    date: "a day such as 2018-07-01",
    tuple: "a list of words",
}
_TYPES: Mapping[str, Any] = {
    **dict.fromkeys(
        ("id", "zh", "en", "number", "read", "source", "article", "scope", "denominator"), str
    ),
    "measure": str,
    **dict.fromkeys(("verified", "certain", "above", "possible_counts"), bool),
    **dict.fromkeys(("threshold", "share"), Decimal),
    **dict.fromkeys(("effective_from", "effective_until"), date),
    "roles": tuple,
    **dict.fromkeys(
        (
            "lineal_generations",
            "collateral_generations",
            "signs_min",
            "users_max",
            "months_back",
            "months_forward",
        ),
        int,
    ),
}
_ENUMS: Mapping[str, type[StrEnum]] = {
    "scope": Scope,
    "denominator": Denominator,
    "measure": Measure,
}


def _entry(kind: type[Any], given: Any, file: str) -> Any:
    """One table of the file as the dataclass `kind`."""
    what = kind.__name__.lower()
    if not isinstance(given, dict):
        raise MappingError(f"'{what}' is not a list of tables", where=file, remedy=f"[[{what}]]")
    where = f"{file}, {what} {given.get('id', '(without id)')}"
    own = {field.name: field for field in fields(kind)}
    _only(given, set(own), where)
    for name, field in own.items():
        if name not in given and field.default is field.default_factory:  # both MISSING
            raise MappingError(f"The key '{name}' is missing", where=where, remedy=f"{name} = ...")
    return kind(**{key: _value(key, value, where) for key, value in given.items()})


def _value(key: str, value: Any, where: str) -> Any:
    expected = _TYPES[key]
    if expected is Decimal:
        number = isinstance(value, Decimal | int) and not isinstance(value, bool)
        fits = number and 0 <= value <= 1 and (Decimal(value) * NANO) % 1 == 0
        if not fits:
            raise _wrong(where, key, value, _WORDS[Decimal])
        return Decimal(value)
    if expected is tuple:
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise _wrong(where, key, value, _WORDS[tuple])
        return tuple(value)
    if type(value) is not expected or (expected is int and value < 0):
        raise _wrong(where, key, value, _WORDS[expected])
    if key in _ENUMS:
        if value not in set(_ENUMS[key]):
            raise _wrong(where, key, value, f"one of {', '.join(_ENUMS[key])}")
        return _ENUMS[key](value)
    return value


def _check(book: RuleBook, file: str) -> None:
    """What one entry cannot know alone: identifiers, sources, needed settings, dates."""
    entries: tuple[Rule | Limit, ...] = (*book.rules, *book.limits)
    if not entries:
        remedy = "`headrace graph rules-text --to FILE` writes the rules that ship, to be edited"
        raise MappingError("There is no rule and no limit in it", where=file, remedy=remedy)
    for entry in entries:
        where = f"{file}, {type(entry).__name__.lower()} {entry.id}"
        if entry.source not in book.sources:
            remedy = f"The sources are {', '.join(book.sources)}"
            raise MappingError(f"There is no source '{entry.source}'", where=where, remedy=remedy)
        if entry.effective_until is not None and entry.effective_until < entry.effective_from:
            raise MappingError("It ends before it begins", where=where)
    for rule in book.rules:
        where = f"{file}, rule {rule.id}"
        if rule.id not in KNOWN_RULES:
            remedy = f"The rules are {', '.join(KNOWN_RULES)}"
            raise MappingError(f"There is no rule '{rule.id}'", where=where, remedy=remedy)
        for name in sorted(KNOWN_RULES[rule.id][1]):
            if not getattr(rule, name) and name != "collateral_generations":
                raise MappingError(f"The key '{name}' is missing", where=where)
    _apart(book.rules, file)
    _apart(book.limits, file)


def _apart(entries: tuple[Rule, ...] | tuple[Limit, ...], file: str) -> None:
    """The versions of one entry must not be in force on the same day."""
    versions: dict[str, list[Rule | Limit]] = {}
    for entry in entries:
        versions.setdefault(entry.id, []).append(entry)
    for identifier, found in versions.items():
        found.sort(key=lambda entry: entry.effective_from)
        for earlier, later in pairwise(found):
            if earlier.effective_until is None or earlier.effective_until >= later.effective_from:
                problem = f"Two versions are in force on {later.effective_from}"
                remedy = "End the earlier one with effective_until"
                where = f"{file}, {type(later).__name__.lower()} {identifier}"
                raise MappingError(problem, where=where, remedy=remedy)


def _only(given: Mapping[str, Any], known: set[str], where: str) -> None:
    for key in given:
        if key not in known:
            remedy = f"The keys are {', '.join(sorted(known))}"
            raise MappingError(f"The key '{key}' is not known", where=where, remedy=remedy)


def _wrong(where: str, key: str, value: Any, expected: str) -> MappingError:
    return MappingError(f"'{key}' is {value!r}", where=where, remedy=f"It should be {expected}")
