"""Feature sets from YAML: what is read, what is said of what cannot be, and the way back."""

import re
from dataclasses import MISSING, fields
from datetime import timedelta
from enum import Enum
from itertools import product
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.errors import MappingError
from headrace.features import aggregates as a
from headrace.features.checking import (
    PROBLEMS_SHOWN,
    FeatureSetError,
    check_feature_set,
)
from headrace.features.definition import (
    Arithmetic,
    Column,
    ColumnType,
    Current,
    Derived,
    Difference,
    FeatureSet,
    Measure,
    Ratio,
    Table,
    Total,
    ZScore,
)
from headrace.features.loading import (
    AGGREGATES,
    ARITHMETIC,
    TEXT_MAX,
    dump_feature_set,
    load_feature_set,
)
from headrace.features.windows import (
    ALL_HISTORY,
    Calendar,
    LastEvents,
    Period,
    Session,
    Sliding,
)

DATA = Path(__file__).parent.parent / "data" / "features"
NUMBER, CATEGORY = ColumnType.NUMBER, ColumnType.CATEGORY
FLAG, INSTANT = ColumnType.FLAG, ColumnType.INSTANT
INVOICE = Table(
    name="invoice",
    columns=(
        Column("party", CATEGORY, required=True),
        Column("amount", NUMBER, 2),
        Column("count", NUMBER),
        Column("vip", FLAG),
        Column("due", INSTANT),
    ),
    key=("party",),
    derived=(Derived("month", "month(event_time)"), Derived("red", "amount < 0")),
    zone="Asia/Shanghai",
)
TABLE = """
tables:
  - name: t
    key: party
    columns: {party: category, amount: number, vip: flag}
"""


def problems_of(text):
    with pytest.raises(FeatureSetError) as raised:
        load_feature_set(text, "f.yaml")
    return raised.value.problems


def only_problem(text):
    (problem,) = problems_of(text)
    return str(problem)


# --- a file as a person writes it -----------------------------------------------------------------


def test_a_whole_file_is_read():
    loaded = load_feature_set((DATA / "whole.yaml").read_text(encoding="utf-8"), "whole.yaml")
    invoice, payment = loaded.tables
    assert invoice == Table(
        name="invoice",
        columns=(
            Column("party", CATEGORY, required=True),
            Column("counterparty", CATEGORY),
            Column("direction", CATEGORY),
            Column("amount", NUMBER, required=True),
            Column("rate", NUMBER, 4),
            Column("vip", FLAG),
            Column("due", INSTANT),
            Column("no", CATEGORY),
        ),
        key=("party",),
        derived=(
            Derived("month", "month(event_time)"),
            Derived("tax", "amount * rate"),
            Derived("sale", 'direction == "sale" and amount > 0\n'),
        ),
        known="known_time",
        zone="Asia/Shanghai",
    )
    assert (payment.key, payment.time, payment.id, payment.zone) == (
        ("payer", "payee"),
        "paid_at",
        None,
        "UTC",
    )
    days = {n: timedelta(days=n) for n in (2, 7, 30, 365)}
    assert loaded.definitions == (
        Measure("sales_12m", a.Sum("amount"), "sale", Sliding(days[365]), "invoice"),
        Measure(
            "invoices",
            a.Count(),
            table="invoice",
            by=("party", "counterparty"),
            current=Current.EXCLUDED,
        ),
        Measure(
            "sales_hhi",
            a.Hhi("amount", "counterparty"),
            'sale and no in ("否", "是")',
            Calendar(Period.MONTH, count=12, ends_before=1),
            "invoice",
        ),
        Measure(
            "sales_12m_new_york",
            a.Sum("tax"),
            window=Calendar(Period.DAY, "America/New_York"),
            table="invoice",
        ),
        Measure(
            "bursts",
            a.PatternCount("amount < 1", "amount >= 1000", timedelta(minutes=10)),
            window=Sliding(days[30], days[7], start_included=True),
            table="payment",
        ),
        Measure("paid_median", a.Quantile("amount"), "", LastEvents(10), "payment", ("payee",)),
        Measure(
            "paid_p90",
            a.Quantile("amount", 0.9),
            window=Session(timedelta(minutes=30), days[2]),
            table="payment",
        ),
        Measure("silence", a.Gap(a.GapStatistic.LONGEST, a.Clock.LOCAL_DAYS), table="payment"),
        Ratio("sales_per_invoice", "sales_12m", "invoices"),
        Difference("paid_spread", "paid_p90", "paid_median"),
        ZScore("sales_unusual", "sales_12m", "sales_hhi", "sales_per_invoice"),
        Total("amounts", ("sales_12m", "paid_p90", "paid_median")),
    )
    assert load_feature_set(dump_feature_set(loaded), "dumped") == loaded


