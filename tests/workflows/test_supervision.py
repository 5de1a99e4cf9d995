"""Statistics for supervisors: every sum is added again by hand, and nothing unknown is a zero."""

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.contracts.classification.tables import Grade
from headrace.errors import InputError
from headrace.pack import Text
from headrace.workflows.supervision import (
    Borrower,
    Line,
    Mark,
    Position,
    counted,
    section_table,
    split,
)
from headrace.workflows.supervision_reports import REPORTS, financed, report
from headrace.workflows.supervision_sources import category_text

AS_OF = date(2026, 6, 30)
MILLION = 100_000_000  # minor units


def line(number: int, balance: int, **more) -> Line:
    """A loan that was paid out this year and is owed in full."""
    given = {
        "contract": f"L-{number}",
        "party": f"E{number}",
        "limit": balance,
        "balance": balance,
        "overdue": 0,
        "allowance": balance // 100,
        "rate": Decimal("0.05"),
        "grade": Grade.NORMAL,
        "paid_out": date(2026, 1, 5),
        "lent": balance,
        "borrower": Borrower("纺织", "浙江", borrowed_before=False),
    }
    return Line(**given | more)


lines = st.lists(
    st.builds(
        lambda number, balance, grade, industry, region, before, mark: line(
            number,
            balance,
            grade=grade,
            overdue=balance if grade else 0,
            borrower=Borrower(industry, region, before),
            marks=mark,
        ),
        number=st.integers(0, 5),
        balance=st.integers(0, 20 * MILLION),
        grade=st.sampled_from(Grade),
        industry=st.sampled_from(["纺织", "机械", None]),
        region=st.sampled_from(["浙江", "江苏", None]),
        before=st.sampled_from([True, False, None]),
        mark=st.sampled_from(
            [
                (),
                (Mark("green", "清洁能源产业", "a list"),),
                (Mark("sci_tech", "高新技术企业", "x"), Mark("sci_tech", "科技型中小企业", "x")),
                (Mark("sci_tech", "none", "x"),),
            ]
        ),
    ),
    max_size=12,
).map(lambda found: [replace(each, contract=f"L-{at}") for at, each in enumerate(found)])


def section(found, name):
    return next(each for each in found.sections if each.name == name)


def cells(part, row):
    found = next(each for each in part.rows if each.name == row)
    return dict(zip((each.name for each in part.columns), found.cells, strict=True))


@given(lines)
def test_every_split_adds_up_to_the_whole_book(found):
    position = Position(AS_OF, tuple(found))
    whole = sum(each.balance for each in found)
    parts = {
        "inclusive": [("limits", ("to_5m", "to_10m", "above"))],
        "classes": [("classes", [each.name.lower() for each in Grade])],
        "concentration": [("borrowers", ("top", "others"))],
        "sci_tech": [("sci_tech", ("stated", "none", "not_stated"))],
        "green": [("green", ("stated", "none", "not_stated"))],
    }
    for name, sections in parts.items():
        made = report(name, position)
        for title, rows in sections:
            part = section(made, title)
            assert sum(cells(part, row)["balance"] for row in rows) == whole
            assert cells(part, "all")["balance"] == whole
            assert sum(cells(part, row)["loans"] for row in rows) == cells(part, "all")["loans"]
    for name in ("industry", "region"):
        part = section(report("concentration", position), name)
        others = [row for row in part.rows if row.name != "all"]
        assert sum(row.cells[2] for row in others) == whole


@given(lines)
def test_every_row_is_the_sum_of_the_contracts_it_names(found):
    balances = {each.contract: each.balance for each in found}
    parties = {each.contract: each.party for each in found}
    for make in REPORTS.values():
        for part in make(Position(AS_OF, tuple(found))).sections:
            names = [each.name for each in part.columns]
            for row in part.rows:
                told = dict(zip(names, row.cells, strict=True))
                if "balance" in told and isinstance(told["balance"], int):
                    assert told["balance"] == sum(balances[each] for each in row.contracts)
                    assert told["loans"] == len(set(row.contracts)) == len(row.contracts)
                if "households" in told and isinstance(told["households"], int):
                    assert told["households"] == len({parties[each] for each in row.contracts})


