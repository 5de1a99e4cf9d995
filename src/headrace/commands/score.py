"""`headrace score`: the scores the field names, as data: shown, tried, applied."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import pyarrow as pa
import typer

from headrace.adapters import printing
from headrace.adapters.contract_tables import write_contract_table
from headrace.adapters.desk_files import read_cells
from headrace.adapters.events import quarantine_path
from headrace.adapters.printing import desk as printing_desk
from headrace.adapters.printing import score as printing_score
from headrace.adapters.user_files import read_text
from headrace.adapters.user_tables import UserTable, read_user_table
from headrace.commands.desk_options import AsTable, checked_out, write_out
from headrace.commands.options import AsJson, Language
from headrace.errors import InputError
from headrace.scores.named import patents
from headrace.scores.named.definition import (
    NamedScore,
    as_text,
    read_named_score,
    shipped_texts,
)
from headrace.scores.named.scoring import REGION, score_table, scored_table, usual_by_region
from headrace.simulator.named_scores import APPLICANT, OUTCOME, simulate_applicants
from headrace.workflows.trade_credit import FIRMS, SALES, neighbours_of, read_firms, read_sales

app = typer.Typer(help="Scores the field names: sci-tech, talent, patents, farms, trade, cyber.")

PATENTS = "patent_value"
REGION_HEADINGS = (REGION, "地区", "行政区划", "行政区划代码")
ROWS_MAX = 1_000_000
Name = Annotated[str, typer.Argument(help="As `headrace score list` spells it, or a file .toml.")]
Applicants = Annotated[Path, typer.Argument(help="Table: .csv, .xlsx, .parquet, ….")]


@app.command("list")
def list_command(*, lang: Language = "zh", as_json: AsJson = False) -> None:
    """The scores that ship."""
    scores = [_shipped(name) for name in shipped_texts()]
    if as_json:
        told = [{"name": each.name, "title": as_text(each)["title"]} for each in scores]
        printing.as_json([*told, {"name": PATENTS}])
    else:
        printing_score.listed(scores, PATENTS, lang)


@app.command("show")
def show_command(name: Name, *, lang: Language = "zh", as_json: AsJson = False) -> None:
    """What a score is made of: parts, weights, curves, grades, and what it rests on."""
    score = _score(name)
    if as_json:
        printing.as_json(as_text(score))
    else:
        printing_score.shown(score, lang)


@app.command("dictionary")
def dictionary_command(
    name: Name, *, out: AsTable = None, lang: Language = "zh", as_json: AsJson = False
) -> None:
    """The data dictionary: every field, how it is counted, where it comes from."""
    checked_out(out)
    score = _score(name)
    if as_json:
        printing.as_json(as_text(score)["fields"])
    elif out is None:
        printing_score.dictionary(score, lang)
    else:
        write_out(printing_score.dictionary_table(score, lang), out, {})


@app.command("export")
def export_command(name: Name) -> None:
    """Print the file that ships: change it, then give its name in place of the score's."""
    if name == PATENTS:
        printing.line(patents.shipped_text())
        return
    _score(name)
    printing.line(shipped_texts()[name] if name in shipped_texts() else read_text(Path(name)))


@app.command("simulate")
def simulate_command(
    name: Name,
    *,
    out: Annotated[Path, typer.Option("--out", help="Write .csv, .xlsx or .parquet.")],
    rows: Annotated[int, typer.Option("--rows", min=1, max=ROWS_MAX)] = 1_000,
    seed: Annotated[int, typer.Option("--seed", min=0)] = 1,
    lang: Language = "zh",
) -> None:
    """Make up applicants with outcomes, to try a score; labelled simulated."""
    checked_out(out)
    made = simulate_applicants(_score(name), rows, seed)
    printing_score.simulated(lang)
    write_out(made, out, {})


