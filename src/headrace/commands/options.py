"""Options that most commands have."""

from typing import Annotated

import typer

from headrace.errors import InputError


def chosen_language(text: str) -> str:
    """The language that --lang names.

    Raises:
        InputError: There is no such language here.
    """
    if text not in ("zh", "en"):
        raise InputError(f"{text!r} is no language", where="--lang", remedy="zh or en")
    return text


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
Language = Annotated[str, typer.Option("--lang", help="zh or en.", callback=chosen_language)]
By = Annotated[str, typer.Option("--by", help="Who does it.")]
Comment = Annotated[str, typer.Option("--comment", help="Why, in your words.")]
