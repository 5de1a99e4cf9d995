"""Letting in somebody whom a provider vouches for: users and sessions as with passwords."""

from dataclasses import replace

from headrace.adapters.stores.admin import Over, end_sessions, set_user, user_of_subject
from headrace.adapters.stores.web import User
from headrace.errors import HeadraceError
from headrace.web.security.accounts import NAME, Accounts, Caller, Doer, checked_regions
from headrace.web.security.oidc import Identity, Leaving, SignInRefusedError

PROVIDER = "sign-in provider"  # a blank in it: no user is called so


def enter(accounts: Accounts, found: Identity, caller: Caller, *, instead_of: str = "") -> str:
    """Begin a session; the account is made the first time, and follows the provider's roles.

    Args:
        accounts: Where users are.
        found: Who it is, by the provider's word.
        caller: From where.
        instead_of: The token the browser came with; it opens nothing any more.

    Returns:
        The token of the session.

    Raises:
        SignInRefusedError: The user is locked, or the name cannot be used here.
        HeadraceError: The store does not answer.
    """
    user = user_of_subject(accounts.store, found.subject) or _made(accounts, found, caller)
    if user.locked:
        raise SignInRefusedError("The user is locked here", where=user.name)
    user = _as_told(accounts, user, found, caller)
    token = accounts.begin_elsewhere(user, found.session, caller, instead_of=instead_of)
    if token is None:
        raise SignInRefusedError("The user was locked meanwhile", where=user.name)
    return token


def leave(accounts: Accounts, told: Leaving, caller: Caller) -> int:
    """End the sessions that a provider says are over; how many there were.

    Only sessions that began before the provider said so end: sent again minutes later, it does
    nothing.
    """
    user = user_of_subject(accounts.store, told.subject) if told.subject else None
    if told.subject and user is None:
        return 0
    entry = accounts.entry(Doer(PROVIDER, caller), "session.ended", user.name if user else "")
    over = Over(user.name if user else "", told.session, told.at)
    return end_sessions(accounts.store, over, entry)


def _made(accounts: Accounts, found: Identity, caller: Caller) -> User:
    """A new account, under a name that nobody has: no provider takes over an account from here."""
    name = found.name.strip().lower()
    if not NAME.fullmatch(name):
        raise SignInRefusedError("The provider's name for them cannot be one here", where="name")
    user = User(
        name,
        "",
        found.roles,
        password_due=False,
        locked=False,
        created=accounts.now(),
        regions=checked_regions(found.regions or ()),
        subject=found.subject,
    )
    told = f"{name} as {' '.join(found.roles)}"
    try:
        accounts.store.add_user(user, accounts.entry(Doer(PROVIDER, caller), "user.added", told))
    except HeadraceError as error:
        if accounts.store.user(name) is None:
            raise
        raise SignInRefusedError(
            "An account that is not the provider's has this name", where=name
        ) from error
    return user


def _as_told(accounts: Accounts, user: User, found: Identity, caller: Caller) -> User:
    """The user with the roles and regions that the provider says now."""
    regions = user.regions if found.regions is None else checked_regions(found.regions)
    if (user.roles, user.regions) == (found.roles, regions):
        return user
    told = f"{user.name}: {' '.join(user.roles)} -> {' '.join(found.roles)}"
    entry = accounts.entry(Doer(PROVIDER, caller), "roles.set", told)
    set_user(accounts.store, user.name, entry, roles=found.roles, regions=regions)
    return replace(user, roles=found.roles, regions=regions)
