"""Who somebody is: signing in and out, passwords, API keys. Time is what `now` says."""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from headrace.adapters.stores.web import (
    MINUTE_US,
    PASSWORD_CHANGED,
    SIGNED_IN,
    TRIED,
    UNLOCKED,
    ApiKey,
    Entry,
    Session,
    TryLimits,
    User,
    WebStore,
    no_user,
)
from headrace.errors import InputError
from headrace.web.security.access import ACCESS
from headrace.web.security.passwords import Passwords, checked_password, fresh_password
from headrace.web.security.tokens import digest, fresh_key, fresh_token

NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
COMMAND = "command line"
REGIONS_MAX = 100
DAY_US = 24 * 60 * MINUTE_US


@dataclass(frozen=True)
class Lifetimes:
    """How long a session lasts, in minutes: unused, and in all."""

    idle: int = 30
    absolute: int = 12 * 60


@dataclass(frozen=True)
class Caller:
    """From where a request comes: address, and the id under which the log knows it."""

    address: str = ""
    request: str = ""


@dataclass(frozen=True)
class Doer:
    """Who changes an account, for the audit.

    Attributes:
        name: Of the user.
        caller: From where.
    """

    name: str
    caller: Caller = field(default_factory=Caller)


MACHINE = Doer(COMMAND)
"""Whoever runs commands on the machine."""


@dataclass(frozen=True)
class Principal:
    """Somebody who was let in.

    Attributes:
        user: Who.
        may: Permissions: those of the roles, and of a key no more than the key's.
        session: The browser's session; None where an API key was used.
    """

    user: User
    may: frozenset[str]
    session: Session | None = None


