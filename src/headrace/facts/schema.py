"""What a fact looks like, declared once: validation, storage and documentation derive from it."""

from dataclasses import dataclass
from enum import Enum

import pyarrow as pa

_REPEATED = pa.dictionary(pa.int32(), pa.string())
_INSTANT = pa.timestamp("us", tz="UTC")


class FieldType(Enum):
    """How a field is written by a bank, and how it is stored here."""

    TEXT = "text"  # free text, mostly different in each row
    CODE = "code"  # an identifier that many rows share
    CHOICE = "choice"  # one of a closed list
    MONEY = "money"  # major units at the edge, int64 minor units in store
    RATE = "rate"  # a fraction: 0.0465 or "4.65%"
    INSTANT = "instant"  # a local day or local time at the edge, UTC microseconds in store
    DATE = "date"  # a calendar day
    INTEGER = "integer"

    @property
    def arrow(self) -> pa.DataType:
        """The Arrow type in which the field is stored."""
        return _ARROW[self]


_ARROW = {
    FieldType.TEXT: pa.string(),
    FieldType.CODE: _REPEATED,
    FieldType.CHOICE: _REPEATED,
    FieldType.MONEY: pa.int64(),
    FieldType.RATE: pa.float64(),
    FieldType.INSTANT: _INSTANT,
    FieldType.DATE: pa.date32(),
    FieldType.INTEGER: pa.int64(),
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a fact.

    Attributes:
        name: Column name in store.
        type: How it is read and stored.
        en: What it is, for people, in English.
        zh: The same in Chinese.
        required: Whether a row without it goes to quarantine.
        choices: The closed list of a CHOICE, empty for every other type.
        known_after_outcome: Whether the value was formed after the outcome that a score is to
            predict, so that a leakage check refuses it as an input.
        personal: Whether it tells of a person, so that only who needs it sees it whole.
    """

    name: str
    type: FieldType
    en: str
    zh: str
    required: bool = False
    choices: tuple[str, ...] = ()
    known_after_outcome: bool = False
    personal: bool = False

    @property
    def key(self) -> str:
        """The name a mapping uses: amounts are mapped as `amount`, stored as `amount_minor`."""
        return self.name.removesuffix("_minor") if self.type is FieldType.MONEY else self.name


EVENT_TIME = Field("event_time", FieldType.INSTANT, "when it became true", "发生时间")
KNOWN_TIME = Field("known_time", FieldType.INSTANT, "when we knew it; null: not said", "获知时间")

PROVENANCE = (
    Field("id", FieldType.TEXT, "'<table>#<row>', unique within a kind", "事实编号", required=True),
    Field("source", FieldType.CODE, "the mapping's table", "来源表", required=True),
    Field("row", FieldType.INTEGER, "data row in the file, from 1", "行号", required=True),
)
PERMISSION = (
    Field("purpose", FieldType.CODE, "what it may be used for", "用途", required=True),
    Field("consent", FieldType.CODE, "by whose leave", "授权", required=True),
)


@dataclass(frozen=True, slots=True)
class FactSchema:
    """One kind of fact.

    Attributes:
        kind: Its name in mappings and in store.
        en: What one fact says, in English.
        zh: The same in Chinese.
        fields: Its own fields, beside those that every fact has.
        dated: Whether a fact without an event time goes to quarantine.
    """

    kind: str
    en: str
    zh: str
    fields: tuple[Field, ...]
    dated: bool = False

    @property
    def mapped(self) -> tuple[Field, ...]:
        """The fields that a mapping may fill: its own and the two times."""
        return (*self.fields, EVENT_TIME, KNOWN_TIME)

    @property
    def stored(self) -> tuple[Field, ...]:
        """Every column of the stored table, in order."""
        return (*PROVENANCE, EVENT_TIME, KNOWN_TIME, *self.fields, *PERMISSION)

    @property
    def arrow(self) -> pa.Schema:
        """The Arrow schema of the stored table."""
        return pa.schema([pa.field(field.name, field.type.arrow) for field in self.stored])

    def field(self, key: str) -> Field:
        """The field with this name or mapping key.

        Raises:
            KeyError: If there is none.
        """
        return {name: field for field in self.stored for name in (field.key, field.name)}[key]

    def empty(self) -> pa.Table:
        """A stored table without rows."""
        return self.arrow.empty_table()


def document(schema: FactSchema) -> str:
    """A Markdown section with one line for each field, for the reference pages."""
    lines = [
        f"### `{schema.kind}` {schema.zh}\n",
        f"{schema.en}\n",
        "| field | type | required | what | 含义 |",
        "|---|---|---|---|---|",
    ]
    for field in schema.stored:
        kind = (
            f"{field.type.value}: {', '.join(field.choices)}" if field.choices else field.type.value
        )
        required = field.required or (schema.dated and field is EVENT_TIME)
        mark = "yes" if required else ""
        lines.append(f"| `{field.name}` | {kind} | {mark} | {field.en} | {field.zh} |")
    return "\n".join(lines) + "\n"
