"""What the commands of `headrace loan` are given: terms of one loan, from a file or as options."""

import inspect
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from headrace.adapters.user_files import read_text
from headrace.contracts.lending.pricing import priced
from headrace.contracts.lending.terms import Terms
from headrace.errors import InputError
from headrace.workflows.loan_file import read_document, read_option_day, terms_of

_DAY = ["%Y-%m-%d"]
_OPTIONS: dict[str, Any] = {
    "principal": Annotated[str | None, typer.Option("--principal", help="Yuan: 100000.")],
    "rate": Annotated[str | None, typer.Option("--rate", help="A year: 4.35%, or 0.0435.")],
    "start": Annotated[
        datetime | None, typer.Option("--start", formats=_DAY, help="Day it is paid out.")
    ],
    "instalments": Annotated[
        int | None, typer.Option("--instalments", help="How many due days; or --maturity.")
    ],
    "maturity": Annotated[
        datetime | None, typer.Option("--maturity", formats=_DAY, help="Last due day.")
    ],
    "method": Annotated[
        str | None,
        typer.Option("--method", help="equal_instalment, interest_first, …; or 等额本息, …."),
    ],
    "every": Annotated[int | None, typer.Option("--every", help="Months between due days.")],
    "due_day": Annotated[int | None, typer.Option("--due-day", help="Day of the month, 1 to 31.")],
    "first": Annotated[
        datetime | None, typer.Option("--first", formats=_DAY, help="First due day.")
    ],
    "days": Annotated[
        str | None, typer.Option("--days", help="months_360, actual_360, actual_365, ….")
    ],
    "shift": Annotated[
        str | None, typer.Option("--shift", help="On a day off: calculate_following (顺延), ….")
    ],
    "fee": Annotated[
        list[str] | None,
        typer.Option("--fee", help="Such as each_period=0.6%, deducted=2%; may be repeated."),
    ],
    "currency": Annotated[str | None, typer.Option("--currency", help="CNY, USD, JPY, ….")],
    "known": Annotated[
        datetime | None,
        typer.Option("--known", formats=_DAY, help="Of a floating rate: as known that day."),
    ],
}
File = Annotated[Path | None, typer.Argument(help="TERMS.toml; options stand above what it says.")]


def on_terms(command: Callable[..., None]) -> Callable[..., None]:
    """A command on the terms of one loan: `terms` stands for the file and the options of them."""
    own = inspect.signature(command).parameters
    hints = get_type_hints(command, include_extras=True)
    keyword = inspect.Parameter.KEYWORD_ONLY
    first = inspect.Parameter(
        "file", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=None, annotation=File
    )
    shared = [
        inspect.Parameter(name, keyword, default=None, annotation=kind)
        for name, kind in _OPTIONS.items()
    ]
    mine = [each.replace(annotation=hints[name]) for name, each in own.items() if name != "terms"]
    signature = inspect.Signature([first, *shared, *mine], return_annotation=None)

    def run(**given: Any) -> None:
        options = {name: given.pop(name) for name in _OPTIONS}
        command(_terms(given.pop("file"), options), **given)

    run.__doc__, run.__name__ = command.__doc__, command.__name__
    run.__annotations__ = {each.name: each.annotation for each in signature.parameters.values()}
    vars(run)["__signature__"] = signature
    return run


def terms_file(path: Path, known: date | None = None) -> Terms:
    """The terms of a file.

    Args:
        path: A TOML file.
        known: Rates of a floating loan are those known on that day; None: on its first.
    """
    return _priced(terms_of(read_document(read_text(path), str(path)), str(path)), known)


def _terms(path: Path | None, options: dict[str, Any]) -> Terms:
    asked = options.pop("known")
    known = None if asked is None else read_option_day(asked, "--known")
    given = {name: value for name, value in options.items() if value is not None}
    document = {} if path is None else read_document(read_text(path), str(path))
    if path is None and not given:
        raise InputError(
            "no loan is given",
            where="loan",
            remedy="--principal 100000 --rate 4.35% --start 2026-03-01 --instalments 12, "
            "or a TERMS.toml",
        )
    if "instalments" in given or "maturity" in given:
        document.pop("instalments", None)
        document.pop("maturity", None)
    if "principal" in given:
        document.pop("principal_minor", None)
    if "rate" in given:
        document.pop("floating", None)
    due = {"every": "every_months", "due_day": "day", "first": "first"}
    changed = {due[name]: _plain(given.pop(name)) for name in due if name in given}
    if changed:
        document["due"] = {**document.get("due", {}), **changed}
    if "fee" in given:
        document["fees"] = [_fee(each) for each in given.pop("fee")]
    document |= {name: _plain(value) for name, value in given.items()}
    return _priced(terms_of(document, "options" if path is None else str(path)), known)


def _priced(terms: Terms, known: date | None) -> Terms:
    return priced(terms, terms.start if known is None else known)


def _fee(text: str) -> dict[str, str]:
    kind, _, share = text.partition("=")
    if not share:
        remedy = "KIND=SHARE, such as each_period=0.6%, deducted=2%"
        raise InputError(f"{text!r} is no fee", where="--fee", remedy=remedy)
    return {"name": kind, "kind": kind, "share": share}


def _plain(value: Any) -> Any:
    return value.date() if isinstance(value, datetime) else value
