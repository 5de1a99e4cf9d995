"""`policy.yaml` and its tables: read, or refused with the line and what would be right."""

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from headrace.decisions.feel import write
from headrace.decisions.flow.loading import read_policy
from headrace.decisions.flow.policy import (
    Action,
    ListKind,
    ListStep,
    ModelStep,
    TableStep,
    ValueStep,
)
from headrace.errors import MappingError
from headrace.packs import payments
from headrace.workflows.policies import load_policy, table_files

INPUTS = {"amount": "number", "risk": "number"}
POLICY = """\
policy: cards
title: {en: Cards, zh: 银行卡}
customer: customer
time zone: Asia/Shanghai
inputs:
  customer: text
  country: string
  born: date
steps:
- list: blocked
  kind: black
  by: customer
- list: watched
  kind: grey
  by: country
  action: step_up
  reason: on the watch list
- list: trusted
  kind: white
  by: customer
  skips: [velocity]
- model: fraud
  within ms: 20
  fallback: 0.02
- table: velocity
  when: country = "CN"
- table: limit
- value: stake
  is: amount * fraud
results:
  ceiling: min(limit.share * amount, 1000000)
otherwise: notify
"""
VELOCITY = """\
# table,velocity
# hit policy,RULE ORDER
in:amount,in:decision_date,out:action,out:reason
> 5,>= 2026-01-01,refer,large
"""
LIMIT = """\
# table,limit
# hit policy,FIRST
# default,out:share,0.1
in:risk,out:share,out:days
> 0.5,0.2,30
"""
FILES = {"policy.yaml": POLICY, "velocity.csv": VELOCITY, "limit.csv": LIMIT}


def load(inputs=INPUTS, **files):
    told = {**FILES, **{name.replace("__", "."): text for name, text in files.items()}}
    content = {name: text.encode() for name, text in told.items() if text is not None}
    return load_policy(content, lambda content, file: {}, inputs)


def edited(text, *edits):
    for before, after in edits:
        assert before in text
        text = text.replace(before, after, 1)
    return text


def line_of(text, part):
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


def test_a_policy_is_read_as_it_is_written():
    loaded = load(fraud__json="{}", lists__csv=(
        "list,value,scope,valid_from,valid_until,reason,owner,recorded\n"
        "blocked,C1,,,,stolen,me,2026-01-01T00:00Z\n"
    ))  # fmt: skip
    policy = loaded.policy
    assert (policy.name, policy.customer, policy.zone) == ("cards", "customer", "Asia/Shanghai")
    assert (policy.title_en, policy.title_zh) == ("Cards", "银行卡")
    assert policy.inputs == {"customer": "string", "country": "string", "born": "date"}
    assert policy.otherwise is Action.NOTIFY
    black, grey, white, model, velocity, limit, stake = policy.steps
    assert black == ListStep(
        name="blocked", kind=ListKind.BLACK, by="customer", action=Action.BLOCK, reason="blocked"
    )
    assert (grey.kind, grey.action, grey.reason) == (
        ListKind.GREY,
        Action.STEP_UP,
        "on the watch list",
    )
    assert (white.kind, white.action, white.skips) == (ListKind.WHITE, None, ("velocity",))
    assert model == ModelStep(name="fraud", within_ms=20, fallback=0.02)
    assert isinstance(velocity, TableStep)
    assert write(velocity.when) == 'country = "CN"'
    assert (limit, limit.when) == (TableStep(name="limit"), None)
    assert isinstance(stake, ValueStep)
    assert [*policy.results] == ["ceiling"]
    assert loaded.models == {"fraud": b"{}"}
    assert [each.value for each in loaded.lists.entries] == ["C1"]
    assert loaded.kinds["limit.share"] == "number"
    assert loaded.kinds["blocked"] == "boolean"
    assert "velocity" not in loaded.kinds  # its rules give lists


