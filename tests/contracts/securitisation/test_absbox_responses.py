"""AbsBox's stored Chinese deals against this engine, to the cent, statement by statement.

The requests hold no run assumptions. Of the scenario files that lie beside them, two reproduce
every response: `mortgage_empty` (CDR 1 %, CPR 10 %) and `rates` (LPR5Y 4 %).
"""

import gzip
import json
from copy import deepcopy
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from headrace.contracts.securitisation.absbox import compare, from_absbox
from headrace.contracts.securitisation.engine import run
from headrace.contracts.securitisation.projection import ABSBOX, Assumptions, project
from headrace.errors import InputError

SHARED = Path(__file__).parents[4] / "shared" / "data" / "absbox_china_tests"
ASSUMED = Assumptions(default=(0.01,), prepayment=(0.1,))
RATES = {"LPR5Y": [(date(2000, 1, 1), 40_000)]}
# deal: statements, cells compared
CELLS = {1: (5, 911), 2: (4, 579), 3: (5, 456), 4: (11, 7961), 5: (9, 8381), 6: (10, 4161)}

pytestmark = pytest.mark.real


def _read(name):
    path = SHARED / f"{name}.json.gz"
    if not path.is_file():
        pytest.skip(f"the AbsBox responses are not at {SHARED}")
    return json.loads(gzip.decompress(path.read_bytes()))


def _run(number, assumed=ASSUMED):
    read = from_absbox(_read(f"test{number:02}.request"))
    return run(read.deal, project(read.lines, assumed, read.as_of, RATES, ABSBOX), RATES)


@pytest.mark.parametrize("number", sorted(CELLS))
def test_every_statement_of_a_deal_is_equal_to_the_cent(number):
    found = compare(_run(number), _read(f"test{number:02}.response"))
    assert found.differences == ()
    assert (len(found.cells), sum(found.cells.values())) == CELLS[number]
    assert found.equal() == list(found.cells)


def test_the_comparison_covers_every_bond_fee_account_and_pool_row():
    response = _read("test05.response")["Right"][0]["contents"]
    found = compare(_run(5), _read("test05.response"))
    for kind, what in (("bonds", "bond"), ("fees", "fee"), ("accounts", "account")):
        for name in response[kind]:
            assert found.cells[f"{what} {name}"] >= 1
    assert found.cells["pool"] == 7 + 13 * 203 + 1  # no totals on the closing date


def test_another_assumption_is_found_wrong():
    found = compare(_run(1, Assumptions((0.01,), (0.2,))), _read("test01.response"))
    wrong = {one.statement for one in found.differences}
    assert "pool" in wrong
    assert "bond A1" in wrong
    first = next(one for one in found.differences if one.field == "prepayment")
    assert first.theirs == 106
    assert first.ours > 200


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("pool", "contents", "PoolConsol", "assets", 0, "tag"), "Lease"),
        (("fees", "信托费用", "feeType", "tag"), "NumFee"),
        (("dates", "tag"), "GenericDates"),
        (("bonds", "A1", "bndType", "tag"), "Z"),
        (("bonds", "A1", "bndInterestInfo", "tag"), "RefRate"),
        (("waterfall", "DistributionDay Amortizing", 0, "tag"), "BuyAsset"),
        (("collects", 0, "tag"), "CollectByPct"),
    ],
)
def test_what_is_not_supported_is_named(where, value):
    request = deepcopy(_read("test01.request"))
    part = request["contents"]
    for key in where[:-1]:
        part = part[key]
    part[where[-1]] = value
    with pytest.raises(InputError, match=value):
        from_absbox(request)


@pytest.mark.parametrize(
    ("kind", "target", "statement"),
    [
        ("pay_fee", "fee:", "fee 信托费用"),
        ("pay_interest", "bond:A1", "bond A1"),
        ("pay_principal", "bond:B", "bond B"),
        ("collection", "account:", "account 账户01"),
    ],
)
def test_one_fen_in_one_row_is_noticed(kind, target, statement):
    done = _run(1)
    rows = list(done.rows)
    at = next(i for i, x in enumerate(rows) if x.kind == kind and x.target.startswith(target))
    rows[at] = replace(rows[at], amount=rows[at].amount + 1)
    found = compare(replace(done, rows=tuple(rows)), _read("test01.response"))
    assert statement not in found.equal()
