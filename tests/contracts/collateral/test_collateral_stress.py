"""What would trigger a call, and what paths of prices would come to."""

from decimal import Decimal
from fractions import Fraction

import collateral_reference as reference
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.contracts.collateral import stress, triggers
from headrace.contracts.collateral.pledges import Lines
from headrace.errors import InputError

LINES = Lines()


def loan(owed=10_000, positions=((100, 200),), other=0, **more):
    held = tuple(
        triggers.Position(f"S{k}", quantity, price, **more)
        for k, (quantity, price) in enumerate(positions)
    )
    return triggers.Secured("A", owed, held, LINES, other)


def test_a_trigger_price_by_hand():
    """100 shares at 2.00 secure 100 yuan: 160 yuan is 1.60 a share, so 1.59 is below the line."""
    rows = triggers.by_price([loan()]).to_pylist()
    assert [(row["line"], row["trigger"]) for row in rows] == [
        ("warn", 159), ("call", 149), ("close", 129),
    ]  # fmt: skip
    assert rows[2]["fall"] == pytest.approx(0.355)
    assert rows[2]["half_life"] is None


def test_other_collateral_may_make_a_line_unreachable_or_already_crossed():
    assert triggers.by_price([loan(other=20_000)])["trigger"].to_pylist() == [None] * 3
    rows = triggers.by_price([loan(owed=20_000, volatility=0.02)]).to_pylist()
    assert all(row["fall"] < 0 and row["half_life"] == 0 for row in rows)


positions = st.lists(st.tuples(st.integers(1, 50), st.integers(1, 60)), min_size=1, max_size=3)


@settings(max_examples=60)
@given(st.integers(0, 3000), positions, st.integers(0, 2000))
def test_a_trigger_is_the_highest_price_below_the_line(owed, held, other):
    given_ = loan(owed, held, other)
    for row in triggers.by_price([given_]).to_pylist():
        position = given_.positions[int(row["code"][1:])]
        line = getattr(LINES, row["line"])
        twin = reference.trigger_price(given_, position, line)
        limit = 4 * position.price_minor + 4
        assert row["trigger"] == twin or (twin == limit <= row["trigger"])


@given(st.integers(1, 10**12), positions, st.integers(0, 2000))
def test_at_the_joint_move_every_line_is_met_exactly(owed, held, other):
    given_ = loan(owed, held, other, beta=Fraction(3, 2))
    for row in triggers.by_factor([given_]).to_pylist():
        if row["move"] is None:
            continue
        moved = other + sum(q * p * (1 + 1.5 * row["move"]) for q, p in held)
        needed = float(getattr(LINES, row["line"])) * owed
        assert moved == pytest.approx(needed, rel=1e-9, abs=1e-6)


def test_a_factor_takes_its_time_to_move_so_far():
    rows = triggers.by_factor([loan(), loan(owed=20_000)], volatility=0.015).to_pylist()
    assert rows[1]["move"] == -0.25
    assert rows[1]["half_life"] == pytest.approx((np.log(0.75) / 0.015 / 0.6744898) ** 2)
    assert rows[0]["half_life"] < rows[1]["half_life"] < rows[2]["half_life"]
    assert [row["half_life"] for row in rows[3:]] == [0, 0, 0]
    assert triggers.by_factor([loan()])["half_life"].to_pylist() == [None] * 3


def test_what_does_not_move_has_no_trigger():
    still = triggers.Secured("A", 100, (), LINES, other_minor=140)
    assert triggers.by_factor([still])["move"].to_pylist() == [None] * 3
    assert len(triggers.by_price([still])) == 0


def test_zones_equal_the_twin():
    chance = np.random.default_rng(3)
    owed = chance.integers(0, 10**15, 500)
    value = (owed * chance.uniform(1.2, 1.7, 500)).astype(np.int64)
    found = triggers.zones(value, owed, LINES)
    assert found.tolist() == [
        reference.zone(v, d, LINES) for v, d in zip(value.tolist(), owed.tolist(), strict=True)
    ]
    assert set(found.tolist()) == {0, 1, 2, 3}
    days = np.array([[200, 155], [140, 100]], np.int64)
    assert triggers.zones(days, np.array([100, 100]), LINES).tolist() == [[0, 1], [2, 3]]


