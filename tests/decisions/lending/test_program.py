"""The integer program against trying everything, and the bound against every answer."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.decisions.lending import program

LOW, MOST = 2, 4


def random_program(seed: int, loans: int = 2) -> program.Program:
    """Two options a loan, 2 to 4 steps, two constraints, signs as they come."""
    rng = np.random.default_rng(seed)
    return program.Program(
        value=rng.normal(size=(loans, 2)),
        per_loan=float(rng.normal()),
        low=LOW,
        cap=rng.integers(LOW, MOST + 1, loans),
        use=rng.normal(size=(2, loans, 2)),
        use_per_loan=rng.normal(size=2),
        bound=rng.normal(size=2) * 5,
    )


def answers(built: program.Program):
    """Every feasible answer as (worth, ((loan, option, steps), ...))."""
    steps = range(LOW, MOST + 1)
    for picks in product([None, *product((0, 1), steps)], repeat=len(built.cap)):
        made = tuple((loan, *pick) for loan, pick in enumerate(picks) if pick)
        if any(x > built.cap[loan] for loan, _, x in made):
            continue
        used = sum((built.use[:, i, j] * x + built.use_per_loan for i, j, x in made), np.zeros(2))
        if (used <= built.bound).all():
            yield sum(built.value[i, j] * x + built.per_loan for i, j, x in made), made


def best(built: program.Program) -> float | None:
    return max((worth for worth, _ in answers(built)), default=None)


def test_dominated_options_are_those_that_another_beats_in_everything():
    """Three rates; the third uses more and is worth less; two are equal, and the first stays."""
    built = program.Program(
        value=np.array([[1.0, 2.0, 1.5, 2.0]]),
        per_loan=0.0,
        low=1,
        cap=np.array([5]),
        use=np.array([np.ones((1, 4)), [[1.0, 2.0, 3.0, 2.0]]]),
        use_per_loan=np.zeros(2),
        bound=np.array([3.0, 9.0]),
    )
    assert program.undominated(built).tolist() == [[True, True, False, False]]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 100_000))
def test_the_answer_is_the_best_there_is(seed):
    built = random_program(seed)
    wanted, answer = best(built), program.solve(built, 0.0)
    assert (answer is None) == (wanted is None)
    if answer is not None:
        assert answer.worth == pytest.approx(wanted, abs=1e-5)
        assert answer.bound >= wanted - 1e-5
        assert answer.gap <= 1e-4


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.lists(st.floats(0, 50), min_size=2, max_size=2))
def test_any_prices_give_a_true_bound(seed, prices):
    built = random_program(seed)
    upper, _ = program.relax(built, np.array(prices))
    assert upper >= (best(built) or -np.inf) - 1e-9


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000), st.floats(0, 3), st.floats(0.01, 5))
def test_an_answer_with_a_choice_that_was_set_aside_is_worth_at_most_the_bound_less_keep(
    seed, price, keep
):
    built, prices = random_program(seed), np.array([price, 0.5])
    everything = np.ones((2, 2), dtype=np.bool_)
    upper, _ = program.relax(built, prices)
    kept = program.near_best(built, prices, everything, keep)
    for worth, made in answers(built):
        inside = all(kept.low[i, j] <= x <= kept.high[i, j] for i, j, x in made)
        forced = set(np.flatnonzero(kept.must)) <= {loan for loan, _, _ in made}
        if not (inside and forced):
            assert worth <= upper - keep + 1e-9


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000))
def test_setting_dominated_options_aside_loses_nothing(seed):
    built = random_program(seed)
    useful = program.undominated(built)
    worths = [worth for worth, made in answers(built) if all(useful[i, j] for i, j, _ in made)]
    assert max(worths, default=None) == pytest.approx(best(built))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000))
def test_the_prices_of_the_linear_program_are_never_negative_and_bound_it(seed):
    built = random_program(seed, loans=3)
    duals = program.dual_prices(built, program.undominated(built))
    if duals is None:
        assert best(built) is None
        return
    upper, loan_best = program.relax(built, duals.prices)
    assert (duals.prices >= 0).all()
    assert (loan_best >= 0).all()
    assert upper >= duals.worth - 1e-6
    assert upper >= (best(built) or -np.inf) - 1e-9


def test_when_many_choices_tie_the_answer_still_comes_with_a_true_bound():
    """Loans count one each and nothing else matters, so every choice of a loan is as good."""
    loans, options = 120, 29
    dear = np.tile(np.linspace(0.1, 0.5, options), (loans, 1))
    built = program.Program(
        value=np.zeros((loans, options)),
        per_loan=1.0,
        low=10,
        cap=np.arange(loans) % 91 + 10,
        use=np.array([np.ones((loans, options)), dear, -dear]),
        use_per_loan=np.zeros(3),
        bound=np.array([905.0, 270.0, 0.0]),
    )
    useful = program.undominated(built)
    assert program.near_best(built, np.zeros(3), useful, 1.0).count > program.KEPT_MANY
    answer = program.solve(built, 0.02)
    assert answer.worth == (answer.option >= 0).sum() == 90
    assert 90.0 <= answer.bound < 91.0


def test_no_loans_at_all():
    empty = random_program(0, loans=0)
    allowed = replace(empty, bound=np.array([0.0, 1.0]))
    assert program.solve(allowed, 0.0).worth == 0.0
    assert program.solve(replace(empty, bound=np.array([-1.0, 1.0])), 0.0) is None


def test_the_gap_is_relative_to_what_was_found():
    assert program.relative_gap(102.0, 100.0) == pytest.approx(0.02)
    assert program.relative_gap(-98.0, -100.0) == pytest.approx(0.02)
    assert program.relative_gap(99.0, 100.0) == 0.0
    assert program.relative_gap(0.0, 0.0) == 0.0
