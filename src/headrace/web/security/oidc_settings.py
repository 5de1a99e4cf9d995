"""Settings of signing in elsewhere: the table [oidc] of headrace.toml."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from headrace.adapters.http_json import is_safe
from headrace.adapters.workspace import read_table
from headrace.errors import InputError
from headrace.web.security.access import ACCESS

TABLE = "oidc"


@dataclass(frozen=True)
class OidcSettings:
    """Where people sign in, and what their claims mean here.

    Attributes:
        issuer: URL of the provider, as its tokens spell it.
        client_id: Under which the provider knows this service.
        client_secret_file: With the secret, readable by the service only; empty: a public client,
            which PKCE protects.
        name: What the button says after "Sign in with".
        scope: What is asked for.
        name_claim: Of the user's name here, at the first sign-in.
        roles_claim: Of groups or roles: a text, or a list of texts.
        regions_claim: Of the regions they may know of; empty: an administrator gives them.
        roles: Our role for each group that means something here.
    """

    issuer: str
    client_id: str
    client_secret_file: str = ""
    name: str = "OpenID Connect"
    scope: str = "openid profile"
    name_claim: str = "preferred_username"
    roles_claim: str = "groups"
    regions_claim: str = ""
    roles: Mapping[str, str] = field(default_factory=dict)


def read_oidc_settings(path: Path) -> OidcSettings | None:
    """The settings of a file; None where it has no table [oidc].

    Raises:
        InputError: They cannot be used: what is wrong, and what would be right.
    """
    table = dict(read_table(path, TABLE))
    if not table:
        return None
    where = f"{path}, [{TABLE}]"
    names = {each.name for each in fields(OidcSettings)}
    for name, value in table.items():
        if name not in names or not isinstance(value, dict if name == "roles" else str):
            remedy = f"Texts, and a table roles: {', '.join(sorted(names))}"
            raise InputError(f"{name!r} cannot be set so", where=where, remedy=remedy)
    if not (is_safe(table.get("issuer", "")) and table.get("client_id")):
        remedy = "issuer is as https://login.bank.example/realms/staff; client_id is a text"
        raise InputError("issuer and client_id are needed", where=where, remedy=remedy)
    if "openid" not in table.get("scope", "openid").split():
        raise InputError("scope has to hold openid", where=where, remedy='"openid profile"')
    roles = table.get("roles", {})
    if not roles:
        remedy = '[oidc.roles], then a line such as "credit-risk" = "risk_manager"'
        raise InputError("No group means a role here", where=where, remedy=remedy)
    ACCESS.require_roles(map(str, roles.values()))
    return OidcSettings(**table)


def read_secret(settings: OidcSettings, root: Path) -> str:
    """The client's secret; empty where there is none.

    Raises:
        InputError: The file cannot be read, is empty, or others may read it.
    """
    if not settings.client_secret_file:
        return ""
    return read_secret_file(root / settings.client_secret_file, "The client's secret")


def read_secret_file(path: Path, what: str) -> str:
    """A secret that is the only line of a file.

    Args:
        path: The file.
        what: What it is, as an error begins.

    Raises:
        InputError: It cannot be read, is empty, or others may read it.
    """
    try:
        is_open = path.stat().st_mode & 0o077
        secret = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"{what} cannot be read", where=str(path), remedy="A file with one line"
        ) from error
    if is_open or not secret:
        raise InputError(
            f"{what} is open to others, or empty",
            where=str(path),
            remedy="One line, and chmod 600",
        )
    return secret


def claim_texts(claims: Mapping[str, Any], name: str) -> tuple[str, ...]:
    """The texts of a claim, which may be one or a list; none where it is missing or other."""
    value = claims.get(name, ())
    given = [value] if isinstance(value, str) else value
    return tuple(each for each in given if isinstance(each, str)) if isinstance(given, list) else ()