def test_half_of_the_paths_have_crossed_by_the_half_life():
    days = triggers.days_to(-0.03, 0.01, 0.5)
    chance = np.random.default_rng(11)
    steps = chance.normal(0, 0.01 / 10, (2_000, int(days) * 100))  # a hundred looks a day
    crossed = (steps.cumsum(axis=1).min(axis=1) <= -0.03).mean()
    assert crossed == pytest.approx(0.5, abs=0.04)
    within = triggers.chance_within(np.array([-0.03]), np.array([0.01]), days)
    assert within[0] == pytest.approx(0.5)
    with pytest.raises(InputError):
        triggers.days_to(0.1, 0.01, 0.5)


def secured(loans, assets):
    """Loans as (owed, [(asset, value)])."""
    at = np.cumsum([0, *(len(pieces) for _, pieces in loans)])
    flat = [piece for _, pieces in loans for piece in pieces]
    assert all(asset < assets for asset, _ in flat)
    return stress.Secured(
        tuple(f"L{k}" for k in range(len(loans))),
        np.array([float(owed) for owed, _ in loans]),
        at.astype(np.int64),
        np.array([asset for asset, _ in flat], np.int32),
        np.array([float(value) for _, value in flat]),
    )


def test_a_given_path_by_hand():
    """Falls of 10 % a day on 200 against 100.

    Day 3: 145.8, warned and called. Day 5 is the deadline: 118.1 does not cure it. A third is sold
    on each of the days 6, 7, 8: at 106.3, 95.7, 86.1.
    """
    shocks = np.full((8, 1), np.log(0.9))
    found = stress.stress(secured([(100, [(0, 200)])], 1), stress.given(shocks), LINES, 3)
    assert found.first[:, 0, 0].tolist() == [3, 3, 6]
    assert found.shortfall[0, 0] == pytest.approx(100 - (106.2882 + 95.65938 + 86.093442) / 3)
    deeper = stress.stress(secured([(100, [(0, 200)])], 1), stress.given(shocks[:5] * 2), LINES, 1)
    assert deeper.first[:, 0, 0].tolist() == [2, 2, 4]  # 131.2 on day 2; 106.3 is below 1.3 on 3
    assert deeper.shortfall[0, 0] == pytest.approx(100 - 200 * 0.81**4)


returns = st.lists(st.tuples(st.floats(-0.3, 0.25), st.floats(-0.3, 0.25)), min_size=1, max_size=12)
drawn_loans = st.lists(
    st.tuples(
        st.floats(50, 150),
        st.lists(st.tuples(st.integers(0, 1), st.floats(0, 150)), max_size=3),
    ),
    min_size=1, max_size=3,
)  # fmt: skip


@settings(max_examples=80)
@given(returns, drawn_loans, st.integers(1, 3), st.integers(1, 4))
def test_every_path_equals_its_twin(path, loans, cure_days, sale_days):
    lines = Lines(cure_days=cure_days)
    found = stress.stress(secured(loans, 2), stress.given(np.array(path)), lines, sale_days)
    ratios = [float(line) for line in (lines.warn, lines.call, lines.close, lines.lifted)]
    for k, (owed, pieces) in enumerate(loans):
        first, missing = reference.walk(path, pieces, owed, ratios, cure_days, sale_days)
        assert found.first[:, 0, k].tolist() == first
        assert found.shortfall[0, k] == pytest.approx(missing, abs=1e-6)


def history():
    chance = np.random.default_rng(4)
    common = chance.normal(0, 0.02, (300, 1))
    rows = common + chance.normal(0, 0.01, (300, 3))
    rows[50:60, 1] = np.nan
    return rows


def test_a_suspended_share_falls_unseen_with_the_others():
    rows = history()
    filled = stress.filled(rows)
    assert filled[55, 1] == pytest.approx(rows[55, [0, 2]].mean())
    assert np.array_equal(filled[~np.isnan(rows)], rows[~np.isnan(rows)])
    assert stress.filled(np.full((2, 2), np.nan)).tolist() == [[0, 0], [0, 0]]


