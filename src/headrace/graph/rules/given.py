"""What the relation graph gives to rules: its relations by name, types of parties, features.

Every relation has subject and object, and

    owns, votes, general_partner, limited_partner, on_chain, depends     low, high (shares, 0 to 1)
    supplies                                                     low, high, amount_minor
    guarantees, trades, transfers, lends, disputes               amount_minor
    acts_with, proxy, nominee                                    about
    family, office, uses                                         role
    controls (by contract or board), branch_of                   nothing more

A type is a relation of one party: `person(X)`, `company(X)`. A feature is `name(X, value)`. What
holds both ways, as acting in concert does, is given both ways. A share or amount that is not known
is missing. The edge's position, which a rule may ask for as one column more, is that of its version
in the statements.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from headrace.graph.relations.kinds import MEANINGS, Kind, Type
from headrace.graph.relations.statements import Statements
from headrace.graph.rules import kernels
from headrace.graph.rules.ruleset import WORD, Column
from headrace.graph.rules.store import Ints

SHARE_PLACES = 9
NO_WORD = -1
_SHARES = (Column("low", SHARE_PLACES), Column("high", SHARE_PLACES))
_AMOUNT = (Column("amount_minor", 0),)
_ABOUT = (Column("about"),)
_ROLE = (Column("role", WORD),)
_MORE: dict[Kind, tuple[Column, ...]] = {
    Kind.OWNS: _SHARES,
    Kind.VOTES: _SHARES,
    Kind.GENERAL_PARTNER: _SHARES,
    Kind.LIMITED_PARTNER: _SHARES,
    Kind.ON_CHAIN: _SHARES,
    Kind.DEPENDS: _SHARES,
    Kind.SUPPLIES: (*_SHARES, *_AMOUNT),
    Kind.GUARANTEES: _AMOUNT,
    Kind.TRADES: _AMOUNT,
    Kind.TRANSFERS: _AMOUNT,
    Kind.LENDS: _AMOUNT,
    Kind.DISPUTES: _AMOUNT,
    Kind.ACTS_WITH: _ABOUT,
    Kind.PROXY: _ABOUT,
    Kind.NOMINEE: _ABOUT,
    Kind.FAMILY: _ROLE,
    Kind.OFFICE: _ROLE,
    Kind.USES: _ROLE,
}
RELATIONS = {kind.name.lower(): kind for kind in Kind}
TYPES = {type_.name.lower(): type_ for type_ in Type if type_ != Type.UNKNOWN}
GIVEN: dict[str, tuple[Column, ...]] = {
    name: (Column("subject"), Column("object"), *_MORE.get(kind, ()))
    for name, kind in RELATIONS.items()
} | {name: (Column("party"),) for name in TYPES}
"""Columns of the relations that any graph gives."""


@dataclass(frozen=True)
class Feature:
    """A number per party, known for some of them.

    Attributes:
        name: By which rules ask for it.
        party: Nodes, int32 (n,).
        value: float64 (n,); NaN is missing.
        places: Decimal places that count, 0 to 9; values are rounded to them, half to even.
    """

    name: str
    party: NDArray[np.int32]
    value: NDArray[np.float64]
    places: int = 6

    @property
    def columns(self) -> tuple[Column, ...]:
        """As a relation."""
        return Column("party"), Column("value", self.places)

    def facts(self) -> Ints:
        """As facts: int64 (n, 3)."""
        return np.column_stack(
            (self.party, scaled(self.value, self.places), np.arange(len(self.party)))
        )


@dataclass
class Words:
    """Codes of words, below all codes of parties; a word gets one when it is first met."""

    codes: dict[str, int] = field(default_factory=dict)

    def code(self, word: str) -> int:
        """The code of a word."""
        return self.codes.setdefault(word, -3 - len(self.codes))

    def word(self, code: int) -> str:
        """The word of a code; "" where there was none."""
        return next((word for word, own in self.codes.items() if own == code), "")


def scaled(values: NDArray[np.float64], places: int) -> Ints:
    """Numbers as whole multiples of 10**-places; what is missing or does not fit is MISSING."""
    whole = np.rint(np.asarray(values, np.float64) * 10.0**places)
    fits = np.abs(whole) < 2.0**63
    return np.where(fits, np.where(fits, whole, 0).astype(np.int64), kernels.MISSING)


def facts_of(
    statements: Statements, versions: Ints, wanted: Collection[str], words: Words
) -> dict[str, Ints]:
    """Facts of the wanted relations, of some versions of statements; their edge is the version."""
    kinds = statements.kind[versions]
    return {
        name: _of_kind(statements, kind, versions[kinds == kind], words)
        for name, kind in RELATIONS.items()
        if name in wanted
    }


def types_of(statements: Statements, first: int, wanted: Collection[str]) -> dict[str, Ints]:
    """Facts about the types of nodes from `first` on; their edge is the node."""
    types = statements.parties.type[first:]
    found = {}
    for name in wanted:
        if name in TYPES:
            own = np.flatnonzero(types == TYPES[name]) + first
            found[name] = np.column_stack((own, own))
    return found


def _of_kind(statements: Statements, kind: Kind, versions: Ints, words: Words) -> Ints:
    columns: list[Ints] = [statements.subject[versions].astype(np.int64)]
    columns.append(statements.object[versions].astype(np.int64))
    for column in _MORE.get(kind, ()):
        if column.name == "amount_minor":
            known = statements.amount_known[versions]
            columns.append(np.where(known, statements.amount[versions], kernels.MISSING))
        elif column.name == "role":
            codes = np.array([*map(words.code, statements.roles), NO_WORD], np.int64)
            columns.append(codes[statements.role[versions]])
        elif column.name == "about":
            columns.append(statements.about[versions].astype(np.int64))
        else:
            columns.append(scaled(getattr(statements, column.name)[versions], SHARE_PLACES))
    facts = np.column_stack((*columns, versions))
    if MEANINGS[kind].mutual:
        return np.vstack((facts, facts[:, [1, 0, *range(2, facts.shape[1])]]))
    return facts
