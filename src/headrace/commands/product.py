"""`headrace product`: products as data, checked against law that is data too."""

import difflib
from collections.abc import Callable
from dataclasses import asdict
from datetime import date, datetime
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, TypeVar

import pyarrow as pa
import typer

from headrace.adapters import printing
from headrace.adapters.contract_tables import write_contract_table
from headrace.adapters.printing import product as printing_product
from headrace.adapters.user_files import read_text, write_file
from headrace.adapters.wall_clock import now
from headrace.clock import local_day
from headrace.commands.options import AsJson, Language
from headrace.contracts.products.catalogue import shipped_products, shipped_rules
from headrace.contracts.products.compiler import compile_product
from headrace.contracts.products.definition import Definition, read_product
from headrace.contracts.products.findings import Finding, finding_words, refused
from headrace.contracts.products.findings import Language as Words
from headrace.contracts.products.rules import RuleBook, read_rules
from headrace.contracts.products.sheet import changes_table, findings_table, terms_table
from headrace.errors import InputError
from headrace.facts.localtime import instant_of
from headrace.workflows.product_terms import (
    Stated,
    example_text,
    judged,
    products_table,
    read_stated,
    rules_table,
)

_File = TypeVar("_File")

app = typer.Typer(help="Products as data: terms, bounds, and the clause behind each.")

RULES_FILE = "rules"
ZONE = "Asia/Shanghai"
Product = Annotated[str, typer.Argument(help="Code, see `product list`; or your own FILE.toml.")]
On = Annotated[
    datetime | None,
    typer.Option("--on", formats=["%Y-%m-%d"], help="By the law of that day; else today's."),
]
Rules = Annotated[
    Path | None, typer.Option("--rules", help="Your own file of rules; see `product export`.")
]
Out = Annotated[Path | None, typer.Option("--out", help="Write a table: .csv, .xlsx or .parquet.")]


@app.command("list")
def list_command(*, out: Out = None, lang: Language = "zh", as_json: AsJson = False) -> None:
    """The products that ship."""
    found = products_table(shipped_products().values(), Words(lang))
    if _told(found, out, lang, as_json=as_json):
        printing_product.products(found, lang)