def test_every_mistake_of_a_file_is_told_once_with_its_place():
    text = (DATA / "broken.yaml").read_text(encoding="utf-8")
    wanted = []
    for number, line in enumerate(text.splitlines(), 1):
        value = re.search(r": +(?=\S)|- (?=just)", line)
        for said in line.split("#!")[1:] if not line.startswith("#") else ():
            column, words = re.fullmatch(r" (?:@(\d+) )?(.*?) *", said).groups()
            wanted.append((number, int(column or (value.end() + 1 if value else 0)), words))
    with pytest.raises(FeatureSetError) as raised:
        load_feature_set(text, "broken.yaml")
    found = [str(problem) for problem in raised.value.problems]
    for (line, column, words), told in zip(wanted, found, strict=False):
        assert told.startswith(f"broken.yaml:{line}:{column} "), (told, line, column, words)
        assert words in told
    assert len(found) == len(wanted)
    assert raised.value.problem == f"broken.yaml has {len(found)} problems"
    shown = raised.value.where.splitlines()
    assert shown[:-1] == found[:PROBLEMS_SHOWN]
    assert shown[-1] == f"and {len(found) - PROBLEMS_SHOWN} more"


def test_a_problem_names_the_feature_and_the_field():
    text = TABLE + "features:\n  - name: a\n    sum: party\n  - count: all\n"
    first, second, third = problems_of(text)
    assert (first.place, first.what) == ("f.yaml:8:10", "feature a, sum of")
    assert first.problem == "'party' holds a category"
    assert first.remedy == "sum is of a number or a flag"
    assert (second.what, third.what) == ("feature 2, name", "feature 2, count")


def test_an_expression_in_quotes_with_escapes_is_placed_at_its_beginning():
    text = TABLE + 'features:\n  - name: a\n    count: events\n    where: "v\\u0069p and vop"\n'
    assert only_problem(text).startswith("f.yaml:9:12 feature a, where: no column is called 'vop'")


def test_one_table_need_not_be_named_and_several_must():
    feature = "features:\n  - name: a\n    count: events\n"
    assert load_feature_set(TABLE + feature, "f").definitions[0].table == ""
    other = TABLE + "  - name: u\n    key: x\n    columns: {x: category}\n" + feature
    assert "it is not said whose events are counted (tables: t, u)" in only_problem(other)
    named = other + "    table: v\n"
    assert "no table is called 'v' (tables: t, u)" in only_problem(named)


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("", "1:1", "the file is empty"),
        ("# nothing\n", "1:1", "the file is empty"),
        ("tables", "1:1", "here stands no mapping"),
        ("- a\n", "1:1", "here stands no mapping"),
        ("tables: []\n", "1:1", "features: 'features' is missing"),
        ("tables: {}\nfeatures: []\n", "1:9", "here stands no list"),
        ("features: []\ntables:\n  - [a]\n", "3:5", "here stands no mapping"),
        ("tables: []\nfeatures: []\nwindows: []\n", "3:1", "nothing is called 'windows' here"),
        ("tables: []\nfeatures: []\ntables: []\n", "3:1", "'tables' stands twice"),
        ("? [a]\n: b\ntables: []\nfeatures: []\n", "1:3", "a key is a word"),
        ("a: b: c\n", "1:5", "the YAML cannot be read: mapping values are not allowed here"),
        ("a:\n\t- b\n", "2:1", "the YAML cannot be read: found character '\\t'"),
        ("a: 'b\n", "2:1", "the YAML cannot be read: found unexpected end of stream"),
        ("a: 1\n---\nb: 2\n", "2:1", "the YAML cannot be read: but found another document"),
        ("a: &b c\n", "1:4", "no anchors, aliases or tags"),
        ("a: *b\n", "1:4", "no anchors, aliases or tags"),
        ("a: !!python/object:os.system b\n", "1:4", "no anchors, aliases or tags"),
        ("a: !b c\n", "1:4", "no anchors, aliases or tags"),
        ("a\nb\0c: d\n", "2:2", "this character is not let into YAML"),
        ("a: " + "[" * 5_000 + "]" * 5_000, "1:12", "nested too deep"),
        ("a: " + "{b: " * 5_000 + "}" * 5_000, "1:33", "nested too deep"),
        ("a: 1\n" + "#" * TEXT_MAX, "1:1", "the file is longer than 1,000,000 characters"),
    ],
    ids=lambda value: repr(value[:20]),
)
def test_what_is_no_feature_file_is_refused(text, place, told):
    assert told in only_problem(text)
    assert only_problem(text).startswith(f"f.yaml:{place}")


