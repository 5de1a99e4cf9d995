"""Juniors that are paid ahead are found; a plain sequential deal has none."""

from hypothesis import given, settings

from headrace.contracts.securitisation.deal_data import read_deal
from headrace.contracts.securitisation.engine import run
from headrace.contracts.securitisation.priority import LACK_WORDS, Lack, overtaken
from strategies_waterfalls import as_data, as_flows, deal_data, pool, small_deals

ROWS = ((300_000, 1000), (400_000, 7000), (300_000, 4000))


def test_a_sequential_deal_overtakes_nobody():
    assert overtaken(run(read_deal(deal_data()), pool(*ROWS))) == []


def test_a_junior_that_is_paid_first_is_named_with_what_the_senior_lacked():
    data = deal_data()
    data["waterfall"]["normal"] = [
        {"step": "pay_principal", "from": "收款户", "to": "次级", "limit": {"yuan": 3005}},
        {"step": "pay_interest", "from": "收款户", "to": "优先"},
        {"step": "pay_principal", "from": "收款户", "to": "优先"},
    ]
    found = overtaken(run(read_deal(data), pool(*ROWS)))
    first = found[0]
    assert (first.junior, first.paid, first.step) == ("次级", 200_000, "normal.1")
    assert (first.senior, first.lack) == ("优先", Lack.BALANCE)
    data["bond"][1]["balance"] = 3010
    poor = overtaken(run(read_deal(data), pool(*ROWS)))[0]
    assert (poor.paid, poor.lack, poor.unpaid) == (300_500, Lack.INTEREST, 2300)
    assert set(LACK_WORDS) == set(Lack)


@settings(max_examples=40)
@given(small_deals())
def test_no_residual_goes_past_unpaid_interest(spec):
    done = run(read_deal(as_data(spec)), as_flows(spec))
    residual = [one for one in overtaken(done) if one.junior == "次级"]
    assert all(one.lack is not Lack.INTEREST for one in residual)
