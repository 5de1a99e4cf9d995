"""What of the graph somebody sees: whoever is kept to some regions sees no firm of another one.

A person, a phone or a counterparty of which no region is known hides nothing; a firm that applied
and has no region is seen by who sees all. What would name a hidden firm is left out as a whole:
half of a guarantee circle would tell the other half. Names of persons are masked before: see
`Look.for_roles`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from headrace.graph.relations.snapshot import unnamed
from headrace.web.graph_desk import Look
from headrace.web.run_folder import Run
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import scope_of
from headrace.web.services import Services
from headrace.workflows.graph_near import Near
from headrace.workflows.graph_view import find

_WORDS = re.compile(r"[^\s()（）,，;；、:：]+")
_BRACKETS = re.compile(r"\(([^()]+)\)")


@dataclass(frozen=True)
class Sight:
    """Who is hidden.

    Attributes:
        hidden: Codes of parties.
    """

    hidden: frozenset[str] = frozenset()

    def require(self, look: Look, *parties: str) -> None:
        """Let on to parties of a graph.

        Raises:
            InputError: No fact names one, or it may not be known of: nobody learns which.
        """
        for party in parties:
            if party in self.hidden:
                raise unnamed(party)
            look.view.snapshot.node(party)

    def clear(self, parties: Iterable[str | None]) -> bool:
        """Whether none of them is hidden."""
        return not self.hidden or self.hidden.isdisjoint(parties)

    def clear_text(self, lines: Iterable[str]) -> bool:
        """Whether lines in words name nobody hidden.

        They give codes in brackets behind the name, or alone where no name is known.
        """
        return not self.hidden or not any(
            code in self.hidden
            for line in lines
            for code in (*_BRACKETS.findall(line), *_WORDS.findall(line))
        )

    def near(self, found: Near) -> Near:
        """A neighbourhood without who is hidden."""
        if not self.hidden:
            return found
        return replace(
            found,
            parties=tuple(each for each in found.parties if self.clear([each.party])),
            lines=tuple(
                each for each in found.lines if self.clear([each.subject, each.object, each.about])
            ),
        )


def look_of(
    services: Services, principal: Principal, day: date | None = None, known_by: date | None = None
) -> Look:
    """The graph as somebody sees it, but for what `sight_of` hides; see `GraphDesk.look`."""
    return services.graph.look(day, known_by).for_roles(principal.user.roles)


def customers_of(services: Services, principal: Principal, day: date | None = None) -> Look:
    """The same for groups and limits; see `GraphDesk.customers`."""
    return services.graph.customers(day).for_roles(principal.user.roles)


def sight_of(principal: Principal, run: Run) -> Sight:
    """What somebody sees of the graph of a run."""
    scope = scope_of(principal)
    if scope.is_all:
        return Sight()
    unknown = {party for party in run.firms if run.regions.get(party) is None}
    elsewhere = {
        party for party, region in run.regions.items() if region and not scope.sees(region)
    }
    return Sight(frozenset(unknown | elsewhere))


def found_parties(look: Look, sight: Sight, text: str, count: int) -> list[dict[str, Any]]:
    """Parties whose code or name holds a text, the nearest first, without who is hidden.

    Returns:
        Rows as `headrace.workflows.graph_view.find` has them, at most `count`.
    """
    most = count if not sight.hidden else len(look.view.snapshot.parties)
    found = find(look.view, text, most).to_pylist()
    return [each for each in found if sight.clear([each["party"]])][:count]
