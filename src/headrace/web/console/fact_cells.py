"""Facts as tables for people: what columns are called, and what stands in their cells."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from headrace.facts.kinds import KINDS
from headrace.facts.schema import Field, FieldType
from headrace.money import format_minor
from headrace.web.console.words import Words

FIELDS: dict[str, Field] = {
    field.name: field for schema in reversed(KINDS.values()) for field in schema.stored
}
"""What a column is, by its name; the same name means the same in every kind."""

CHOICES = {"direction": "firm_direction_", "status": "firm_status_", "type": "firm_type_"}
"""How the names of texts for the choices of a field begin."""
NAMED = {"day": "firm_day", "voided": "firm_voided"}
"""Columns of the facts behind a figure that no kind of fact has."""


def heading(name: str, words: Words) -> str:
    """What a column is called in the reader's language."""
    field = FIELDS.get(name)
    if field is not None and words.language == "zh":
        return field.zh.partition(" ")[0]
    if name in NAMED:
        return words(NAMED[name])
    return (field.key if field else name).replace("_", " ")


def cell(value: Any, name: str, *, zone: str, currency: str, words: Words) -> str:
    """A value of a column as people read it.

    Args:
        value: As stored; None: nothing.
        name: Of the column.
        zone: In which times are told.
        currency: Of amounts, which are told to the minor unit.
        words: The language.
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return words("firm_yes" if value else "firm_no")
    if name.endswith("_minor"):
        return format_minor(value, currency)
    if isinstance(value, datetime):
        local = value.astimezone(ZoneInfo(zone))
        midnight = (local.hour, local.minute, local.second) in ((0, 0, 0), (23, 59, 59))
        return f"{local:%Y-%m-%d}" if midnight else f"{local:%Y-%m-%d %H:%M}"
    field = FIELDS.get(name)
    if field is not None and field.type is FieldType.CHOICE:
        known = f"{CHOICES.get(name)}{value}"
        return words(known) if words.has(known) else str(value).replace("_", " ")
    return str(value)
