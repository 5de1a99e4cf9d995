"""Masks and purposes: two tables, looked at in one place."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.errors import InputError
from headrace.facts.kinds import KINDS, PARTY
from headrace.web.security.access import ACCESS
from headrace.web.security.reading import (
    MASKS,
    PURPOSES,
    Mask,
    leave_of,
    masked,
    parse_masks,
    personal_fields,
)

WHOLE = [role for role in ACCESS.roles if role in MASKS.whole]
PART = [role for role in ACCESS.roles if role not in MASKS.whole]


def test_every_personal_column_of_every_kind_is_masked_for_who_does_not_need_it():
    seen = set()
    for schema in KINDS.values():
        personal = [field.name for field in schema.fields if field.personal]
        seen |= set(personal)
        row = dict.fromkeys(
            (field.name for field in schema.fields if field.personal), "0123456789AB"
        )
        table = pa.Table.from_pylist([row], schema.arrow)
        for role in PART:
            for name in personal:
                shown = masked(table, [role])[name][0].as_py()
                assert shown != "0123456789AB", f"{role} sees {name}"
                assert "*" in shown
        for role in WHOLE:
            assert masked(table, [role]).equals(table)
    assert {"phone", "address", "legal_representative", "uscc"} <= seen == personal_fields()


def test_a_role_that_needs_it_is_enough():
    table = pa.Table.from_pylist([{"phone": "13800001111"}], PARTY.arrow)
    assert masked(table, ["risk_manager", "auditor"])["phone"][0].as_py() == "13800001111"
    assert masked(table, [])["phone"][0].as_py() == "138****1111"


def test_the_name_of_a_person_is_masked_and_that_of_a_firm_is_not():
    rows = [
        {"party": "P1", "name": "赵模拟", "type": "person"},
        {"party": "E1", "name": "甲公司", "type": "company"},
        {"party": "E2", "name": "乙公司"},
        {"party": "P2", "type": "person"},
    ]
    table = pa.Table.from_pylist(rows, PARTY.arrow)
    assert masked(table, ["risk_manager"])["name"].to_pylist() == ["赵**", "甲公司", "乙公司", None]
    assert masked(table, ["auditor"]).equals(table)


def test_nothing_is_nothing():
    table = pa.Table.from_pylist([{"phone": None}], PARTY.arrow)
    assert masked(table, [])["phone"][0].as_py() is None


@given(st.text(max_size=20), st.integers(0, 6), st.integers(0, 6))
def test_a_mask_keeps_the_length_and_only_the_ends(text, head, tail):
    shown = Mask(head, tail)(text)
    assert len(shown) == len(text)
    if len(text) > head + tail:
        assert shown[:head] == text[:head]
        assert set(shown[head : len(text) - tail]) == {"*"}
    else:
        assert set(shown) <= {"*"}


def test_a_personal_field_without_a_mask_stops_the_service():
    with pytest.raises(InputError, match="`address` has no mask"):
        parse_masks('whole = ["auditor"]\n[fields]\nphone = { head = 1, tail = 1 }')
    with pytest.raises(InputError, match="'king' is no role"):
        parse_masks('whole = ["king"]\n[fields]')


def test_a_permission_without_purposes_reads_nothing():
    assert leave_of("firms", []).purposes == PURPOSES["firms"]
    assert "marketing" not in PURPOSES["firms"]
    assert leave_of("book", []).purposes == ()
