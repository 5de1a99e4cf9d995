"""The worked examples of tests/data/contracts/schedules, which a banker can read and work out.

Each amount of interest stands beside the formula that gives it, rounded half up once; here both are
compared with what the code makes.
"""

import csv
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from lending_cases import OWED, steps_of, terms_of, worked_out
from lending_reference import half_up

from headrace.contracts.conventions.china import CHINA
from headrace.contracts.lending.account import advance, opened, quote
from headrace.contracts.lending.acts import apply
from headrace.contracts.lending.events import Disburse, Refusal
from headrace.contracts.lending.schedule import schedule
from headrace.contracts.lending.terms import Method
from headrace.money import MINOR_PER_MAJOR, to_minor

FOLDER = Path(__file__).parents[2] / "data" / "contracts" / "schedules"


def cases(*names: str) -> dict[str, list[dict[str, str]]]:
    """The rows of each case of some files."""
    found: dict[str, list[dict[str, str]]] = {}
    for name in names:
        with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                if row["case"]:
                    found[row["case"]] = []
                found[next(reversed(found))].append(row)
    return found


SCHEDULES = cases("instalments", "principal", "rates", "days_off")
ACCOUNTS = cases("accounts")


def rounded(formula: str, currency: str) -> int:
    """Minor units of a formula in major units."""
    return half_up(worked_out(formula) * MINOR_PER_MAJOR[currency])


@pytest.mark.parametrize("case", SCHEDULES)
def test_a_schedule_is_the_one_worked_out_by_hand(case):
    rows = SCHEDULES[case]
    terms = terms_of(rows[0]["terms"])
    found = schedule(terms, CHINA)
    assert len(found) == len(rows)
    for row, made in zip(rows, found, strict=True):
        assert (row["no"], row["due"]) == (str(made.number), str(made.due))
        assert (row["pay_on"] or row["due"], row["final"] != "no") == (str(made.pay_on), made.final)
        for name in ("principal", "interest", "subsidy", "fee", "payment", "closing"):
            amount = to_minor(Decimal(row[name] or 0), terms.currency)
            assert amount == getattr(made, name), f"{name} of row {row['no']}"
        if row["interest_by"]:
            assert made.interest == rounded(row["interest_by"], terms.currency), row["no"]
        else:
            assert made.interest == 0


@pytest.mark.parametrize("case", [k for k, rows in SCHEDULES.items() if rows[0]["instalment_by"]])
def test_an_equal_instalment_is_the_annuity_rounded_half_up(case):
    rows = SCHEDULES[case]
    terms = terms_of(rows[0]["terms"])
    levels = {
        row.level for row in schedule(terms) if row.number > terms.grace_interest and row.level
    }
    assert rounded(rows[0]["instalment_by"], terms.currency) in levels


@pytest.mark.parametrize("case", ACCOUNTS)
def test_what_is_owed_is_what_was_worked_out_by_hand(case):
    rows = ACCOUNTS[case]
    terms = terms_of(rows[0]["terms"])
    account, _ = apply(opened(terms, CHINA), Disburse(terms.start))
    for row, day, event in steps_of(rows, terms.currency):
        outcome = advance(account, day) if event is None else apply(account, event)
        assert not isinstance(outcome, Refusal)
        account, _ = outcome
        owed = quote(account, day)
        for name in OWED:
            amount = to_minor(Decimal(row[name]), terms.currency)
            assert amount == getattr(owed, name), f"{name} on {day}"
        for name in ("penalty", "compound", "accrued"):
            if row[f"{name}_by"]:
                assert getattr(owed, name) == rounded(row[f"{name}_by"], terms.currency), day


def test_the_examples_show_every_method_and_enough_cases():
    assert len(SCHEDULES) + len(ACCOUNTS) >= 25
    assert {terms_of(rows[0]["terms"]).method for rows in SCHEDULES.values()} == set(Method)
    assert all(rows[0]["名称"] for rows in [*SCHEDULES.values(), *ACCOUNTS.values()])
    for rows in SCHEDULES.values():
        terms = terms_of(rows[0]["terms"])
        lent = sum(to_minor(Decimal(row["principal"]), terms.currency) for row in rows)
        assert lent == terms.principal


def test_formulas_are_exact():
    assert worked_out("100.00 * 4.35% * 1/12") == Fraction(435, 1200)
    assert worked_out("2 * i * (1+i)^2 where i = 50%/1") == Fraction(9, 4)
