"""Groups of a snapshot, and the exposures of its moment."""

from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from headrace.errors import InputError
from headrace.graph.groups.basis import Basis
from headrace.graph.groups.finding import Groups, find_groups
from headrace.graph.groups.limits import Exposures, exposures_of
from headrace.graph.groups.rules import RuleBook
from headrace.graph.groups.window import WINDOW, instant, with_window
from headrace.graph.relations.positions import standing_exposures
from headrace.graph.relations.snapshot import Snapshot


def groups_of(
    basis: Basis, book: RuleBook, zone: str = "Asia/Shanghai", day: date | None = None
) -> Groups:
    """All groups at the moment of the snapshot, by the rules in force on that day or another.

    Where the rule book has a window for related parties, those of the months before and, as far as
    it was known, after the moment are among them, each resting on the groups of that other moment.

    Args:
        basis: What the rules look at.
        book: The rules of every date.
        zone: In which the day of the moment is told.
        day: By the rules of which day; None: of the moment's.
    """
    day = day or instant(basis.snapshot.moment).astimezone(ZoneInfo(zone)).date()
    groups = find_groups(basis, book, day)
    window = groups.book.get(WINDOW)
    if window is None or basis.bank < 0:
        return groups
    return with_window(groups, window[1])


@dataclass(frozen=True)
class Book:
    """What the bank has at risk, and what of it is on parties that are not in the graph.

    Attributes:
        strangers: Facts of kind exposure whose party no relation and no party fact names; each such
            party is a customer by itself and is in no sum here.
    """

    exposures: Exposures
    strangers: pa.Table


def exposures_at(facts: pa.Table, snapshot: Snapshot, loan_products: tuple[str, ...] = ()) -> Book:
    """The exposures of a snapshot's moment, as known then, per node.

    Args:
        facts: Of kind exposure.
        snapshot: Whose moment, knowledge and parties count.
        loan_products: Products that are loans.

    Raises:
        InputError: If the positions are in several currencies, or one is negative.
    """
    rows = standing_exposures(facts, snapshot.moment, snapshot.known)
    currencies = pc.unique(rows["currency"]).drop_null().to_pylist()
    if len(currencies) > 1:
        problem = f"The exposures are in {', '.join(sorted(currencies))}"
        raise InputError(problem, where="currency", remedy="Convert them to one before")
    node = pc.index_in(rows["party"].cast(pa.string()), value_set=snapshot.names)
    known = pc.is_valid(node)
    strangers, rows, node = rows.filter(pc.invert(known)), rows.filter(known), node.drop_null()
    loans = pa.array(loan_products, pa.string())
    exposures = exposures_of(
        len(snapshot.parties),
        np.asarray(node, np.int64),
        np.asarray(rows["amount_minor"].cast(pa.int64()), np.int64),
        np.asarray(pc.fill_null(rows["deductible_minor"].cast(pa.int64()), 0), np.int64),
        np.asarray(pc.is_in(rows["product"].cast(pa.string()), value_set=loans), np.bool_),
    )
    return Book(exposures, strangers)
