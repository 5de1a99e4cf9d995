"""Acts on vouchers and bills as rows of a sheet: read, applied in order, and told as tables."""

import difflib
from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from headrace.contracts.instruments import views
from headrace.contracts.instruments.acts import Act, ActKind, Answer, PaperKind
from headrace.contracts.instruments.book import Applied, Book, admitted, apply, gaps, opened
from headrace.contracts.instruments.postings import limit_movements, movements
from headrace.contracts.instruments.tenors import Tenor, beyond_usual
from headrace.contracts.instruments.words import words
from headrace.contracts.movements import Movement
from headrace.errors import InputError
from headrace.pack import Text
from headrace.workflows.desk_rows import (
    MISSING,
    TWICE,
    Cells,
    Field,
    Row,
    Sheet,
    amount_cell,
    aside,
    day_cell,
    list_cell,
    minor_cell,
    read_sheet,
    text_cell,
    word_cell,
    yes_cell,
)

ACTS = {
    ActKind.SET_LIMIT: Text("set_limit", "设定额度"),
    ActKind.ISSUE: Text("issue", "开立"),
    ActKind.ACCEPT: Text("accept", "签收"),
    ActKind.CANCEL: Text("cancel", "撤销"),
    ActKind.SPLIT_OFF: Text("split_off", "拆分"),
    ActKind.TRANSFER: Text("transfer", "流转"),
    ActKind.REGISTER: Text("register", "登记"),
    ActKind.DEREGISTER: Text("deregister", "注销登记"),
    ActKind.FINANCE: Text("finance", "融资"),
    ActKind.PLEDGE: Text("pledge", "质押"),
    ActKind.RELEASE: Text("release", "解除质押"),
    ActKind.PAY: Text("pay", "兑付"),
    ActKind.DEFAULT: Text("default", "拒付"),
    ActKind.CLAIM: Text("claim", "追索"),
    ActKind.CONVERT: Text("convert", "转票据"),
}
"""What an act is called in a sheet, in either language."""

ALSO = {
    "承兑": ActKind.ACCEPT,
    "拒收": ActKind.CANCEL,
    "转让": ActKind.TRANSFER,
    "背书": ActKind.TRANSFER,
    "贴现": ActKind.FINANCE,
    "付款": ActKind.PAY,
    "额度": ActKind.SET_LIMIT,
}
PAPERS = {PaperKind.VOUCHER: Text("voucher", "凭证"), PaperKind.BILL: Text("bill", "票据")}
_ACT_WORDS = {word: kind for kind, text in ACTS.items() for word in (text.en, text.zh)}
_PAPER_WORDS = {word: kind for kind, text in PAPERS.items() for word in (text.en, text.zh)}

ACT_FIELDS = (
    Field("act", ("操作", "业务", "动作"), word_cell(_ACT_WORDS, ALSO), needed=True),
    Field("on", ("日期", "办理日", "业务日期"), day_cell, needed=True),
    Field("key", ("幂等键", "流水号", "业务流水号"), text_cell),
    Field("by", ("操作人", "办理人", "转出方"), text_cell),
    Field("target", ("凭证编号", "凭证", "票据号", "编号"), text_cell),
    Field("to", ("对方", "接收方", "转入方"), text_cell),
    Field("amount", ("金额", "金额(元)"), amount_cell),
    Field("amount_minor", ("金额(分)",), minor_cell, key="amount"),
    Field("price", ("对价", "价款", "融资款", "对价(元)"), amount_cell),
    Field("price_minor", ("对价(分)",), minor_cell, key="price"),
    Field("due", ("到期日",), day_cell),
    Field("recourse", ("追索权", "有追索权"), yes_cell),
    Field("paper", ("类型", "凭证类型"), word_cell(_PAPER_WORDS)),
    Field("payer", ("付款人", "承兑人"), text_cell),
    Field("trades", ("贸易背景", "发票号", "合同号"), list_cell),
    Field("made", ("新票据号",), text_cell),
)
"""A sheet of acts; what an act needs beyond `act` and `on` says `NEEDS`."""

