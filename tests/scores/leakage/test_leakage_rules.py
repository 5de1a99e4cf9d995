"""Each rule at its thresholds, in both languages, and as the documentation lists them."""

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

import headrace.scores.leakage
from headrace.errors import InputError
from headrace.scores.leakage.alone import strength
from headrace.scores.leakage.check import check
from headrace.scores.leakage.sample import Sample

SOURCE = Path(headrace.scores.leakage.__file__).parent
PAGE = Path(__file__).parents[3] / "docs" / "concepts" / "leakage.md"
START = np.datetime64("2018-01-01", "D")
N = 4_000


@dataclass(frozen=True)
class Book:
    """Loans with a quarter bad, whatever else is asked of them."""

    y: np.ndarray
    rng: np.random.Generator

    def sample(self, values, **dates) -> Sample:
        return Sample(pa.table({"it": values}), self.y, **dates)


def book(seed=1) -> Book:
    rng = np.random.default_rng(seed)
    return Book((np.arange(N) % 4 == 0).astype(np.int64), rng)


def told(sample) -> str:
    """`refused`, `warned` or `-`, and the rule."""
    leaks = check(sample)
    if not leaks:
        return "-"
    (leak,) = leaks
    return f"{'refused' if leak.refuses else 'warned'} {leak.rule}"


def copy_of_outcome(at: Book, noise: float) -> Sample:
    return at.sample(at.y + noise * at.rng.normal(size=N))


def gap(at: Book, of_bad: float, of_good: float) -> Sample:
    gone = at.rng.random(N) < np.where(at.y == 1, of_bad, of_good)
    return at.sample(pa.array(at.rng.normal(size=N), mask=gone))


def only_with_default(at: Book, share: float) -> Sample:
    marked = (at.y == 1) & (at.rng.random(N) < share)
    return at.sample(pa.array(np.where(marked, "legal", at.rng.choice(["north", "south"], N))))


def written_over(at: Book, share: float) -> Sample:
    term = 12 * at.rng.integers(2, 9, N)
    over = (at.y == 1) & (at.rng.random(N) < share)
    other = at.rng.random(N) < 0.1  # some contracts are of odd months
    return at.sample(np.where(over | other, term - at.rng.integers(1, 12, N), term))


def follows(at: Book, noise: float) -> Sample:
    decided = START + at.rng.integers(0, 1_000, N).astype("m8[D]")
    took = at.rng.integers(30, 900, N)
    ended = np.where(at.y == 1, decided + took.astype("m8[D]"), np.datetime64("NaT"))
    values = took / 30 + noise * at.rng.normal(size=N)
    return at.sample(np.where(at.y == 1, values, at.rng.permutation(values)),
                     decided=decided, ended=ended)  # fmt: skip


def reference(at: Book, days: int) -> Sample:
    looked = START + (1_000 + 300 * at.rng.normal(size=N) - days * at.y).astype("m8[D]")
    return at.sample(at.rng.normal(size=N), durations=frozenset({"it"}), reference=looked)


def late(at: Book, rows: int) -> Sample:
    decided = np.full(N, START)
    known = np.where(np.arange(N) < rows, decided + 1, decided)
    return at.sample(at.rng.normal(size=N), decided=decided, known={"it": known})


@pytest.mark.parametrize(
    ("made", "amount", "expected"),
    [
        (copy_of_outcome, (0.30,), "refused near_perfect_alone"),
        (copy_of_outcome, (0.55,), "-"),  # AUC 0.90, from an honest source as far as one can see
        (gap, (0.95, 0.05), "refused missing_tells"),
        (gap, (0.05, 0.95), "refused missing_tells"),
        (gap, (0.70, 0.10), "warned missing_tells"),
        (gap, (0.40, 0.10), "-"),
        (only_with_default, (0.60,), "refused one_outcome_only"),
        (only_with_default, (0.40,), "-"),
        (written_over, (0.80,), "refused fine_pattern"),
        (written_over, (0.35,), "warned fine_pattern"),
        (written_over, (0.10,), "-"),
        (follows, (4.0,), "refused follows_the_outcome"),
        (follows, (10.0,), "warned follows_the_outcome"),
        (follows, (30.0,), "-"),
        (reference, (1_000,), "refused counted_back"),
        (reference, (500,), "warned counted_back"),
        (reference, (100,), "-"),
        (late, (1,), "refused known_after_decision"),
        (late, (0,), "-"),
    ],
)
def test_a_rule_refuses_warns_and_is_silent(made, amount, expected):
    assert told(made(book(), *amount)) == expected
    assert told(made(book(2), *amount)) == expected, "and with other draws"


def one_of_each() -> list[Sample]:
    """A sample for every rule that looks at features."""
    at = book()
    decided = START + np.arange(N).astype("m8[D]")
    rising = (at.rng.random(N) < 0.1 + 0.6 * np.arange(N) / N).astype(np.int64)
    cohort = np.arange(N) // (N // 2)
    moving = at.rng.normal(size=N) + 3 * cohort * at.y
    return [
        copy_of_outcome(at, 0.1),
        gap(at, 0.95, 0.05),
        only_with_default(at, 0.6),
        written_over(at, 0.8),
        follows(at, 4.0),
        reference(at, 1_000),
        late(at, 5),
        at.sample(at.y * 1.0, known_after_outcome=frozenset({"it"})),
        at.sample(at.rng.normal(size=N), durations=frozenset({"it"})),
        at.sample(moving, cohort=cohort),
        at.sample(moving, cohort=cohort, durations=frozenset({"it"})),
        Sample(pa.table({"it": np.arange(N)}), rising, decided=decided),
    ]