def test_what_a_policy_may_leave_out():
    least = "policy: p\ncustomer: amount\nsteps:\n- table: limit\n"
    policy = load(policy__yaml=least).policy
    assert (policy.zone, policy.otherwise, policy.results) == ("UTC", Action.REFER, {})
    late = least.replace("- table: limit", "- model: risk_model\n  fallback: null")
    assert load(policy__yaml=late).policy.steps == (ModelStep(name="risk_model"),)


def test_the_digest_is_of_the_meaning_not_of_the_layout():
    policy = load().policy
    assert load(policy__yaml=f"# about\n\n{POLICY}\n").policy.digest() == policy.digest()
    for edit in [("ms: 20", "ms: 21"), ("notify", "refer"), ('"CN"', '"US"'), ("Cards", "Card")]:
        assert load(policy__yaml=edited(POLICY, edit)).policy.digest() != policy.digest()
    other = load(limit__csv=edited(LIMIT, ("0.2", "0.3"))).policy
    assert other.digest() != policy.digest()


@pytest.mark.parametrize(
    ("edit", "problem", "line", "remedy"),
    [
        (("policy: cards\n", ""), "does not say its policy", "title:", "Add `policy"),
        (("customer: customer\n", ""), "does not say its customer", "policy:", "Add `customer"),
        (("policy: cards", "polcy: cards"), "has no 'polcy'", "polcy", "Did you mean policy?"),
        (("customer: customer", "customer: nobody"), "named 'nobody'", "nobody", "inputs"),
        (("customer: customer", "customer: limit"), "named 'limit'", "customer: l", "inputs"),
        (("Asia/Shanghai", "Asia/Shangai"), "no time zone", "Shangai", "Asia/Shanghai"),
        (("Asia/Shanghai", "../../etc/passwd"), "no time zone", "passwd", "Asia/Shanghai"),
        (("born: date", "born: day"), "'day' is no type", "born: day", "number, string"),
        (("born: date", "born: date\n  born: date"), "is there twice", "  born: date", "Keep one"),
        (("{en: Cards, zh: 银行卡}", "Cards"), "no mapping", "title", "key: value"),
        (
            ("- list: blocked\n  kind: black", "- kind: black"),
            "what it is",
            "- kind",
            "list, table",
        ),
        (("  kind: black\n", ""), "does not say its kind", "- list: blocked", "Add `kind"),
        (("kind: black", "kind: pink"), "no kind of list", "pink", "black, grey or white"),
        (("  by: customer\n", ""), "does not say its by", "- list: blocked", "Add `by"),
        (("by: country", "by: contry"), "Nothing is named 'contry'", "contry", "inputs"),
        (("action: step_up", "action: stepup"), "no action", "stepup", "step_up"),
        (("action: step_up", "skips: [limit]"), "Only a white list", "skips: [limit]", "Leave"),
        (("skips: [velocity]", "skips: [nothing]"), "no later step", "- list: blocked", "velocity"),
        (("skips: [velocity]", "skips: [blocked]"), "no later step", "- list: blocked", "velocity"),
        (("skips: [velocity]", "skips: velocity"), "are no list", "skips: velocity", "- item"),
        (
            ("- table: limit", "- table: velocity"),
            "two steps 'velocity'",
            "- table: velocity\n-",
            "",
        ),
        (("- value: stake", "- value: risk"), "'risk' is an input", "- value: risk", "another"),
        (("- value: stake", "- value: decision_date"), "is an input", "- value: d", "another"),
        (("ms: 20", "ms: 0"), "is no time", "ms: 0", "from 1"),
        (("ms: 20", "ms: ²"), "is no time", "ms: ²", "from 1"),
        (("ms: 20", "ms: soon"), "is no time", "ms: soon", "from 1"),
        (("0.02", "nan"), "is no number", "nan", "or null"),
        (("0.02", "inf"), "is no number", "inf", "or null"),
        (("0.02", "1_0"), "is no number", "1_0", "or null"),
        (("within ms", "within"), "has no 'within'", "within:", "Did you mean within ms?"),
        (("  is: amount * fraud\n", ""), "does not say what it is", "- value", "Add `is"),
        (("is: amount * fraud", "is: amount *"), "`amount *`", "is: amount", ""),
        (("otherwise: notify", "otherwise: maybe"), "no action", "maybe", "approve"),
        (("customer: text", "customer: &a text"), "no anchors", "&a", "quotes"),
        (("customer: text", "customer: !!str text"), "no anchors", "!!str", "quotes"),
        (("customer: text", "customer: [[[[[[[[1]]]]]]]]"), "nested too deep", "[[[", "quotes"),
    ],
)
def test_what_policy_yaml_may_not_say(edit, problem, line, remedy):
    text = edited(POLICY, edit)
    with pytest.raises(MappingError) as refused:
        load(policy__yaml=text)
    assert problem in refused.value.problem
    assert remedy in refused.value.remedy
    number = int(re.fullmatch(r"policy\.yaml, line (\d+)", refused.value.where)[1])
    assert line.partition("\n")[0] in text.splitlines()[number - 1]