def test_aliases_that_double_are_refused_at_the_first():
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 60)]
    assert "f.yaml:1:5" in only_problem("\n".join(lines))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60) | st.text("tablesfur:- {}[]'\"\n#&*!|>%,?", max_size=60))
def test_any_text_is_a_set_or_a_list_of_problems(text):
    try:
        load_feature_set(text, "f.yaml")
    except FeatureSetError as error:
        told = [str(problem) for problem in error.problems]
    assert all(each.startswith("f.yaml:") for each in told)


@settings(max_examples=80, deadline=None)
@given(st.data())
def test_any_scalar_in_any_place_is_a_set_or_a_list_of_problems(data):
    text = (DATA / "whole.yaml").read_text(encoding="utf-8")
    lines = text.splitlines()
    at = data.draw(st.integers(2, len(lines) - 1))
    key = re.match(r"[ -]*(\w+: )?", lines[at])[0]
    scalars = [
        "x",
        "0",
        "-1",
        "1e9",
        "999999999999999999999",
        "null",
        "''",
        "[]",
        "{}",
        "[a, {b: c}]",
    ]
    lines[at] = key + data.draw(st.sampled_from([*scalars, "² days", "9" * 5000 + " days", "ever"]))
    try:
        assert load_feature_set("\n".join(lines), "f.yaml").tables
    except FeatureSetError as error:
        assert error.problems  # noqa: PT017  (either outcome is right)


def test_a_file_full_of_mistakes_is_told_in_bounded_time():
    text = TABLE + "features:\n" + "  - name: a\n    sum: x\n" * 3_000
    assert len(problems_of(text)) == 1_000


# --- every way to say a thing ---------------------------------------------------------------------


def feature(said, table=TABLE):
    """The only feature of a set, from its lines."""
    lines = "".join(f"    {line}\n" for line in said.splitlines())
    return f"{table}features:\n  - name: x\n{lines}"


def loaded(said, table=TABLE):
    return load_feature_set(feature(said, table), "f.yaml").definitions[0]


