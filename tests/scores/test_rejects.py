"""Reject inference: always flagged, and no better than its assumption."""

import dataclasses

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import expit

from headrace.errors import InputError
from headrace.scores.rejects import Assumed, Inferred, Method, infer, sensitivity
from headrace.scores.semi import plain
from headrace.scores.validation.nested import Functions, Rows


def applicants(hidden_weight, rows=6000, seed=0):
    """Simulated. The lender saw the columns and, with this weight, a fact not among them."""
    rng = np.random.default_rng(seed)
    x, hidden = rng.normal(size=(rows, 2)), rng.normal(size=rows)
    risk = x[:, 0] + 0.6 * x[:, 1]
    y = (rng.random(rows) < expit(-2.2 + risk + 0.8 * hidden)).astype(np.int64)
    seen = risk + hidden_weight * hidden + rng.normal(0, 0.5, rows)
    accepted = seen < np.quantile(seen, 0.6)
    return x, y, accepted


def inferred(world, assumed) -> Inferred:
    x, y, accepted = world
    return infer(plain(10.0), Rows(x[accepted], y[accepted]), x[~accepted], assumed)


METHODS = [
    Assumed(Method.NONE),
    Assumed(Method.REWEIGHTING),
    Assumed(Method.FUZZY, 1.5),
    Assumed(Method.PARCELLING, 1.5, seed=3),
]


@pytest.mark.parametrize("assumed", METHODS, ids=lambda each: each.method.value)
def test_every_result_says_how_much_of_it_was_guessed(assumed):
    world = applicants(0.5)
    found = inferred(world, assumed)
    guesses = assumed.method in {Method.FUZZY, Method.PARCELLING}
    refused = int((~world[2]).sum())
    assert found.inferred == (assumed.method is not Method.NONE)
    assert found.labels_inferred == (refused if guesses else 0)
    assert found.labels_observed == world[2].sum()
    assert np.isnan(found.bad_rate_inferred) != guesses
    assert all(str(found.labels_inferred) in text for text in (found.en, found.zh))
    assert found.assumed is assumed
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.inferred = False


def test_without_inference_it_is_the_plain_model():
    x, y, accepted = world = applicants(0.0)
    procedure = plain(10.0)
    found = inferred(world, Assumed(Method.NONE))
    p = procedure.predict(procedure.fit(Rows(x[accepted], y[accepted])), x)
    assert (procedure.predict(found.model, x) == p).all()


def test_fuzzy_augmentation_at_one_learns_nothing():
    """Its labels are the model's own: it changes no weight (Hand and Henley 1993)."""
    x, *_ = world = applicants(0.5)
    plain_p = plain(10.0).predict(inferred(world, Assumed(Method.NONE)).model, x)
    fuzzy_p = plain(10.0).predict(inferred(world, Assumed(Method.FUZZY, 1.0)).model, x)
    assert np.abs(fuzzy_p - plain_p).max() < 0.002


def test_a_multiplier_makes_the_refused_worse_by_assumption():
    world = applicants(0.5)
    found = [inferred(world, Assumed(Method.FUZZY, m)) for m in (1.0, 1.5, 3.0)]
    rates = [each.bad_rate_inferred for each in found]
    assert rates[0] < rates[1] < rates[2] < 1
    assert rates[1] == pytest.approx(1.5 * rates[0], rel=0.1)
    parcelled = inferred(world, Assumed(Method.PARCELLING, 1.5, seed=1))
    assert parcelled.bad_rate_inferred == pytest.approx(rates[1], abs=0.12)


def test_it_helps_where_the_lender_knew_more_and_the_multiplier_is_right():
    x, y, accepted = world = applicants(1.5, rows=20_000)
    refused = ~accepted
    p = plain(10.0).predict(inferred(world, Assumed(Method.NONE)).model, x)
    short = y[refused].mean() / p[refused].mean()
    assert short > 1.5  # the accepted alone make the refused look far too good
    right = inferred(world, Assumed(Method.FUZZY, float(short)))
    q = plain(10.0).predict(right.model, x)
    assert np.mean((q - y) ** 2) < np.mean((p - y) ** 2)
    assert abs(q[refused].mean() - y[refused].mean()) < abs(p[refused].mean() - y[refused].mean())


def test_it_hurts_where_the_columns_say_all_and_the_multiplier_is_guessed():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(20_000, 2))
    risk = x[:, 0] + 0.6 * x[:, 1]
    y = (rng.random(20_000) < expit(-2.2 + risk)).astype(np.int64)
    accepted = risk + rng.normal(0, 0.5, 20_000) < np.quantile(risk, 0.6)
    world = (x, y, accepted)
    p = plain(10.0).predict(inferred(world, Assumed(Method.NONE)).model, x)
    q = plain(10.0).predict(inferred(world, Assumed(Method.FUZZY, 2.0)).model, x)
    assert abs(p[~accepted].mean() - y[~accepted].mean()) < 0.02  # nothing was wrong
    assert np.mean((q - y) ** 2) > np.mean((p - y) ** 2) + 0.005


