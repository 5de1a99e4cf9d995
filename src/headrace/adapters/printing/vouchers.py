"""What `headrace voucher` prints: answers, pieces, losses along recourse, tiers, double pledges."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.printing import console_now, safe
from headrace.adapters.printing import desk as printing_desk
from headrace.adapters.printing.desk import grid, money, plain, speaker
from headrace.contracts.instruments.recourse import borne
from headrace.pack import Text
from headrace.workflows import vouchers
from headrace.workflows.pledge_check import Checked
from headrace.workflows.vouchers import Desk

ROWS_SHOWN = printing_desk.ROWS_SHOWN
WORDS = printing_desk.WORDS | {
    "acts": Text(
        "{applied:,} acts done, {refused:,} refused, {repeated:,} sent again",
        "已办理 {applied:,} 笔，拒绝 {refused:,} 笔，重复 {repeated:,} 笔",
    ),
    "conserved": Text(
        "every fen is accounted for: {pieces:,} live pieces hold {amount} on {papers:,} papers, "
        "which is all that is unpaid",
        "逐分守恒：{papers:,} 张凭证（票据）的 {pieces:,} 个有效子凭证合计 {amount}，"
        "等于全部未付金额",
    ),
    "gap": Text(
        "NOT conserved: {name} should hold {expected}, and holds {found}",
        "不守恒：{name} 应为 {expected}，实为 {found}",
    ),
    "question": Text(
        "{paper} runs longer than {months} months, which {number} calls for in principle",
        "{paper} 期限超过 {months} 个月（{number}“原则上”要求）",
    ),
    "refusals": Text("Refused", "被拒绝"),
    "row": Text("Row", "行"),
    "act": Text("Act", "操作"),
    "by": Text("By", "操作人"),
    "target": Text("On", "凭证"),
    "to": Text("To", "对方"),
    "says": Text("Answer", "结果"),
    "answer": Text("Code", "代码"),
    "done": Text("Done", "是否办理"),
    "key": Text("Key", "幂等键"),
    "price_minor": Text("Price", "对价"),
    "due": Text("Due", "到期日"),
    "recourse": Text("Recourse", "追索权"),
    "payer": Text("Payer", "付款人"),
    "payee": Text("Payee", "收款人"),
    "trades": Text("Trades", "贸易背景"),
    "made": Text("New bill", "新票据号"),
    "limit_minor": Text("Limit", "额度"),
    "used_minor": Text("Used", "已用"),
    "pieces": Text("Live pieces", "有效子凭证"),
    "all_pieces": Text("All pieces there ever were", "全部子凭证（含已终结）"),
    "piece": Text("Piece", "子凭证"),
    "paper": Text("Paper", "凭证"),
    "kind": Text("Kind", "种类"),
    "drawer": Text("Drawer", "出票人"),
    "status": Text("Status", "状态"),
    "issued": Text("Issued", "开立日"),
    "holder": Text("Holder", "持有人"),
    "seller": Text("From", "前手"),
    "how": Text("By", "取得方式"),
    "state": Text("State", "状态"),
    "tier": Text("Tier", "层级"),
    "day": Text("Since", "取得日"),
    "start_minor": Text("From fen", "起点"),
    "unpaid_minor": Text("Unpaid", "未付"),
    "paid_minor": Text("Paid", "已付"),
    "converted_minor": Text("Converted", "已转票据"),
    "cost_minor": Text("Cost", "成本"),
    "received_minor": Text("Received", "已收"),
    "loan_minor": Text("Loan", "质押贷款"),
    "pieces_live": Text("Live pieces", "有效子凭证数"),
    "registered_for": Text("Registered", "登记"),
    "pledged_to": Text("Pledged to", "质权人"),
    "registered_short": Text("reg. {name}", "登记 {name}"),
    "pledged_short": Text("pledged {name}", "质押 {name}"),
    "marks": Text("Held for", "登记、质押"),
    "money": Text("Money that passed", "资金流水"),
    "why": Text("Why", "事由"),
    "none": Text("none", "无"),
    "borne": Text(
        "Who bears the loss if {payer} pays nothing more", "若{payer}不再兑付，损失由谁承担"
    ),
    "walk": Text("Who may turn to whom", "追索路径"),
    "step": Text("Step", "步"),
    "lost_minor": Text("Out of pocket", "损失"),
    "against": Text("Turns to", "向其追索"),
    "claim_minor": Text("Claims", "可追索"),
    "bears_minor": Text("Bears", "自担"),
    "no_recourse": Text("{name} (without recourse)", "{name}（无追索权）"),
    "nobody": Text("nobody", "无前手"),
    "assumed": Text(
        "if all who must pay can; interest and costs of recourse are not counted",
        "假设各责任方均有清偿能力；未计追索利息及费用",
    ),
    "tiers": Text("What came to each tier, and what money cost there", "各层级到达金额与融资成本"),
    "firms": Text("Firms", "企业数"),
    "reached_minor": Text("Reached", "到达"),
    "held_minor": Text("Held", "持有"),
    "financed_minor": Text("Financed", "已融资"),
    "discount_minor": Text("Discount", "贴息"),
    "rate": Text("Rate", "年化"),
    "rate_of_payer": Text("Payer's rate", "核心企业利率"),
    "spread": Text("Over the payer", "高于核心企业"),
    "behind": Text("Behind the second tier", "二级以后的企业"),
    "firm": Text("Firm", "企业"),
    "through": Text("Through", "经由（二级）"),
    "pieces_count": Text("Pieces", "笔数"),
    "claims": Text(
        "{refused:,} refused, {raised:,} to be looked at, {clear:,} without a finding",
        "拒绝 {refused:,} 笔，需核查 {raised:,} 笔，未发现问题 {clear:,} 笔",
    ),
    "claim": Text("Asked for", "申请"),
    "other": Text("Meets", "与之冲突"),
    "financing": Text("Financing", "融资编号"),
    "other_financing": Text("Its financing", "对方融资"),
    "other_lender": Text("Lender", "资金方"),
    "other_source": Text("Known from", "来源"),
    "verdict": Text("Verdict", "结论"),
    "reason": Text("Code", "代码"),
    "refuse": Text("refused", "拒绝"),
    "raise": Text("look", "核查"),
    "wrote": Text("wrote {files:,} files in {folder}", "已写入 {folder}（{files:,} 个文件）"),
    "see_losses": Text("who bears a loss", "损失由谁承担"),
    "see_tiers": Text("tiers", "层级与成本"),
    "see_paper": Text("one paper", "一张凭证"),
}  # fmt: skip
STATES = {
    "issued": Text("to be accepted", "待签收"), "accepted": Text("accepted", "已签收"),
    "cancelled": Text("cancelled", "已撤销"), "settled": Text("settled", "已结清"),
    "defaulted": Text("in default", "已拒付"),
    "live": Text("live", "有效"), "split": Text("split", "已拆分"),
    "passed": Text("passed on", "已转出"), "returned": Text("returned", "已追索"),
    "converted": Text("converted", "已转票据"), "paid": Text("paid", "已兑付"),
    "withdrawn": Text("withdrawn", "已撤回"),
    "issue": Text("issue", "开立"), "transfer": Text("transfer", "流转"),
    "finance": Text("finance", "融资"), "recourse": Text("recourse", "追索"),
    "payment": Text("payment", "兑付"), "pledge": Text("to the pledgee", "付质权人"),
    "purchase": Text("purchase", "融资款"),
    "own": Text("own books", "本行"), "register": Text("register", "登记系统"),
    "refuse": Text("refused", "拒绝"), "raise": Text("to be looked at", "需核查"),
    "voucher": Text("voucher", "凭证"), "bill": Text("bill", "票据"),
}  # fmt: skip


def headings(lang: str) -> dict[str, str]:
    """Headings of tables that are written to files."""
    return {name: text.in_language(lang) for name, text in WORDS.items()}


def for_people(table: pa.Table, lang: str) -> pa.Table:
    """A table for a file that people open: codes of closed lists in words."""
    for at, name in enumerate(table.column_names):
        if name == "how":
            told = [_how(each, lang) for each in table[name].to_pylist()]
        elif name in ("kind", "status", "state", "why", "verdict", "other_source"):
            told = [each and _state(each, lang) for each in table[name].to_pylist()]
        elif name in ("debit", "credit"):
            told = [printing_desk.role(each, lang) for each in table[name].to_pylist()]
        elif name == "memo":
            told = [printing_desk.memo(each, lang) for each in table[name].to_pylist()]
        else:
            continue
        table = table.set_column(at, name, pa.array(told, pa.string()))
    return table


def ran(desk: Desk, answers: pa.Table, moves: pa.Table, lang: str) -> None:
    """What came of a sheet of acts: what was refused and why, live pieces, movements, the sum."""
    say, console = speaker(WORDS, lang), console_now()
    found = vouchers.summary(desk)
    console.print(f"\n[bold]{say('acts', **desk.counts)}[/]")
    refused = answers.filter(pc.invert(answers["done"]))
    if refused.num_rows:
        console.print(f"\n[bold]{say('refusals')}[/]")
        heads = ("row", "act", "by", "target", "to", "amount_minor", "says")
        shown = grid([say(each) for each in heads], (1, 2, 3, 4, 6))
        for row in refused.slice(0, ROWS_SHOWN).to_pylist():
            texts = [safe(row[each] or "") for each in ("act", "by", "target", "to")]
            told = f"[red]{safe(row['says'])}[/]"
            shown.add_row(str(row["row"]), *texts, plain(row["amount_minor"]), told)
        console.print(shown)
        printing_desk.more(refused.num_rows, lang)
    pieces(vouchers.live_pieces(desk.book), lang)
    printing_desk.movements(moves, lang)
    console.print()
    for paper, rule in vouchers.questions(desk)[:ROWS_SHOWN]:
        told = say("question", paper=paper, months=rule.months_usual, number=rule.number)
        console.print(f"[yellow]?[/] {safe(told)}", soft_wrap=True)
    conservation(found, lang)


def conservation(found: Mapping[str, Any], lang: str) -> None:
    """Whether the live pieces add up to what is unpaid."""
    say, console = speaker(WORDS, lang), console_now()
    if not found["gaps"]:
        amount = money(found["unpaid_minor"])
        told = say("conserved", pieces=found["pieces_live"], amount=amount, papers=found["papers"])
        console.print(f"[green]✓[/] {told}")
    for gap in found["gaps"]:
        told = say("gap", name=gap["name"], expected=money(gap["expected"]),
                   found=money(gap["found"]))  # fmt: skip
        console.print(f"[bold red]✗[/] {safe(told)}")


def wrote(folder: Path, files: int, payer: str | None, paper: str | None, lang: str) -> None:
    """Where the tables went, and what to ask next."""
    say = speaker(WORDS, lang)
    console_now().print(safe(say("wrote", files=files, folder=folder)), soft_wrap=True)
    if payer is None or paper is None:
        return
    end = f"--lang {lang}"
    printing_desk.next_steps(
        [
            (say("see_losses"), f"headrace voucher losses {folder} --payer {payer} {end}"),
            (say("see_tiers"), f"headrace voucher tiers {folder} --payer {payer} {end}"),
            (say("see_paper"), f"headrace voucher paper {paper} {folder} {end}"),
        ],
        lang,
    )


def pieces(table: pa.Table, lang: str, title: str = "pieces") -> None:
    """Pieces, one a line."""
    say, console = speaker(WORDS, lang), console_now()
    console.print(f"\n[bold]{say(title)}[/]")
    if not table.num_rows:
        console.print(f"[dim]{say('none')}[/]")
        return
    whole = title != "pieces"
    heads = ["piece", "holder", "seller", "how", "tier", "unpaid_minor", "cost_minor", "marks"]
    heads += ["state"] if whole else []
    shown = grid([say(each) for each in heads], (0, 1, 2, 3, 7, 8), (3, 8))
    for row in table.slice(0, ROWS_SHOWN).to_pylist():
        who = row["seller"] or ""
        if row["seller"] is not None and not row["recourse"]:
            who = f"{row['seller']} ×"
        marks = [
            say(key, name=row[name])
            for key, name in (
                ("registered_short", "registered_for"),
                ("pledged_short", "pledged_to"),
            )
            if row[name] is not None
        ]
        held = row["amount_minor"] if whole else row["unpaid_minor"]
        cells = [
            safe(row["piece"]), safe(row["holder"]), safe(who), _how(row["how"], lang),
            "" if row["how"] == "finance" else str(row["tier"]), plain(held),
            plain(row["cost_minor"]), safe(", ".join(marks)),
        ]  # fmt: skip
        shown.add_row(*cells, *([_state(row["state"], lang)] if whole else []))
    if whole:
        shown.columns[5].header = say("amount_minor")
    console.print(shown)
    silent = pc.and_not(pc.is_valid(table["seller"]), table["recourse"])
    if pc.any(silent).as_py():
        console.print(
            f"[dim]× {Text('handed on without recourse', '前手不担责').in_language(lang)}[/]"
        )
    printing_desk.more(table.num_rows, lang)


def paper(found: tuple[pa.Table, pa.Table, pa.Table], lang: str) -> None:
    """One paper: its terms, all its pieces, the money that passed."""
    about, parts, flows = found
    say, console = speaker(WORDS, lang), console_now()
    (row,) = about.to_pylist()
    shown = grid(["", ""], (0, 1))
    shown.show_header = False
    facts = [("paper", f"{row['paper']}  {_state(row['kind'], lang)}"), ("payer", row["payer"])]
    if row["drawer"] != row["payer"]:
        facts.append(("drawer", row["drawer"]))
    facts += [
        ("status", _state(row["status"], lang)),
        ("issued", row["issued"]),
        ("due", row["due"]),
    ]
    for name in ("amount_minor", "paid_minor", "converted_minor", "unpaid_minor"):
        if row[name] or name == "amount_minor":
            facts.append((name, money(row[name])))
    for name, value in facts:
        shown.add_row(say(name), f"[bold]{safe(value)}[/]")
    console.print(shown)
    pieces(parts, lang, "all_pieces")
    passed(flows, lang)


def passed(table: pa.Table, lang: str) -> None:
    """Money that passed, one flow a line."""
    say, console = speaker(WORDS, lang), console_now()
    console.print(f"\n[bold]{say('money')}[/]")
    if not table.num_rows:
        console.print(f"[dim]{say('none')}[/]")
        return
    shown = grid(
        [say(each) for each in ("on", "payer", "payee", "amount_minor", "why", "piece")],
        (0, 1, 2, 4, 5),
        (0,),
    )
    for row in table.slice(0, ROWS_SHOWN).to_pylist():
        shown.add_row(
            str(row["on"]), safe(row["payer"]), safe(row["payee"]), plain(row["amount_minor"]),
            _state(row["why"], lang), safe(row["piece"]),
        )  # fmt: skip
    console.print(shown)
    printing_desk.more(table.num_rows, lang)


def losses(walk: pa.Table, payer: str, lang: str) -> None:
    """Who bears a loss, and by which walk of recourse."""
    say, console = speaker(WORDS, lang), console_now()
    console.print(f"\n[bold]{safe(say('borne', payer=payer))}[/]")
    shown = grid([say("party"), say("bears_minor")], (0,))
    sums = borne(walk)
    for row in sums.slice(0, ROWS_SHOWN).to_pylist():
        style = "bold red" if row["bears_minor"] else "dim"
        shown.add_row(safe(row["party"]), f"[{style}]{plain(row['bears_minor'])}[/]")
    total = pc.sum(sums["bears_minor"]).as_py() or 0
    shown.add_row("", f"[bold]{plain(total)}[/]")
    console.print(shown)
    console.print(f"\n[bold]{say('walk')}[/]")
    heads = ("piece", "party", "lost_minor", "against", "claim_minor", "bears_minor")
    shown = grid([say(each) for each in heads], (0, 1, 3))
    for row in walk.slice(0, ROWS_SHOWN).to_pylist():
        against = row["against"] or say("nobody")
        if row["against"] is not None and not row["recourse"]:
            against = say("no_recourse", name=against)
        first = row["step"] == 0
        shown.add_row(
            safe(row["piece"]) if first else "", safe(row["party"]), plain(row["lost_minor"]),
            safe(against), plain(row["claim_minor"]) if row["claim_minor"] else "",
            f"[bold]{plain(row['bears_minor'])}[/]" if row["bears_minor"] else "",
        )  # fmt: skip
    console.print(shown)
    printing_desk.more(walk.num_rows, lang)
    console.print(f"[dim]{say('assumed')}[/]")


def tiers(table: pa.Table, behind: pa.Table, lang: str) -> None:
    """How deep a payer's papers travel, and who is there."""
    say, console = speaker(WORDS, lang), console_now()
    console.print(f"\n[bold]{say('tiers')}[/]")
    heads = ["tier", "firms", "reached_minor", "held_minor", "financed_minor", "discount_minor",
             "rate", "spread"]  # fmt: skip
    shown = grid([say(each) for each in heads], ())
    for row in table.to_pylist():
        rates = ["" if row[name] is None else f"{row[name]:.2%}" for name in ("rate", "spread")]
        shown.add_row(
            str(row["tier"]), str(row["firms"]), *(plain(row[name]) for name in heads[2:6]), *rates
        )
    console.print(shown)
    console.print(f"\n[bold]{say('behind')}[/]")
    if not behind.num_rows:
        console.print(f"[dim]{say('none')}[/]")
        return
    heads = ["firm", "through", "tier", "pieces_count", "reached_minor"]
    shown = grid([say(each) for each in heads], (0, 1))
    for row in behind.slice(0, ROWS_SHOWN).to_pylist():
        shown.add_row(
            safe(row["firm"]), safe(row["through"]), str(row["tier"]), str(row["pieces"]),
            plain(row["reached_minor"]),
        )  # fmt: skip
    console.print(shown)
    printing_desk.more(behind.num_rows, lang)


