"""A policy is checked as a whole before any data are touched."""

import numpy as np
import pytest

from headrace.adapters.policy_sheets import Workbooks, read_workbook
from headrace.decisions.dmn import write_definitions
from headrace.decisions.tables.models import model_of
from headrace.decisions.tables.yaml_text import write_yaml
from headrace.errors import InputError, MappingError
from headrace.packs import load
from headrace.scores.store import saved
from headrace.scores.trees.categories import Ordered
from headrace.scores.trees.growing import BoostingSettings, fit_boosting
from headrace.workflows.policy import parse_policy, remarks

PACK = load("sme_invoices")
FILES = PACK.require_lending().files
SHIPPED = parse_policy(PACK)
BAD = "- list: bad\n    kind: {}\n    by: party\n  - table: access"
RINGS = """- list: known_rings
    kind: black
    action: decline
    reason: trade_ring
    by: party
  - table: access"""


def changed(name: str, *changes: tuple[str, str]) -> dict[str, bytes]:
    text = FILES[name]
    for before, after in changes:
        assert before in text
        text = text.replace(before, after, 1)
    return {name: text.encode()}


def refused(own: dict[str, bytes]) -> str:
    with pytest.raises((MappingError, InputError)) as error:
        parse_policy(PACK, own, read_workbook)
    return str(error.value)


def test_the_policy_as_shipped_has_nothing_odd_in_its_tables():
    assert list(SHIPPED.tables) == ["access", "limit"]
    assert SHIPPED.share == "limit"
    assert SHIPPED.flow.customer == "party"
    assert SHIPPED.economics.budget_minor == 10_000_000_000
    assert not [each.en for each in remarks(SHIPPED) if "scenarios.csv" not in each.en]
    assert set(SHIPPED.digests) == {"economics", "policy", "table:access", "table:limit"}
    assert {len(digest) for digest in SHIPPED.digests.values()} == {64}
    assert SHIPPED.files == {name: text.encode() for name, text in FILES.items()}


def test_the_same_policy_under_another_budget():
    policy = SHIPPED
    assert policy.with_budget(None) is policy
    assert policy.with_budget(5_000_000_00).economics.budget_minor == 5_000_000_00