def test_reweighting_counts_those_who_are_like_the_refused_for_more():
    x, *_ = world = applicants(0.0)
    found = inferred(world, Assumed(Method.REWEIGHTING))
    assert 2 < found.weight_largest < 60
    assert inferred(world, Assumed(Method.NONE)).weight_largest == 1
    p = plain(10.0).predict(found.model, x)
    base = plain(10.0).predict(inferred(world, Assumed(Method.NONE)).model, x)
    assert np.corrcoef(p, base)[0, 1] > 0.95


def test_sensitivity_lays_assumptions_side_by_side():
    x, y, accepted = applicants(0.5)
    assumptions = [Assumed(Method.FUZZY, m) for m in (1.0, 1.5, 2.0, 3.0)]
    found = sensitivity(
        plain(10.0), Rows(x[accepted], y[accepted]), x[~accepted], assumptions, cut_off=0.2
    )
    means = [each.mean_refused for each in found]
    portions = [each.portion_below for each in found]
    assert means == sorted(means)
    assert portions == sorted(portions, reverse=True)
    assert portions[0] > portions[-1] + 0.1  # how many come in hangs on what nobody knows
    assert found[0].rank_agreement == pytest.approx(1.0)
    assert all(each.result.inferred for each in found)


def test_chance_deals_the_labels_of_parcels_from_its_seed():
    world = applicants(0.5, rows=1500)
    one, same, other = (
        inferred(world, Assumed(Method.PARCELLING, 1.5, seed=s)).bad_rate_inferred
        for s in (1, 1, 2)
    )
    assert one == same
    assert one != other


def test_tables_are_taken_as_well_as_arrays():
    x, y, accepted = applicants(0.5, rows=800)
    inner = plain(10.0)
    procedure = Functions(
        lambda rows: inner.fit(Rows(np.column_stack([rows.x["a"], rows.x["b"]]), rows.y, rows.w)),
        lambda model, t: inner.predict(model, np.column_stack([t["a"], t["b"]])),
    )
    table = pa.table({"a": x[:, 0], "b": x[:, 1]})
    book = Rows(table.filter(pa.array(accepted)), y[accepted])
    found = infer(procedure, book, table.filter(pa.array(~accepted)), Assumed(Method.FUZZY, 1.5))
    twin = inferred((x, y, accepted), Assumed(Method.FUZZY, 1.5))
    assert found.bad_rate_inferred == pytest.approx(twin.bad_rate_inferred)


def test_texts_of_both_sides_are_put_together():
    """Categories that only the refused have are categories too."""
    recorder = Recorder()
    recorder.predict = lambda model, x: np.full(x.num_rows, 0.3)

    def sector(*names):
        return pa.table({"sector": pa.array(names).dictionary_encode()})

    book = Rows(sector("trade", "trade", "building", "trade"), BOOK.y)
    infer(recorder, book, sector("farm", "trade"), Assumed(Method.FUZZY, 1.0))
    column = recorder.seen[-1].x["sector"]
    assert column.to_pylist() == ["trade", "trade", "building", "trade"] + 2 * ["farm", "trade"]
    assert len({str(chunk.dictionary) for chunk in column.chunks}) == 1


def test_assumptions_that_make_no_sense_are_refused():
    with pytest.raises(InputError, match="multiplier of 2"):
        Assumed(Method.REWEIGHTING, 2.0)
    with pytest.raises(InputError, match="multiplier of 0"):
        Assumed(Method.FUZZY, 0.0)
    with pytest.raises(InputError, match="nobody was refused"):
        infer(plain(), Rows(np.zeros((4, 1)), np.array([0, 1, 0, 1])), np.zeros((0, 1)), METHODS[2])


class Recorder:
    """A procedure that keeps the rows it is given and predicts what its column says."""

    def __init__(self):
        self.seen = []

    def fit(self, rows):
        self.seen.append(rows)
        return len(self.seen)

    def predict(self, model, x):
        return np.asarray(x)[:, 0]


BOOK = Rows(np.array([[0.1], [0.2], [0.4], [0.4]]), np.array([0, 0, 1, 0]))
REFUSED = np.array([[0.3], [0.6]])


def test_fuzzy_augmentation_by_hand():
    """Each refused applicant is bad with 1.5 times its probability, and good with the rest."""
    recorder = Recorder()
    found = infer(recorder, BOOK, REFUSED, Assumed(Method.FUZZY, 1.5))
    rows = recorder.seen[-1]
    assert rows.x[:, 0].tolist() == [0.1, 0.2, 0.4, 0.4, 0.3, 0.6, 0.3, 0.6]
    assert rows.y.tolist() == [0, 0, 1, 0, 1, 1, 0, 0]
    assert rows.w == pytest.approx([1, 1, 1, 1, 0.45, 0.9, 0.55, 0.1])
    assert found.bad_rate_inferred == pytest.approx((0.45 + 0.9) / 2)
    assert (found.labels_inferred, found.labels_observed) == (2, 4)


