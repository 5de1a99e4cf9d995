"""Giving and taking roles: what needs a second person, and what an administrator may not do alone.

An administrator looks after the service and sees no firm. Roles that decide about policies and
money, that administer, or that an administrator wants for themselves, are therefore given by two.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from headrace.adapters.stores.admin import RoleRequest, ask_for_roles, decide_request, set_user
from headrace.adapters.stores.web import User, no_user
from headrace.errors import InputError
from headrace.web.security.access import ACCESS
from headrace.web.security.accounts import Accounts, Doer, checked_regions

GRAVE = frozenset({"policy_approve", "payout_approve", "admin", "audit"})
"""Permissions that nobody is given by one person alone."""

KEYED_ROLE = "system"
"""Whose keys an administrator may make: with a key of a person they could act as that person."""


BEGUN = ("viewer",)
"""Of who only waits: sums and shares meanwhile."""


def plain_of(roles: Iterable[str]) -> tuple[str, ...]:
    """Those of some roles that one administrator may give; a role that is no more is none."""
    return tuple(
        each for each in roles if each in ACCESS.roles and not ACCESS.allowed([each]) & GRAVE
    )


@dataclass(frozen=True)
class Administering:
    """What an administrator does to accounts of others.

    Attributes:
        accounts: Where they are.
    """

    accounts: Accounts

    def add_user(
        self, name: str, roles: Iterable[str], regions: Iterable[str], by: Doer
    ) -> tuple[str, bool]:
        """Make an account; roles that need a second person wait for one.

        Returns:
            The one-time password, and whether roles wait.

        Raises:
            InputError: The name or a role cannot be, or only roles that wait were given.
        """
        chosen = ACCESS.require_roles(roles)
        plain = plain_of(chosen)
        password = self.accounts.add_user(name, plain or BEGUN, regions, by)
        if plain != chosen:
            self._ask(name, chosen, by)
        return password, plain != chosen

    def set_roles(self, name: str, roles: Iterable[str], by: Doer) -> bool:
        """Give a user other roles.

        Returns:
            Whether they wait for a second person.

        Raises:
            InputError: There is no such user or role; or the roles come from elsewhere.
        """
        user, chosen = self._local(name), ACCESS.require_roles(roles)
        gained = ACCESS.allowed(chosen) - ACCESS.allowed(user.roles)
        if gained & GRAVE or (gained and by.name == name):
            self._ask(name, chosen, by)
            return True
        self._set_roles(user, chosen, by)
        return False

    def reset_password(self, name: str, by: Doer) -> tuple[str, bool]:
        """A one-time password for somebody who forgot theirs.

        Whoever reads it out could sign in with it. Roles that nobody is given by one person alone
        are therefore taken away, and wait for another administrator to give them back.

        Returns:
            The one-time password, and whether roles wait.

        Raises:
            InputError: There is no such user, they sign in elsewhere, or it is the one who asks.
        """
        if name == by.name:
            raise InputError(
                "You would take your own roles away",
                where=name,
                remedy="Choose another password under your name, on top of every page",
            )
        user = self.accounts.store.user(name)
        plain = () if user is None else plain_of(user.roles)
        waits = user is not None and not user.subject and plain != user.roles
        if user is not None and waits:  # first: a stop in between lets nobody in who must not
            self._set_roles(user, plain or BEGUN, by)
            self._ask(name, user.roles, by)
        return self.accounts.reset_password(name, by), waits

    def _set_roles(self, user: User, roles: tuple[str, ...], by: Doer) -> None:
        told = f"{user.name}: {' '.join(user.roles)} -> {' '.join(roles)}"
        entry = self.accounts.entry(by, "roles.set", told)
        set_user(self.accounts.store, user.name, entry, before=user.roles, roles=roles)

    def set_regions(self, name: str, regions: Iterable[str], by: Doer) -> None:
        """Narrow what firms a user may know of; none: all.

        Raises:
            InputError: There is no such user, or these cannot be regions.
        """
        chosen = checked_regions(regions)
        told = f"{name}: {' '.join(chosen) or 'all'}"
        entry = self.accounts.entry(by, "regions.set", told)
        set_user(self.accounts.store, name, entry, regions=chosen)

    def decide(self, number: int, by: Doer, *, granted: bool) -> RoleRequest:
        """Say yes or no to roles that somebody else asked to give.

        Raises:
            InputError: There is no such request, or somebody else has to decide.
        """
        act = "roles.granted" if granted else "roles.refused"
        entry = self.accounts.entry(by, act, str(number))
        return decide_request(self.accounts.store, number, entry, granted=granted)

    def add_key(self, user: str, may: Iterable[str], days: int, by: Doer) -> str:
        """Make a key for a program.

        Raises:
            InputError: The user is a person other than the one who makes it.
        """
        owner = self.accounts.store.user(user)
        if owner is not None and owner.roles != (KEYED_ROLE,) and user != by.name:
            raise InputError(
                f"{user} is a person, and whoever has the key could act as them",
                where="user",
                remedy="Make a user with the role system and nothing else, and its key",
            )
        return self.accounts.add_key(user, may, days, by)

    def _ask(self, name: str, roles: tuple[str, ...], by: Doer) -> None:
        entry = self.accounts.entry(by, "roles.asked", f"{name}: {' '.join(roles)}")
        request = RoleRequest(0, name, roles, by.name, self.accounts.now())
        ask_for_roles(self.accounts.store, request, entry)

    def _local(self, name: str) -> User:
        user = self.accounts.store.user(name)
        if user is None:
            raise no_user(name)
        if user.subject:
            raise InputError(
                f"{name} has the roles that come with signing in elsewhere",
                where=name,
                remedy="Change the groups there, or [oidc.roles] in headrace.toml",
            )
        return user
