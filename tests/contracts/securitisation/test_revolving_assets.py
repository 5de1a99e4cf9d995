"""What a revolving deal may buy: eligible loans only, within the limits of the mix."""

from datetime import date
from fractions import Fraction

import pyarrow as pa
import pytest

from headrace.contracts.securitisation.deal_data import read_deal
from headrace.contracts.securitisation.engine import run
from headrace.contracts.securitisation.flows import combined
from headrace.contracts.securitisation.pool import Concentration, Eligibility
from headrace.contracts.securitisation.projection import Assumptions
from headrace.contracts.securitisation.revolving import Standards, offered
from headrace.errors import InfeasibleError
from strategies_waterfalls import deal_data, pool

TAPE = pa.table(
    {
        "loan_id": ["L1", "L2", "L3"],
        "balance": pa.array([100_000, 200_000, 300_000], pa.int64()),
        "obligor": ["甲", "乙", "丙"],
        "overdue_days": pa.array([0, 0, 45], pa.int64()),
        "rate_ppm": pa.array([60_000, 72_000, 90_000], pa.int64()),
        "terms": pa.array([6, 3, 6], pa.int64()),
        "terms_left": pa.array([6, 3, 6], pa.int64()),
        "start": pa.array([date(2026, 1, 1)] * 3, pa.date32()),
        "plan": ["等额本金", "等额本息", "等额本金"],
    }
)
CURRENT = Standards(loans=(Eligibility("overdue_days", "==", 0, "未逾期"),))


def test_only_eligible_loans_are_offered_with_the_reasons_of_the_others():
    offer = offered(TAPE, CURRENT, Assumptions())
    assert offer.assets.lines.balances.tolist() == [100_000, 200_000]
    assert offer.reasons["reasons"].to_pylist() == [[], [], ["未逾期"]]


def test_a_tape_from_which_nothing_may_be_bought_is_refused():
    nobody = Standards(loans=(Eligibility("overdue_days", ">", 90, "逾期90天以上"),))
    with pytest.raises(InfeasibleError, match="逾期90天以上"):
        offered(TAPE, nobody, Assumptions())
    limit = Concentration("单一借款人", "obligor", 1, Fraction(1, 2))
    with pytest.raises(InfeasibleError, match="单一借款人"):
        offered(TAPE, Standards(CURRENT.loans, (limit,)), Assumptions())


@pytest.mark.parametrize("price", [Fraction(1), Fraction(98, 100), Fraction(103, 100)])
def test_bought_at_a_price_the_balance_follows_and_no_fen_is_lost(price):
    data = deal_data(periods=14, state="revolving")
    data["dates"]["revolving_until"] = "2026-02-28"
    data["waterfall"]["revolving"] = [{"step": "buy_assets", "from": "收款户"}]
    offer = offered(TAPE, CURRENT, Assumptions(), price)
    done = run(read_deal(data), pool((700_001, 0), (300_000, 0)), assets=offer.assets)
    bought = next(row for row in done.rows if row.target == "pool:assets")
    balance = int(700_001 / price)
    assert bought.amount == -(-balance * price.numerator // price.denominator) <= 700_001
    after = done.pool[1]  # the next collection: what was there, less what was paid, plus bought
    assert after.balance == 300_000 + balance - after.amounts["principal"]
    into = sum(row.amount for row in done.rows if row.source.startswith("pool:"))
    out = sum(row.amount for row in done.rows if not row.target.startswith("account:"))
    assert into == out + done.last("account")["收款户"].balance


def test_two_pools_run_as_one():
    one, two = pool((100, 7), (50, 5)), pool((30, 1), (20, 2), (10, 3))
    both = combined([one, two])
    assert both.opening == one.opening + two.opening
    assert both.principal.tolist() == [130, 70, 10]
    assert both.total() == one.total() + two.total()
