"""Firms and persons as a bank keeps them, resolved by the presets."""

from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from headrace.errors import InputError
from headrace.graph.identity.codes import credit_check_digit
from headrace.graph.identity.firms import FORMER_SCHEMA, branch_relations, firm_records
from headrace.graph.identity.model import Agreement, Frequencies, Model
from headrace.graph.identity.presets import FIRMS, PERSONS
from headrace.graph.identity.resolver import Resolver

NOTHING = Frequencies(np.zeros(0, np.uint64), np.zeros(0), 1e-6, 1e-6)


def code(number: int) -> str:
    first = f"91310115MA1K{number:05d}"
    return first + credit_check_digit(first)


def weighed(settings, *bits: tuple[float, ...]) -> Model:
    """A model of given bits by level, against which a million pairs stand."""
    agreements = tuple(
        Agreement(tuple(2.0 ** (each - 30) for each in level), (2.0**-30,) * len(level))
        for level in bits
    )
    fields = {c.field for c in settings.comparisons if getattr(c, "by_frequency", False)}
    return Model(settings, 2.0**-20, agreements, dict.fromkeys(fields, NOTHING))


FIRM_MODEL = weighed(FIRMS, (-4, -2, -2, 12, 16, 16, 20, 26), (-4, 20), (-3, 16), (-3, 12))
PERSON_MODEL = weighed(
    PERSONS, (-8, 2, 6, 12), (-4, 3, 10), (-6, 26), (0, 8, 12), (0, 8), (0, 6, 10)
)


def firms(*rows, former=()):
    names = ("id", "name", "code", "phone", "legal_person")
    columns = zip(*rows, strict=True)
    table = pa.table({n: pa.array(c, pa.string()) for n, c in zip(names, columns, strict=True)})
    dated = pa.Table.from_pylist(
        [dict(zip(FORMER_SCHEMA.names, each, strict=True)) for each in former], FORMER_SCHEMA
    )
    return firm_records(table, dated)


def resolved(table: pa.Table, model: Model) -> Resolver:
    made = Resolver(model)
    made.load(table, table["id"].to_pylist())
    return made


def test_one_firm_in_five_hands_is_one_party():
    made = firms(
        ("crm", "上海华安贸易有限公司", code(1), "13800000001", "王伟"),
        ("tax", "上海市華安貿易有限責任公司", None, None, None),
        ("loan", "华安（上海）贸易有限公司", None, "13800000001", None),
        ("swift", "Shanghai Hua'an Trading Co., Ltd.", None, "13800000001", None),
        ("typo", "上海桦安贸易有限公司", None, None, "王伟"),
        ("other", "上海华恒贸易有限公司", code(2), None, "王伟"),
    )
    parties = resolved(made.table, FIRM_MODEL)
    assert parties.records_of(parties.party_of("crm")) == ("crm", "tax", "loan", "swift", "typo")
    assert parties.records_of(parties.party_of("other")) == ("other",)


def test_a_renamed_firm_is_found_by_its_former_name():
    made = firms(
        ("old", "上海恒通贸易有限公司", None, None, "李娜"),
        ("new", "上海华安贸易有限公司", code(1), None, "李娜"),
        former=[
            ("new", "上海恒通贸易有限公司", date(2021, 5, 1)),
            ("new", "上海恒发贸易有限公司", date(2017, 3, 1)),
        ],
    )
    assert made.table["names"].to_pylist()[1] == [
        "上海华安贸易有限公司", "上海恒通贸易有限公司", "上海恒发贸易有限公司",
    ]  # fmt: skip
    parties = resolved(made.table, FIRM_MODEL)
    assert parties.party_of("old") == parties.party_of("new")


def test_a_branch_is_a_relation_and_not_the_same_party():
    made = firms(
        ("head", "上海华安贸易有限公司", None, "13800000001", "王伟"),
        ("branch", "上海华安贸易有限公司北京分公司", None, "13800000001", "王伟"),
    )
    parties = resolved(made.table, FIRM_MODEL)
    assert parties.party_of("head") != parties.party_of("branch")
    assert branch_relations(made.table).to_pylist() == [{"branch": "branch", "head_office": "head"}]


def test_a_mistyped_code_names_nobody_and_is_reported():
    right = code(7)
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    made = firms(
        ("a", "上海华安贸易有限公司", wrong, "13800000001", None),
        ("b", "上海华安贸易有限公司", right, "13800000001", None),
        ("c", "北京泰和科技有限公司", "110108000000016", None, None),
    )
    assert [(each, problem.reason) for each, problem in made.problems] == [
        ("a", "wrong_check_digit")
    ]
    assert made.table["registration_number"].to_pylist() == [None, None, "110108000000016"]
    parties = resolved(made.table, FIRM_MODEL)
    assert parties.party_of("a") == parties.party_of("b")


def test_a_firm_table_without_a_column_is_refused():
    with pytest.raises(InputError, match="lacks a column"):
        firm_records(pa.table({"id": ["a"]}))


def test_namesakes_are_told_apart_by_whom_they_know():
    table = pa.table(
        {
            "id": ["1", "2", "3"],
            "name": ["张伟", "张伟", "张伟"],
            "birth_date": pa.array([None, None, None], pa.string()),
            "card_digest": pa.array([None, None, None], pa.string()),
            "firms": [["华安", "泰和"], ["泰和", "华安"], ["远达"]],
            "phones": [["138"], [], ["139"]],
            "colleagues": [["李娜", "王芳"], ["李娜"], ["赵敏"]],
        }
    )
    parties = resolved(table, PERSON_MODEL)
    assert parties.party_of("1") == parties.party_of("2")
    assert parties.party_of("3") != parties.party_of("1")
    steps = {step.field: step.level for step in parties.explain("1", "2").steps}
    assert steps["firms"] == "2 or more shared"
    assert steps["phones"] == "missing"
