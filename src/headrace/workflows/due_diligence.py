"""A due-diligence report (尽调报告) drafted from facts: each number says which facts are behind it.

No model of language writes it: each sentence stands here, and is said only where its figure is
known. What is not known is put on the list of what to ask on site.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from headrace.clock import local_day
from headrace.decisions.lending.decision import Decision, Outcome
from headrace.evidence.canonical import canonical_json
from headrace.facts.corrections import as_of, known_by
from headrace.facts.localtime import local_from_utc
from headrace.features.definition import Unit
from headrace.money import MINOR_PER_MAJOR, format_minor
from headrace.pack import Pack, Text
from headrace.workflows.graph_features import RELATION_FEATURES
from headrace.workflows.lend import UNCERTAINTY

PARTNERS_SHOWN = 5
RELATIONS_SHOWN = 30
IDS_SHOWN = 3
POINTS_SHOWN = 5
TOP_SHARE_HIGH = 0.5
VOID_SHARE_HIGH = 0.2


@dataclass(frozen=True, eq=False)
class Dossier:
    """What is known of one firm.

    Attributes:
        party: Its code.
        described: Party facts about it, masked for who reads.
        invoices: Its invoices.
        corrections: Of them.
        relations: Relation facts in which it stands.
        exposures: Exposure facts about it.
        names: Of firms and people, by code.
        graph: Rows of the run's graph tables that name it, by table.
        features: The run's features of it, by name.
        decision: The run's; None: it made none.
        pack: Words for features and reasons.
        moment: Up to which the run knew everything.
        zone: Whose days and years count.
        run: Digest of the run's decisions.
        simulated: Whether the data are made up.
    """

    party: str
    described: pa.Table
    invoices: pa.Table
    corrections: pa.Table
    relations: pa.Table
    exposures: pa.Table
    names: Mapping[str, str]
    graph: Mapping[str, pa.Table]
    features: Mapping[str, float | None]
    decision: Decision | None
    pack: Pack
    moment: datetime
    zone: str
    run: str
    simulated: bool

    @property
    def name(self) -> str:
        """Of the firm; its code where it is not known."""
        return self.names.get(self.party, self.party)


@dataclass(frozen=True)
class Source:
    """The facts behind numbers of the report.

    Attributes:
        number: As the text refers to it, from 1.
        what: In words.
        kind: Of the facts; empty where they are not facts but what a run made of them.
        count: How many.
        ids: The first of them.
        digest: SHA-256 over all ids, sorted, a line each; the first 16 hex digits.
        known: ISO instant by which all of them were known; empty: not said.
        feature: Name of the feature computed from them; empty: none.
    """

    number: int
    what: str
    kind: str
    count: int
    ids: tuple[str, ...]
    digest: str
    known: str
    feature: str = ""


@dataclass(frozen=True)
class Line:
    """A sentence, and the numbers of the sources behind it."""

    text: str
    sources: tuple[int, ...] = ()


@dataclass(frozen=True)
class Grid:
    """A table: headings, and rows of cells, of which those from `numbers` on are figures."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numbers: int
    sources: tuple[int, ...] = ()


@dataclass(frozen=True)
class Section:
    """A chapter; a table where there is one, then sentences."""

    title: str
    lines: tuple[Line, ...]
    grids: tuple[Grid, ...] = ()
    is_checklist: bool = False


@dataclass(frozen=True)
class DueDiligence:
    """A report.

    Attributes:
        language: zh or en.
        title: With the name of the firm.
        party: Code of the firm.
        marks: That it is a draft, as of when, by whom, from which run.
        sections: Chapters.
        sources: The appendix.
        sources_title: Its heading.
        digest: SHA-256 of all of the above, first 16 hex digits.
    """

    language: str
    title: str
    party: str
    marks: tuple[str, ...]
    sections: tuple[Section, ...]
    sources: tuple[Source, ...]
    sources_title: str
    digest: str = ""