def test_a_window_is_replayed_in_its_order():
    paths = stress.replayed(history(), 40, 44)
    assert paths.picks.tolist() == [[40, 41, 42, 43, 44]]
    with pytest.raises(InputError, match="window"):
        stress.replayed(history(), 290, 300)


def test_blocks_keep_their_order_and_a_seed_its_paths():
    one, two = (
        stress.resampled(history(), (40, 25), 10, np.random.default_rng(9)) for _ in range(2)
    )
    assert np.array_equal(one.picks, two.picks)
    assert one.picks.shape == (40, 25)
    inside = np.diff(one.picks[:, :10], axis=1) % 300
    assert (inside == 1).all()
    with pytest.raises(InputError, match="blocks"):
        stress.resampled(history(), (1, 1), 301, np.random.default_rng(0))


def test_more_debt_on_the_same_collateral_is_called_more_often():
    held = secured([(owed, [(0, 100), (1, 60)]) for owed in (60, 80, 100)], 3)
    paths = stress.resampled(history(), (500, 60), 10, np.random.default_rng(2))
    found = stress.stress(held, paths, LINES, 5)
    rows = stress.by_loan(found).to_pylist()
    called = [row["called"] for row in rows]
    assert called == sorted(called)
    assert called[2] > called[0]
    assert all(row["warned"] >= row["called"] >= row["sold"] for row in rows)
    book = dict(zip(*stress.in_all(found, (0.9, 0.99)).to_pydict().values(), strict=True))
    assert book["calls"] == pytest.approx(sum(called))
    assert book["shortfall"] == pytest.approx(sum(row["shortfall"] for row in rows))
    assert book["tail_99"] >= book["shortfall_99"] >= book["shortfall_90"] >= 0


def test_calm_markets_call_nobody():
    found = stress.stress(secured([(10, [(0, 100)])], 1), stress.given(np.zeros((5, 1))), LINES, 3)
    (row,) = stress.by_loan(found).to_pylist()
    assert (row["warned"], row["call_day"], row["shortfall"]) == (0, None, 0)


@pytest.mark.parametrize(
    ("loans", "problem"),
    [([(0, [])], "debt"), ([(5, []), (0, [])], "debt"), ([(10, [(1, 5)])], "returns")],
)
def test_what_cannot_be_stressed_is_refused(loans, problem):
    with pytest.raises(InputError, match=problem):
        stress.stress(secured(loans, 9), stress.given(np.zeros((2, 1))), LINES, 1)


def test_a_cure_line_of_its_own_is_used():
    path = np.log([[0.9], [0.8], [1.2], [1.0]])
    strict = Lines(cure=Decimal("1.9"), cure_days=9)
    loans = [(100, [(0, 200)])]
    ratios = [1.6, 1.5, 1.3, 1.9]
    found = stress.stress(secured(loans, 1), stress.given(path), strict, 1)
    first, _ = reference.walk(path.tolist(), loans[0][1], 100, ratios, 9, 1)
    assert found.first[:, 0, 0].tolist() == first


def test_a_fraction_of_a_tonne_has_an_exact_trigger():
    """2.5 t at 200 secure 250: 1.6 x 250 is 400, so 160 is the line and 159 below it."""
    held = (triggers.Position("goods", Fraction(5, 2), 200),)
    rows = triggers.by_price([triggers.Secured("A", 250, held, LINES)]).to_pylist()
    assert rows[0]["trigger"] == 159
    assert triggers.Secured("A", 250, held, LINES).value_minor == 500


def test_the_worst_part_is_a_part_also_where_most_paths_lose_nothing():
    lost = np.zeros((200, 1))
    lost[:3, 0] = (10.0, 20.0, 30.0)
    none = np.zeros((3, 200, 1), np.int32)
    rows = stress.in_all(stress.Stressed(("A",), none, lost), (0.95, 0.99)).to_pylist()
    found = {row["measure"]: row["value"] for row in rows}
    assert found["shortfall_95"] == 0
    assert found["tail_95"] == pytest.approx(60 / 10)
    assert found["tail_99"] == pytest.approx(25)  # two paths of 200