def test_a_certain_bad_has_no_good_half():
    recorder = Recorder()
    infer(recorder, BOOK, REFUSED, Assumed(Method.FUZZY, 2.0))
    assert recorder.seen[-1].y.tolist() == [0, 0, 1, 0, 1, 1, 0]  # 0.6 twice is sure


def test_reweighting_by_hand():
    """Weights are one over the probability of acceptance, with a mean of 1, labels untouched."""
    recorder = Recorder()
    found = infer(recorder, BOOK, REFUSED, Assumed(Method.REWEIGHTING))
    acceptance, fitted = recorder.seen
    assert acceptance.y.tolist() == [1, 1, 1, 1, 0, 0]
    assert fitted.y.tolist() == BOOK.y.tolist()
    expected = 1 / np.array([0.1, 0.2, 0.4, 0.4])
    assert fitted.w == pytest.approx(expected / expected.mean())
    assert found.weight_largest == pytest.approx(fitted.w.max())


def test_no_accepted_row_counts_for_more_than_fifty():
    recorder = Recorder()
    book = Rows(np.array([[0.0001], [1.0], [1.0], [1.0]]), BOOK.y)
    infer(recorder, book, REFUSED, Assumed(Method.REWEIGHTING))
    w = recorder.seen[-1].w
    assert w[0] / w[1] == pytest.approx(50)


def test_parcels_take_the_rate_of_their_band():
    """Ten bands of the accepted: who is refused in a band gets its rate, times the multiplier."""
    p = np.repeat(np.arange(0.05, 1.0, 0.1), 100)[:, None]
    y = (np.arange(1000) % 100 < np.repeat(np.arange(5, 100, 10), 100)).astype(np.int64)
    refused = np.repeat([0.05, 0.45], 4000)[:, None]
    recorder = Recorder()
    infer(recorder, Rows(p, y), refused, Assumed(Method.PARCELLING, 1.2, seed=1))
    rows = recorder.seen[-1]
    labels = rows.y[1000:]
    assert labels[:4000].mean() == pytest.approx(1.2 * 0.05, abs=0.015)
    assert labels[4000:].mean() == pytest.approx(1.2 * 0.45, abs=0.03)
    assert (rows.w == 1).all()


def test_weights_that_rows_have_already_are_kept():
    recorder = Recorder()
    book = Rows(BOOK.x, BOOK.y, np.array([1.0, 1.0, 3.0, 1.0]))
    found = infer(recorder, book, REFUSED, Assumed(Method.FUZZY, 1.0))
    assert recorder.seen[-1].w[:4].tolist() == [1, 1, 3, 1]
    assert found.bad_rate_observed == 0.5


class Seen:
    """A procedure that keeps the rows it was given."""

    def __init__(self):
        self.rows = []

    def fit(self, rows):
        self.rows.append(rows)
        return plain().fit(rows)

    def predict(self, model, x):
        return plain().predict(model, x)


def loans(**more):
    rng = np.random.default_rng(8)
    x = rng.normal(size=(300, 2))
    return Rows(x, (rng.random(300) < expit(x[:, 0] - 1)).astype(np.int64), **more), x[:40] + 1


def test_the_accepted_keep_their_weights_times_and_groups_when_reweighted():
    w, firms = np.where(np.arange(300) < 150, 4.0, 1.0), np.arange(300) // 2
    accepted, refused = loans(w=w, times=np.arange(300).astype("M8[D]"), groups=firms)
    seen = Seen()
    infer(seen, accepted, refused, Assumed(Method.REWEIGHTING))
    acceptance, last = seen.rows
    assert acceptance.w.tolist() == [*w.tolist(), *[1.0] * 40]
    assert last.times is accepted.times
    assert last.groups is accepted.groups


def test_both_halves_of_a_refused_applicant_are_one_group():
    accepted, refused = loans()
    seen = Seen()
    infer(seen, accepted, refused, Assumed(Method.FUZZY))
    filled = seen.rows[-1]
    assert len(seen.rows) == 2  # the accepted, then all
    assert filled.groups[300:340].tolist() == filled.groups[340:].tolist()
    assert np.unique(filled.groups).size == 340


def test_applicants_of_one_probability_agree_with_no_ranks():
    accepted, refused = loans()
    alike = Functions(lambda rows: None, lambda model, x: np.full(len(x), 0.3))
    several = [Assumed(Method.NONE), Assumed(Method.FUZZY, 2.0)]
    assert np.isnan(sensitivity(alike, accepted, refused, several, 0.5)[1].rank_agreement)
    halves = Functions(lambda rows: None, lambda model, x: np.where(x[:, 0] > 1, 0.4, 0.2))
    assert sensitivity(halves, accepted, refused, several, 0.5)[1].rank_agreement == 1.0


def test_refused_applicants_with_other_features_are_not_taken():
    accepted, refused = loans()
    with pytest.raises(InputError, match=r"columns \(2,\), refused with \(1,\)"):
        infer(plain(), accepted, refused[:, :1], Assumed(Method.FUZZY))
