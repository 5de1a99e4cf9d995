"""Pages of the desks: collateral and margin, vouchers and receipts, pools that share losses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import pyarrow as pa
from fastapi import APIRouter, Request, Response

from headrace.adapters.printing import collateral as printing_collateral
from headrace.adapters.printing import goods as printing_goods
from headrace.adapters.printing import pool as printing_pool
from headrace.adapters.printing import vouchers as printing_vouchers
from headrace.errors import InputError
from headrace.web.api.desks import pool_line, sheets
from headrace.web.console.drawing import draw, words_of
from headrace.web.console.refusals import said
from headrace.web.console.tables import Shown, download, shown
from headrace.web.console.today import Figure
from headrace.web.console.words import Words
from headrace.web.guard import needs
from headrace.web.problems import Refused
from headrace.web.security.accounts import Principal

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True)
class Part:
    """A table of a desk.

    Attributes:
        name: Desk and table, with a dash between: the name of its file.
        text: The heading.
        table: None where there is no sheet of it.
    """

    name: str
    text: str
    table: Shown | None


Headings = Mapping[str, str]
Told = Mapping[str, Callable[[Any], str]]


@router.get("/book/collateral", name="collateral_page")
def collateral_page(request: Request, principal: Annotated[Principal, needs("loans")]) -> Response:
    """Pledged loans at the last day's prices: where each stands between calm and sale."""
    desks, words = sheets(request, principal), words_of(request)
    try:
        found, wrong = desks.collateral(), ""
    except InputError as error:
        found, wrong = {}, said(error, words)
    loans = found["loans"].to_pylist() if found else []
    headings, told = printing_collateral.headings(words.language), _collateral_words(words)
    parts = [
        _part("collateral-loans", words("desk_loans"), found.get("loans"), words, headings, told),
        _part(
            "collateral-pieces", words("desk_pieces"), found.get("pieces"), words, headings, told
        ),
    ]
    figures = _margin(loans, words) if loans else ()
    return _page(request, principal, "collateral", parts, figures, wrong)


@router.get("/book/vouchers", name="vouchers_page")
def vouchers_page(request: Request, principal: Annotated[Principal, needs("loans")]) -> Response:
    """Vouchers and bills, warehouse receipts, and what would be pledged twice."""
    desks, words = sheets(request, principal), words_of(request)
    language = words.language
    tables: dict[str, pa.Table] = {}
    wrong = []
    for desk, read in (
        ("voucher", desks.vouchers), ("receipt", desks.warehouse), ("claims", desks.double_pledges)
    ):  # fmt: skip
        try:
            tables |= {f"{desk}-{name}": table for name, table in read(language).items()}
        except InputError as error:
            wrong.append(said(error, words))
    papers, goods = printing_vouchers.headings(language), printing_goods.headings(language)
    wanted = {
        "voucher-papers": (words("desk_papers"), papers),
        "voucher-pieces": (words("desk_voucher_pieces"), papers),
        "voucher-refused": (words("desk_refused"), papers),
        "receipt-receipts": (words("desk_receipts"), goods),
        "receipt-covers": (words("desk_covers"), goods),
        "receipt-refused": (words("desk_refused_events"), goods),
        "claims-findings": (words("desk_findings"), papers),
    }
    parts = []
    for name, (text, headings) in wanted.items():
        table = tables.get(name)
        plain = None if table is None else printing_vouchers.for_people(table, language)
        parts.append(_part(name, text, plain, words, headings))
    return _page(request, principal, "vouchers", parts, _papers(tables, words), " ".join(wrong))


@router.get("/book/pools", name="pools_page")
def pools_page(request: Request, principal: Annotated[Principal, needs("loans")]) -> Response:
    """Pools that share losses: money, what is guaranteed, every event with its answer."""
    desks, words = sheets(request, principal), words_of(request)
    headings = printing_pool.headings(words.language)
    parts: list[Part] = []
    figures: list[Figure] = []
    wrong = ""
    try:
        for pool in desks.pools():
            name = pool.zh if words.language == "zh" else pool.en
            line = pool_line(pool)
            told = words("desk_pool_line", n=line.events, refused=line.refused)
            figures.append(Figure(name, words.money(line.money_minor or 0, "CNY"), told))
            told_cells = _pool_words(words)
            part = f"pool-{pool.scheme}"
            parts.append(_part(part, name, pool.days, words, headings, told_cells))
    except InputError as error:
        wrong = said(error, words)
    parts = parts or [Part("pools", words("desk_pools"), None)]
    return _page(request, principal, "pools", parts, tuple(figures), wrong)