LIMIT_FIELDS = (
    Field("party", ("主体", "企业", "核心企业"), text_cell, needed=True),
    Field("limit", ("额度", "额度(元)"), amount_cell),
    Field("limit_minor", ("额度(分)",), minor_cell, key="limit"),
)
"""A sheet of parties; one without a limit may owe nothing."""

_PAIR = ("by", "target", "to")
NEEDS = {
    ActKind.SET_LIMIT: ("to", "amount"),
    ActKind.ISSUE: (*_PAIR, "amount", "due"),
    ActKind.ACCEPT: ("by", "target"),
    ActKind.CANCEL: ("by", "target"),
    ActKind.SPLIT_OFF: ("by", "target", "amount"),
    ActKind.TRANSFER: _PAIR,
    ActKind.REGISTER: _PAIR,
    ActKind.DEREGISTER: ("by", "target"),
    ActKind.FINANCE: (*_PAIR, "price"),
    ActKind.PLEDGE: (*_PAIR, "price"),
    ActKind.RELEASE: ("by", "target"),
    ActKind.PAY: ("by", "target", "amount"),
    ActKind.DEFAULT: ("by", "target"),
    ActKind.CLAIM: ("by", "target"),
    ActKind.CONVERT: (*_PAIR, "due", "made"),
}
SLASH = Text("contains a slash, which names a piece", "含斜杠（斜杠仅用于子凭证）")
NEGATIVE = Text("is below zero", "不得为负")


@dataclass(frozen=True)
class Desk:
    """Acts that were applied, and the rows they came from.

    Attributes:
        rows: Data row of the sheet of each act.
        acts: In order.
        applied: What came of them.
    """

    rows: tuple[int, ...]
    acts: tuple[Act, ...]
    applied: Applied

    @property
    def book(self) -> Book:
        """After the acts."""
        return self.applied.book

    @property
    def counts(self) -> dict[str, int]:
        """Acts that were applied, done before, and refused."""
        answers = self.applied.answer
        again = answers.count(Answer.REPEATED)
        done = answers.count(Answer.APPLIED)
        return {"applied": done, "repeated": again, "refused": len(answers) - done - again}


def read_acts(cells: Cells) -> Sheet:
    """A sheet of acts; a row that lacks what its act needs is set aside."""
    return read_sheet(cells, ACT_FIELDS, _unfit)


def read_limits(cells: Cells) -> Sheet:
    """A sheet of parties and limits; the second row of one party is set aside."""
    sheet = read_sheet(
        cells, LIMIT_FIELDS, lambda row: [("limit", NEGATIVE)] if row.get("limit", 0) < 0 else []
    )
    first: dict[str, int] = {}
    wrong = []
    for row in sheet.rows:
        party = row.values["party"]
        if first.setdefault(party, row.number) != row.number:
            told = {"row": first[party]}
            why = Text(TWICE.en.format(**told), TWICE.zh.format(**told))
            wrong.append((row.number, "party", party, why))
    kept = tuple(row for row in sheet.rows if first[row.values["party"]] == row.number)
    told_all = pa.concat_tables([sheet.aside, aside(wrong)])
    return Sheet(kept, told_all, sheet.unused, sheet.count)


def run_acts(sheet: Sheet, parties: Sheet | None, *, closed: bool = False) -> Desk:
    """Apply the acts of a sheet to an empty book.

    Args:
        sheet: The acts.
        parties: Parties and limits; None: limits are set by acts alone.
        closed: Whether others than these parties are unknown, so that a misspelt one is refused.
    """
    known = () if parties is None else parties.rows
    limits = {row.values["party"]: row.values["limit"] for row in known if "limit" in row.values}
    book = opened(limits, [row.values["party"] for row in known])
    acts = tuple(_act(row) for row in sheet.rows)
    if not closed:
        named = ((act.by, act.to, act.payer) for act in acts)
        book = admitted(book, [name for each in named for name in each if name])
    return Desk(tuple(row.number for row in sheet.rows), acts, apply(book, acts))


