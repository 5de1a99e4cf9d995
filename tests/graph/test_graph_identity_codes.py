"""Codes: the check digits of the standards, and problems that say what would be right."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.graph.identity import codes
from headrace.graph.identity.codes import (
    CREDIT_ALPHABET,
    checked_codes,
    credit_check_digit,
    credit_code_problem,
    identity_card_digest,
    identity_card_problem,
    organisation_check_digit,
    organisation_code_problem,
    registration_check_digit,
    registration_number_problem,
)

PUBLISHED = ("91350100M000100Y43", "91110000802100433B", "91440300708461136T", "91330100799655058B")
"""The example of GB 32100-2015, and codes that listed companies publish."""


@pytest.mark.parametrize("code", PUBLISHED)
def test_published_credit_codes_are_sound(code):
    assert credit_code_problem(code) is None
    assert credit_code_problem(f" {code[:8].lower()}-{code[8:]} ") is None


def test_a_problem_names_the_character_and_what_was_expected():
    wrong = credit_code_problem("911100008021004338")
    assert (wrong.reason, wrong.place, wrong.found, wrong.expected) == (
        "wrong_check_digit", 18, "8", "B",
    )  # fmt: skip
    assert str(wrong) == "character 18: wrong check digit '8', expected B"
    letter = credit_code_problem("9135010OM000100Y43")
    assert (letter.reason, letter.place, letter.found) == ("wrong_character", 8, "O")
    assert credit_code_problem("9135").reason == "wrong_length"
    assert credit_code_problem("81350100M000100Y43").reason in ("wrong_check_digit",)
    assert credit_code_problem("B1350100M000100Y43").reason == "unknown_department"
    assert credit_code_problem("91990100M000100Y43").reason == "unknown_region"


def test_a_credit_code_holds_the_organisation_code_and_the_region():
    assert codes.organisation_code_of("91110000802100433B") == "802100433"
    assert organisation_code_problem("802100433") is None
    assert organisation_code_problem("80210043-3") is None
    assert organisation_code_problem("802100434").expected == "3"
    assert codes.region_of("91110000802100433B") == 110000


def test_a_registration_number_has_a_check_digit_of_its_own():
    assert registration_number_problem("110108000000016") is None
    assert registration_number_problem("110108000000017").expected == "6"
    assert registration_number_problem("11010800000001X").reason == "wrong_character"


def test_an_identity_card_is_checked_and_never_repeated():
    assert identity_card_problem("11010519491231002X") is None
    assert identity_card_problem("110105194912310021").expected == "X"
    assert identity_card_problem("11010519491331002X").reason == "impossible_date"
    assert identity_card_problem("99010519491231002X").reason == "unknown_region"
    assert identity_card_problem("1101051949123100").reason == "wrong_length"
    assert "19491331" not in str(identity_card_problem("11010519491331002X"))


def test_a_card_is_kept_as_a_digest_that_needs_the_secret():
    one = identity_card_digest("11010519491231002x", b"secret")
    assert one == identity_card_digest(" 11010519491231002X", b"secret")
    assert one != identity_card_digest("11010519491231002X", b"another")
    assert "1101" not in one[:0] + one[64:]
    assert len(one) == 64


@given(st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=9, max_size=9), st.data())
def test_one_wrong_character_of_a_credit_code_is_always_found(body, data):
    first = "91310115" + body
    code = first + credit_check_digit(first)
    assert credit_code_problem(code) is None
    place = data.draw(st.integers(8, 17))
    other = data.draw(st.sampled_from([c for c in CREDIT_ALPHABET if c != code[place]]))
    assert credit_code_problem(code[:place] + other + code[place + 1 :]) is not None


@given(st.text("0123456789", min_size=14, max_size=14), st.data())
def test_one_wrong_digit_of_a_registration_number_is_always_found(first, data):
    code = first + registration_check_digit(first)
    assert registration_number_problem(code) is None
    place = data.draw(st.integers(0, 14))
    other = data.draw(st.sampled_from([c for c in "0123456789" if c != code[place]]))
    assert registration_number_problem(code[:place] + other + code[place + 1 :]) is not None


def test_a_column_is_sorted_into_credit_organisation_and_registration_codes():
    first = "80210043"
    organisation = first + organisation_check_digit(first)
    column = ["91110000802100433B", organisation, "110108000000016", "wrong", None, ""]
    found = checked_codes(pa.array(column))
    assert found.credit_code.to_pylist() == ["91110000802100433B", None, None, None, None, None]
    assert found.organisation_code.to_pylist()[:2] == ["802100433", "802100433"]
    assert found.registration_number.to_pylist()[2] == "110108000000016"
    assert [(row, problem.reason) for row, problem in found.problems] == [(3, "wrong_length")]


@given(st.lists(st.text("0129AEMWXY- b中", max_size=20), max_size=20))
def test_a_column_and_single_codes_agree(column):
    found = checked_codes(pa.array(column, pa.string()))
    refused = {row for row, _ in found.problems}
    for row, code in enumerate(column):
        checks = (credit_code_problem, organisation_code_problem, registration_number_problem)
        sound = any(check(code) is None for check in checks)
        empty = not codes.written(code)
        assert (row in refused) == (not sound and not empty)
        assert (found.credit_code[row].as_py() is not None) == (credit_code_problem(code) is None)


def test_hidden_characters_are_dropped_on_both_ways():
    column = pa.array(["91110000802100433B\x00", "\u200b91110000802100433b", "\x00"])
    found = checked_codes(column)
    assert found.credit_code.to_pylist() == ["91110000802100433B"] * 2 + [None]
    assert found.problems == ()


def test_an_empty_column_is_fine():
    assert checked_codes(pa.array([], pa.string())).problems == ()
