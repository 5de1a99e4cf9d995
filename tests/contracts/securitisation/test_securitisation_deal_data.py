"""Deals as data: what is read, in both languages, and what is refused before it can run."""

import tomllib
from copy import deepcopy
from fractions import Fraction
from pathlib import Path

import pytest

from headrace.contracts.securitisation.deal import (
    Amortisation,
    FeeKind,
    Moment,
    Role,
    State,
    StepKind,
)
from headrace.contracts.securitisation.deal_data import KEYS, read_deal
from headrace.contracts.securitisation.formulas import condition, formula
from headrace.errors import MappingError
from strategies_waterfalls import deal_data

DATA = Path(__file__).parents[2] / "data" / "contracts"


def test_a_deal_in_chinese_is_read_like_one_in_english():
    deal = read_deal(tomllib.loads((DATA / "abs_byd.toml").read_text("utf-8")))
    assert [bond.name for bond in deal.bonds] == ["优先", "次级"]
    assert deal.bonds[0].balance == 71_673_900_000
    assert deal.bonds[0].original == 173_000_000_000
    assert deal.bonds[1].amortisation is Amortisation.EQUITY
    assert [fee.kind for fee in deal.fees] == [FeeKind.SHARE, FeeKind.ANNUAL]
    assert deal.accounts[2].opening == 1_575_770_838
    assert deal.triggers[0].moment is Moment.AFTER_COLLECTION
    assert deal.triggers[0].table == ((12, Fraction(15, 1000)), (24, Fraction(25, 1000)))
    assert set(deal.waterfalls) == {"normal", "collection", "clean_up"}
    assert deal.waterfalls["normal"][3].kind is StepKind.FILL
    assert deal.history == {"default": 164_734_387}


def test_a_deal_in_english():
    deal = read_deal(tomllib.loads((DATA / "abs_gas_fee.toml").read_text("utf-8")))
    assert [party.role for party in deal.parties] == [
        Role.ORIGINATOR, Role.SHORTFALL_PAYER, Role.SHORTFALL_PAYER,
    ]  # fmt: skip
    assert deal.parties[1].limit == 5_000_000_000
    assert deal.parties[2].limit is None
    assert deal.bonds[0].schedule[-1][1] == 0
    assert deal.state is State.NORMAL


def test_every_key_has_one_chinese_form():
    assert len(set(KEYS.values())) == len(KEYS)


def _set(data, path, value):
    part = data
    for key in path[:-1]:
        part = part[key]
    if value is None:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return data


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("name",), None, "name is missing"),
        (("colour",), "red", "Unknown: colour"),
        (("dates", "closing"), "1 January", "no date"),
        (("dates", "payment"), "weekly", "no pattern"),
        (("rounding",), "up", "no rounding"),
        (("state",), "asleep", "no state"),
        (("collect",), {"interest": "收款户"}, "No account collects"),
        (("collect", "interest"), "别的户", "not of the deal"),
        (("collect", "rent"), "收款户", "no kind of collection"),
        (("bond", 0, "balance"), 0.001, "whole number"),
        (("bond", 0, "balance"), None, "balance is missing"),
        (("bond", 0, "amortisation"), "someday", "no amortisation"),
        (("bond", 1, "name"), "优先", "twice"),
        (("bond", 0, "name"), "优:先", "colon"),
        (("waterfall", "normal", 0, "step"), "steal", "no step"),
        (("waterfall", "normal", 0, "to"), "优先X", "not of the deal"),
        (("waterfall", "normal", 0, "to"), [], "pays nobody"),
        (("waterfall", "normal", 0, "from"), "别的户", "not of the deal"),
        (("waterfall", "normal", 0, "support"), "无人", "not of the deal"),
        (("waterfall", "normal", 0, "limit"), "account", "account of what"),
        (("waterfall", "normal", 0, "limit"), "bond_balance:X", "not of the deal"),
        (("waterfall", "normal", 0, "limit"), {"op": "power", "of": [1, 2]}, "no operation"),
        (("waterfall", "normal", 0, "when"), {"value": 1, "is": ">", "than": 0}, "`when`"),
        (("waterfall", "sleeping"), [], "no waterfall"),
        (("fee",), [{"name": "x", "kind": "annual", "start": "2026-01-01"}], "no base"),
        (("fee",), [{"name": "x", "kind": "weekly", "start": "2026-01-01"}], "no kind"),
        (("clean_up",), {"value": "pool_factor", "is": "<", "than": 0.1}, "no waterfall for it"),
        (("clean_up",), {"value": "pool_factor"}, "no condition"),
        (
            ("waterfall", "normal", 0),
            {"step": "book", "from": "收款户", "to": "台账"},
            "not of the",
        ),
    ],
)
def test_what_cannot_run_is_refused_and_the_place_named(path, value, said):
    data = _set(deepcopy(deal_data()), path, value)
    with pytest.raises(MappingError, match=said):
        read_deal(data)