@pytest.mark.parametrize(
    ("name", "before", "after", "where", "remedy"),
    [
        ("access.csv", "history_short", "history_shrt", "row 8", "history_short"),
        ("access.csv", "refer,trade_ring", "perhaps,trade_ring", "out:action", "approve"),
        ("access.csv", "in:sales_void_share", "in:sales_voidshare", "in:sales_voidshare",
         "sales_void_share"),
        ("access.csv", "out:reason", "out:because", "access.csv, header", "out:reason"),
        ("limit.csv", "0.30", "30", "row 7", "from 0 to 1"),
        ("scenarios.csv", "sales_month_mean,*0.70", "sales_mean,*0.70", "row 2", "meant?"),
        ("access.csv", "refer,trade_ring", "block,trade_ring", "row 10, column out:action",
         "approve, refer, decline"),
        ("access.csv", "refer,trade_ring", "refer,", "row 10, column out:reason", "trade_ring"),
        ("access.csv", "out:action", "out:outcome", "access.csv, header", "out:action"),
        ("access.csv", "refer,trade_ring", 'refer,rating_class + "x"', "row 10", "itself"),
        ("limit.csv", "COLLECT MIN", "COLLECT", "limit.csv", "COLLECT MIN"),
        ("limit.csv", "default,out:turnover_share,0", "default,out:turnover_share,2",
         "default of out:turnover_share", "0 to 1"),
        ("policy.yaml", "otherwise: refer", "otherwise: decline", "otherwise", "a person decides"),
        ("policy.yaml", "- table: limit", "- value: limits\n    is: 1", "policy.yaml",
         "- table: limit"),
        ("policy.yaml", "party: string", "party: string\n  country: string", "inputs, country",
         "features"),
        ("policy.yaml", "rating_class: string", "rating_class: number", "row 7", "numbers"),
        ("policy.yaml", "party: string", "party: string\n  sales_tax_rate: string",
         "inputs, sales_tax_rate", "sales_tax_rate: number"),
        ("policy.yaml", "- table: access", BAD.format("black"), "step bad",
         "approve, refer, decline"),
        ("policy.yaml", "- table: access", BAD.format("grey"), "step bad", "rating_d"),
        ("industries.csv", "word,industry", "words,industry", "industries.csv", "found"),
        ("economics.toml", "lgd", "lgdd", "economics.toml", "lgd"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place_and_the_cure(name, before, after, where, remedy):
    said = refused(changed(name, (before, after)))
    assert where in said
    assert remedy in said


def test_a_rule_that_can_never_speak_is_remarked_on():
    dead = parse_policy(PACK, changed("access.csv", ("-,-,< 6,", "-,-,-,")))
    said = [each for each in remarks(dead) if "access.csv" in each.en]
    assert any("never" in each.en for each in said)
    assert all("access.csv：" in each.zh for each in said)


def test_a_case_that_no_rule_meets_and_a_cell_that_lets_missing_in_are_remarked_on():
    own = changed(
        "access.csv", ("-,-,-,-,-,-,-,-,-,approve", '"not(""D"")",-,-,-,-,-,-,-,-,approve')
    )
    said = [each.en for each in remarks(parse_policy(PACK, own)) if "access.csv" in each.en]
    assert any("missing" in each and "rating_class" in each for each in said)


def test_a_table_in_any_notation_takes_the_place_of_the_packs():
    strict = parse_policy(PACK, changed("access.csv", ("> 0.4,", "> 0.04,")))
    access, limit = strict.tables["access"], strict.tables["limit"]
    names = SHIPPED.kinds
    for own in (
        {"access.yaml": write_yaml(access, names).encode()},
        {"access.dmn": write_definitions(model_of((access,), "access"))},
        {"tables.xlsx": Workbooks().write({"access": access, "limit": limit}, names)},
    ):
        policy = parse_policy(PACK, own, read_workbook)
        assert policy.digests == strict.digests
        assert set(policy.files) == {*FILES, *own} - {"access.csv"} - (
            {"limit.csv"} if "tables.xlsx" in own else set()
        )
    with pytest.raises(MappingError, match="workbook cannot be read here"):
        parse_policy(PACK, {"tables.xlsx": b""})


def test_a_policy_may_have_steps_of_its_own():
    own = changed("policy.yaml", ("- table: limit", "- table: region\n  - table: limit"))
    own["region.csv"] = (
        b"# table,region\n# hit policy,FIRST\nin:party,out:action,out:reason\n"
        b"E9,refer,trade_ring\n-,,\n"
    )
    own |= changed("limit.csv", ("0.30,", "0.3 - 0.1 * 1,"))
    policy = parse_policy(PACK, own)
    assert list(policy.tables) == ["access", "region", "limit"]
    assert "table:region" in policy.digests


def test_a_table_that_no_step_asks_for_is_refused_with_the_near_miss():
    assert "is access.csv meant?" in refused({"acess.csv": FILES["access.csv"].encode()})
    assert "is policy.yaml meant?" in refused({"polcy.yaml": FILES["policy.yaml"].encode()})
    assert "no step asks" in refused({"fraud.json": b"{}"})
    twice = {name: FILES["access.csv"].encode() for name in ("access.csv",)}
    twice["access.yaml"] = write_yaml(SHIPPED.tables["access"], SHIPPED.kinds).encode()
    assert "there twice" in refused(twice)


def test_a_list_of_the_users_own_decides_and_is_in_the_digests():
    own = changed("policy.yaml", ("- table: access", RINGS))
    header = b"list,value,scope,valid_from,valid_until,reason,owner,recorded\n"
    row = b"known_rings,E1,,,,,risk,2019-01-01T00:00Z\n"
    policy = parse_policy(PACK, own | {"lists.csv": header + row})
    assert "lists" in policy.digests
    assert [entry.value for entry in policy.program.lists.entries] == ["E1"]
    strange = row.replace(b",,,,risk", b",,,because,risk")
    assert "'because' is no reason" in refused(own | {"lists.csv": header + strange})


def test_a_model_of_the_users_own_reads_features_of_the_pack():
    own = changed("policy.yaml", ("- table: access", "- model: risk\n  - table: access"))
    assert "no model 'risk'" in refused(own)
    settings = BoostingSettings(trees=1)
    for feature in ("sales_count", "sales_cuont"):
        x, y = np.arange(200.0)[:, None], (np.arange(200) % 3 == 0).astype(np.int64)
        model = fit_boosting(x, y, (feature,), settings).to_json().encode()
        if feature == "sales_count":
            assert "model:risk" in parse_policy(PACK, own | {"risk.json": model}).digests
        else:
            assert "is sales_count meant?" in refused(own | {"risk.json": model})


def test_a_model_may_be_as_the_store_keeps_it():
    own = changed("policy.yaml", ("- table: access", "- model: risk\n  - table: access"))
    x, y = np.arange(200.0)[:, None], (np.arange(200) % 3 == 0).astype(np.int64)
    model = fit_boosting(x, y, ("sales_count",), BoostingSettings(trees=1))
    bare = parse_policy(PACK, own | {"risk.json": model.to_json().encode()})
    kept = parse_policy(PACK, own | {"risk.json": saved(model)})
    assert kept.digests["model:risk"] == bare.digests["model:risk"]
    altered = saved(model).replace(b'"shift":0.0', b'"shift":9.0')
    assert "cut short or altered" in refused(own | {"risk.json": altered})
    assert "A Ordered is not asked" in refused(own | {"risk.json": saved(Ordered(("a", "b")))})


def test_an_industry_that_no_word_gives_is_remarked_on():
    strange = changed("scenarios.csv", ("建筑业,sales_month_mean", "航天业,sales_month_mean"))
    (said,) = [each for each in remarks(parse_policy(PACK, strange)) if "航天业" in each.zh]
    assert "(property)" in said.en
