"""The pages that stand in the menu, in the order in which they stand there."""

from dataclasses import dataclass
from urllib.parse import quote

from headrace.web.security.accounts import Principal


@dataclass(frozen=True)
class Place:
    """A page of the menu.

    Attributes:
        text: Name of the text it is called by.
        path: Where it is; pages below it belong to it.
        permission: Who may go there.
    """

    text: str
    path: str
    permission: str

    def holds(self, path: str) -> bool:
        """Whether a page is this one or below it."""
        return path == self.path or (self.path != "/" and path.startswith(f"{self.path}/"))


PLACES = (
    Place("today", "/", "book"),
    Place("firms_place", "/firms", "firms"),
    Place("decisions", "/decisions", "decisions"),
    Place("apply", "/apply", "apply"),
    Place("policies", "/policies", "policies"),
    Place("live_place", "/live", "live"),
    Place("cases", "/cases", "cases"),
    Place("graph", "/graph", "graph"),
    Place("book", "/book", "book"),
    Place("reports", "/reports", "reports"),
    Place("visits", "/visits", "visits"),
    Place("evidence_place", "/evidence", "evidence"),
    Place("jobs", "/jobs", "jobs"),
    Place("audit_place", "/admin/audit", "audit"),
    Place("admin", "/admin", "admin"),
)


def places_for(principal: Principal | None) -> tuple[Place, ...]:
    """Those that somebody may go to."""
    if principal is None:
        return ()
    return tuple(each for each in PLACES if each.permission in principal.may)


def firm_at(party: str) -> str:
    """The address of a firm's page."""
    return f"/firms/{quote(party, safe='')}"