def test_a_trigger_compares_with_one_thing_and_leads_where_there_is_a_waterfall():
    base = {"name": "t", "moment": "归集后", "value": "default_rate", "is": ">"}
    for extra, said in (
        ({}, "compares with nothing"),
        ({"than": 0.1, "table": [[1, 0.1]]}, "two things"),
        ({"than": 0.1, "state": "default"}, "违约"),
    ):
        with pytest.raises(MappingError, match=said):
            read_deal(deal_data(trigger=[base | extra]))


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        (("bond", 0, "rank"), "first", "bond 1"),
        (("bond", 0, "rate"), [1], "bond 1"),
        (("bond", 0, "schedule"), 5, "bond 1"),
        (("waterfall", "normal", 0, "to"), 1.5, "waterfall normal.1"),
        (("dates", "payment"), ["soon"], "dates"),
        (("dates", "payment"), 7, "dates"),
        (("currency",), "XYZ", "deal"),
        (("waterfall",), 3, "deal"),
        (("collect",), 3, "deal"),
    ],
)
def test_a_value_of_another_kind_names_its_place(path, value, where):
    data = deepcopy(deal_data())
    part = data
    for key in path[:-1]:
        part = part[key]
    part[path[-1]] = value
    with pytest.raises(MappingError) as caught:
        read_deal(data)
    assert caught.value.where.startswith(where)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("written", "money"),
    [
        ("claims", True),
        ("default_rate", False),
        ("period", False),
        (0.05, False),
        ({"yuan": 3}, True),
        (
            {"op": "over", "of": ["account:a", {"op": "plus", "of": ["fee_due", {"yuan": 1}]}]},
            False,
        ),
        ({"op": "times", "of": ["pool_balance", 0.012]}, True),
        ({"op": "times", "of": ["pool_factor", 0.5]}, False),
        ({"op": "max", "of": ["pool_balance", {"yuan": 3}]}, True),
        ({"op": "minus", "of": ["default_rate", 0.01]}, False),
    ],
)
def test_whether_a_formula_is_an_amount(written, money):
    assert formula(written).is_money is money


def test_formulas_in_both_languages():
    assert formula("资产池余额") == formula("pool_balance")
    assert formula({"op": "乘", "of": ["pool_balance", 0.1]}).args[1].value == Fraction(1, 10)
    assert formula({"元": 1.5}).value == 150
    assert formula("bond_balance: 优先A，优先B").about == ("优先A", "优先B")
    with pytest.raises(MappingError, match="no name"):
        formula("mood")
    with pytest.raises(MappingError, match="no formula"):
        formula(None)


class Given:
    """Facts that are given."""

    def fact(self, name, about):
        return {"pool_balance": Fraction(100), "period": Fraction(3), "claims": Fraction(0)}[name]


def test_formulas_are_exact_and_refuse_to_divide_by_zero():
    third = formula({"op": "over", "of": ["pool_balance", 3]}).evaluate(Given())
    assert third == Fraction(100, 3)
    assert formula({"op": "over", "of": ["claims", "claims"]}).evaluate(Given()) == 0
    with pytest.raises(MappingError, match="divides by zero"):
        formula({"op": "over", "of": [1, "claims"]}).evaluate(Given())
    many = {"op": "minus", "of": [{"op": "max", "of": [1, 5]}, {"op": "min", "of": [2, 3]},
                                  {"op": "plus", "of": [1, 1]}]}  # fmt: skip
    assert formula(many).evaluate(Given()) == 1
    assert formula({"date": "1970-01-02"}).evaluate(Given()) == 1


def test_conditions_join():
    late = {"value": "period", "is": "不低于", "than": 3}
    poor = {"value": "pool_balance", "is": "<", "than": 100}
    assert condition(late).holds(Given())
    assert not condition({"all": [late, poor]}).holds(Given())
    assert condition({"any": [late, poor]}).holds(Given())
    assert condition({"any": [late, poor]}).facts() == [("period", ()), ("pool_balance", ())]
