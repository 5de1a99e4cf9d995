"""Which firms somebody may know of: a user's regions narrow what most roles see.

Lists leave out what is not seen, and one read of it is answered as if it were not there, so that
nobody learns which firms a colleague elsewhere has.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from headrace.web.problems import Refused
from headrace.web.security.access import ACCESS, Access
from headrace.web.security.accounts import Principal

REGIONS = "regions"


@dataclass(frozen=True)
class Scope:
    """What somebody may know of.

    Attributes:
        regions: As firms' regions begin: `浙江`, or `33` of an administrative code; empty: all.
    """

    regions: tuple[str, ...] = ()

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out."""
        return not self.regions

    def sees(self, region: str | None) -> bool:
        """Whether a firm of this region may be known of; None, not known: by who sees all."""
        return self.is_all or (region is not None and region.startswith(self.regions))

    def require(self, party: str, regions: Mapping[str, str | None]) -> None:
        """Let on to a firm.

        Args:
            party: Its code.
            regions: Of firms, by party.

        Raises:
            Refused: It may not be known of; the same as where there is none.
        """
        if not self.sees(regions.get(party)):
            raise no_firm()


def scope_of(principal: Principal, access: Access = ACCESS) -> Scope:
    """What a user may know of: all, if a role of theirs that sees firms is not narrowed."""
    narrowed = access.attributes[REGIONS].narrows
    known = [access.roles[name] for name in principal.user.roles if name in access.roles]
    personal = {each.name for each in access.permissions.values() if each.personal}
    sees_all = any(role.name not in narrowed and role.may & personal for role in known)
    return Scope() if sees_all else Scope(principal.user.regions)


def no_firm() -> Refused:
    """What is said where there is no firm, or one that may not be known of."""
    return Refused(404, "There is no such firm")