@router.get("/book/{desk}-{part}.{kind}", name="desk_file")
def desk_file(
    request: Request,
    desk: str,
    part: str,
    kind: Literal["xlsx", "csv"],
    principal: Annotated[Principal, needs("loans")],
) -> Response:
    """A table of a desk, for Excel."""
    desks, words = sheets(request, principal), words_of(request)
    language = words.language
    told: Told = {}
    if desk == "collateral":
        tables, headings = desks.collateral(), printing_collateral.headings(language)
        told = _collateral_words(words)
    elif desk == "voucher":
        tables, headings = desks.vouchers(language), printing_vouchers.headings(language)
    elif desk == "receipt":
        tables, headings = desks.warehouse(language), printing_goods.headings(language)
    elif desk == "claims":
        tables, headings = desks.double_pledges(language), printing_vouchers.headings(language)
    elif desk == "pool":
        tables = {each.scheme: each.days for each in desks.pools()}
        headings, told = printing_pool.headings(language), _pool_words(words)
    else:
        raise Refused(404, "There is no such desk")
    if part not in tables:
        raise Refused(404, "There is no such table")
    table = (
        in_words(tables[part], told)
        if told
        else (printing_vouchers.for_people(tables[part], language))
    )
    return download(table, headings, f"{desk}-{part}", kind=kind)


def in_words(table: pa.Table, told: Told) -> pa.Table:
    """The table with its codes in words, as the page has it."""
    for at, name in enumerate(table.column_names):
        if name in told:
            texts = [told[name](each) for each in table[name].to_pylist()]
            table = table.set_column(at, name, pa.array(texts, pa.string()))
    return table


def _page(
    request: Request,
    principal: Principal,
    desk: str,
    parts: list[Part],
    figures: tuple[Figure, ...],
    wrong: str,
) -> Response:
    words = words_of(request)
    told = {
        "collateral": (words("desk_collateral"), words("desk_collateral_lead")),
        "vouchers": (words("desk_vouchers"), words("desk_vouchers_lead")),
        "pools": (words("desk_pools"), words("desk_pools_lead")),
    }
    title, lead = told[desk]
    return draw(
        request,
        "desk.html",
        principal,
        title=title,
        lead=lead,
        parts=parts,
        figures=figures,
        wrong=wrong,
        is_simulated=sheets(request, principal).simulated,
    )


def _part(
    name: str,
    text: str,
    table: pa.Table | None,
    words: Words,
    headings: Headings,
    told: Told | None = None,
) -> Part:
    return Part(name, text, None if table is None else shown(text, table, headings, words, told))


def _margin(loans: list[dict[str, Any]], words: Words) -> tuple[Figure, ...]:
    """How many loans are in each phase, what they owe and what they have to add."""
    phases = [row["phase"] for row in loans]
    called = [row for row in loans if row["phase"] in ("called", "disposing")]
    owed = words.money(sum(row["owed_minor"] for row in loans), "CNY")
    to_cure = words.money(sum(row["to_cure_minor"] or 0 for row in called), "CNY")
    return (
        Figure(words("desk_pledged"), words.count(len(loans)), owed),
        Figure(
            words("desk_called"), words.count(len(called)), words("desk_to_cure", amount=to_cure)
        ),
        Figure(words("desk_unknown"), words.count(phases.count(None)), words("desk_unknown_note")),
    )


def _papers(tables: Mapping[str, pa.Table], words: Words) -> tuple[Figure, ...]:
    papers = tables["voucher-papers"].to_pylist() if "voucher-papers" in tables else []
    covers = tables["receipt-covers"].to_pylist() if "receipt-covers" in tables else []
    if not papers and not covers:
        return ()
    unpaid = sum(row["unpaid_minor"] for row in papers)
    short = [row for row in covers if row["short_minor"]]
    findings = tables.get("claims-findings")
    met = 0 if findings is None else len(set(findings["claim"].to_pylist()))
    return (
        Figure(words("desk_unpaid"), words.money(unpaid, "CNY"),
               words("desk_papers_count", n=words.count(len(papers)))),
        Figure(words("desk_short"), words.count(len(short)),
               words.money(sum(row["short_minor"] for row in short), "CNY")),
        Figure(words("desk_doubled"), words.count(met), words("desk_doubled_note")),
    )  # fmt: skip


def _collateral_words(words: Words) -> Told:
    return {
        "phase": lambda value: printing_collateral.phase_words(value, words.language),
        "kind": lambda value: printing_collateral.kind_words(value, words.language),
        "flags": lambda value: printing_collateral.flag_words(value or "", words.language),
    }


def _pool_words(words: Words) -> Told:
    return {
        "event": lambda value: words.of(printing_pool.ACTS[value]),
        "refusal": lambda value: "" if value is None else printing_pool.refused_words(
            value, words.language
        ),
    }  # fmt: skip
