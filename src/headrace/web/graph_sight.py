"""What of the graph somebody sees: whoever is kept to some regions sees no firm of another one.

A person, a phone or a counterparty of which no region is known hides nothing; a firm that applied
and has no region is seen by who sees all. What would name a hidden firm is left out as a whole:
half of a guarantee circle would tell the other half.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from headrace.web.run_folder import Run
from headrace.web.security.accounts import Principal
from headrace.web.security.scope import no_firm, scope_of
from headrace.workflows.graph_near import Near

_BRACKETS = re.compile(r"\(([^()]+)\)")


@dataclass(frozen=True)
class Sight:
    """Who is hidden.

    Attributes:
        hidden: Codes of parties.
    """

    hidden: frozenset[str] = frozenset()

    def require(self, *parties: str) -> None:
        """Let on to parties.

        Raises:
            Refused: One may not be known of; the same as where there is none.
        """
        if not self.clear(parties):
            raise no_firm()

    def clear(self, parties: Iterable[str | None]) -> bool:
        """Whether none of them is hidden."""
        return not self.hidden or self.hidden.isdisjoint(parties)

    def clear_text(self, lines: Iterable[str]) -> bool:
        """Whether lines in words name nobody hidden; they give codes in brackets."""
        return not self.hidden or not any(
            code in self.hidden for line in lines for code in _BRACKETS.findall(line)
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