@pytest.mark.parametrize(
    ("said", "window"),
    [
        ("ever", ALL_HISTORY),
        ("1 day", Sliding(timedelta(days=1))),
        ("90 seconds", Sliding(timedelta(seconds=90))),
        ("{sliding: 2 hours}", Sliding(timedelta(hours=2))),
        ("{sliding: 2 days, ends_before: 1 hour}", Sliding(timedelta(2), timedelta(hours=1))),
        ("{sliding: 2 days, start_included: true}", Sliding(timedelta(2), start_included=True)),
        ("{sliding: 2 days, start_included: false}", Sliding(timedelta(2))),
        ("{calendar: week}", Calendar(Period.WEEK, "")),
        ("{count: 3, calendar: quarter}", Calendar(Period.QUARTER, "", 3)),
        ("{calendar: year, ends_before: 1}", Calendar(Period.YEAR, "", ends_before=1)),
        ("{calendar: day, zone: Asia/Tokyo}", Calendar(Period.DAY, "Asia/Tokyo")),
        ("{last: 1}", LastEvents(1)),
        ("{session: 5 minutes}", Session(timedelta(minutes=5))),
        ("{session: 5 minutes, longest: 2 hours}", Session(timedelta(0, 300), timedelta(0, 7200))),
        ("\n  last: 7", LastEvents(7)),
    ],
)
def test_a_window_is_said_in_one_of_these_ways(said, window):
    assert loaded(f"count: events\nwindow: {said}").window == window


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("", "here stands nothing"),
        ("forever", "'forever' is not a length of time"),
        ("12", "'12' is not a length of time"),
        ("-1 days", "is not a length of time"),
        ("1.5 days", "is not a length of time"),
        ("0 days", "the length of a sliding window must be above 0"),
        ("99999999999 days", "is not a length of time"),
        ("[1 day]", "here stands no mapping"),
        ("{}", "the window says 0 things"),
        ("{zone: UTC}", "the window says 0 things"),
        ("{last: 10, session: 1 day}", "the window says 2 things"),
        ("{last: 0}", "a window of the last events holds 1 or more"),
        ("{last: -1}", "'-1' is not a whole number"),
        ("{last: 1.0}", "'1.0' is not a whole number"),
        ("{last: 010}", "'010' is not a whole number"),
        ("{last: １}", "is not a whole number"),
        ("{last: 9999999999999999999}", "is not a whole number"),
        ("{last: ten}", "'ten' is not a whole number"),
        ("{last: [10]}", "here stands more than one text"),
        ("{last: 10, zone: UTC}", "nothing is called 'zone' here"),
        ("{calendar: months}", "'months' is not known here (perhaps month)"),
        ("{calendar: month, zone: Mars}", "'Mars' is not a time zone"),
        ("{calendar: month, count: 0}", "a calendar window of 0 periods"),
        ("{sliding: 1 day, start_included: yes}", "'yes' is neither true nor false"),
        ("{sliding: 1 day, sliding: 2 days}", "'sliding' stands twice"),
        ("{session: 1 day, longest: 0 days}", "the longest session must be above 0"),
    ],
)
def test_a_window_that_cannot_be_is_refused(said, told):
    problem = only_problem(feature(f"count: events\nwindow: {said}"))
    assert told in problem
    assert problem.startswith("f.yaml:9:")
    assert " feature x, window" in problem


