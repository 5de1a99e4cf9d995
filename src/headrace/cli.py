"""The `headrace` command: what can be typed, and where each command is.

A group of commands is imported when it is asked for, so that none waits for the libraries of the
others.
"""

import io
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from signal import SIGINT
from threading import Timer
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from headrace import __version__
from headrace.errors import HeadraceError, InputError

AGAIN_SECONDS = 0.02
"""So long after Python dropped an interrupt it is told again."""

COMMANDS = {
    "run": "run:run_command",
    "init": "workspace:init_command",
    "demo": "demo:demo_command",
    "economy": "run:economy_command",
    "verify": "run:verify_command",
    "explain": "run:explain_command",
    "receipt": "run:receipt_command",
    "report": "report:report_command",
    "query": "run:query_command",
    "mapping": "mapping:app",
    "features": "features:app",
    "graph": "graph:app",
    "card": "card:app",
    "model": "model:app",
    "score": "score:app",
    "policy": "policy:app",
    "simulate": "whatif:simulate_command",
    "decide": "decide:decide_command",
    "replay": "decide:replay_command",
    "restate": "decide:restate_command",
    "hits": "decide:hits_command",
    "stream": "decide:stream_command",
    "cases": "cases:app",
    "book": "book:app",
    "ledger": "ledger:app",
    "loan": "loan:app",
    "product": "product:app",
    "voucher": "voucher:app",
    "warehouse": "warehouse:app",
    "payment": "payment:app",
    "order": "order:app",
    "shipping": "shipping:app",
    "basis": "basis:app",
    "collateral": "collateral:app",
    "pool": "pool:app",
    "abs": "securitisation:app",
    "serve": "serve:serve_command",
    "user": "serve:user_app",
    "audit": "audit:app",
    "backup": "backup:backup_command",
    "restore": "backup:restore_command",
}
"""What one types: the module of `headrace.commands`, and its group or function."""


class Imported(Mapping[str, Any]):
    """The commands by name, each imported when it is first looked up."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:
        """A command or group; KeyError where there is none."""
        if name not in self._found:
            self._found[name] = _imported(name, COMMANDS[name])
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        """The names, in the order in which help lists them."""
        return iter(COMMANDS)

    def __len__(self) -> int:
        """How many there are."""
        return len(COMMANDS)


def _imported(name: str, place: str) -> Any:
    module, _, attribute = place.partition(":")
    found = getattr(import_module(f"headrace.commands.{module}"), attribute)
    parent = typer.Typer(add_completion=False)
    parent.callback()(lambda: None)  # makes a group of it, though it hold one command
    if isinstance(found, typer.Typer):
        parent.add_typer(found, name=name, no_args_is_help=True)
    else:
        parent.command(name)(found)
    group: Any = typer.main.get_command(parent)
    return group.commands[name]


class Commands(TyperGroup):
    """All commands; where one is misused, the error repeats no password."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.commands: Any = Imported()

    def invoke(self, ctx: Any) -> Any:
        """Run what was typed."""
        try:
            return super().invoke(ctx)
        except Exception as error:  # typer's own, which have no public name
            told = getattr(error, "message", None)
            if isinstance(told, str):
                postgres = import_module("headrace.adapters.postgres")
                error.message = postgres.without_passwords(told)  # type: ignore[attr-defined] # see above
            raise


app = typer.Typer(
    name="headrace",
    cls=Commands,
    help="Headrace 活水: industrial digital finance, from dated facts to provable decisions.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
Version = Annotated[bool, typer.Option("--version", help="Print the version.")]


def main(arguments: Sequence[str] | None = None) -> None:
    """Entry point of the `headrace` command.

    Args:
        arguments: What follows the command's name; None: those of this process.

    Raises:
        SystemExit: With the exit status.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot write a character gets its code, not a traceback.
            stream.reconfigure(errors="backslashreplace")
    try:
        with interrupts_heard():
            app(arguments, prog_name="headrace")
    except HeadraceError as error:
        _told(error)
    except OSError as error:  # a full disk, a folder without permission, whoever met it
        problem = f"the system refuses: {error.strerror or error}"
        _told(InputError(problem, where=str(error.filename or "")))


@contextmanager
def interrupts_heard() -> Iterator[None]:
    """Have Ctrl-C heard whenever it comes.

    Python drops an interrupt that comes just while it lets go of an object, ends an import or
    compiles a kernel: it says that it ignored an exception, and goes on. It is told again.
    """
    before = sys.unraisablehook

    def hear(ignored: "sys.UnraisableHookArgs") -> None:
        if issubclass(ignored.exc_type, KeyboardInterrupt):
            again = Timer(AGAIN_SECONDS, partial(os.kill, os.getpid(), SIGINT))
            again.daemon = True
            again.start()
        else:
            before(ignored)

    sys.unraisablehook = hear
    try:
        yield
    finally:
        sys.unraisablehook = before


def _told(error: HeadraceError) -> None:
    import_module("headrace.adapters.printing").error(error)
    sys.exit(2)


@app.callback(invoke_without_command=True)
def options(*, version: Version = False) -> None:
    """Headrace 活水: industrial digital finance, from dated facts to provable decisions."""
    if version:
        typer.echo(f"headrace {__version__}")
        raise typer.Exit


if __name__ == "__main__":
    main()