@app.command("show")
def show_command(
    product: Product,
    *,
    on: On = None,
    rules: Rules = None,
    out: Out = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """One product: what it allows, what the law allows, and by which clause."""
    definition, book, day = _product(product), _rules(rules), _day(on)
    found = terms_table(definition, book, day, Words(lang))
    if _told(found, out, lang, as_json=as_json):
        printing_product.product(definition, found, book, day, lang)


@app.command("compile")
def compile_command(
    product: Product,
    *,
    on: On = None,
    rules: Rules = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Judge what a product allows by the law of a day; exit 1 where it may not be offered."""
    definition, day = _product(product), _day(on)
    found = compile_product(definition, _rules(rules), day)
    bad = found.product is None
    if as_json:
        _as_json({"product": definition.code, "on": day, "refused": bad}, found.findings)
    else:
        printing_product.compiled(definition, found.findings, day, lang, refused=bad)
    if bad:
        raise typer.Exit(1)


@app.command("check")
def check_command(  # noqa: PLR0913 - a command has a parameter per option
    product: Product,
    terms: Annotated[Path, typer.Argument(help="Terms and facts, as `product example` prints.")],
    *,
    on: Annotated[
        datetime | None,
        typer.Option("--on", formats=["%Y-%m-%d"], help="As if it were signed that day."),
    ] = None,
    rules: Rules = None,
    out: Out = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Check a contract by its product and by the law of its day; exit 1 where it is refused."""
    definition, book = _product(product), _rules(rules)
    stated = read_stated(read_text(terms), str(terms))
    if on is not None:
        stated = Stated({**stated.terms, "signed": on.date()}, stated.facts)
    signed = stated.terms.get("signed")
    day = signed if type(signed) is date else _day(None)  # a datetime is refused with the terms
    try:
        found = judged(definition, book, stated, day)
    except InputError as error:
        where = ", ".join(part for part in (str(terms), error.where) if part)
        raise InputError(error.problem, where=where, remedy=error.remedy) from error
    bad = refused(found)
    if out is not None:
        _written(findings_table(found, Words(lang)), out, lang, as_json=as_json)
    if as_json:
        _as_json({"product": definition.code, "signed": signed, "refused": bad}, found)
    elif out is None:
        printing_product.checked(found, lang, refused=bad)
    if bad:
        raise typer.Exit(1)


@app.command("rules")
def rules_command(
    *,
    on: On = None,
    since: Annotated[
        datetime | None,
        typer.Option("--changed-since", formats=["%Y-%m-%d"], help="What changed since that day."),
    ] = None,
    rules: Rules = None,
    out: Out = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """The law as dated data: what is in force on a day, or what changed since another."""
    book, day, words = _rules(rules), _day(on), Words(lang)
    if since is None:
        found = rules_table(book, day, words)
        if _told(found, out, lang, as_json=as_json):
            printing_product.rules(found, day, lang)
        return
    before = since.date()
    if before >= day:
        problem = f"{before} is not before {day}"
        raise InputError(problem, where="--changed-since", remedy="give an earlier day")
    found = changes_table(book.changes(before, day), words)
    if _told(found, out, lang, as_json=as_json):
        printing_product.changes(found, before, day, lang)


@app.command("example")
def example_command(
    product: Product,
    *,
    out: Annotated[Path | None, typer.Option("--out", help="File to write.")] = None,
) -> None:
    """Print terms and facts that are legal, to start from: edit them, then `product check`."""
    definition = _product(product)
    if not definition.example:
        remedy = "[example.terms] and [example.facts]"
        raise InputError("the product has no example", where=product, remedy=remedy)
    _text(example_text(definition), out)


@app.command("export")
def export_command(
    product: Annotated[str, typer.Argument(help="Code of a product; or `rules`, for the law.")],
    *,
    out: Annotated[Path | None, typer.Option("--out", help="File to write.")] = None,
) -> None:
    """Print a product, or the law, as the file that ships: edit it, then `product compile`."""
    law = product == RULES_FILE
    name = "rules_cn.toml" if law else f"catalogue/{_shipped(product).code}.toml"
    text = files("headrace.contracts.products").joinpath(name).read_text(encoding="utf-8")
    _text(text.rstrip("\n"), out)


def _shipped(code: str) -> Definition:
    products = shipped_products()
    if code not in products:
        near = difflib.get_close_matches(code, products, n=1)
        hint = f"is {near[0]} meant? " if near else ""
        raise InputError(
            f"there is no product {code!r}",
            where="product",
            remedy=f"{hint}`headrace product list`, or your own FILE.toml",
        )
    return products[code]


def _product(named: str) -> Definition:
    """A product by its code, or of a file."""
    if named in shipped_products() or not named.endswith(".toml"):
        return _shipped(named)
    return _read(read_product, Path(named))


def _rules(path: Path | None) -> RuleBook:
    return shipped_rules() if path is None else _read(read_rules, path)


def _read(read: Callable[[str, str], _File], path: Path) -> _File:
    try:
        return read(read_text(path), str(path))
    except (ArithmeticError, RecursionError) as error:  # 1e9999999999999999999, [[[[[[…
        problem = f"the file cannot be read: {error}"
        raise InputError(problem, where=str(path), remedy="check its numbers") from error


def _day(on: datetime | None) -> date:
    return local_day(instant_of(now()), ZONE) if on is None else on.date()


def _told(found: pa.Table, out: Path | None, lang: str, *, as_json: bool) -> bool:
    """Whether a table is still to be printed: it went neither to a file nor out as JSON."""
    if out is not None:
        _written(found, out, lang, as_json=as_json)
    if as_json:
        printing.table_as_json(found)
    return out is None and not as_json


def _written(found: pa.Table, out: Path, lang: str, *, as_json: bool) -> None:
    write_contract_table(out, found, printing_product.headings(lang))
    if not as_json:
        printing.line(f"{out}: {found.num_rows:,} × {found.num_columns}")


def _text(text: str, out: Path | None) -> None:
    if out is None:
        printing.line(text)
    else:
        write_file(out, f"{text}\n".encode())


def _as_json(head: dict[str, Any], found: tuple[Finding, ...]) -> None:
    told = []
    for each in found:
        row = {**asdict(each.clause), "severity": each.severity, "field": each.field}
        row |= {"low": each.low, "high": each.high, "words": sorted(each.words)}
        value = sorted(each.value) if isinstance(each.value, frozenset) else each.value
        row |= {"value": value, **{f"says_{w}": finding_words(each, w) for w in Words}}
        told.append(row)
    printing.as_json({**head, "findings": told})
