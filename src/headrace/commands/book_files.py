"""The option by which commands name the book they work on."""

from typing import Annotated

import typer

DEFAULT = "book"
BookPlace = Annotated[
    str, typer.Option("--book", help="Folder of the book, or a postgresql:// address.")
]
