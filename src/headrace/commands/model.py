"""`headrace model`: models on a user's own table: fitted, compared, applied, explained."""

import hashlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pyarrow as pa
import typer

from headrace.adapters import printing
from headrace.adapters.contract_tables import write_contract_table
from headrace.adapters.pmml_files import boosting_pmml, card_pmml
from headrace.adapters.printing import card as printing_card
from headrace.adapters.printing import model as printing_model
from headrace.adapters.user_files import write_file
from headrace.commands import model_watch
from headrace.commands.card_options import (
    After,
    Bad,
    Category,
    File,
    Group,
    LeaveOut,
    Target,
    Time,
    labelled,
    set_aside,
)
from headrace.commands.desk_options import AsTable, checked_out
from headrace.commands.model_files import (
    ModelFile,
    check_file,
    directions,
    directions_of,
    given_to,
    load_model,
    load_rows,
    located,
    save_model,
)
from headrace.commands.options import AsJson, Language
from headrace.errors import InputError
from headrace.scores.cards.points_card import PointsCard
from headrace.scores.linear import Linear
from headrace.scores.store import saved
from headrace.scores.table_fitting import Making
from headrace.scores.table_model import KINDS, TableModel
from headrace.scores.trees.model import Boosting
from headrace.scores.validation.curves import Stakes
from headrace.scores.validation.splits import SplitSettings
from headrace.workflows.card_building import Dated
from headrace.workflows.card_rows import Asked, others
from headrace.workflows.model_building import (
    Built,
    Comparison,
    Contestants,
    Plan,
    build,
    explained,
    importance,
    side_by_side,
)

app = typer.Typer(help="Models on your own table: fit, compare, apply, explain, watch, export.")

Folds = Annotated[int, typer.Option("--folds", min=2, max=50, help="Parts that rows are dealt to.")]
Repeats = Annotated[int, typer.Option("--repeats", min=1, max=50, help="Deals, without --time.")]
Ripe = Annotated[
    int, typer.Option("--ripe", min=0, max=20_000, help="Days until an outcome is known.")
]
Seed = Annotated[int, typer.Option("--seed", min=0, max=2**31 - 1, help="Deals rows to folds.")]
Weight = Annotated[
    str | None, typer.Option("--weight", help="Column: rows of the world that a row stands for.")
]
Monotone = Annotated[
    list[str] | None,
    typer.Option("--monotone", help="income=down: risk falls as it rises; debt=up; repeat it."),
]
MonotoneFrom = Annotated[
    Path | None, typer.Option("--monotone-from", help="Take the directions of this card's bins.")
]
AllowLeakage = Annotated[
    bool, typer.Option("--allow-leakage", help="Go on where the leakage check refuses; said so.")
]
YUAN_MAX = 1_000_000_000