@app.command("apply")
def apply_command(
    name: Name,
    applicants: Applicants,
    *,
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Score a table: points, the range that missing fields leave, grade, reasons."""
    checked_out(out)
    if _is_patents(name, applicants):
        _value(name, applicants, out, lang, as_json=as_json)
        return
    score = _score(name)
    table = _read(score, applicants)
    _check_ragged(table, applicants)
    found = score_table(table.columns, score)
    bad = _with_rows(found.bad, table)
    beside = _kept_beside(bad, out)
    ids = _beside(table)
    if out is not None:
        result = scored_table(found, score, ids=ids)
        write_contract_table(
            out, result, {} if _plain(out) else printing_score.headings(score, lang)
        )
    if as_json:
        value = printing_score.value_of(found, score)
        printing.as_json(
            {**value, "bad_cells": bad.to_pylist(), "out": None if out is None else str(out)}
        )
        return
    if OUTCOME in ids.column_names:
        printing_score.simulated(lang)
    printing_score.scored(found, score, lang)
    printing_score.bad_cells(bad, beside, lang)
    if out is not None:
        printing.line(f"{out}: {found.score.size:,}")


@app.command("norms")
def norms_command(
    name: Name, applicants: Applicants, *, lang: Language = "zh", as_json: AsJson = False
) -> None:
    """What is usual in each region, from your own table: the `usual` of a local score."""
    score = _score(name)
    if not score.local:
        raise InputError(
            f"{score.name} compares with no region", where=name, remedy="sci_tech_index does"
        )
    found = usual_by_region(_read(score, applicants).columns, score)
    if as_json:
        printing.as_json(found)
    else:
        printing_score.norms(found, score, lang)


@app.command("neighbours")
def neighbours_command(
    sales: Annotated[Path, typer.Argument(help="Table: seller, buyer, amount (yuan), on, known.")],
    *,
    standing: Annotated[
        Path, typer.Option("--standing", help="Table: firm, score (0 to 100), trouble (a day).")
    ],
    on: Annotated[datetime, typer.Option("--on", formats=["%Y-%m-%d"], help="As of this day.")],
    out: AsTable = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """What a firm's buyers and suppliers say about it: fields of the trade-credit score."""
    checked_out(out)
    sold = read_sales(read_cells(sales, SALES))
    known = read_firms(read_cells(standing, FIRMS))
    found = neighbours_of(sold, known, on.date())
    aside = {"sales": sold.aside.to_pylist(), "standing": known.aside.to_pylist()}
    if out is not None:
        write_out(found, out, {})
    if as_json:
        printing.as_json({"firms": found.to_pylist(), "set_aside": aside})
        return
    if out is None:
        printing.table(found)
    printing_desk.left_out(sold, str(sales), lang)
    printing_desk.left_out(known, str(standing), lang)


def _score(name: str) -> NamedScore:
    if name in shipped_texts():
        return _shipped(name)
    path = Path(name)
    if path.suffix.lower() == ".toml":
        return read_named_score(read_text(path), name)
    known = (*shipped_texts(), PATENTS)
    remedy = f"one of {', '.join(known)}; or a file that ends in .toml"
    problem = (
        f"{name!r} is valued, not scored" if name == PATENTS else f"no score is called {name!r}"
    )
    raise InputError(problem, where="NAME", remedy=remedy)


def _shipped(name: str) -> NamedScore:
    return read_named_score(shipped_texts()[name], f"{name}.toml")


def _read(score: NamedScore, path: Path) -> UserTable:
    heads: dict[str, tuple[str, ...]] = {
        each.name: (each.name, each.title.zh, each.title.en) for each in score.fields
    }
    needed: tuple[str, ...] = ()
    if score.local:
        heads[REGION] = REGION_HEADINGS
        needed = (REGION,)
    return read_user_table(path, heads, needed)


def _beside(table: UserTable) -> pa.Table:
    """Columns that are not scored but tell who it is; each name once."""
    names = table.others.column_names
    kept = [at for at, name in enumerate(names) if name and names.index(name) == at]
    beside = table.others.select(kept)
    if REGION in table.columns.column_names:
        beside = beside.append_column(REGION, table.columns[REGION])
    return beside


def _check_ragged(table: UserTable, path: Path) -> None:
    if table.ragged:
        raise InputError(
            "a row has more or fewer cells than the header",
            where=f"{path}, row {table.ragged[0].row}",
            remedy="give as many cells as the header has, or export it again",
        )


def _with_rows(bad: pa.Table, table: UserTable) -> pa.Table:
    """Bad cells under the rows of the file, which may hold empty ones."""
    return bad.set_column(0, "row", pa.array(table.rows[_places(bad)]))


def _kept_beside(bad: pa.Table, out: Path | None) -> str | None:
    """Where bad cells were written, beside the result; None where there is none of either."""
    if out is None or not bad.num_rows:
        return None
    write_contract_table(quarantine_path(out), bad, {})
    return str(quarantine_path(out))


def _places(bad: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.asarray(bad["row"].to_numpy(), np.int64) - 1


def _plain(out: Path) -> bool:
    return out.suffix.lower() == ".parquet"


def _is_patents(name: str, applicants: Path) -> bool:
    if name == PATENTS:
        return True
    return Path(name).suffix.lower() == ".toml" and "[income.royalty]" in read_text(Path(name))


def _value(name: str, path: Path, out: Path | None, lang: str, *, as_json: bool) -> None:
    terms = (
        patents.shipped_terms()
        if name == PATENTS
        else patents.read_patent_terms(read_text(Path(name)), name)
    )
    columns = ("kind", "section", *patents.NUMBERS)
    table = read_user_table(path, {each: (each,) for each in columns}, ("kind",))
    _check_ragged(table, path)
    valued = patents.patent_values(table.columns, terms)
    found = valued.values
    bad = _with_rows(valued.bad, table)
    beside = _kept_beside(bad, out)
    ids = _beside(table)
    first = ids.column(0).to_pylist() if ids.num_columns else table.rows.tolist()
    if out is not None:
        whole = pa.table(
            {name: ids[name] for name in ids.column_names}
            | {name: found[name] for name in found.column_names}
        )
        write_contract_table(out, whole, {} if _plain(out) else printing_score.headings(None, lang))
    if as_json:
        printing.as_json({"patents": found.to_pylist(), "bad_cells": bad.to_pylist()})
        return
    if APPLICANT in ids.column_names:
        printing_score.simulated(lang)
    printing_score.valued(found, [str(each) for each in first], terms, lang)
    printing_score.bad_cells(bad, beside, lang)
