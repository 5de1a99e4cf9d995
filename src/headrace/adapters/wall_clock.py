"""The clock on the wall, which only commands ask: everything below them is told the moment."""

from datetime import UTC, datetime

from headrace.facts.localtime import microseconds


def now() -> int:
    """Microseconds since 1970, UTC."""
    moment = datetime.now(UTC)  # noqa: TID251 - here the moment of a command is asked for
    return microseconds(moment)
