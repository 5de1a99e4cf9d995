"""Reading entries of TOML files, with errors that name file, entry and key."""

import tomllib
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from headrace.errors import MappingError


def loaded(text: str, file: str) -> dict[str, Any]:
    """The document of a TOML file, its numbers exact.

    Raises:
        MappingError: It is not TOML.
    """
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, InvalidOperation) as error:
        raise MappingError(f"The file is not TOML: {error}", where=file) from error


def text_of(entry: Mapping[str, Any], key: str, where: str) -> str:
    """The text of a key, which may be empty.

    Raises:
        MappingError: It lacks or is no text.
    """
    if not isinstance(entry.get(key), str):
        raise MappingError(f"'{key}' is missing or no text", where=where, remedy=f'{key} = "..."')
    return str(entry[key])


def is_number(value: object) -> bool:
    """Whether a value is an exact finite number; true and false are none."""
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        return False
    return Decimal(value).is_finite()


def only(given: Mapping[str, Any], known: set[str], where: str) -> None:
    """Refuse keys that are not known.

    Raises:
        MappingError: Naming the first, and the keys there are.
    """
    for key in given:
        if key not in known:
            remedy = f"The keys are {', '.join(sorted(known))}"
            raise MappingError(f"The key '{key}' is not known", where=where, remedy=remedy)