@given(lines)
def test_classes_are_those_of_a_slow_count(found):
    part = section(report("classes", Position(AS_OF, tuple(found))), "classes")
    slow = defaultdict(int)
    for each in found:
        slow[each.grade.name.lower()] += each.balance
        slow["bad"] += each.balance if each.grade >= Grade.SUBSTANDARD else 0
    for grade in Grade:
        assert cells(part, grade.name.lower())["balance"] == slow[grade.name.lower()]
    assert cells(part, "bad")["balance"] == slow["bad"]


def test_inclusive_finance_by_hand():
    found = (
        line(1, 3 * MILLION, rate=Decimal("0.04")),
        line(2, 6 * MILLION, rate=Decimal("0.06"), grade=Grade.DOUBTFUL),
        line(3, 9 * MILLION),
        line(4, 4 * MILLION, party="E3", borrower=Borrower(borrowed_before=True)),
        line(5, 0, limit=MILLION, paid_out=None, lent=0),
    )
    made = report("inclusive", Position(AS_OF, found))
    limits = section(made, "limits")
    inclusive = cells(limits, "inclusive")
    assert inclusive["balance"] == 9 * MILLION, "E3 has 13 million of limits, in two loans"
    assert inclusive["households"] == 2
    assert inclusive["rate"] == Decimal(3 * 4 + 6 * 6) / 900
    assert inclusive["bad_share"] == pytest.approx(6 / 9)
    assert cells(limits, "above")["balance"] == 13 * MILLION
    first = section(made, "first_loans")
    assert cells(first, "first") == {
        "loans": 2, "households": 2, "lent": 9 * MILLION, "rate": Decimal(48) / 900,
    }  # fmt: skip
    assert cells(first, "not_stated")["loans"] == 0


def verdicts(position):
    part = section(report("inclusive", position), "two_and_two")
    return {row.name: row.cells[2].en for row in part.rows}


def test_two_increase_two_are_held_by_hand():
    now = (line(1, 3 * MILLION), line(2, 20 * MILLION))
    found = verdicts(Position(AS_OF, now, {"L-1": 2 * MILLION, "L-2": 19 * MILLION}))
    assert found["balance"] == "met", "50 % beside some 10 % of all"
    assert found["households"] == "met"
    assert found["quality"] == "met"
    assert found["cost"].startswith("cannot be said"), "nothing was paid out the year before"
    slower = verdicts(Position(AS_OF, now, {"L-1": 3 * MILLION, "L-2": MILLION}))
    assert slower["balance"] == "not met"
    dearer = (*now, line(3, MILLION, paid_out=date(2025, 3, 3), rate=Decimal("0.03")))
    assert verdicts(Position(AS_OF, dearer))["cost"] == "not met"
    bad = (line(1, 3 * MILLION, grade=Grade.LOSS), line(2, 20 * MILLION))
    assert verdicts(Position(AS_OF, bad))["quality"] == "not met"


def test_of_a_young_book_growth_cannot_be_said():
    found = verdicts(Position(AS_OF, (line(1, MILLION),)))
    assert "younger than a year" in found["balance"]
    assert "younger than a year" in found["households"]


def test_an_empty_book_has_no_rates_and_no_shares():
    for make in REPORTS.values():
        made = make(Position(AS_OF, ()))
        for part in made.sections:
            for row in part.rows:
                told = dict(zip((each.name for each in part.columns), row.cells, strict=True))
                assert told.get("rate") is None
                assert told.get("share") is None


