"""What watching a score costs in false alarms and finds in time, and what few labels can tell.

    python benchmarks/scores.py --only scores.watch

The first four are simulated, from a seed, and the truth is known; the others read the real sets.
The peers are the rules of thumb: PSI above 0.1 or 0.25, and a binomial test at 5 % every month.
"""

import hashlib

import numpy as np
import pyarrow as pa
from measures import score_sets
from measures.found import Found
from scipy.special import expit, logit, ndtri
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression

from headrace.packs.sme_invoices.card import CARD
from headrace.scores.rare import restored
from headrace.scores.rejects import Assumed, Method, infer
from headrace.scores.semi import Unlabelled, compared, plain
from headrace.scores.stacking import Stacking, pays
from headrace.scores.straight_card import terms_of
from headrace.scores.validation.figures import auc, brier
from headrace.scores.validation.nested import Functions, Rows
from headrace.scores.validation.splits import SplitSettings, dealt
from headrace.scores.watch.calibration_drift import by_band, sequential
from headrace.scores.watch.label_delay import Loans, completed
from headrace.scores.watch.outcomes import Outcomes
from headrace.scores.watch.remedies import Cost, Question, costs
from headrace.scores.watch.stability import by_month, shift
from headrace.scores.watch.three_numbers import Lending

BINS = 10
DEVELOPMENT = 10_000
MONTHLY = (50, 100, 300, 1_000, 10_000)


def _hashed(figures: dict[str, float]) -> Found:
    text = ",".join(f"{name}={value!r}" for name, value in figures.items())
    return Found(figures, hashlib.sha256(text.encode()).hexdigest())