@pytest.mark.parametrize(
    ("said", "aggregate"),
    [
        ("count: events", a.Count()),
        ("sum: amount", a.Sum("amount")),
        ("sum: {of: amount}", a.Sum("amount")),
        ("distinct: party", a.Distinct("party")),
        ("distinct_approx: {of: party, error: 0.02}", a.DistinctApprox("party", 0.02)),
        ("since_last: events", a.SinceLast()),
        ("since_last: {clock: local days}", a.SinceLast(a.Clock.LOCAL_DAYS)),
        ("gap: {statistic: deviation}", a.Gap(a.GapStatistic.DEVIATION)),
        ("quantile: {share: 1, of: amount}", a.Quantile("amount", 1.0)),
        ("quantile: {share: 2.5e-1, of: amount}", a.Quantile("amount", 0.25)),
        (
            "decayed_sum: {of: amount, half_life: 1 hour}",
            a.DecayedSum("amount", timedelta(0, 3600)),
        ),
        ("slope: amount", a.Slope("amount")),
        ("top_share: {of: amount, over: party, count: 5}", a.TopShare("amount", "party", 5)),
        (
            "pattern_count:\n  first: vip\n  then: not vip\n  within: 1 day",
            a.PatternCount("vip", "not vip", timedelta(1)),
        ),
    ],
)
def test_an_aggregate_is_said_in_one_of_these_ways(said, aggregate):
    assert loaded(said).aggregate == aggregate


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("count: amount", "count is not of one column (write count: events)"),
        ("count:", "here stands nothing"),
        ("count: [events]", "here stands more than one text"),
        ("sum: events", "no column is called 'events'"),
        ("sum: party", "'party' holds a category (sum is of a number or a flag)"),
        ("sum: {of: amount, over: party}", "nothing is called 'over' here"),
        ("sum: {field: amount, of: amount}", "nothing is called 'field' here"),
        ("sum: [amount, amount]", "here stands more than one text"),
        ("hhi: {of: amount}", "'over' is missing"),
        ("hhi: {of: amount, over: vip}", "'vip' holds a flag (categories or numbers make groups)"),
        ("hhi: {of: amount, over: event_time}", "'event_time' holds an instant"),
        ("distinct: vip", "'vip' holds a flag"),
        ("quantile: {of: amount, share: 50%}", "'50%' is not a number"),
        ("quantile: {of: amount, share: .5}", "'.5' is not a number"),
        ("quantile: {of: amount, share: nan}", "'nan' is not a number"),
        ("quantile: {of: amount, share: -0.1}", "must lie between 0.0 and 1.0"),
        ("gap: {clock: days}", "'days' is not known here (one of: local days, seconds)"),
        ("pattern_count: {first: vip, then: vip}", "'within' is missing"),
        ("pattern_count: {first: amount, then: vip, within: 1 day}", "a number, not a flag"),
        ("pattern_count: {first: vop, then: vip, within: 1 day}", "no column is called 'vop'"),
        ("variation: {of: amount, over: party}", "such as month(event_time)"),
        ("slope: {of: amount, per: 0 days}", "per must be above 0"),
        ("ratio: x", "ratio is of two features"),
        ("ratio: [x, x]", "'x' is defined later"),
        ("total: [y]", "no feature is called 'y'"),
        ("z_score: [x, y, z]", "here stands no mapping"),
        ("sum: amount\ncount: events", "both 'sum' and 'count'"),
        ("window: ever", "the feature says nothing to compute"),
    ],
)
def test_an_aggregate_that_cannot_be_is_refused(said, told):
    assert told in only_problem(feature(said))


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("where: vip is missing", None),
        ("where: amount", "where: this is a number, not a flag"),
        ("where: [vip]", "here stands more than one text"),
        ("where: null", "here stands nothing"),
        ("by: party", None),
        ("by: [party]", None),
        ("by: []", None),
        ("by: vip", "'vip' holds a flag (a key is of categories or whole numbers)"),
        ("by: [party, party]", "the key names 'party' twice"),
        ("by: {a: b}", "here stands more than one text"),
        ("current: excluded", None),
        ("current: true", "'true' is not known here"),
        ("table: t", None),
        ("table: u", "no table is called 'u' (tables: t)"),
        ("wher: vip", "nothing is called 'wher' here (perhaps where)"),
        ("where: vip\nwhere: vip", "'where' stands twice"),
        ("? {a: b}\n: c", "a key is a word"),
    ],
)
def test_the_other_keys_of_a_measure(said, told):
    text = feature(f"count: events\n{said}")
    if told is None:
        assert load_feature_set(text, "f").definitions[0].name == "x"
    else:
        assert told in only_problem(text)


@pytest.mark.parametrize(
    ("said", "column"),
    [
        ("number", Column("c", NUMBER)),
        ("{number: 0}", Column("c", NUMBER)),
        ("{number: 9}", Column("c", NUMBER, 9)),
        ("category", Column("c", CATEGORY)),
        ("flag", Column("c", FLAG)),
        ("instant", Column("c", INSTANT)),
    ],
)
def test_a_column_is_said_in_one_of_these_ways(said, column):
    text = TABLE.replace("vip: flag", f"c: {said}") + "features: []\n"
    assert load_feature_set(text, "f").tables[0].columns[-1] == column


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("text", "'text' is not known here (one of: category, flag, instant, number)"),
        ("", "here stands nothing"),
        ("{number: 10}", "10 places; 0 to 9 are kept"),
        ("{number: -1}", "'-1' is not a whole number"),
        ("{}", "only a number has parameters"),
        ("[number]", "here stands no mapping"),
    ],
)
def test_a_column_that_cannot_be_is_refused(said, told):
    text = TABLE.replace("vip: flag", f"c: {said}") + "features: []\n"
    assert told in only_problem(text)