def answers(desk: Desk, lang: str) -> pa.Table:
    """One row an act, as it was given and with its answer; it can be read as acts again.

    Columns: row, act, on, key, by, target, to, amount_minor, price_minor, due, recourse, paper,
    payer, trades, made; done (bool), answer (code), says (in words).
    """
    acts, given = desk.acts, desk.applied.answer
    told = [words(each) for each in given]
    columns: dict[str, tuple[Sequence[object], pa.DataType]] = {
        "row": (desk.rows, pa.int64()),
        "act": ([ACTS[each.kind].in_language(lang) for each in acts], pa.string()),
        "on": ([each.on for each in acts], pa.date32()),
        "key": ([each.key for each in acts], pa.string()),
        "by": ([each.by or None for each in acts], pa.string()),
        "target": ([each.target or None for each in acts], pa.string()),
        "to": ([each.to for each in acts], pa.string()),
        "amount_minor": ([each.amount for each in acts], pa.int64()),
        "price_minor": ([each.price for each in acts], pa.int64()),
        "due": ([each.due for each in acts], pa.date32()),
        "recourse": ([each.recourse for each in acts], pa.bool_()),
        "paper": ([_paper_word(each, lang) for each in acts], pa.string()),
        "payer": ([each.payer for each in acts], pa.string()),
        "trades": (["; ".join(each.trades) or None for each in acts], pa.string()),
        "made": ([each.made for each in acts], pa.string()),
        "done": ([each.done for each in given], pa.bool_()),
        "answer": ([each.name.lower() for each in given], pa.string()),
        "says": ([each.zh if lang == "zh" else each.en for each in told], pa.string()),
    }
    return pa.table({name: pa.array(list(cells), kind) for name, (cells, kind) in columns.items()})


def live_pieces(book: Book) -> pa.Table:
    """The live pieces, by paper and place in it; columns as `views.pieces`."""
    return views.pieces(book, views.live(book))


def money(desk: Desk) -> pa.Table:
    """Money that passed: row and day of the act, payer, payee, piece, amount_minor, why."""
    table = views.money(desk.applied)
    at = table["act"].to_pylist()
    days = pa.array([desk.acts[each].on for each in at], pa.date32())
    rows = pa.array([desk.rows[each] for each in at], pa.int64())
    return table.drop_columns("act").add_column(0, "on", days).add_column(0, "row", rows)


def limits(book: Book) -> pa.Table:
    """Every party of the book: party, limit_minor (null: none was set), used_minor."""
    most = book.parties[:, 0]
    return pa.table(
        {
            "party": pa.array(book.party_names, pa.string()),
            "limit_minor": pa.array(most, pa.int64(), mask=most == 0),
            "used_minor": book.parties[:, 1],
        }
    )


def opening_limits(desk: Desk, parties: Sheet | None) -> pa.Table:
    """Every party as the book began: party, limit_minor; with `answers` it makes the run again."""
    given = {} if parties is None else {r.values["party"]: r.get("limit") for r in parties.rows}
    names = desk.book.party_names
    return pa.table(
        {
            "party": pa.array(names, pa.string()),
            "limit_minor": pa.array([given.get(name) for name in names], pa.int64()),
        }
    )


def desk_movements(desk: Desk, parties: Sequence[str]) -> pa.Table:
    """What the acts mean for ledgers: party, on, debit, credit, amount_minor, memo.

    Args:
        desk: The acts.
        parties: Whose ledgers; limits taken and given back stand under no party.
    """
    for party in parties:
        known_party(desk.book, party, "--us")
    found: list[tuple[str | None, Movement]] = [
        (party, move) for party in parties for move in movements(desk.applied, party)
    ]
    found += [(None, move) for move in limit_movements(desk.applied)]
    return movement_table([move for _, move in found]).add_column(
        0, "party", pa.array([party for party, _ in found], pa.string())
    )


def movement_table(moves: Sequence[Movement]) -> pa.Table:
    """Movements: on, debit, credit (roles), amount_minor, memo."""
    return pa.table(
        {
            "on": pa.array([move.on for move in moves], pa.date32()),
            "debit": pa.array([move.debit for move in moves], pa.string()),
            "credit": pa.array([move.credit for move in moves], pa.string()),
            "amount_minor": pa.array([move.amount for move in moves], pa.int64()),
            "memo": pa.array([move.memo for move in moves], pa.string()),
        }
    )