@pytest.mark.parametrize(
    ("files", "problem", "where", "remedy"),
    [
        ({"policy__yaml": None}, "There is no policy.yaml", "limit.csv", "Add policy.yaml"),
        ({"policy__yaml": ""}, "empty", "policy.yaml", ""),
        ({"limit__csv": None}, "There is no table 'limit'", "policy.yaml", "Add limit.csv"),
        (
            {"limit__csv": edited(LIMIT, ("table,limit", "table,limits"))},
            "calls itself 'limits'",
            "limit.csv",
            "# table,limit",
        ),
        ({"limit__yaml": "table: limit"}, "there twice", "limit.csv and limit.yaml", "Keep one"),
        (
            {"policy__yaml": edited(POLICY, ('"CN"', "CN"))},
            "Nothing is named 'CN'",
            "step velocity, when",
            "quotes",
        ),
        (
            {"policy__yaml": edited(POLICY, ("limit.share *", "limit.shar *"))},
            "Nothing is named 'limit.shar'",
            "results, ceiling",
            "Did you mean limit.share?",
        ),
        (
            {"policy__yaml": edited(POLICY, ("amount * fraud", "amount * today()"))},
            "is not the same when a decision is made again",
            "step stake",
            "decision_date",
        ),
        (
            {"policy__yaml": edited(POLICY, ("is: amount * fraud", "is: velocity"))},
            "Nothing is named 'velocity'",
            "step stake",
            "",
        ),
        (
            {"limit__csv": edited(LIMIT, ("in:risk", "in:rsk"))},
            "Nothing is named 'rsk'",
            "limit.csv, header, in:rsk",
            "Did you mean risk?",
        ),
        (
            {"limit__csv": edited(LIMIT, ("> 0.5", '"high"'))},
            "tests for a text",
            "limit.csv, row 5, column in:risk",
            "numbers",
        ),
        (
            {"limit__csv": edited(LIMIT, ("0.2,30", "rsk * 2,30"))},
            "name nothing",
            "limit.csv, row 5, column out:share",
            "the name of an input",
        ),
        (
            {"limit__csv": edited(LIMIT, ("share,0.1", "share,rsk * 2"))},
            "name nothing",
            "limit.csv, header, out:share",
            "the name of an input",
        ),
        (
            {"limit__csv": edited(LIMIT, ("share,0.1", "share,count([now()])"))},
            "now() is not the same",
            "limit.csv, # default, out:share",
            "decision_time",
        ),
        (
            {"velocity__csv": edited(VELOCITY, ("refer,large", "reefer,large"))},
            "'reefer' is no action",
            "velocity.csv, row 4, column out:action",
            "approve",
        ),
        (
            {"velocity__csv": edited(VELOCITY, ("refer,large", "refer,7"))},
            "A reason is a text",
            "velocity.csv, row 4, column out:reason",
            "quotes",
        ),
        (
            {
                "velocity__csv": edited(
                    VELOCITY, ("ORDER\n", "ORDER\n# default,out:action,aprove\n")
                )
            },
            "'aprove' is no action",
            "velocity.csv, # default, out:action",
            "approve",
        ),
        ({"velocity__csv": "# table,velocity\n"}, "", "velocity.csv", ""),
        ({"lists__csv": "list,value\n"}, "no column scope", "lists.csv, row 1", "header"),
    ],
)
def test_what_cannot_be_is_named_by_its_cell(files, problem, where, remedy):
    with pytest.raises(MappingError) as refused:
        load(**files)
    assert problem in refused.value.problem
    assert where in refused.value.where
    assert remedy in refused.value.remedy