def test_every_rule_speaks_two_languages_and_gives_its_figures():
    leaks = [leak for sample in one_of_each() for leak in check(sample)]
    assert {leak.rule for leak in leaks} == documented("feature")
    for leak in leaks:
        assert "it" in leak.en
        assert leak.zh.startswith(("it", "仅凭 it", "在违约样本中，it"))
        assert re.search(r"[\u4e00-\u9fff]", leak.zh)
        assert not re.search(r"[{}]", leak.en + leak.zh), "nothing is left to fill in"
        assert all(np.isfinite(value) for _, value in leak.evidence)
        bare = {"known_after_outcome", "reference_unknown"}
        assert bool(leak.evidence) == (leak.rule not in bare)


ROWS = {"looks_ahead", "group_in_both", "copy_in_both", "trained_on_later"}


def documented(what: str) -> set[str]:
    """Rules in the table of the page, of features or of rows."""
    table = PAGE.read_text(encoding="utf-8").split("## Rules")[1].split("\n\n")[1]
    rules = set()
    for line in table.splitlines()[2:]:
        rules |= set(re.findall(r"`(\w+)`", line.split("|")[1]))
    return rules - ROWS if what == "feature" else rules & ROWS


def test_the_page_lists_every_rule_of_the_code_and_no_other():
    text = "".join(path.read_text(encoding="utf-8") for path in SOURCE.glob("*.py"))
    named = documented("feature") | documented("rows")
    assert len(named) == 15
    assert all(f'"{rule}"' in text for rule in named)
    quoted = set(re.findall(r'"([a-z]+_[a-z_]+)"', text))
    assert {each for each in quoted if each in named} == named


def test_warnings_stand_beside_each_other_and_a_refusal_alone():
    """Half missing among defaults and standing for the year: two things to look at."""
    rng = np.random.default_rng(4)
    decided = START + np.arange(N).astype("m8[D]")
    y = (rng.random(N) < 0.1 + 0.6 * np.arange(N) / N).astype(np.int64)
    gone = rng.random(N) < np.where(y == 1, 0.6, 0.1)
    number = pa.array(np.arange(N), mask=gone)
    leaks = check(Sample(pa.table({"number": number}), y, decided=decided))
    assert [(leak.rule, leak.refuses) for leak in leaks] == [
        ("missing_tells", False),
        ("tells_when", False),
    ]
    after = decided + np.where(np.arange(N) == 5, 1, 0).astype("m8[D]")
    (leak,) = check(
        Sample(pa.table({"number": number}), y, decided=decided, known={"number": after})
    )
    assert leak.rule == "known_after_decision"


def test_findings_come_in_the_order_of_the_columns():
    at = book()
    columns = {name: at.y + 0.1 * at.rng.normal(size=N) for name in ("z", "a", "m")}
    columns["b"] = at.rng.normal(size=N)
    leaks = check(Sample(pa.table(columns), at.y, frozenset({"b"})))
    assert [leak.feature for leak in leaks] == ["z", "a", "m", "b"]


def test_the_check_is_a_function_of_its_rows():
    for sample in one_of_each():
        assert check(sample) == check(sample)


def test_the_order_of_the_file_does_not_hide_a_leak():
    """Sorted by outcome, or bad and good in turns: the same findings."""
    rng = np.random.default_rng(6)
    y = rng.integers(0, 2, N)
    note = np.where(y == 1, rng.choice(["sued", "sold", "moved"], N, p=[0.9, 0.05, 0.05]),
                    rng.choice(["sued", "sold", "moved"], N, p=[0.01, 0.5, 0.49]))  # fmt: skip
    term = 12 * rng.integers(2, 9, N)
    term = np.where((y == 1) & (rng.random(N) < 0.8), term - rng.integers(1, 12, N), term)
    odd = rng.random(N) < 0.1
    table = pa.table({"note": note, "term": np.where(odd, term - 5, term)})
    turns = np.empty(N, np.int64)
    by_outcome = np.argsort(y, kind="stable")
    half = N // 2
    turns[0::2], turns[1::2] = by_outcome[:half], by_outcome[half:]
    for order in (np.arange(N), by_outcome, turns):
        leaks = check(Sample(table.take(pa.array(order)), y[order]))
        assert [(leak.feature, leak.refuses) for leak in leaks] == [("note", True), ("term", True)]


def test_a_column_of_many_names_is_not_strong_by_luck():
    """Four thousand loans of one thousand branches that have nothing to do with the outcome."""
    at = book()
    for each in (1_000, 3_000, 50):
        names = pa.array([f"b{k}" for k in at.rng.integers(0, each, N)])
        assert 0.44 < strength(names, at.y) < 0.56


def test_long_numbers_and_texts_of_other_libraries_are_looked_at():
    y = np.arange(200) % 2
    table = pa.table(
        {
            "contract": pa.array([2**62 + each for each in range(200)]),
            "trade": pa.array(["农业", "工业"] * 100).cast(pa.string_view()),
        }
    )
    assert [(leak.feature, leak.rule) for leak in check(Sample(table, y)) if leak.refuses] == [
        ("trade", "near_perfect_alone")
    ]


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (pa.table({"f": [[1], [2]]}), "column f is of list"),
        (pa.Table.from_arrays([pa.array([1, 2])] * 2, names=["f", "f"]), "of one name: f"),
    ],
)
def test_columns_that_cannot_be_looked_at_are_refused(table, said):
    with pytest.raises(InputError, match=said):
        Sample(table, np.array([0, 1]))
