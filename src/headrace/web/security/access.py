"""Roles and permissions, read from one table that the documentation reads too."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files

from headrace.errors import InputError
from headrace.pack import Text

TABLE = "access.toml"


@dataclass(frozen=True)
class Permission:
    """Something that may be done.

    Attributes:
        name: As routes and API keys spell it.
        text: For people.
        personal: Whether what is read is about somebody, so that every request is audited.
    """

    name: str
    text: Text
    personal: bool


@dataclass(frozen=True)
class Role:
    """What a user is here for.

    Attributes:
        name: As the command line spells it.
        text: For people.
        may: Names of permissions.
    """

    name: str
    text: Text
    may: frozenset[str]


@dataclass(frozen=True)
class Attribute:
    """Something about a user that narrows what roles let them see.

    Attributes:
        name: As columns and forms spell it.
        text: For people.
        narrows: Names of the roles that it narrows; others see all that they may.
    """

    name: str
    text: Text
    narrows: frozenset[str]


@dataclass(frozen=True)
class Access:
    """The whole table.

    Attributes:
        permissions: By name.
        roles: By name.
        attributes: By name.
    """

    permissions: dict[str, Permission]
    roles: dict[str, Role]
    attributes: dict[str, Attribute]

    def allowed(self, roles: Iterable[str]) -> frozenset[str]:
        """What somebody with these roles may; a role that is no more gives nothing."""
        known = [self.roles[name] for name in roles if name in self.roles]
        return frozenset().union(*(role.may for role in known))

    def require_roles(self, names: Iterable[str]) -> tuple[str, ...]:
        """The roles, sorted, each once.

        Raises:
            InputError: There is none, or one is not in the table.
        """
        return _known(names, self.roles, "role")

    def require_permissions(self, names: Iterable[str]) -> tuple[str, ...]:
        """The permissions, sorted, each once.

        Raises:
            InputError: There is none, or one is not in the table.
        """
        return _known(names, self.permissions, "permission")


def parse_access(text: str) -> Access:
    """The table that TOML says.

    Raises:
        InputError: A role may what is no permission, or an attribute narrows what is no role.
    """
    table = tomllib.loads(text)
    permissions = {
        name: Permission(name, Text(row["en"], row["zh"]), bool(row["personal"]))
        for name, row in table["permissions"].items()
    }
    roles = {
        name: Role(name, Text(row["en"], row["zh"]), frozenset(row["may"]))
        for name, row in table["roles"].items()
    }
    attributes = {
        name: Attribute(name, Text(row["en"], row["zh"]), frozenset(row["narrows"]))
        for name, row in table.get("attributes", {}).items()
    }
    for role in roles.values():
        _known(role.may, permissions, "permission")
    for attribute in attributes.values():
        _known(attribute.narrows, roles, "role")
    return Access(permissions, roles, attributes)


def _known(names: Iterable[str], among: Iterable[str], what: str) -> tuple[str, ...]:
    chosen, there = tuple(sorted(set(names))), list(among)
    unknown = [name for name in chosen if name not in there]
    if unknown or not chosen:
        problem = f"{unknown[0]!r} is no {what}" if unknown else f"There is no {what} given"
        raise InputError(problem, where=what, remedy=f"One of {', '.join(there)}")
    return chosen


ACCESS = parse_access(files(__package__).joinpath(TABLE).read_text(encoding="utf-8"))