def test_what_is_left_out_has_the_default_of_its_class():
    text = TABLE + "features:\n  - {name: a, gap: events}\n  - {name: b, quantile: amount}\n"
    columns = (Column("party", CATEGORY), Column("amount", NUMBER), Column("vip", FLAG))
    measures = (Measure("a", a.Gap()), Measure("b", a.Quantile("amount")))
    wanted = FeatureSet((Table("t", columns, ("party",)),), measures)
    assert load_feature_set(text, "f") == wanted


def test_a_calendar_is_that_of_the_table_unless_it_names_a_zone():
    assert loaded("count: events\nwindow: {calendar: day}").window.zone == ""
    said = "count: events\nwindow: {calendar: day, zone: Asia/Tokyo}"
    assert loaded(said).window.zone == "Asia/Tokyo"


def test_a_feature_that_could_not_be_read_is_not_missed_by_others():
    text = feature("ratio: [y, z]").replace(
        "features:\n", "features:\n  - {name: y, sun: amount}\n"
    )
    told = [str(problem) for problem in problems_of(text)]
    assert len(told) == 2
    assert "nothing is called 'sun' here (perhaps sum)" in told[0]
    assert "no feature is called 'z'" in told[1]


def test_one_problem_is_one():
    with pytest.raises(FeatureSetError) as raised:
        load_feature_set(feature("sum: amont"), "f.yaml")
    error = raised.value
    assert error.problem == "f.yaml has 1 problem"
    assert (
        error.where == "f.yaml:8:10 feature x, sum of: no column is called 'amont' (perhaps amount)"
    )
    assert isinstance(error, MappingError)


# --- sets made in Python --------------------------------------------------------------------------


def with_table(**changes):
    values = {each.name: getattr(INVOICE, each.name) for each in fields(INVOICE)}
    return FeatureSet((Table(**(values | changes)),), ())


def told_of(feature_set):
    with pytest.raises(FeatureSetError) as raised:
        check_feature_set(feature_set)
    assert raised.value.problem.startswith("the feature set has ")
    return [str(problem) for problem in raised.value.problems]


def test_a_set_made_in_python_passes_the_same_checks():
    wrong = FeatureSet(
        (INVOICE,),
        (
            Measure("a", a.Sum("party"), where="amont > 1"),
            Measure("b", a.Variation("amount", "party"), by=("due",)),
            Measure("c", a.PatternCount("vip", "amount", timedelta(1)), table="invoice"),
            Measure("d", a.Count(), window=Calendar(Period.DAY, "Mars/Olympus")),
        ),
    )
    whole = "a whole number, such as month(event_time)"
    filter_words = "a filter is true or false, for example amount > 0"
    zone = "an IANA name, for example Asia/Shanghai"
    assert told_of(wrong) == [
        "feature a, where, character 1: no column is called 'amont' (perhaps amount)",
        "feature a, sum of: 'party' holds a category (sum is of a number or a flag)",
        f"feature b, variation over: 'party' holds a category ({whole})",
        "feature b, by 1: 'due' holds an instant (a key is of categories or whole numbers)",
        f"feature c, pattern_count then: this is a number, not a flag ({filter_words})",
        f"feature d, window zone: 'Mars/Olympus' is not a time zone ({zone})",
    ]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"name": " "}, "' ' is not a name"),
        ({"zone": "x/y"}, "'x/y' is not a time zone"),
        ({"key": ()}, "the key names no column"),
        ({"key": ("vip",)}, "key 1: 'vip' holds a flag"),
        ({"key": ("amount",)}, "'amount' holds a number with 2 decimal places"),
        ({"key": ("nobody",)}, "no column is called 'nobody'"),
        ({"time": ""}, "time: '' is not a name"),
        ({"time": "due"}, "the time of an event is not listed again"),
        ({"id": "event_time"}, "'event_time' cannot be it"),
        ({"id": "amount"}, "'amount' cannot be it (name a column of category)"),
        ({"known": "party"}, "'party' cannot be it (name a column of instant)"),
        ({"columns": (Column("party", CATEGORY, 2),)}, "a category has no decimal places"),
        ({"columns": (Column("party", CATEGORY),) * 2}, "'party' is defined twice"),
        ({"columns": (Column("a\nb", CATEGORY),), "key": ("a\nb",)}, "is not a name"),
        ({"derived": (Derived("vip", "amount > 0"),)}, "'vip' is defined twice"),
        ({"derived": (Derived("x", "y + 1"), Derived("y", "amount"))}, "no column is called 'y'"),
    ],
    ids=str,
)
def test_a_table_that_cannot_be_is_refused(changes, told):
    assert any(told in each for each in told_of(with_table(**changes)))