@dataclass(frozen=True)
class Accounts:
    """Accounts in a store.

    Attributes:
        store: Where they are kept.
        now: Microseconds since 1970.
        passwords: How passwords are hashed.
        lifetimes: Of sessions.
        limits: Of tries to sign in.
    """

    store: WebStore
    now: Callable[[], int]
    passwords: Passwords = field(default_factory=Passwords)
    lifetimes: Lifetimes = field(default_factory=Lifetimes)
    limits: TryLimits = field(default_factory=TryLimits)

    def sign_in(
        self, name: str, password: str, caller: Caller, *, instead_of: str = ""
    ) -> str | None:
        """Begin a session.

        Args:
            name: Any case; blanks around it do not count.
            password: As it was typed.
            caller: From where.
            instead_of: The token the browser came with; it opens nothing any more.

        Returns:
            The token of the new session; None where name or password is wrong, or the user is
            locked, which one cannot tell apart.

        Raises:
            TooManyTriesError: They are not even looked at.
        """
        typed = name.strip().lower()
        user = self.store.user(typed) if NAME.fullmatch(typed) else None
        about = typed if user else _unknown(typed)
        if not self.store.try_sign_in(self._entry(about, TRIED, about, caller), self.limits):
            raise TooManyTriesError
        hashed = user.password if user else None  # empty: signs in elsewhere
        fits = self.passwords.agree(password, hashed or None)
        if user is None or not fits or user.locked:
            return None
        return self._begun(user, "", caller, instead_of)

    def begin_elsewhere(
        self, user: User, session: str, caller: Caller, *, instead_of: str = ""
    ) -> str | None:
        """Begin a session of somebody for whom a provider vouches.

        Args:
            user: Who.
            session: The provider's name for its own session; empty: it gave none.
            caller: From where.
            instead_of: The token the browser came with; it opens nothing any more.

        Returns:
            The token of the new session; None where the user was locked meanwhile.
        """
        self.store.note(self._entry(user.name, TRIED, user.name, caller))
        return self._begun(user, session, caller, instead_of)

    def _begun(self, user: User, elsewhere: str, caller: Caller, instead_of: str) -> str | None:
        moment, token = self.now(), fresh_token()
        begun = self.store.add_session(
            Session(digest(token), user.name, moment, moment, elsewhere),
            user,
            self._entry(user.name, SIGNED_IN, user.name, caller),
            instead_of=digest(instead_of) if instead_of else None,
        )
        return token if begun else None

    def by_session(self, token: str) -> Principal | None:
        """Whose session a token opens; None where it opens none (any more)."""
        session, moment = self.store.session(digest(token)), self.now()
        if session is None or not self._lasts(session, moment):
            return None
        user = self.store.user(session.user)
        if user is None or user.locked:
            return None
        if moment - session.used > MINUTE_US:  # not a write for every picture of a page
            self.store.touch_session(session.digest, moment)
        return Principal(user, ACCESS.allowed(user.roles), session)

    def by_key(self, key: str) -> Principal | None:
        """For whom an API key acts; None if it is not in force, or the user is locked."""
        both = self.store.key_with_user(digest(key))
        if both is None:
            return None
        found, user = both
        if found.revoked is not None or found.expires <= self.now() or user.locked:
            return None
        return Principal(user, ACCESS.allowed(user.roles) & frozenset(found.may))

    def sign_out(self, session: Session, caller: Caller) -> None:
        """End a session."""
        self.store.end_session(session.digest, self._entry(session.user, "sign_out", "", caller))

    def change_password(self, user: User, old: str, new: str, caller: Caller) -> None:
        """Choose another password; all sessions of the user end.

        Tries at the old one count as tries to sign in: a stolen session guesses no faster.

        Raises:
            InputError: The old one is wrong, or the new one cannot be chosen.
            TooManyTriesError: There were too many tries.
        """
        tried = self._entry(user.name, TRIED, user.name, caller)
        if not self.store.try_sign_in(tried, self.limits):
            raise TooManyTriesError
        if not self.passwords.agree(old, user.password or None):
            raise InputError(
                "That is not your password", where="old", remedy="Type the one you signed in with"
            )
        if old == new:
            raise InputError(
                "The new password is the old one", where="new", remedy="Choose another"
            )
        hashed = self.passwords.hashed(checked_password(new, user.name))
        entry = self._entry(user.name, PASSWORD_CHANGED, user.name, caller)
        self.store.set_password(user.name, hashed, entry, due=False)

    def add_user(
        self, name: str, roles: Iterable[str], regions: Iterable[str] = (), by: Doer = MACHINE
    ) -> str:
        """Make an account.

        Args:
            name: Lower case.
            roles: Of access.toml.
            regions: Of the firms they may know of; none: all.
            by: Who makes it.

        Returns:
            The password for the first sign-in, at which another must be chosen.

        Raises:
            InputError: The name is taken or cannot be one, or there is no such role.
        """
        if not NAME.fullmatch(name):
            raise InputError(
                f"{name!r} cannot be a user's name",
                where="name",
                remedy="Up to 64 of a-z, 0-9, dot, dash, underscore; no blank, no capital",
            )
        chosen, password = ACCESS.require_roles(roles), fresh_password()
        where = checked_regions(regions)
        user = User(
            name,
            self.passwords.hashed(password),
            chosen,
            password_due=True,
            locked=False,
            created=self.now(),
            regions=where,
        )
        told = f"{name} as {' '.join(chosen)}" + (f" in {' '.join(where)}" if where else "")
        self.store.add_user(user, self.entry(by, "user.added", told))
        return password

    def reset_password(self, name: str, by: Doer = MACHINE) -> str:
        """A new one-time password for somebody who forgot theirs; all their sessions end.

        Raises:
            InputError: There is no such user, or they sign in elsewhere.
        """
        user = self.store.user(name)
        if user is None:
            raise no_user(name)
        if user.subject:
            raise InputError(
                f"{name} signs in elsewhere and has no password here",
                where=name,
                remedy="The password is changed where they sign in",
            )
        password = fresh_password()
        entry = self.entry(by, "password.reset", name)
        self.store.set_password(name, self.passwords.hashed(password), entry, due=True)
        return password

    def lock(self, name: str, by: Doer = MACHINE) -> None:
        """Let nothing in under a name, from this moment on.

        Raises:
            InputError: There is no such user, or it is the one who locks.
        """
        if name == by.name:
            raise InputError(
                "You would lock yourself out", where=name, remedy="Another administrator can"
            )
        self.store.set_locked(name, self.entry(by, "user.locked", name), locked=True)

    def unlock(self, name: str, by: Doer = MACHINE) -> None:
        """Let somebody in again, also after too many tries.

        Raises:
            InputError: There is no such user.
        """
        self.store.set_locked(name, self.entry(by, UNLOCKED, name), locked=False)

    def add_key(self, user: str, may: Iterable[str], days: int, by: Doer = MACHINE) -> str:
        """Make an API key.

        Returns:
            The whole key, which is shown now and never again.

        Raises:
            InputError: There is no such user or permission, or the user may not do that.
        """
        owner, chosen = self.store.user(user), ACCESS.require_permissions(may)
        if owner is None:
            raise no_user(user)
        missing = sorted(set(chosen) - ACCESS.allowed(owner.roles))
        if missing:
            raise InputError(
                f"{user} may not {missing[0]!r}",
                where="--may",
                remedy=f"One of {', '.join(sorted(ACCESS.allowed(owner.roles)))}",
            )
        name, whole = fresh_key()
        moment = self.now()
        key = ApiKey(name, digest(whole), user, chosen, moment, moment + days * DAY_US)
        told = f"{name} for {user}: {' '.join(chosen)}"
        self.store.add_key(key, self.entry(by, "key.added", told))
        return whole

    def revoke_key(self, name: str, by: Doer = MACHINE) -> None:
        """Take a key back by its id.

        Raises:
            InputError: There is none, or it was taken back before.
        """
        self.store.revoke_key(name, self.entry(by, "key.revoked", name))

    def note(self, who: str, act: str, about: str, caller: Caller) -> None:
        """Write one line of the audit."""
        self.store.note(self._entry(who, act, about, caller))

    def forget_sessions(self) -> None:
        """Delete sessions that ended by themselves."""
        moment = self.now()
        self.store.forget_sessions(
            created_before=moment - self.lifetimes.absolute * MINUTE_US,
            used_before=moment - self.lifetimes.idle * MINUTE_US,
        )

    def _lasts(self, session: Session, moment: int) -> bool:
        return (
            moment - session.used < self.lifetimes.idle * MINUTE_US
            and moment - session.created < self.lifetimes.absolute * MINUTE_US
        )

    def entry(self, by: Doer, act: str, about: str) -> Entry:
        """A line of the audit about what somebody does to an account."""
        return self._entry(by.name, act, about, by.caller)

    def _entry(self, who: str, act: str, about: str, caller: Caller) -> Entry:
        return Entry(self.now(), who, act, about, caller.address, caller.request)


def checked_regions(given: Iterable[str]) -> tuple[str, ...]:
    """Regions, sorted, each once, without blanks around them.

    Raises:
        InputError: There are too many, or one is too long or unprintable.
    """
    found = tuple(sorted({each.strip() for each in given} - {""}))
    if len(found) > REGIONS_MAX or any(len(e) > 64 or not e.isprintable() for e in found):
        raise InputError(
            "These cannot be regions",
            where="regions",
            remedy=f"Up to {REGIONS_MAX}, one a line, as firms' regions begin",
        )
    return found


class TooManyTriesError(Exception):
    """Too many wrong passwords under this name or from this address; time will help."""


def _unknown(typed: str) -> str:
    """Counts tries under a name nobody has, and keeps too little of it to tell a password.

    People type passwords into the field for the name: 24 bits of a hash confirm none.
    """
    return f"unknown:{hashlib.sha256(typed.encode('utf-8', 'replace')).hexdigest()[:6]}"
