"""How deep vouchers travel, what money costs there, and who is behind the second tier."""

from datetime import date
from decimal import Decimal

import pytest

from headrace.contracts.instruments.acts import Act, ActKind, Answer
from headrace.contracts.instruments.book import apply, opened
from headrace.contracts.instruments.tiers import behind_second_tier, by_tier

DAY, DUE = date(2026, 1, 5), date(2026, 7, 4)  # 180 days


def hand(key, by, target, to, amount=None):
    return Act(ActKind.TRANSFER, key, DAY, by=by, target=target, to=to, amount=amount)


def sell(key, by, target, price):
    return [
        Act(ActKind.REGISTER, f"{key} r", DAY, by=by, target=target, to="bank"),
        Act(ActKind.FINANCE, key, DAY, by=by, target=target, to="bank", price=price),
    ]


@pytest.fixture(scope="module")
def book():
    """1,000 to tier 1, of which 600 to tier 2, of which 300 to tier 3, of which 100 to tier 4."""
    acts = [
        Act(ActKind.ISSUE, "i", DAY, by="core", target="V1", to="one", amount=1000_00, due=DUE,
            trades=("INV",)),
        Act(ActKind.ACCEPT, "a", DAY, by="one", target="V1"),
        hand("t1", "one", "V1", "two", 600_00),
        hand("t2", "two", "V1/0/0", "three", 300_00),
        hand("t3", "three", "V1/0/0/0/0", "four", 100_00),
        *sell("f1", "one", "V1/1", 394_08),
        *sell("f3", "three", "V1/0/0/0/0/1", 190_00),
    ]  # fmt: skip
    applied = apply(opened({"core": 1000_00}, ["one", "two", "three", "four", "bank"]), acts)
    assert set(applied.answer) == {Answer.APPLIED}
    return applied.book


def test_each_tier_with_its_cost_of_money(book):
    rows = by_tier(book, "core", Decimal("0.025")).to_pylist()
    assert [row["tier"] for row in rows] == [1, 2, 3, 4]
    assert [row["reached_minor"] for row in rows] == [1000_00, 600_00, 300_00, 100_00]
    assert [row["held_minor"] for row in rows] == [0, 300_00, 0, 100_00]
    assert [row["financed_minor"] for row in rows] == [400_00, 0, 200_00, 0]
    assert [row["discount_minor"] for row in rows] == [5_92, 0, 10_00, 0]
    assert rows[0]["rate"] == pytest.approx(592 / 39408 * 365 / 180)  # 3.05 %
    assert rows[2]["rate"] == pytest.approx(1000 / 19000 * 365 / 180)  # 10.7 %
    assert rows[2]["spread"] == pytest.approx(rows[2]["rate"] - 0.025)
    assert rows[1]["rate"] is None
    assert rows[1]["spread"] is None


def test_without_the_rate_of_the_core_there_is_no_spread(book):
    assert by_tier(book, "core")["spread"].null_count == 4
    assert by_tier(book, "core")["rate_of_payer"].null_count == 4


def test_who_is_behind_the_second_tier(book):
    assert behind_second_tier(book, "core").to_pylist() == [
        {"firm": "three", "through": "two", "tier": 3, "pieces": 1, "reached_minor": 300_00},
        {"firm": "four", "through": "two", "tier": 4, "pieces": 1, "reached_minor": 100_00},
    ]


def test_a_core_without_papers_has_no_tiers(book):
    assert by_tier(book, "bank").num_rows == 0
    assert behind_second_tier(book, "bank").num_rows == 0
