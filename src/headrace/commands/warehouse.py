"""`headrace warehouse`: warehouse receipts and pledged goods, from a sheet of events."""

from pathlib import Path
from typing import Annotated

import typer

from headrace.adapters import printing
from headrace.adapters.desk_files import read_cells, remove_tables, write_tables
from headrace.adapters.printing import desk as printing_desk
from headrace.adapters.printing import goods as printing_goods
from headrace.adapters.printing import vouchers as printing_vouchers
from headrace.commands.options import AsJson, Language
from headrace.commands.voucher import example_text, give_example
from headrace.workflows import goods_pledge
from headrace.workflows.vouchers import movement_table

app = typer.Typer(help="Warehouse receipts: pledged, released, delivered, counted, by value.")

ASIDE = "quarantine"


@app.command("run")
def run_command(
    events: Annotated[Path, typer.Argument(help="Sheet of events: CSV, XLSX, ODS, Parquet.")],
    *,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the tables, as XLSX and Parquet.")
    ] = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Let the events of a sheet happen: each answered, with how its pledge is covered after it."""
    sheet = goods_pledge.read_events(read_cells(events, goods_pledge.FIELDS))
    printing_desk.left_out(sheet, str(events), lang)
    yard = goods_pledge.run_events(sheet)
    tables = {
        "answers": goods_pledge.answers(yard, lang),
        "receipts": goods_pledge.held(yard),
        "pledges": goods_pledge.covers(yard),
        "movements": movement_table(yard.movements),
    }
    if out is not None:
        aside = {ASIDE: sheet.aside} if sheet.aside.num_rows else {}
        written = write_tables(
            out,
            {**tables, **aside},
            printing_goods.headings(lang),
            lambda table: printing_vouchers.for_people(table, lang),
        )
        remove_tables(out, [] if aside else [ASIDE])
    if as_json:
        rows = {name: table.to_pylist() for name, table in tables.items()}
        printing.as_json({**rows, ASIDE: sheet.aside.to_pylist()})
        return
    printing_goods.ran(yard, tables["answers"], tables["movements"], lang)
    if out is not None:
        printing_goods.wrote(out, len(written), lang)


@app.command("example")
def example_command(
    *,
    out: Annotated[Path | None, typer.Option("--out", help="File to write.")] = None,
    lang: Language = "zh",
) -> None:
    """Print a sheet of events to start from, with headings in Chinese or English."""
    give_example(example_text("events", goods_pledge.FIELDS, lang), out, lang)