def due_diligence(dossier: Dossier, language: str, author: str) -> DueDiligence:
    """The report on a firm, as a draft for its author to complete.

    Args:
        dossier: What is known.
        language: zh or en.
        author: Who asks for it.
    """
    writer = _Writer(dossier, language)
    sections = (
        writer.who(),
        writer.ownership(),
        writer.business(),
        writer.taxes(),
        writer.network(),
        writer.score(),
        writer.exposure(),
        writer.risks(),
        writer.proposal(),
        writer.checklist(),
    )
    say = writer.say
    day = local_day(dossier.moment, dossier.zone).isoformat()
    marks = [
        say(
            "DRAFT, made from facts by a program; its author has to check it",
            "草稿：由系统依据数据生成，须由作者核实",
        ),
        say(
            f"As of {day} · author {author} · run {dossier.run}",
            f"数据截至 {day} · 作者 {author} · 批次 {dossier.run}",
        ),
    ]
    if dossier.simulated:
        marks.insert(0, say("Simulated data, no real firm", "模拟数据，非真实企业"))
    report = DueDiligence(
        language=language,
        title=say(f"Due diligence: {dossier.name}", f"尽职调查报告：{dossier.name}"),
        party=dossier.party,
        marks=tuple(marks),
        sections=sections,
        sources=tuple(writer.sources),
        sources_title=say("Appendix: the facts behind the numbers", "附录：数据来源"),
    )
    digest = hashlib.sha256(canonical_json(asdict(report))).hexdigest()[:16]
    return DueDiligence(**{**vars(report), "digest": digest})