def test_a_list_by_what_is_no_value_is_refused():
    text = edited(POLICY, ("results:", "- list: later\n  kind: grey\n  by: velocity\nresults:"))
    with pytest.raises(MappingError, match="velocity") as refused:
        load(policy__yaml=text)
    assert refused.value.where == "policy.yaml, step later, by"


def test_files_that_are_not_text_are_named():
    with pytest.raises(MappingError, match="not UTF-8") as refused:
        load_policy({"policy.yaml": b"\xff\xfe"}, lambda content, file: {}, INPUTS)
    assert refused.value.where == "policy.yaml"
    with pytest.raises(MappingError, match="not let into YAML"):
        load(policy__yaml="policy: \x00\n")


def test_a_workbooks_sheets_are_tables():
    rows = [(number, line.split(",")) for number, line in enumerate(LIMIT.splitlines(), 1)]
    files = {**FILES, "book.xlsx": "bytes"}
    del files["limit.csv"]
    content = {name: text.encode() for name, text in files.items()}
    loaded = load_policy(content, lambda content, file: {"limit": rows}, INPUTS)
    assert loaded.policy.tables["limit"] == load().policy.tables["limit"]
    assert table_files(content, lambda content, file: {"limit": rows}) == {
        "velocity": "velocity.csv",
        "limit": "book.xlsx",
    }


def test_the_policy_that_ships_with_payments_reads_what_the_pack_has():
    kinds = {each.name: "number" for each in payments.FEATURES}
    pack = payments.load()
    loaded = load_policy(pack.policy, lambda content, file: {}, kinds)
    assert [step.name for step in loaded.policy.steps] == [
        *("blocked", "watched", "trusted", "fraud", "velocity", "response"),
    ]
    assert loaded.policy.title_zh
    assert all(table.title_zh and table.title_en for table in loaded.policy.tables.values())
    assert loaded.models.keys() == {"fraud"}
    assert loaded.lists.entries == ()


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("policy: [", "cannot be read"),
        ("policy: a\n---\npolicy: b\n", "cannot be read"),
        ("- policy\n", "no mapping"),
        ("? [a]\n: b\n", "A text was expected"),
        ("policy: *a\n", "no anchors"),
        ("a" * 4_000_001, "4,000,001 characters"),
        ("[" * 100_000, "nested too deep"),
        ("\ud800", "not let into YAML"),
    ],
)
def test_what_is_no_yaml_is_refused(text, problem):
    with pytest.raises(MappingError, match=problem) as refused:
        read_policy(text, "policy.yaml", INPUTS, lambda name, names: None)
    assert refused.value.where.startswith("policy.yaml")


PIECES = ["{", "}", "[", "]", ": ", "- ", "&a ", "*a", "!!int ", "\n", "  ", '"', "#", "?", "null"]
PIECES += ["\x00", "9" * 5_000, "\u2028", "nan", "%YAML 1.1", "|", ">", "policy:", "steps:", "when"]


@settings(
    max_examples=250, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(POLICY)),
            st.integers(0, 12),
            st.sampled_from(PIECES) | st.text(max_size=3),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_spoiled_policy_is_read_or_refused_with_its_place(spoils):
    text = POLICY
    for at, length, piece in spoils:
        text = text[:at] + piece + text[at + length :]
    refused = ""
    try:
        load(policy__yaml=text.encode("utf-8", "replace").decode())
    except MappingError as error:
        refused = error.where or "nowhere"
    assert refused != "nowhere"