def questions(desk: Desk) -> list[tuple[str, Tenor]]:
    """Papers that run longer than the rules call for in principle, each with the rule."""
    return [
        (act.target, rule)
        for act, answer in zip(desk.acts, desk.applied.answer, strict=True)
        if act.kind is ActKind.ISSUE and answer is Answer.APPLIED and act.due is not None
        for rule in beyond_usual(act.paper, act.on, act.due)
    ]


def summary(desk: Desk) -> dict[str, object]:
    """How the book stands: counts of acts, papers, live pieces, and whether nothing is missing."""
    papers = views.papers(desk.book)
    unpaid = pc.sum(papers["unpaid_minor"]).as_py() or 0
    live = live_pieces(desk.book)
    return {
        **desk.counts,
        "papers": papers.num_rows,
        "unpaid_minor": unpaid,
        "pieces_live": live.num_rows,
        "pieces_unpaid_minor": pc.sum(live["unpaid_minor"]).as_py() or 0,
        "gaps": gaps(desk.book).to_pylist(),
    }


def one_paper(desk: Desk, name: str) -> tuple[pa.Table, pa.Table, pa.Table]:
    """A paper, all its pieces, and the money that passed on it.

    Raises:
        InputError: There is no such paper; names the nearest.
    """
    book = desk.book
    root = name.partition("/")[0]
    _known(root, book.paper_names, "paper", "ID")
    papers, pieces, passed = views.papers(book), views.pieces(book), money(desk)
    mine = pieces.filter(pc.equal(pieces["paper"], root))
    flows = passed.filter(pc.is_in(passed["piece"], mine["piece"].combine_chunks()))
    return papers.filter(pc.equal(papers["paper"], root)), mine.sort_by("piece"), flows


def known_party(book: Book, name: str, where: str) -> None:
    """A party of the book.

    Raises:
        InputError: There is no such party; names the nearest.
    """
    _known(name, book.party_names, "party", where)


def known_payer(book: Book, name: str) -> None:
    """A party that owes or owed on a paper.

    Raises:
        InputError: It owes on none; names those that do.
    """
    payers = dict.fromkeys(views.papers(book)["payer"].to_pylist())
    _known(name, tuple(payers), "payer", "--payer")


def _known(name: str, names: Sequence[str], what: str, where: str) -> None:
    if name in names:
        return
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"is {near[0]} meant? " if near else ""
    there = ", ".join(names[:12]) or "none"
    more = f" and {len(names) - 12:,} more" if len(names) > 12 else ""
    raise InputError(
        f"there is no {what} {name!r} here", where=where, remedy=f"{hint}there are: {there}{more}"
    )


def _unfit(row: Row) -> list[tuple[str, Text]]:
    kind = row.values["act"]
    wrong = []
    for name in NEEDS[kind]:
        if name not in row.values:
            act = ACTS[kind]
            why = Text(f"{MISSING.en}, and {act.en} needs it", f"{MISSING.zh}（{act.zh}必填）")
            wrong.append((name, why))
    new = {ActKind.ISSUE: "target", ActKind.CONVERT: "made"}.get(kind, "")
    if "/" in row.get(new, ""):
        wrong.append((new, SLASH))
    return wrong


def _act(row: Row) -> Act:
    get = row.get
    return Act(
        row.values["act"],
        get("key", f"row {row.number}"),
        row.values["on"],
        by=get("by", ""),
        target=get("target", ""),
        to=get("to"),
        amount=get("amount"),
        price=get("price"),
        due=get("due"),
        recourse=get("recourse", False),
        payer=get("payer"),
        paper=get("paper", PaperKind.VOUCHER),
        trades=get("trades", ()),
        made=get("made"),
    )


def _paper_word(act: Act, lang: str) -> str | None:
    return PAPERS[act.paper].in_language(lang) if act.kind is ActKind.ISSUE else None