def psi(draws: int) -> Found:
    """How often an index alarms by month's rows, if nothing moved and if the score moved by 0.3.

    A year of months each: `year` is the chance of one alarm or more among twelve looks.
    """
    rng = np.random.default_rng(11)
    edges = ndtri(np.arange(1, BINS) / BINS)
    figures: dict[str, float] = {}
    for rows in MONTHLY:
        for name, mean in (("still", 0.0), ("moved", 0.3)):
            alarms = np.zeros((draws, 5))
            for draw in range(draws):
                then = _counted(rng.normal(size=DEVELOPMENT), edges)
                now = _counted(rng.normal(mean, size=rows), edges)
                one = shift(then, now)
                alarms[draw, :3] = one.index > 0.1, one.index > 0.25, one.p_value < 0.05
                if draw < draws // 4:
                    months = [_counted(rng.normal(mean, size=rows), edges) for _ in range(12)]
                    found = by_month(then, np.array(months))
                    alarms[draw, 3] = any(each.index > 0.1 for each in found)
                    alarms[draw, 4] = any(each.index > each.chance for each in found)
            share = alarms.mean(axis=0)
            year = alarms[: draws // 4, 3:].mean(axis=0)
            for what, value in zip(("rule_0.1", "rule_0.25", "ours"), share, strict=False):
                figures[f"psi_{name}_{rows}_{what}"] = float(value)
            figures[f"psi_{name}_{rows}_year_rule_0.1"] = float(year[0])
            figures[f"psi_{name}_{rows}_year_ours"] = float(year[1])
    return _hashed(figures)


def _counted(values: np.ndarray, edges: np.ndarray) -> np.ndarray:
    return np.bincount(np.searchsorted(edges, values, "right"), minlength=BINS)


def calibration(draws: int) -> Found:
    """Two years of 200 ripe loans a month: a monthly test at 5 % against e-values.

    `found` is the share of runs in which odds 1.5 times as high from month 12 on are told by month
    24, `months` the median number of months it takes.
    """
    rng = np.random.default_rng(12)
    month = np.repeat(np.arange(24), 200)
    told: dict[str, list[int]] = {"false": [], "false_monthly": [], "changed_false": []}
    late: dict[str, list[float]] = {"e_value": [], "detector": []}
    for _ in range(draws):
        p = expit(rng.normal(-2.5, 1.0, month.size))
        y = (rng.random(month.size) < p).astype(np.int64)
        calm = sequential(Outcomes(p, y), month)
        told["false"].append(calm.alarm_worse is not None or calm.alarm_better is not None)
        told["changed_false"].append(calm.changed is not None)
        told["false_monthly"].append(
            any(each.p_value < 0.05 for each in by_band(Outcomes(p, y), month))
        )
        worse = expit(logit(p) + np.log(1.5) * (month >= 12))
        storm = sequential(Outcomes(p, (rng.random(month.size) < worse).astype(np.int64)), month)
        for name, when in (("e_value", storm.alarm_worse), ("detector", storm.changed)):
            late[name].append(np.inf if when is None else when - 11)
    figures = {f"calibration_{name}_share": float(np.mean(each)) for name, each in told.items()}
    for name, each in late.items():
        figures[f"calibration_found_{name}_share"] = float(np.isfinite(each).mean())
        figures[f"calibration_{name}_months"] = float(np.median(each))
    return _hashed(figures)


def delay(draws: int) -> Found:
    """Coverage of the 95 % intervals of young vintages, alike and of differing levels."""
    rng = np.random.default_rng(13)
    opened = np.repeat(np.arange(24), 200)
    figures = {}
    for name, spread in (("alike", 0.0), ("uneven", 0.2)):
        inside, error, naive = [], [], []
        for _ in range(draws):
            level = np.exp(rng.normal(0, spread, 24))[opened]
            age = rng.geometric(0.01 * level)
            seen = np.where(age <= 24 - opened, age, 0)
            for each in completed(Loans(opened, seen, 24, 12)).vintages:
                if each.age < 12:
                    truth = int((age[opened == each.opened] <= 12).sum())
                    inside.append(each.final.low <= truth <= each.final.high)
                    error.append(each.final.value - truth)
                    naive.append(each.defaults - truth)
        figures[f"delay_{name}_covered_share"] = float(np.mean(inside))
        figures[f"delay_{name}_bias_loans"] = float(np.mean(error))
        figures[f"delay_{name}_unripe_as_good_bias_loans"] = float(np.mean(naive))
    return _hashed(figures)


def rejects(draws: int, rows: int = 3_000) -> Found:
    """SIMULATED. Reject inference where the lender saw only the columns, and where it knew more.

    Three worlds: acceptance by the columns alone, with a little and with much weight on a fact that
    drives default and is not among them (a visit to the firm). Figures are AUC and Brier score over
    all who applied, whose outcome the simulation knows, less those of the accepted alone.
    """
    worlds = {"columns_only": 0.0, "knew_a_little": 0.5, "knew_much": 1.5}
    ways = {
        "reweighting": Assumed(Method.REWEIGHTING),
        "fuzzy_1": Assumed(Method.FUZZY, 1.0),
        "fuzzy_2": Assumed(Method.FUZZY, 2.0),
        "parcelling_2": Assumed(Method.PARCELLING, 2.0),
    }
    rng = np.random.default_rng(14)
    gains: dict[str, list[tuple[float, float, float]]] = {}
    true_ratio: dict[str, list[float]] = {}
    for _ in range(draws):
        for world, weight in worlds.items():
            x, hidden = rng.normal(size=(rows, 3)), rng.normal(size=rows)
            risk = x @ np.array([1.0, 0.6, 0.0])
            y = (rng.random(rows) < expit(-2.2 + risk + 0.8 * hidden)).astype(np.int64)
            seen = risk + weight * hidden + rng.normal(0, 0.5, rows)
            accepted = seen < np.quantile(seen, 0.6)
            book = Rows(x[accepted], y[accepted])
            procedure = plain(10.0)
            base = procedure.predict(procedure.fit(book), x)
            refused = ~accepted
            true_ratio.setdefault(world, []).append(float(y[refused].mean() / base[refused].mean()))
            for way, assumed in ways.items():
                p = procedure.predict(infer(procedure, book, x[refused], assumed).model, x)
                gains.setdefault(f"{world}_{way}", []).append(
                    (
                        auc(y, p) - auc(y, base),
                        brier(y, base).score - brier(y, p).score,
                        float(p[refused].mean() - y[refused].mean()),
                    )
                )
    figures = {
        f"rejects_{each}_true_multiplier": float(np.mean(v)) for each, v in true_ratio.items()
    }
    for name, each in gains.items():
        for what, values in zip(
            ("auc_gain", "brier_gain", "refused_bias"), np.array(each).T, strict=True
        ):
            figures[f"rejects_{name}_{what}"] = float(values.mean())
            figures[f"rejects_{name}_{what}_error"] = float(values.std() / np.sqrt(draws))
    return _hashed(figures)


def _numbers_of(rows_x: pa.Table) -> np.ndarray:
    """Numbers as they are, texts one column a value, by the values of these rows."""
    columns = []
    for name in rows_x.column_names:
        column = rows_x[name].combine_chunks()
        if pa.types.is_dictionary(column.type):
            codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            columns += [codes == code for code in range(1, len(column.dictionary))]
        else:
            columns.append(score_sets.as_numbers(column))
    return np.column_stack(columns).astype(np.float64)


def one_hot() -> Functions:
    """L2 logistic regression on one column a value; weights are heeded."""
    inner = plain(0.1)

    def fit(rows: Rows) -> object:
        return inner.fit(Rows(_numbers_of(rows.x), rows.y, rows.w))

    return Functions(fit, lambda model, x: inner.predict(model, _numbers_of(x)))


PRICE_FUNDING, PRICE_LOSS = 0.03, 0.45


def _break_even(p: np.ndarray) -> np.ndarray:
    """The annual rate at which a loan of a year pays for its funding and its losses."""
    return (PRICE_FUNDING + p * PRICE_LOSS) / (1 - p)


def _german(by: str) -> tuple[np.ndarray, tuple[str, str], tuple[tuple[str, ...], ...]]:
    table = score_sets.german().table
    status = np.array(table["status_and_sex"].to_pylist())
    age = score_sets.as_numbers(table["age"])
    foreign = np.array(table["foreign_worker"].to_pylist()) == "A201"
    group, names, column = {
        "sex": (np.isin(status, ("A92", "A95")), ("men", "women"), "status_and_sex"),
        "age": (age <= 25, ("older", "to_25"), "age"),
        "foreign": (foreign, ("not_foreign", "foreign"), "foreign_worker"),
    }[by]
    return group, names, ((column,), ("status_and_sex", "age", "foreign_worker"))


def fairness(name: str, by: str = "sex") -> Found | None:
    """Approval and remedies by group. The safest 70 % are approved; out of five folds."""
    if not score_sets.DATA.is_dir():
        return None
    if name == "german":
        data = score_sets.german()
        group, names, without = _german(by)
        exposure = score_sets.as_numbers(data.table["amount"])
    else:
        data = score_sets.taiwan()
        group, names = np.array(data.table["sex"].to_pylist()) == "2", ("men", "women")
        without = (("sex",), ("sex", "age", "marriage"))
        exposure = score_sets.as_numbers(data.table["limit_bal"])
    splits = dealt(data.y, data.groups, SplitSettings(folds=5, seed=5))
    lending = Lending(exposure, PRICE_LOSS, _break_even)
    asked = Question(0.7, group.astype(np.int64), names, lending, without)
    found = costs(one_hot(), Rows(data.features, data.y), splits, asked)
    return _hashed({key: value for cost in found for key, value in _lines(f"{name}_{by}", cost)})


def _lines(name: str, cost: Cost) -> list[tuple[str, float]]:
    begin = f"fairness_{name}_{cost.remedy.value}"
    if cost.remedy.value == "without":
        begin += f"_{cost.en.split('without ')[1].replace(', ', '+')}"
    lines = [
        (f"{begin}_approval", cost.numbers.approval.value),
        (f"{begin}_price", cost.numbers.price),
        (f"{begin}_expected_loss", cost.numbers.expected_loss),
        (f"{begin}_observed_loss", cost.numbers.observed_loss),
        (f"{begin}_auc", cost.auc.value),
        (f"{begin}_ratio_least", cost.ratio_least),
        (f"{begin}_loss_change", cost.changes.observed_loss.value),
        (f"{begin}_loss_change_low", cost.changes.observed_loss.low),
        (f"{begin}_loss_change_high", cost.changes.observed_loss.high),
    ]
    for group in cost.groups:
        lines += [
            (f"{begin}_{group.name}_approval", group.approval.value),
            (f"{begin}_{group.name}_good_refused", group.good_refused.value),
            (f"{begin}_{group.name}_expected_less_observed", group.expected - group.observed.value),
            (f"{begin}_{group.name}_auc", group.auc.value if group.auc else float("nan")),
        ]
    return lines


def sba_rate() -> Found | None:
    """Half of the SBA sample defaulted, of the world 17.6 %: mean probabilities of both."""
    if not score_sets.DATA.is_dir():
        return None
    data = score_sets.sba()
    x = np.log1p(score_sets.as_numbers(data.table["amount"]))[:, None]
    model = LogisticRegression(C=1e6).fit(x, data.y)
    p = model.predict_proba(x)[:, 1]
    true_rate = 157_558 / (157_558 + 739_609)
    return _hashed(
        {
            "sba_sample_mean": float(p.mean()),
            "sba_true_rate": true_rate,
            "sba_restored_mean": float(
                np.average(restored(p, float(data.y.mean()), true_rate), weights=data.weights)
            ),
        }
    )


def semi(repeats: int = 5) -> Found | None:
    """CUMCM: 123 labelled firms, 302 without a label. Published: label spreading 0.778."""
    if not score_sets.DATA.is_dir():
        return None
    data = score_sets.cumcm()
    every = score_sets.pack_features(score_sets.DATA / "cumcm2020c")
    labelled = data.table.num_rows
    terms = CARD.terms
    x = terms_of(data.table, terms)
    known = {tuple(row) for row in np.nan_to_num(x, nan=-1e9).tolist()}
    whole = terms_of(every, terms)
    fresh = np.array([tuple(r) not in known for r in np.nan_to_num(whole, nan=-1e9).tolist()])
    splits = dealt(data.y, None, SplitSettings(folds=5, repeats=repeats, seed=7))
    found = compared(Rows(x, data.y), Unlabelled(whole[fresh]), splits)
    figures = {"semi_labelled": float(labelled), "semi_unlabelled": float(fresh.sum())}
    for each in found.tried:
        figures |= {
            f"semi_{each.name}_auc": each.auc.value,
            f"semi_{each.name}_auc_low": each.auc.low,
            f"semi_{each.name}_auc_high": each.auc.high,
            f"semi_{each.name}_brier": each.brier,
            f"semi_{each.name}_gain": each.gain.value,
            f"semi_{each.name}_gain_low": each.gain.low,
            f"semi_{each.name}_gain_high": each.gain.high,
        }
    return _hashed(figures)


def ensemble(name: str) -> Found | None:
    """Logistic regression and boosted trees as one, against the better of the two."""
    if not score_sets.DATA.is_dir():
        return None
    data = {"german": score_sets.german, "taiwan": score_sets.taiwan}[name]()
    trees = Functions(
        lambda rows: HistGradientBoostingClassifier(
            learning_rate=0.05, max_iter=150, max_leaf_nodes=15, min_samples_leaf=20, random_state=0
        ).fit(_numbers_of(rows.x), rows.y),
        lambda model, x: model.predict_proba(_numbers_of(x))[:, 1],
    )
    settings = SplitSettings(folds=5, seed=5)
    members = {"logistic": one_hot(), "trees": trees}
    splits = dealt(data.y, data.groups, settings)
    rows = Rows(data.features, data.y, groups=data.groups)
    found = pays(rows, Stacking(members, settings), splits)
    return _hashed(
        {f"ensemble_{name}_{each}_auc": figure.value for each, figure in found.members.items()}
        | {
            f"ensemble_{name}_auc": found.ensemble.value,
            f"ensemble_{name}_gain": found.gain.value,
            f"ensemble_{name}_gain_low": found.gain.low,
            f"ensemble_{name}_gain_high": found.gain.high,
            f"ensemble_{name}_kept": float(found.kept == "ensemble"),
        }
    )
