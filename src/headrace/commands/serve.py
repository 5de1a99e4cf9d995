"""`headrace serve` and `headrace user`: the service, and who may sign in to it.

Whoever can run these commands can read the store's file, and so is trusted with it.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from headrace.adapters import printing
from headrace.adapters.wall_clock import now
from headrace.adapters.workspace import FILE, workspace_at

if TYPE_CHECKING:  # the service takes half a second to load, which other commands need not wait
    from headrace.web.security.accounts import Accounts

FIRST = "admin"

serve_app = typer.Typer(add_completion=False)
user_app = typer.Typer(help="Who may sign in to the service.")
key_app = typer.Typer(help="API keys, with which programs sign in.")
user_app.add_typer(key_app, name="key", no_args_is_help=True)

In = Annotated[Path, typer.Option("--in", help="The workspace; else the current folder.")]
HERE = Path()
UserName = Annotated[str, typer.Argument(help="The user's name.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]


@serve_app.command("serve")
def serve_command(
    folder: Annotated[
        Path, typer.Argument(help="A workspace, or a folder that a run wrote.")
    ] = HERE,
    *,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option("--port", help="Port; 0: any free one.")] = None,
) -> None:
    """Open API and console on a workspace, until Ctrl+C."""
    workspace = workspace_at(folder)
    gc.disable()  # nothing that is loaded now is garbage; to look takes a quarter of the time
    from headrace.web.app import make_services  # noqa: PLC0415 - see above
    from headrace.web.server import listen, serve, url_of  # noqa: PLC0415 - see above
    from headrace.web.settings import checked, read_settings, with_values  # noqa: PLC0415 - above

    gc.enable()
    given = {"host": host, "port": port}
    options = {name: value for name, value in given.items() if value is not None}
    settings = read_settings(workspace.root / FILE)
    settings = checked(with_values(settings, options, "command line"), "command line")
    with listen(settings) as listening:
        services = make_services(workspace, settings, now)
        _first_admin(services.accounts)
        printing.line(f"Headrace: {url_of(settings, listening)}")
        serve(services, listening)


@user_app.command("add")
def add_command(
    name: UserName,
    *,
    role: Annotated[list[str], typer.Option("--role", help="viewer, account_manager, …")],
    workspace: In = HERE,
) -> None:
    """Make an account and print its one-time password."""
    with _accounts(workspace) as accounts:
        _show_password(name, accounts.add_user(name, role))


@user_app.command("list")
def list_command(*, workspace: In = HERE, as_json: AsJson = False) -> None:
    """Show users, their roles and the ids of their keys."""
    with _accounts(workspace) as accounts:
        found = [_object(accounts, each.name) for each in accounts.store.users()]
    if as_json:
        printing.as_json(found)
        return
    for each in found:
        locked = "  locked" if each["locked"] else ""
        printing.line(f"{each['name']}  {', '.join(each['roles'])}{locked}")
        for key in each["keys"]:
            revoked = "  revoked" if key["revoked"] else ""
            printing.line(f"  key {key['id']}: {', '.join(key['may'])}{revoked}")


@user_app.command("lock")
def lock_command(name: UserName, *, workspace: In = HERE) -> None:
    """Let nothing in under a name any more; sessions end, keys open nothing."""
    with _accounts(workspace) as accounts:
        accounts.lock(name)
    printing.line(f"{name} is locked")


@user_app.command("unlock")
def unlock_command(name: UserName, *, workspace: In = HERE) -> None:
    """Let somebody in again, also after too many wrong passwords."""
    with _accounts(workspace) as accounts:
        accounts.unlock(name)
    printing.line(f"{name} may sign in")


@user_app.command("reset")
def reset_command(name: UserName, *, workspace: In = HERE) -> None:
    """Give somebody who forgot the password a one-time password; their sessions end."""
    with _accounts(workspace) as accounts:
        _show_password(name, accounts.reset_password(name))


@key_app.command("add")
def key_add_command(
    name: UserName,
    *,
    may: Annotated[list[str], typer.Option("--may", help="A permission: decisions, metrics, …")],
    days: Annotated[int, typer.Option("--days", min=1, max=3650, help="How long it opens.")] = 90,
    workspace: In = HERE,
) -> None:
    """Make an API key and print it, once."""
    with _accounts(workspace) as accounts:
        printing.line(accounts.add_key(name, may, days))


@key_app.command("revoke")
def key_revoke_command(
    key: Annotated[str, typer.Argument(help="The key's id, the part after hr_.")],
    *,
    workspace: In = HERE,
) -> None:
    """Take a key back, from this moment on."""
    with _accounts(workspace) as accounts:
        accounts.revoke_key(key)
    printing.line(f"{key} is revoked")


def _first_admin(accounts: Accounts) -> None:
    """Somebody must be able to sign in first; nobody can with a password everybody knows."""
    if not accounts.store.users():
        _show_password(FIRST, accounts.add_user(FIRST, ["admin"]))


def _show_password(name: str, password: str) -> None:
    printing.line(f"Sign in as {name} with {password}")
    printing.line("It is shown once. The first sign-in asks for another password.")


@contextmanager
def _accounts(folder: Path) -> Iterator[Accounts]:
    """The accounts of a workspace."""
    from headrace.adapters.stores.web import WebStore  # noqa: PLC0415 - see above
    from headrace.web.security.accounts import Accounts  # noqa: PLC0415 - see above

    opened = WebStore.opened(workspace_at(folder).store("accounts"))
    try:
        yield Accounts(opened, now)
    finally:
        opened.close()


def _object(accounts: Accounts, name: str) -> dict[str, Any]:
    """One user as JSON, without password and digests."""
    user = accounts.store.user(name)
    assert user is not None  # noqa: S101 - users are never deleted
    return {
        "name": user.name,
        "roles": list(user.roles),
        "locked": user.locked,
        "keys": [
            {
                "id": key.id,
                "may": list(key.may),
                "expires": key.expires,
                "revoked": key.revoked is not None,
            }
            for key in accounts.store.keys(name)
        ],
    }