def checked(found: Checked, lang: str) -> None:
    """What is financed already, and what looks like it."""
    say, console = speaker(WORDS, lang), console_now()
    told = say("claims", refused=len(found.refused), raised=len(found.raised),
               clear=len(found.clear))  # fmt: skip
    console.print(f"\n[bold]{told}[/]")
    if not found.findings.num_rows:
        return
    heads = ["claim", "verdict", "says", "other", "other_lender", "other_source"]
    shown = grid([say(each) for each in heads], range(len(heads)))
    for row in found.findings.slice(0, ROWS_SHOWN).to_pylist():
        bad = row["verdict"] == "refuse"
        mark = f"[bold red]✗ {say('refuse')}[/]" if bad else f"[yellow]? {say('raise')}[/]"
        shown.add_row(
            safe(row["claim"]), mark, safe(row["says"]), safe(row["other"]),
            safe(row["other_lender"] or ""), _state(row["other_source"] or "", lang),
        )  # fmt: skip
    console.print(shown)
    printing_desk.more(found.findings.num_rows, lang)


def _state(word: str, lang: str) -> str:
    return STATES[word].in_language(lang) if word in STATES else safe(word)


def _how(word: str, lang: str) -> str:
    """How a piece came to be."""
    return Text("split", "拆分").in_language(lang) if word == "split" else _state(word, lang)
