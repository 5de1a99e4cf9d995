"""What of facts somebody sees: by purpose and consent, and what tells of persons masked by role.

One place for the API and the pages; both read two tables, purposes.toml and masks.toml.
"""

import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from importlib.resources import files

import pyarrow as pa

from headrace.errors import InputError
from headrace.facts.consent import Leave
from headrace.facts.kinds import KINDS
from headrace.web.security.access import ACCESS

STAR = "*"
PERSON_NAME = "person_name"


@dataclass(frozen=True)
class Mask:
    """How a field is shown to who does not need it whole.

    Attributes:
        head: Characters that stay at the beginning.
        tail: Characters that stay at the end.
    """

    head: int
    tail: int

    def __call__(self, text: str) -> str:
        """The text with stars in place of what is between; of a short one nothing but stars."""
        hidden = len(text) - self.head - self.tail
        if hidden < 1:
            return STAR * len(text)
        return text[: self.head] + STAR * hidden + text[len(text) - self.tail :]


@dataclass(frozen=True)
class Masks:
    """The table.

    Attributes:
        whole: Roles that see everything whole.
        fields: By name of the field.
    """

    whole: frozenset[str]
    fields: Mapping[str, Mask]

    def for_roles(self, roles: Collection[str]) -> Mapping[str, Mask]:
        """What is masked for somebody with these roles: nothing, if one of them sees it whole."""
        return {} if self.whole & set(roles) else self.fields


def parse_masks(text: str) -> Masks:
    """The table that TOML says.

    Raises:
        InputError: A personal field of a fact, or the name of a person, has no mask; or a role
            is none.
    """
    table = tomllib.loads(text)
    ACCESS.require_roles(table["whole"])
    masks = {name: Mask(**each) for name, each in table["fields"].items()}
    missing = sorted((personal_fields() | {PERSON_NAME}) - masks.keys())
    if missing:
        raise InputError(
            f"the personal field `{missing[0]}` has no mask",
            where="masks.toml",
            remedy=f"{missing[0]} = {{ head = 1, tail = 0 }}",
        )
    return Masks(frozenset(table["whole"]), masks)


def personal_fields() -> frozenset[str]:
    """Names of all fields of facts that tell of a person."""
    return frozenset(
        field.name for schema in KINDS.values() for field in schema.fields if field.personal
    )


def masked(facts: pa.Table, roles: Collection[str], masks: Masks | None = None) -> pa.Table:
    """Facts as somebody with these roles sees them.

    Args:
        facts: Any table whose personal columns have the names of fields.
        roles: Of who looks.
        masks: None: the table of the service.
    """
    for name, mask in (masks or MASKS).for_roles(roles).items():
        if name not in facts.column_names:
            continue
        shown = [None if text is None else mask(text) for text in facts[name].to_pylist()]
        place = facts.column_names.index(name)
        facts = facts.set_column(place, name, pa.array(shown, pa.string()))
    return _with_names_masked(facts, name_mask(roles, masks))


def name_mask(roles: Collection[str], masks: Masks | None = None) -> Mask | None:
    """How somebody with these roles sees the name of a person; None: whole."""
    return (masks or MASKS).for_roles(roles).get(PERSON_NAME)


def _with_names_masked(facts: pa.Table, mask: Mask | None) -> pa.Table:
    """Facts about parties with the names of persons masked; those of firms are public."""
    if mask is None or not {"name", "type"} <= set(facts.column_names):
        return facts
    types = facts["type"].cast(pa.string()).to_pylist()
    names = [
        mask(name) if name is not None and type_ == "person" else name
        for name, type_ in zip(facts["name"].to_pylist(), types, strict=True)
    ]
    place = facts.column_names.index("name")
    return facts.set_column(place, "name", pa.array(names, pa.string()))


def leave_of(permission: str, withdrawn: Collection[str]) -> Leave:
    """What a permission lets read; nothing, where the table names no purpose for it."""
    return Leave(PURPOSES.get(permission, ()), withdrawn)


def _purposes(text: str) -> Mapping[str, tuple[str, ...]]:
    table = tomllib.loads(text)["purposes"]
    ACCESS.require_permissions(table)
    return {name: tuple(each) for name, each in table.items()}


def _text(name: str) -> str:
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


MASKS = parse_masks(_text("masks.toml"))
PURPOSES = _purposes(_text("purposes.toml"))
