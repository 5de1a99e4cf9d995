"""Schemas and rules: every declared thing is whole, and documentation derives from it."""

import pyarrow as pa
import pytest

from headrace.facts import rules, schema
from headrace.facts.kinds import CORRECTION, CREDIT_RECORD, INVOICE, KINDS, MAPPABLE
from headrace.facts.rules import RULES, Effect
from headrace.facts.schema import FactSchema, FieldType

EVERY = ("id", "source", "row", "event_time", "known_time", "purpose", "consent")


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_kind_is_sourced_timed_and_permitted(kind: FactSchema) -> None:
    names = kind.arrow.names
    assert set(EVERY) <= set(names)
    assert len(names) == len(set(names))
    assert kind.arrow.field("event_time").type == pa.timestamp("us", tz="UTC")
    assert kind.arrow.field("known_time").type == pa.timestamp("us", tz="UTC")
    assert kind.arrow.field("row").type == pa.int64()
    assert kind.empty().schema == kind.arrow
    assert KINDS[kind.kind] is kind


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_field_is_described_in_both_languages(kind: FactSchema) -> None:
    for field in kind.stored:
        assert field.en
        assert field.zh
        assert bool(field.choices) == (field.type is FieldType.CHOICE)
    text = schema.document(kind)
    assert all(f"| `{field.name}` |" in text for field in kind.stored)
    assert kind.zh in text


def test_amounts_are_mapped_in_major_units_and_stored_in_minor_ones() -> None:
    amount = INVOICE.field("amount")
    assert amount is INVOICE.field("amount_minor")
    assert (amount.key, amount.name) == ("amount", "amount_minor")
    assert amount.type.arrow == pa.int64()
    with pytest.raises(KeyError):
        INVOICE.field("amont")


def test_what_was_learned_after_the_outcome_is_marked() -> None:
    marked = {field.name for field in CREDIT_RECORD.fields if field.known_after_outcome}
    assert marked == {"outcome", "rating"}
    others = [kind for kind in KINDS.values() if kind is not CREDIT_RECORD]
    assert not any(field.known_after_outcome for kind in others for field in kind.fields)


def test_corrections_are_made_and_never_mapped() -> None:
    assert CORRECTION.kind not in MAPPABLE


def test_every_rule_is_named_once_and_told_in_both_languages() -> None:
    declared = [value for value in vars(rules).values() if isinstance(value, rules.Rule)]
    assert len(declared) == len(RULES)
    for name, rule in RULES.items():
        assert name == rule.name
        assert vars(rules)[name.upper()] is rule
        assert rule.en.endswith(".")
        assert rule.zh.endswith("。")
    assert {rule.effect for rule in RULES.values()} == set(Effect)


def test_the_table_of_rules_lists_every_rule() -> None:
    lines = rules.document().splitlines()
    assert len(lines) == 2 + len(RULES)
    assert any(line.startswith("| `total_mismatch` | quarantine |") for line in lines)