def test_a_derived_column_may_be_a_key_a_field_and_a_filter():
    check_feature_set(
        FeatureSet(
            (INVOICE,),
            (Measure("a", a.Sum("month"), where="red", by=("party", "month")),),
        )
    )
    check_feature_set(with_table(id="party", known="due"))


def test_what_follows_from_a_mistake_is_not_told():
    broken = with_table(derived=(Derived("month", "mont(event_time)"), Derived("x", "month + 1")))
    told = told_of(FeatureSet(broken.tables, (Measure("a", a.Max("x"), where="month > 1"),)))
    assert told == [
        "table invoice, derived month, character 1: there is no function `mont` (perhaps month)"
    ]


def test_dumping_refuses_what_would_not_load():
    with pytest.raises(FeatureSetError):
        dump_feature_set(FeatureSet((INVOICE,), (Measure("a", a.Sum("party")),)))
    half = Measure("a", a.Count(), window=Sliding(timedelta(milliseconds=500)))
    with pytest.raises(MappingError, match="cannot say"):
        dump_feature_set(FeatureSet((INVOICE,), (half,)))


# --- there and back -------------------------------------------------------------------------------

LENGTHS = st.builds(
    lambda number, unit: number * unit,
    st.integers(1, 400),
    st.sampled_from([timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)]),
)
NAMES = st.text(max_size=12).filter(
    lambda name: name == name.strip() and name.isprintable() and name
)
FILTERS = st.sampled_from(
    ["", "red", 'party != "销售"', "amount > 0.5\n and vip", " not vip", "party in ('a', 'b: #c')"]
)
OF_TYPE = {
    float: st.floats(0.01, 0.25),
    int: st.integers(1, 12),
    timedelta: LENGTHS,
    a.Clock: st.sampled_from(a.Clock),
    a.GapStatistic: st.sampled_from(a.GapStatistic),
}


def fits(aggregate):
    try:
        check_feature_set(FeatureSet((INVOICE,), (Measure("x", aggregate),)))
    except FeatureSetError:
        return False
    return True


def texts_for(made):
    """The first columns or filters that its text fields can be: found by trying."""
    types = get_type_hints(made)
    texts = [each.name for each in fields(made) if types[each.name] is str]
    others = {
        each.name: timedelta(days=1)
        for each in fields(made)
        if each.default is MISSING and each.name not in texts
    }
    for chosen in product(["amount", "party", "month", "red"], repeat=len(texts)):
        given_texts = dict(zip(texts, chosen, strict=True))
        if fits(made(**given_texts, **others)):
            return given_texts
    raise AssertionError(made)


def aggregates_of(made):
    types = get_type_hints(made)
    drawn = {
        each.name: OF_TYPE[types[each.name]] for each in fields(made) if types[each.name] in OF_TYPE
    }
    return st.builds(made, **{k: st.just(v) for k, v in texts_for(made).items()}, **drawn)


WINDOWS = st.one_of(
    st.just(ALL_HISTORY),
    st.builds(Sliding, LENGTHS, LENGTHS | st.just(timedelta(0)), st.booleans()),
    st.builds(
        Calendar,
        st.sampled_from(Period),
        st.sampled_from(["UTC", "Asia/Shanghai"]),
        st.integers(1, 9),
        st.integers(0, 3),
    ),
    st.builds(LastEvents, st.integers(1, 10**6)),
    st.builds(Session, LENGTHS, LENGTHS),
)
ANY_AGGREGATE = st.one_of([aggregates_of(made) for made in get_args(a.Aggregate)])