@dataclass
class _Writer:
    """Writes sections, and numbers the sources as they come."""

    dossier: Dossier
    language: str
    sources: list[Source] = field(default_factory=list)
    risky: list[Line] = field(default_factory=list)
    lacking: list[str] = field(default_factory=list)
    read: dict[int, tuple[pa.Table, tuple[str, ...], str]] = field(default_factory=dict)

    def say(self, en: str, zh: str) -> str:
        """In the language of the report."""
        return zh if self.language == "zh" else en

    def of(self, text: Text) -> str:
        """A text of the pack."""
        return text.in_language(self.language)

    def money(self, minor: float) -> str:
        """Whole units; in Chinese ten thousands of them."""
        if self.language == "zh" and self.currency == "CNY":
            return f"{minor / MINOR_PER_MAJOR['CNY'] / 10_000:,.2f} 万元"
        return format_minor(round(minor / 100) * 100, self.currency)

    @property
    def currency(self) -> str:
        """Of the report's money."""
        return "CNY" if self.dossier.decision is None else self.dossier.decision.currency

    @property
    def related(self) -> frozenset[str]:
        """What relations say of it, where the register says nothing: an office, an address."""
        return frozenset(self.dossier.relations["role"].cast(pa.string()).to_pylist()) - {None}

    @property
    def standing(self) -> pa.Table:
        """Invoices that stand at the moment."""
        return as_of(self.dossier.invoices, self.dossier.corrections, self.dossier.moment)

    def cite(self, what: str, kind: str, facts: pa.Table, feature: str = "") -> tuple[int, ...]:
        """The number of a source; the same facts are numbered once."""
        ids, digest = self.ids_of(facts)
        for each in self.sources:
            if (each.what, each.kind, each.digest) == (what, kind, digest):
                return (each.number,)
        known = ""
        if facts.num_rows and "known_time" in facts.column_names:
            latest = pc.max(facts["known_time"]).as_py()
            zone = ZoneInfo(self.dossier.zone)
            known = "" if latest is None else latest.astimezone(zone).isoformat()
        number = len(self.sources) + 1
        shown = ids[:IDS_SHOWN]
        count = facts.num_rows
        self.sources.append(Source(number, what, kind, count, shown, digest, known, feature))
        return (number,)

    def ids_of(self, facts: pa.Table) -> tuple[tuple[str, ...], str]:
        """Sorted ids of facts, and their digest; read once for each table, for many cite it."""
        if id(facts) not in self.read:
            has_ids = "id" in facts.column_names and facts.num_rows
            ids = tuple(sorted(facts["id"].to_pylist())) if has_ids else ()
            digest = hashlib.sha256("\n".join(ids).encode()).hexdigest()[:16] if ids else ""
            self.read[id(facts)] = (facts, ids, digest)  # held, so that its id is not given again
        return self.read[id(facts)][1:]

    def cite_feature(self, name: str) -> tuple[int, ...]:
        """A source for a feature: how it is computed, and the facts it is computed from."""
        feature = self.dossier.pack.feature(name)
        is_graph = feature.definition is None
        told = self.of(Text(feature.en, feature.zh))
        what = f"{told} ({name}): {feature.read_aloud()}"
        kind = "relation" if name in RELATION_FEATURES else "invoice"
        facts = self.dossier.relations if kind == "relation" else self.dossier.invoices
        behind = "" if is_graph else name
        return self.cite(what, "" if is_graph and kind == "invoice" else kind, facts, behind)

    def value(self, name: str) -> str | None:
        """A feature as people read it; None where it is missing, which is noted."""
        value = self.dossier.features.get(name)
        feature = self.dossier.pack.feature(name)
        if value is None:
            self.lacking.append(self.of(Text(feature.en, feature.zh)))
            return None
        if feature.unit is Unit.MONEY:
            return self.money(value)
        if feature.unit is Unit.SHARE:
            return f"{value:.1%}"
        return f"{value:,.2f}" if feature.unit is Unit.RATIO else f"{value:,.0f}"

    def feature_lines(self, names: Iterable[str]) -> list[Line]:
        """A line for each feature that is known."""
        found = []
        for name in names:
            told, feature = self.value(name), self.dossier.pack.feature(name)
            if told is not None:
                colon = self.say(": ", "：")
                text = f"{self.of(Text(feature.en, feature.zh))}{colon}{told}"
                found.append(Line(text, self.cite_feature(name)))
        return found

    def who(self) -> Section:
        """Who they are."""
        dossier = self.dossier
        facts = dossier.described
        rows = facts.to_pylist()
        last: dict[str, Any] = rows[-1] if rows else {}
        sources = self.cite(self.say("What registers say", "工商登记信息"), "party", facts)
        asked = {
            "uscc": self.say("Unified social credit code", "统一社会信用代码"),
            "region": self.say("Region", "地区"),
            "industry": self.say("Industry", "行业"),
            "legal_representative": self.say("Legal representative", "法定代表人"),
            "address": self.say("Address", "地址"),
            "phone": self.say("Phone", "电话"),
        }
        cells = [
            (self.say("Name", "名称"), dossier.name),
            (self.say("Code", "代号"), dossier.party),
        ]
        for name, told in asked.items():
            if last.get(name):
                cells.append((told, str(last[name])))
            elif name not in self.related:
                self.lacking.append(told)
        if last.get("event_time"):
            day = local_day(last["event_time"], dossier.zone).isoformat()
            cells.append((self.say("Registered", "成立日期"), day))
        capital = self.say("Registered capital", "注册资本")
        if last.get("capital_minor") is not None:
            cells.append((capital, self.money(last["capital_minor"])))
        else:
            self.lacking.append(capital)
        head = (self.say("What", "项目"), self.say("As registered", "登记内容"))
        grid = Grid(head, tuple(cells), 2, sources)
        return Section(self.say("Who they are", "企业概况"), (), (grid,))

    def ownership(self) -> Section:
        """Who owns and leads it, and to whom it is tied."""
        facts = self.dossier.relations
        kept = [
            each
            for each in facts.to_pylist()
            if each["relation"] in _TIES and each["status"] != "withdrawn"
        ]
        kept.sort(key=lambda each: (_TIES.index(each["relation"]), -(each["share"] or 0)))
        rows = [self.tie(each) for each in kept[:RELATIONS_SHOWN]]
        sources = self.cite(self.say("Relations", "关系数据"), "relation", facts)
        head = (
            self.say("Relation", "关系"),
            self.say("With", "对方"),
            self.say("As", "身份"),
            self.say("Share", "比例"),
        )
        lines = []
        if not rows:
            lines.append(Line(self.say("No owner or office is known.", "暂无股东与任职数据。")))
            self.lacking.append(self.say("Owners and who controls it", "股东及实际控制人"))
        if len(kept) > len(rows):
            more = len(kept) - len(rows)
            lines.append(Line(self.say(f"And {more} more.", f"另有 {more} 条。"), sources))
        grids = (Grid(head, tuple(rows), 3, sources),) if rows else ()
        return Section(self.say("Ownership and group", "股权与关联关系"), tuple(lines), grids)

    def tie(self, fact: Mapping[str, Any]) -> tuple[str, ...]:
        """A relation as a row."""
        is_subject = fact["subject"] == self.dossier.party
        other = fact["object"] if is_subject else fact["subject"]
        en, zh = _TIE_WORDS[fact["relation"]][0 if is_subject else 1]
        share = "" if fact["share"] is None else f"{fact['share']:.1%}"
        role = fact["role"] or ""
        told = self.say(*_ROLES[role]) if role in _ROLES else role
        return self.say(en, zh), self.named(other), told, share

    def named(self, party: str) -> str:
        """Name and code."""
        known = self.dossier.names.get(party)
        return f"{known} ({party})" if known else party

    def business(self) -> Section:
        """Sales and purchases by year, customers and suppliers."""
        standing = self.standing
        sources = self.cite(self.say("Invoices that stand", "有效发票"), "invoice", standing)
        grids = [self.years(standing, sources)]
        grids += [self.partners(standing, direction, sources) for direction in ("sale", "purchase")]
        lines = self.feature_lines(
            (
                *("sales_12m", "sales_growth", "sales_months_active", "customer_count"),
                *("sales_top_share", "sales_hhi", "sales_peak_quarter_share", "sales_variation"),
                *("supplier_count", "purchase_top_share", "sales_to_purchases"),
            )
        )
        title = self.say("Business", "经营情况")
        return Section(title, tuple(lines), tuple(each for each in grids if each.rows))

    def years(self, standing: pa.Table, sources: tuple[int, ...]) -> Grid:
        """Net amounts by calendar year."""
        times = standing["event_time"].cast(pa.int64()).to_numpy()
        local = pa.array(local_from_utc(times, self.dossier.zone), pa.timestamp("us"))
        table = pa.table(
            {
                "year": pc.year(local),
                "direction": standing["direction"].cast(pa.string()),
                "amount": standing["amount_minor"],
            }
        )
        sums = table.group_by(["year", "direction"]).aggregate(
            [("amount", "sum"), ([], "count_all")]
        )
        found = {(e["year"], e["direction"]): e for e in sums.to_pylist()}
        rows = []
        for year in sorted({year for year, _ in found}):
            cells = [str(year)]
            for direction in ("sale", "purchase"):
                each = found.get((year, direction), {"amount_sum": 0, "count_all": 0})
                cells += [self.money(each["amount_sum"]), f"{each['count_all']:,}"]
            rows.append(tuple(cells))
        head = (
            *(self.say("Year", "年度"), self.say("Sales, net", "销售额（不含税）")),
            *(self.say("Invoices", "张数"), self.say("Purchases, net", "采购额（不含税）")),
            self.say("Invoices", "张数"),
        )
        return Grid(head, tuple(rows), 1, sources)

    def partners(self, standing: pa.Table, direction: str, sources: tuple[int, ...]) -> Grid:
        """The largest customers or suppliers, all years."""
        mine = standing.filter(pc.equal(standing["direction"].cast(pa.string()), direction))
        table = pa.table(
            {"who": mine["counterparty"].cast(pa.string()), "amount": mine["amount_minor"]}
        )
        sums = table.group_by("who").aggregate([("amount", "sum")])
        sums = sums.sort_by([("amount_sum", "descending"), ("who", "ascending")])
        whole = sum(each for each in sums["amount_sum"].to_pylist() if each > 0)
        rows = [
            (self.named(who), self.money(amount), f"{amount / whole:.1%}" if whole else "")
            for who, amount in zip(
                sums["who"].to_pylist()[:PARTNERS_SHOWN],
                sums["amount_sum"].to_pylist()[:PARTNERS_SHOWN],
                strict=True,
            )
        ]
        who = (
            ("Largest customers", "主要客户")
            if direction == "sale"
            else ("Largest suppliers", "主要供应商")
        )
        head = (
            self.say(*who),
            self.say("Amount, net", "金额（不含税）"),
            self.say("Share", "占比"),
        )
        return Grid(head, tuple(rows), 1, sources)

    def taxes(self) -> Section:
        """Voids, red letters and the tax on invoices."""
        names = (
            *("sales_void_share", "sales_red_share", "purchase_void_share"),
            *("sales_tax_rate", "purchase_tax_rate", "sales_round_share"),
        )
        lines = self.feature_lines(names)
        voids = self.dossier.features.get("sales_void_share")
        if voids is not None and voids > VOID_SHARE_HIGH:
            text = self.say(
                f"{voids:.1%} of its sales invoices were voided: ask why.",
                f"销项发票作废率 {voids:.1%}，需了解原因。",
            )
            self.risky.append(Line(text, self.cite_feature("sales_void_share")))
        return Section(self.say("Tax, voids and red letters", "税务与作废红冲"), tuple(lines))

    def network(self) -> Section:
        """Trade with other firms that both sides show."""
        lines, graph = [], self.dossier.graph
        rings = graph.get("rings")
        for each in rings.to_pylist() if rings is not None else ():
            way = " → ".join(self.named(party) for party in each["parties"])
            amount = self.money(each["amount_minor"])
            text = self.say(
                f"Papers of about one amount went round {each['rounds']} times, {amount}: {way}",
                f"闭环交易 {each['rounds']} 轮，{amount}：{way}",
            )
            sources = self.cite(self.say("Rings the run found", "批次识别的闭环"), "", rings)
            lines.append(Line(text, sources))
            self.risky.append(Line(text, sources))
        own = graph.get("self_invoices")
        if own is not None and own.num_rows:
            text = self.say(
                f"It invoiced itself {own.num_rows} times.", f"自开自受发票 {own.num_rows} 张。"
            )
            ids = own.rename_columns({"sale_id": "id"})
            sources = self.cite(self.say("Invoices to itself", "自开自受发票"), "invoice", ids)
            lines.append(Line(text, sources))
            self.risky.append(Line(text, sources))
        two_way = graph.get("two_way")
        for each in two_way.to_pylist() if two_way is not None else ():
            other = each["second"] if each["first"] == self.dossier.party else each["first"]
            text = self.say(
                f"It sells to {self.named(other)} and buys from it, at least "
                f"{self.money(each['amount_minor'])} each way.",
                f"与{self.named(other)}互为客户与供应商，"
                f"双向至少 {self.money(each['amount_minor'])}。",
            )
            said = self.say("Trade both ways the run found", "批次识别的双向交易")
            sources = self.cite(said, "", two_way)
            lines.append(Line(text, sources))
            self.risky.append(Line(text, sources))
        lines += self.feature_lines(
            ("hidden_partners", "shared_customer_share", "shared_supplier_share", "core_number")
        )
        return Section(self.say("Trade network", "交易网络"), tuple(lines))

    def score(self) -> Section:
        """The score, and what counts for and against."""
        decision = self.dossier.decision
        title = self.say("Score and reasons", "评分与理由")
        if decision is None or decision.pd is None:
            told = self.say("It was not scored.", "未评分。")
            return Section(title, (Line(told),))
        card = self.cite(
            self.say(
                f"Scorecard and record of decision {decision.decision_id}",
                f"评分卡与决策记录 {decision.decision_id}",
            ),
            "",
            self.dossier.invoices.slice(0, 0),
        )
        lines = [
            Line(
                self.say(
                    f"Probability of default over the term {decision.pd:.1%}, "
                    f"class {decision.rating}.",
                    f"期限内违约概率 {decision.pd:.1%}，等级 {decision.rating}。",
                ),
                card,
            )
        ]
        known = [each for each in decision.points if each.reason != UNCERTAINTY]
        rows = []
        for each in [*known[:POINTS_SHOWN], *reversed(known[-POINTS_SHOWN:])]:
            feature = self.dossier.pack.feature(each.reason)
            told = self.of(Text(feature.en, feature.zh))
            value = self.value(each.reason) or self.say("unknown", "未知")
            rows.append((told, value, f"{each.points:+.0f}"))
        head = (self.say("Reason", "指标"), self.say("Value", "取值"), self.say("Points", "得分"))
        return Section(title, tuple(lines), (Grid(head, tuple(dict.fromkeys(rows)), 1, card),))

    def exposure(self) -> Section:
        """What others and the bank have at stake."""
        facts = self.dossier.exposures.filter(known_by(self.dossier.exposures, self.dossier.moment))
        rows = [
            (
                each["product"] or "",
                self.money(each["amount_minor"]),
                local_day(each["event_time"], self.dossier.zone).isoformat(),
            )
            for each in facts.to_pylist()
            if each["status"] != "withdrawn"
        ]
        sources = self.cite(self.say("Positions", "敞口数据"), "exposure", facts)
        head = (
            self.say("Product", "业务品种"),
            self.say("Amount", "金额"),
            self.say("Since", "起始"),
        )
        lines = self.feature_lines(("guarantees_given", "guarantees_received", "guarantee_circle"))
        circle = self.dossier.features.get("guarantee_circle")
        if circle:
            text = self.say(
                f"It stands in a circle of guarantees of {circle:.0f} firms.",
                f"处于 {circle:.0f} 家企业的担保圈中。",
            )
            self.risky.append(Line(text, self.cite_feature("guarantee_circle")))
        if not rows:
            told = self.say("No position with the bank is known.", "暂无本行敞口数据。")
            lines.insert(0, Line(told, sources))
        lines.append(Line(self.say("Collateral: none is known.", "押品：暂无数据。")))
        self.lacking.append(
            self.say("Loans elsewhere, collateral, guarantees", "他行贷款、押品与担保")
        )
        grids = (Grid(head, tuple(rows), 1, sources),) if rows else ()
        return Section(self.say("Exposure and collateral", "敞口与押品"), tuple(lines), grids)

    def risks(self) -> Section:
        """What stood out above, in one place."""
        features = self.dossier.features
        top = features.get("sales_top_share")
        if top is not None and top > TOP_SHARE_HIGH:
            text = self.say(
                f"One customer makes {top:.1%} of its sales.", f"第一大客户占销售额 {top:.1%}。"
            )
            self.risky.append(Line(text, self.cite_feature("sales_top_share")))
        growth = features.get("sales_growth")
        if growth is not None and growth < 1:
            text = self.say(
                f"Sales fell: the last 12 months are {growth:.0%} of those before.",
                f"销售下滑：近12个月为上一年同期的 {growth:.0%}。",
            )
            self.risky.append(Line(text, self.cite_feature("sales_growth")))
        none = Line(self.say("The rules of this report found none.", "按本报告规则未发现。"))
        return Section(self.say("Risks found", "发现的风险"), tuple(self.risky) or (none,))

    def proposal(self) -> Section:
        """What the run offers."""
        title = self.say("Proposed limit and price", "建议额度与定价")
        decision = self.dossier.decision
        if decision is None:
            return Section(title, (Line(self.say("The run did not decide.", "批次未作决策。")),))
        sources = self.cite(
            self.say(
                f"Record of decision {decision.decision_id}", f"决策记录 {decision.decision_id}"
            ),
            "",
            self.dossier.invoices.slice(0, 0),
        )
        reasons = self.dossier.pack.require_lending().reasons
        why = self.of(
            reasons.get(decision.reasons[0], Text(decision.reasons[0], decision.reasons[0]))
        )
        done = self.say(*_OUTCOMES[decision.outcome])
        lines = [Line(f"{done}{self.say(': ', '：')}{why}", sources)]
        if decision.rate is not None:
            lines.append(
                Line(
                    self.say(
                        f"Limit {self.money(decision.limit_minor)}, {float(decision.rate):.2%} a "
                        f"year, {decision.term_months} months.",
                        f"额度 {self.money(decision.limit_minor)}，"
                        f"年利率 {float(decision.rate):.2%}，"
                        f"期限 {decision.term_months} 个月。",
                    ),
                    sources,
                )
            )
        lines += [Line(f"{e.table}, {e.row}: {e.text}", sources) for e in decision.rules]
        return Section(title, tuple(lines))

    def checklist(self) -> Section:
        """What is missing, and what nobody can know without going there."""
        missing = dict.fromkeys(self.lacking)
        lines = [Line(self.say(f"Not known: {each}", f"待补充：{each}")) for each in missing]
        lines += [Line(self.say(en, zh)) for en, zh in _ON_SITE]
        title = self.say("To be asked and seen on site", "现场核实清单")
        return Section(title, tuple(lines), is_checklist=True)