@app.command("fit")
@located("file")
def fit_command(  # noqa: PLR0913, PLR0917 - a command has a parameter per option
    file: File,
    target: Target,
    out: Annotated[Path, typer.Option("--out", help="Model to write, .json.")],
    kind: Annotated[str, typer.Option("--kind", help=f"{', '.join(KINDS)}.")] = "boosting",
    bad: Bad = None,
    time: Time = None,
    group: Group = None,
    after: After = None,
    leave_out: LeaveOut = None,
    category: Category = None,
    monotone: Monotone = None,
    monotone_from: MonotoneFrom = None,
    weight: Weight = None,
    base_rate: Annotated[
        float | None, typer.Option("--base-rate", help="Default rate of the world, 0 to 1.")
    ] = None,
    folds: Folds = 5,
    repeats: Repeats = 1,
    ripe: Ripe = 0,
    seed: Seed = 7,
    allow_leakage: AllowLeakage = False,  # noqa: FBT002 - a flag
    lang: Language = "zh",
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Check for leakage, validate on rows held out, fit on all, save."""
    check_file(out)
    ways = _directions(directions_of(monotone_from), directions(monotone))
    making = Making(kind, target, ways, base_rate, seed)
    left = (*(leave_out or ()), *((weight,) if weight else ()))
    asked = Asked(target, tuple(bad or ()), left, tuple(category or ()), time, group)
    loaded = load_rows(file, asked, weight, lang)
    if monotone_from is not None:
        named = {
            name: sign for name, sign in ways.items() if name in loaded.rows.table.column_names
        }
        making = Making(kind, target, named, base_rate, seed)
    plan = Plan(
        making, SplitSettings(folds, repeats, maturity_days=ripe, seed=seed),
        Dated(after=tuple(after or ())), allow_leakage,
    )  # fmt: skip
    with printing_card.progress("fitting", lang, quiet=as_json) as tick:
        found = build(loaded.rows, loaded.weights, plan, tick)
    save_model(out, found.model)
    beside = set_aside(out, loaded.rows.refused)
    digest = hashlib.sha256(saved(found.model)).hexdigest()
    if as_json:
        printing.as_json({**fitted_value(found), "model": str(out), "sha256": digest})
        return
    labelled(loaded.raw, lang)
    printing_card.read(loaded.rows, beside, lang)
    printing_card.findings(found.findings, lang)
    printing_model.built(found, lang)
    printing_model.saved(found.model, str(out), digest, lang)


def _directions(card: dict[str, int], typed: dict[str, int]) -> dict[str, int]:
    """What is typed goes before what a card says."""
    return {**card, **typed}


@app.command("compare")
@located("file")
def compare_command(  # noqa: PLR0913, PLR0917 - a command has a parameter per option
    file: File,
    target: Target,
    kinds: Annotated[
        str, typer.Option("--with", help="Kinds, with commas between them.")
    ] = "card,linear,boosting",
    bad: Bad = None,
    time: Time = None,
    group: Group = None,
    after: After = None,
    leave_out: LeaveOut = None,
    category: Category = None,
    monotone: Monotone = None,
    weight: Weight = None,
    loss: Annotated[
        float, typer.Option("--loss", min=0.01, max=YUAN_MAX, help="Yuan lost on a bad one.")
    ] = 50_000.0,
    profit: Annotated[
        float, typer.Option("--profit", min=0.01, max=YUAN_MAX, help="Yuan earned on a good one.")
    ] = 5_000.0,
    folds: Folds = 5,
    repeats: Repeats = 1,
    ripe: Ripe = 0,
    seed: Seed = 7,
    allow_leakage: AllowLeakage = False,  # noqa: FBT002 - a flag
    lang: Language = "zh",
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Kinds of model on the same folds: is the complex one better than the simple one?"""
    names = tuple(each.strip() for each in kinds.split(",") if each.strip())
    stakes = Stakes(max(1, round(loss * 100)), max(1, round(profit * 100)))
    contestants = Contestants(names, stakes)
    making = Making(kind="card", target=target, monotone=directions(monotone), seed=seed)
    left = (*(leave_out or ()), *((weight,) if weight else ()))
    asked = Asked(target, tuple(bad or ()), left, tuple(category or ()), time, group)
    loaded = load_rows(file, asked, weight, lang)
    plan = Plan(
        making, SplitSettings(folds, repeats, maturity_days=ripe, seed=seed),
        Dated(after=tuple(after or ())), allow_leakage,
    )  # fmt: skip
    with printing_card.progress("fitting", lang, quiet=as_json) as tick:
        found = side_by_side(loaded.rows, loaded.weights, plan, contestants, tick)
    if as_json:
        printing.as_json(compared_value(found))
        return
    labelled(loaded.raw, lang)
    printing_card.read(loaded.rows, None, lang)
    printing_card.findings(found.findings, lang)
    printing_model.compared(found, (loss, profit), lang)


@app.command("apply")
@located("file")
def apply_command(
    model: ModelFile,
    file: File,
    out: AsTable = None,
    lang: Language = "zh",
    *,
    as_json: AsJson = False,
) -> None:
    """Score a table: probability of default, and points and class where the model is a card."""
    checked_out(out)
    found = load_model(model)
    raw, given = given_to(found, file, (), lang)
    probability = found.probability(given.table)
    beside = set_aside(out, given.refused)
    scored = _scored(found, raw, given, probability)
    if out is not None:
        write_contract_table(out, scored, {})
    if as_json:
        told = {
            "rows": probability.size,
            "mean": float(probability.mean()),
            "refused": given.refused.to_pylist(),
            "probability": probability.tolist() if out is None else None,
            "out": None if out is None else str(out),
        }
        printing.as_json(told)
        return
    labelled(raw, lang)
    printing_model.warnings(found, lang)
    printing_card.refused(given.refused, "refused_apply", beside, lang)
    printing_model.applied(probability, lang)
    if out is not None:
        printing_model.written(str(out), scored, lang)


def _scored(model: TableModel, raw: Any, given: Any, probability: Any) -> pa.Table:
    """What tells who a row is about, then what the model says."""
    places = pa.array(given.places)
    beside = others(raw, model.names).take(places)
    columns = {"row": pa.array(raw.rows[given.places])}
    own = ("row", "probability", "points", "class")
    columns |= {
        f"file_{name}" if name in own else name: beside[name] for name in beside.column_names
    }
    columns["probability"] = pa.array(probability)
    if isinstance(model.model, PointsCard):
        columns["points"] = pa.array(model.model.score(given.table))
        columns["class"] = pa.array(model.model.classes(given.table).tolist())
    return pa.table(columns)


@app.command("explain")
@located("file")
def explain_command(
    model: ModelFile,
    file: File,
    row: Annotated[int, typer.Option("--row", min=1, help="Data row of the file, from 1.")],
    lang: Language = "zh",
    *,
    as_json: AsJson = False,
) -> None:
    """Why a row has its score: what each column adds (Shapley values, or points of a card)."""
    found = load_model(model)
    raw, given = given_to(found, file, (), lang)
    at = np.flatnonzero(raw.rows[given.places] == row)
    if not at.size:
        last = int(raw.rows.max())
        where = f"--row {row}"
        if given.refused.num_rows and row in given.refused["row"].to_pylist():
            raise InputError(
                "this row holds a cell that cannot be read", where=where, remedy="mend it"
            )
        raise InputError("there is no such row", where=where, remedy=f"1 to {last}")
    one = given.table.take(pa.array(at)).combine_chunks()
    parts = explained(found, one)
    p = float(found.probability(one)[0])
    if as_json:
        told = [
            {"feature": e.name, "value": e.value, "adds": e.added, "most": e.best} for e in parts
        ]
        unit = "points" if found.is_card else "log odds"
        printing.as_json({"row": row, "probability": p, "start": found.start, "unit": unit,
                          "parts": told})  # fmt: skip
        return
    labelled(raw, lang)
    printing_model.warnings(found, lang)
    if isinstance(found.model, PointsCard):
        points, rating = int(found.model.score(one)[0]), str(found.model.classes(one)[0])
        printing.line(
            printing_model.say("row_points", lang, row=row, p=p, points=points, rating=rating)
        )
    else:
        printing.line(printing_model.say("row", lang, row=row, p=p))
    printing_model.reasons(parts, lang)
    if not found.is_card:
        end = found.start + sum(each.added for each in parts)
        after = printing_model.say("calibrated", lang) if found.kind == "boosting" else ""
        told_sum = printing_model.say("starts", lang, start=found.start, end=end, after=after)
        printing.line(told_sum)


@app.command("importance")
@located("model")
def importance_command(
    model: ModelFile,
    file: Annotated[
        Path | None, typer.Argument(help="Table to measure on; else as it was fitted.")
    ] = None,
    lang: Language = "zh",
    *,
    as_json: AsJson = False,
) -> None:
    """What counts: the mean size of what each column adds."""
    found = load_model(model)
    sizes = found.learnt.importance
    if file is not None:
        _, given = given_to(found, file, (), lang)
        sizes = importance(found, given.table)
    if not sizes:
        raise InputError(
            "this model does not say what counts", where=str(model), remedy="name a table, too"
        )
    if as_json:
        printing.as_json(dict(zip(found.names, sizes, strict=True)))
        return
    printing_model.important(replace(found, learnt=replace(found.learnt, importance=sizes)), lang)


@app.command("show")
@located("model")
def show_command(model: ModelFile, *, lang: Language = "zh", as_json: AsJson = False) -> None:
    """What a model is: its kind, its columns, how good it was on rows it had not seen."""
    found = load_model(model)
    if as_json:
        printing.as_json(shown_value(found))
    else:
        printing_model.shown(found, lang)


@app.command("export")
@located("model")
def export_command(
    model: ModelFile,
    onnx: Annotated[Path | None, typer.Option("--onnx", help="Write ONNX, .onnx.")] = None,
    pmml: Annotated[Path | None, typer.Option("--pmml", help="Write PMML 4.4, .pmml.")] = None,
    lang: Language = "zh",
) -> None:
    """Write a model for other engines; its probabilities are the same there."""
    if onnx is None and pmml is None:
        raise InputError("nothing to write", where="--onnx, --pmml", remedy="name one of them")
    for path in (onnx, pmml):
        if path is not None:
            check_file(path)
    found = load_model(model)
    for path, form in ((onnx, "ONNX"), (pmml, "PMML")):
        if path is not None:
            data = _onnx(found) if form == "ONNX" else _pmml(found)
            write_file(path, data)
            told = printing_model.say("exported", lang, path=str(path), form=form, bytes=len(data))
            printing.line(told)
            _encodings(found, path, lang)


def _onnx(model: TableModel) -> bytes:
    if not isinstance(model.model, Boosting):
        raise InputError(
            f"a model of kind {model.kind} is not written as ONNX",
            where="--onnx",
            remedy="--pmml for a card; `model show --json` prints the weights of the others",
        )
    try:
        from headrace.adapters.onnx_files import (  # noqa: PLC0415  (an extra, absent by default)
            boosting_onnx,
        )
    except ImportError as error:
        raise InputError(
            "ONNX is not installed", where="--onnx", remedy="pip install 'headrace[onnx]'"
        ) from error
    return boosting_onnx(model.model)


def _pmml(model: TableModel) -> bytes:
    if isinstance(model.model, Boosting):
        return boosting_pmml(model.model)
    if isinstance(model.model, PointsCard):
        return card_pmml(model.model)
    raise InputError(
        f"a model of kind {model.kind} is not written as PMML",
        where="--pmml",
        remedy="`model show --json` prints its weights",
    )


def _encodings(model: TableModel, path: Path, lang: str) -> None:
    """Which number each category is, beside a model that takes numbers only."""
    rows = [
        {"column": each.name, "category": level, "number": number}
        for each in model.columns
        if each.rated is not None
        for level, number in [
            *zip(each.rated.levels, each.rated.log_odds, strict=True),
            (None, each.rated.otherwise),
        ]
    ]
    if rows:
        beside = path.with_name(f"{path.stem}.categories.csv")
        write_contract_table(beside, pa.Table.from_pylist(rows), {})
        printing.line(printing_model.say("encode", lang, path=str(beside)))


model_watch.register(app)

# --- values ---------------------------------------------------------------------------------------


def fitted_value(found: Built) -> dict[str, Any]:
    """A fit as a JSON value."""
    told = found.quality
    return {
        **shown_value(found.model),
        "tested": {"rows": told.rows, "bad": told.bad, "rule": found.splits.rule},
        "calibration": [asdict(each) for each in told.bins],
        "findings": [asdict(each) for each in found.findings],
        "protected": dict(found.named),
    }


def shown_value(model: TableModel) -> dict[str, Any]:
    """A model as a JSON value."""
    learnt = model.learnt
    value: dict[str, Any] = {
        "kind": model.kind,
        "target": model.target,
        "columns": [{"name": e.name, "categorical": e.categorical} for e in model.columns],
        "rows": learnt.rows,
        "bad": learnt.bad,
        "seed": learnt.seed,
        "base_rate": learnt.base_rate,
        "inferred_labels": learnt.inferred,
        "leaking": list(learnt.leaking),
        "split": learnt.split[0],
        "figures": {name: asdict(figure) for name, figure in learnt.figures},
        "importance": dict(zip(model.names, learnt.importance, strict=False)),
    }
    if isinstance(model.model, Linear):
        value["intercept"] = model.model.intercept
        value["weights"] = dict(zip(model.names, model.model.weights.tolist(), strict=True))
    return value


def compared_value(found: Comparison) -> dict[str, Any]:
    """A comparison as a JSON value."""
    return {
        "split": found.splits.en,
        "models": {
            each.kind: {
                "auc": asdict(each.quality.auc),
                "gini": asdict(each.quality.gini),
                "ks": each.quality.ks,
                "brier": each.quality.brier.score,
                "slope": asdict(each.quality.line.slope),
                "cutoff": asdict(each.costs.best),
                "cost_minor": asdict(each.costs.best_cost),
            }
            for each in found.rivals
        },
        "pairs": [
            {
                "simple": each.simple,
                "other": each.other,
                "gain": asdict(each.found.difference),
                "p_holm": each.p_holm,
                "better": each.is_better,
            }
            for each in found.duels
        ],
        "p_best_of_all": found.tried.p_best_of_all,
        "auc_by_luck": found.luck,
        "keep": found.kept,
        "findings": [asdict(each) for each in found.findings],
    }