def test_financed_emissions_are_outstanding_over_equity_and_debt():
    known = Mark("green", "清洁能源产业", "a report", Decimal(1000), 40 * MILLION)
    found = (
        line(1, 4 * MILLION, marks=(known,)),
        line(2, 4 * MILLION, marks=(Mark("green", "清洁能源产业", "x"),)),
        line(3, 2 * MILLION),
        line(4, MILLION, marks=(replace(known, capital=-MILLION),)),
    )
    assert financed(found[0]) == 100
    assert financed(found[1]) is None, "not stated is not zero"
    assert financed(found[3]) == 0, "negative equity attributes nothing"
    part = section(report("green", Position(AS_OF, found)), "emissions")
    assert cells(part, "known")["emissions"] == 100
    assert cells(part, "known")["balance"] == 5 * MILLION
    assert cells(part, "not_stated") == {
        "loans": 2, "balance": 6 * MILLION, "share": pytest.approx(6 / 11), "emissions": None,
    }  # fmt: skip


def test_a_firm_on_two_lists_is_counted_once():
    two = (Mark("sci_tech", "高新技术企业", "x"), Mark("sci_tech", "科技型中小企业", "x"))
    found = (line(1, MILLION, marks=two), line(2, MILLION))
    part = section(report("sci_tech", Position(AS_OF, found)), "sci_tech")
    assert cells(part, "高新技术企业")["balance"] == MILLION
    assert cells(part, "科技型中小企业")["balance"] == MILLION
    told = {row.name: row.text for row in part.rows}
    assert told["高新技术企业"] == Text("High-tech firms (高新技术企业)", "高新技术企业")
    assert category_text("自定义") == Text("自定义", "自定义"), "a bank's own stays as it is"
    assert cells(part, "stated")["balance"] == MILLION
    assert cells(part, "not_stated")["balance"] == MILLION


def test_the_largest_are_ranked_without_their_names():
    found = [line(number, number * MILLION) for number in range(1, 15)]
    made = report("concentration", Position(AS_OF, tuple(found)))
    part = section(made, "borrowers")
    assert cells(part, "1")["balance"] == 14 * MILLION
    assert cells(part, "top")["balance"] == sum(range(5, 15)) * MILLION
    assert cells(part, "others")["balance"] == sum(range(1, 5)) * MILLION
    told = str([(row.text, row.cells) for row in part.rows])
    assert "E14" not in told
    assert "groups" not in {each.name for each in made.sections}


def test_groups_are_added_up_where_the_facts_name_them():
    found = (
        line(1, MILLION, borrower=Borrower(group="H")),
        line(2, 2 * MILLION, borrower=Borrower(group="H")),
        line(3, 2 * MILLION, borrower=Borrower(group="E3")),
    )
    part = section(report("concentration", Position(AS_OF, found)), "groups")
    assert cells(part, "1")["balance"] == 3 * MILLION
    assert cells(part, "1")["households"] == 2


def test_a_split_keeps_what_is_not_stated_apart():
    found = (line(1, MILLION), line(2, MILLION, borrower=Borrower()))
    part = split("industry", Text("x", "x"), Position(AS_OF, found), lambda e: e.borrower.industry)
    assert [row.name for row in part.rows] == ["纺织", "not_stated", "all"]


def test_a_section_as_a_table_keeps_minor_units_and_nulls():
    made = report("green", Position(AS_OF, (line(1, MILLION),)))
    table = section_table(section(made, "emissions"))
    assert table["balance_minor"].to_pylist() == [0, MILLION]
    assert table["emissions"].to_pylist() == [None, None]
    verdict = section_table(section(report("inclusive", Position(AS_OF, ())), "two_and_two"))
    assert "cannot be said" in verdict["verdict"].to_pylist()[0]


def test_every_report_says_what_it_counts_and_where_that_is_from():
    for name, make in REPORTS.items():
        made = make(Position(AS_OF, (line(1, MILLION),)))
        assert made.name == name
        assert made.sources
        assert made.definition.zh
        assert made.row(made.sections[0].name, "all") is not None
        assert made.row("none", "none") is None
    with pytest.raises(InputError, match="no such report"):
        report("other", Position(AS_OF, ()))


def test_a_counted_row_leaves_out_who_owes_nothing():
    row = counted("x", Text("x", "x"), [line(1, 0), line(2, 5)], 10)
    assert row.cells[:4] == (1, 1, 5, 0.5)
    assert row.contracts == ("L-2",)