@st.composite
def feature_sets(draw):
    names = draw(st.lists(NAMES, min_size=2, max_size=12, unique=True))
    tables = tuple(
        Table(
            name,
            INVOICE.columns,
            draw(st.sampled_from([("party",), ("party", "count"), ("month",)])),
            INVOICE.derived,
            known=draw(st.sampled_from([None, "known_time", "due"])),
            id=draw(st.sampled_from(["id", None, "party", "null", "yes"])),
            zone=draw(st.sampled_from(["UTC", "Asia/Shanghai"])),
        )
        for name in draw(st.sampled_from([names[:1], names[:2]]))
    )
    definitions = []
    for name in names[2:]:
        earlier = st.sampled_from([each.name for each in definitions] or [""])
        whole = draw(st.sampled_from([*get_args(Arithmetic), *[Measure] * 4]))
        if definitions and whole is not Measure:
            several = st.lists(earlier, min_size=1, max_size=3).map(tuple)
            kinds = list(get_type_hints(whole).values())[1:]
            parts = [draw(earlier if kind is str else several) for kind in kinds]
            definitions.append(whole(name, *parts))
            continue
        table = draw(st.sampled_from([each.name for each in tables] + [""] * (len(tables) == 1)))
        definitions.append(
            Measure(
                name,
                draw(ANY_AGGREGATE),
                draw(FILTERS),
                draw(WINDOWS),
                table,
                draw(st.sampled_from([(), ("party",), ("count", "party")])),
                draw(st.sampled_from(Current)),
            )
        )
    return FeatureSet(tables, tuple(definitions))


@settings(max_examples=80, deadline=None)
@given(feature_sets())
def test_what_is_dumped_loads_as_the_same_set(feature_set):
    text = dump_feature_set(feature_set)
    assert load_feature_set(text, "dumped") == feature_set
    assert dump_feature_set(load_feature_set(text, "dumped")) == text


@pytest.mark.parametrize("made", get_args(a.Aggregate), ids=lambda made: made.keyword)
def test_every_aggregate_loads_and_dumps(made):
    @settings(max_examples=10, deadline=None)
    @given(aggregates_of(made))
    def there_and_back(aggregate):
        one = FeatureSet((INVOICE,), (Measure("x", aggregate),))
        text = dump_feature_set(one)
        assert f"\n  {made.keyword}: " in text
        assert load_feature_set(text, "dumped") == one

    there_and_back()


def test_every_aggregate_and_arithmetic_has_a_word_of_its_own():
    assert set(AGGREGATES.values()) == set(get_args(a.Aggregate))
    assert set(ARITHMETIC.values()) == set(get_args(Arithmetic))
    assert {"ratio", "difference", "z_score"} <= set(ARITHMETIC)
    assert not set(AGGREGATES) & set(ARITHMETIC)
    kinds = {
        get_type_hints(made)[each.name] for made in AGGREGATES.values() for each in fields(made)
    }
    assert all(kind is str or kind in OF_TYPE for kind in kinds)
    assert {kind for kind in OF_TYPE if issubclass(kind, Enum)} <= kinds


def test_a_dumped_set_reads_well():
    feature_set = FeatureSet(
        (INVOICE,),
        (
            Measure("sales_12m", a.Sum("amount"), 'party != "x"', Sliding(timedelta(days=365))),
            Measure("top", a.TopShare("amount", "party", 3), window=Calendar(Period.MONTH, "UTC")),
            Ratio("share", "sales_12m", "top"),
        ),
    )
    assert dump_feature_set(feature_set) == (
        """\
tables:
- name: invoice
  key: party
  zone: Asia/Shanghai
  columns:
    party: category
    amount: {number: 2}
    count: number
    vip: flag
    due: instant
  required: [party]
  derived:
    month: month(event_time)
    red: amount < 0
features:
- name: sales_12m
  sum: amount
  where: party != "x"
  window: 365 days
- name: top
  top_share: {of: amount, over: party, count: 3}
  window: {calendar: month, zone: UTC}
- name: share
  ratio: [sales_12m, top]
"""
    )