_TIES = ("owns", "controls", "votes", "acts_with", "office", "family", "guarantees", "uses")
_TIE_WORDS: Mapping[str, tuple[tuple[str, str], tuple[str, str]]] = {
    "owns": (("owns", "持股"), ("is owned by", "股东")),
    "controls": (("controls", "控制"), ("is controlled by", "实际控制人")),
    "votes": (("votes in", "持表决权"), ("votes of", "表决权人")),
    "acts_with": (("acts with", "一致行动"), ("acts with", "一致行动")),
    "office": (("holds office in", "任职于"), ("is led by", "任职人员")),
    "family": (("family of", "亲属"), ("family of", "亲属")),
    "guarantees": (("guarantees", "为其担保"), ("is guaranteed by", "担保人")),
    "uses": (("uses", "使用"), ("is used by", "被使用")),
}
"""As subject, and as object."""
_ROLES: Mapping[str, tuple[str, str]] = {
    "legal_representative": ("legal representative", "法定代表人"),
    "director": ("director", "董事"),
    "supervisor": ("supervisor", "监事"),
    "spouse": ("spouse", "配偶"),
    "joint": ("jointly liable", "连带责任"),
    "address": ("the same address", "相同地址"),
    "phone": ("the same phone", "相同电话"),
}
_OUTCOMES: Mapping[Outcome, tuple[str, str]] = {
    Outcome.APPROVE: ("Approve", "建议批准"),
    Outcome.REFER: ("A person decides", "建议人工审批"),
    Outcome.DECLINE: ("Decline", "建议不予批准"),
}
_ON_SITE: Sequence[tuple[str, str]] = (
    (
        "Meet the person who really decides; see the identity card.",
        "与实际控制人见面，核对身份证件。",
    ),
    (
        "See the place of business: is it working, who works there?",
        "查看经营场所：是否正常生产经营，在岗人数。",
    ),
    (
        "See goods and machines; compare stock with purchases.",
        "查看存货与设备，库存与采购数据比对。",
    ),
    (
        "Ask for contracts and payments of the three largest customers.",
        "核对前三大客户的合同与回款。",
    ),
    (
        "Ask for bank statements of the last 12 months.",
        "取得近12个月银行流水。",
    ),
    (
        "Ask for loans and guarantees elsewhere, with the credit report.",
        "核对他行贷款与对外担保（征信报告）。",
    ),
    (
        "Compare social insurance, water and power bills with what is said.",
        "以社保、水电费核对所述规模。",
    ),
    (
        "Look for lawsuits and enforcement.",
        "查询诉讼与执行信息。",
    ),
)
