"""Words of what `headrace graph` prints: texts, headings of columns, values of closed lists."""

from headrace.adapters.printing import console_now, safe
from headrace.graph.groups.words import KIND_WORDS
from headrace.graph.groups.words import Language as GroupLanguage
from headrace.graph.relations.kinds import ROLES_ZH
from headrace.pack import Text

WORDS = {
    "simulated": Text("SIMULATED DATA", "模拟数据"),
    "party": Text("party", "主体"),
    "name": Text("name", "名称"),
    "type": Text("type", "类型"),
    "relation": Text("relation", "关系"),
    "relations": Text("relations", "关系数"),
    "subject": Text("from", "主体"),
    "object": Text("to", "对象"),
    "role": Text("role", "角色"),
    "share": Text("share", "比例"),
    "amount_minor": Text("amount", "金额"),
    "since": Text("since", "起"),
    "until": Text("until", "止"),
    "count": Text("times", "次数"),
    "fact": Text("fact", "事实"),
    "invoice": Text("invoices", "发票"),
    "exposure": Text("exposures", "敞口"),
    "quarantined": Text("rows in quarantine", "被隔离行"),
    "unconnected": Text("no chain of relations connects them", "两者之间没有关系路径"),
    "none": Text("nothing found", "没有结果"),
    "stood": Text("as of {day}, as known on {known}", "截至 {day}，按 {known} 已知"),
    "more": Text("… {count:,} more; --json tells all", "… 另有 {count:,} 项，--json 可列出全部"),
    "colon": Text(": ", "："),
    "stop": Text("; ", "；"),
    "every_row": Text("in every row: {said}", "每行相同：{said}"),
    "narrow": Text(
        "no room here for {columns}; a wider terminal, --json or --to shows all",
        "此处容纳不下：{columns}；加宽终端、--json 或 --to 可看全部",
    ),
    "one_by_one": Text(
        "six parties or fewer, named by code, are shown one feature a line",
        "指定不超过六个主体时，每行显示一项特征",
    ),
    "no_capital": Text(
        "{which} was not given, so limits on it have no amount: {option} 5000000000 gives it"
        " (in yuan)",
        "未提供{which}，相应限额无法计算：可用 {option} 5000000000 提供（单位：元）",
    ),
    "reason_en": Text("why", "说明"),
    "as_of": Text("as of", "截至"),
    "stands": Text("from – to", "起 – 止"),
    "no_text": Text(
        "{count:,} rows without a party or a text were passed over",
        "{count:,} 行缺少主体或文本，已跳过",
    ),
    "other": Text("other party", "对方"),
    "work_limit": Text(
        "limits of work left flows out: narrow the question", "因计算上限有遗漏：请缩小范围"
    ),
    "traced": Text(
        "{amount} paid out on {day}; {back} came back to the borrower or its guarantors",
        "{day} 发放 {amount}，其中 {back} 回流至借款人或其担保人",
    ),
    "one_customer": Text("One customer", "同一客户"),
    "group": Text("Group customers", "集团客户"),
    "dependence": Text("Economic dependence", "经济依存客户"),
    "related": Text("Related parties", "关联方"),
    "possible": Text("possible", "可能"),
    "not_read": Text("official text not read", "未核实原文"),
    "assumed": Text(
        "assumed: reserve {buffer} of yearly sales, a lost customer costs {margin} of its sales,"
        " {recovery} left of who fails, invoices due after {terms} days",
        "假设：储备为年销售额的 {buffer}，失去客户的损失为对其销售额的 {margin}，"
        "违约主体剩余 {recovery}，发票账期 {terms} 天",
    ),
    "lost_in_all": Text(
        "{amount} lost in all; {count} fail", "合计损失 {amount}；{count} 个主体违约"
    ),
    "paid_late": Text("{amount} is paid late", "延迟支付 {amount}"),
    "scenarios": Text("{count:,} scenarios", "{count:,} 个情景"),
    "failures": Text("parties that fail", "违约主体数"),
    "bank_loss": Text("loss of the bank", "银行损失"),
    "failed": Text("fails", "违约"),
    "loss_minor": Text("loss", "损失"),
    "way": Text("way", "途径"),
    "source": Text("from", "来源"),
    "target": Text("to", "承受方"),
    "first_day": Text("from day", "起始日"),
    "days": Text("days", "天数"),
    "peak_minor": Text("short by", "最大缺口"),
    "core": Text("core", "核心企业"),
    "upstream": Text("upstream", "上游层级"),
    "downstream": Text("downstream", "下游层级"),
    "sales_share": Text("of sales", "销售占比"),
    "purchases_share": Text("of purchases", "采购占比"),
    "through": Text("through", "经由"),
    "attributed_minor": Text("attributed", "归属金额"),
    "node": Text("place", "节点"),
    "score": Text("score", "得分"),
    "how": Text("how", "方式"),
    "evidence": Text("evidence", "依据"),
    "weight": Text("weight", "权重"),
    "one_firm": Text("one firm", "同一企业"),
    "two_firms": Text("two firms", "不是同一企业"),
    "entity": Text("entity", "实体"),
    "canonical": Text("leads", "主代号"),
    "branch": Text("branch", "分支机构"),
    "head_office": Text("head office", "总部"),
    "ring": Text("ring", "团伙"),
    "pattern": Text("pattern", "模式"),
    "things": Text("things", "共用物"),
    "density": Text("density", "密度"),
    "circles": Text("circles", "环数"),
    "closed_by": Text("closed by", "触发事实"),
    "community": Text("community", "社群"),
    "inside": Text("inside", "内部"),
    "cut": Text("cut", "外联"),
    "conductance": Text("conductance", "导度"),
    "seed": Text("around", "中心"),
    "motifs": Text("triangles", "三角数"),
    "limit": Text("limit", "限额"),
    "limit_en": Text("which", "限额内容"),
    "limit_zh": Text("which", "限额内容"),
    "head": Text("head", "核心"),
    "head_name": Text("name", "核心名称"),
    "used_minor": Text("used", "占用"),
    "used_possible_minor": Text("with possible", "含可能占用"),
    "limit_minor": Text("most", "上限"),
    "room_minor": Text("room", "余量"),
    "passed": Text("passed", "超限"),
    "kind": Text("kind", "类型"),
    "member": Text("member", "成员"),
    "before": Text("before", "之前"),
    "after": Text("after", "之后"),
    "causes": Text("by", "原因"),
    "lost": Text("What the format cannot say:", "该格式无法表达："),
    "holders": Text("Holders over all chains", "全链条持有人"),
    "control": Text("Control", "控制关系"),
    "beneficial": Text("Owners under the rules", "规则认定的所有人"),
    "unverified": Text("the official text was not read: compare", "未核实原文：使用前请核对"),
    "share_low": Text("share, least", "比例下限"),
    "share_high": Text("share, most", "比例上限"),
    "votes_low": Text("votes, least", "表决权下限"),
    "votes_high": Text("votes, most", "表决权上限"),
    "ultimate": Text("ultimate", "最终"),
    "controller": Text("controller", "控制人"),
    "controller_name": Text("name", "控制人名称"),
    "controlled": Text("controlled", "被控制"),
    "controlled_name": Text("name", "被控制名称"),
    "certain": Text("certain", "确定"),
    "jointly": Text("jointly", "共同"),
    "company": Text("company", "企业"),
    "company_name": Text("name", "企业名称"),
    "owner": Text("owner", "所有人"),
    "owner_name": Text("name", "所有人名称"),
    "test": Text("test", "标准"),
    "test_zh": Text("test", "标准"),
    "circle": Text("circle", "担保圈"),
    "parties": Text("parties", "成员"),
    "kinds": Text("kinds", "类型"),
    "guarantees": Text("guarantees", "担保"),
    "unknown": Text("amounts unknown", "金额不明"),
    "net_minor": Text("net", "净额"),
    "replace": Text("replace", "需置换"),
    "replace_minor": Text("replaced", "置换金额"),
    "exact": Text("least", "最小"),
    "flow": Text("flow", "闭环"),
    "first_time": Text("first", "首笔"),
    "last_time": Text("last", "末笔"),
    "facts": Text("facts", "事实"),
    "step": Text("step", "步"),
    "payer": Text("payer", "付款人"),
    "payee": Text("payee", "收款人"),
    "time": Text("time", "时间"),
    "traced_minor": Text("traced", "追踪金额"),
    "hops": Text("hops", "层数"),
    "end": Text("end", "去向"),
    "points": Text("points", "得分"),
    "unseen": Text("unseen", "未知项分值"),
    "reason": Text("reason", "原因"),
    "reason_zh": Text("reason", "原因"),
    "value": Text("value", "数值"),
    "reason_points": Text("of which", "其中"),
    "rules": Text("rules", "规则"),
    "verified": Text("text read", "已核原文"),
    "next": Text("Next", "下一步"),
}
"""Texts, and headings of columns; a column without one is shown by its name."""

FEATURES = {
    "neighbours_1": Text("neighbours", "直接邻居数"),
    **{
        name: text
        for step in (1, 2, 3)
        for name, text in (
            (f"bad_count_{step}", Text(f"bad parties {step} away", f"第{step}层不良数")),
            (f"bad_share_{step}", Text(f"bad of those {step} away", f"第{step}层不良占比")),
        )
    },
    "guarantees_given": Text("guarantees given", "对外担保"),
    "guarantees_received": Text("guarantees received", "接受担保"),
    "guarantee_circle": Text("size of guarantee circle", "担保圈规模"),
    "top_customer_share": Text("largest customer, of sales", "最大客户占比"),
    "top_supplier_share": Text("largest supplier, of purchases", "最大供应商占比"),
    "customer_hhi": Text("concentration of customers", "客户集中度"),
    "supplier_hhi": Text("concentration of suppliers", "供应商集中度"),
    "pagerank": Text("PageRank (mean: 1)", "PageRank（均值为 1）"),
    "core_number": Text("core number", "核数"),
    "shared_with": Text("share an address, phone, device", "共用地址、电话、设备者"),
    "leader_offices": Text("other firms of its officers", "高管另任职企业数"),
}
"""The graph features, see `headrace.graph.features.measures`."""

_STANDING = {
    "out": Text("out", "不在"),
    "certain": Text("certain", "确定"),
    "possible": Text("possible", "可能"),
}
VALUES = {
    "type": {
        "unknown": Text("not known", "未知"),
        "person": Text("person", "自然人"),
        "company": Text("company", "公司"),
        "partnership": Text("partnership", "合伙企业"),
        "branch": Text("branch", "分支机构"),
        "fund": Text("fund", "基金"),
        "state": Text("state", "国家"),
        "other": Text("other", "其他"),
        "attribute": Text("shared thing", "共用物"),
        "chain_node": Text("place on a chain", "产业链节点"),
    },
    "kind": {
        kind.name.lower(): Text(words[GroupLanguage.EN], words[GroupLanguage.ZH])
        for kind, words in KIND_WORDS.items()
    },
    "before": _STANDING,
    "after": _STANDING,
    "capital": {
        "tier1_net": Text("net tier 1 capital", "一级资本净额"),
        "net": Text("net capital", "资本净额"),
        "prior_quarter_net": Text("net capital at the last quarter's end", "上季末资本净额"),
    },
    "causes": {
        "added": Text("added", "新增"),
        "began": Text("began", "开始"),
        "changed": Text("changed", "变更"),
        "corrected": Text("corrected", "更正"),
        "expired": Text("expired", "到期"),
        "withdrawn": Text("withdrawn", "撤销"),
    },
    "kinds": {
        "mutual": Text("mutual", "互保"),
        "joint": Text("joint", "联保"),
        "ring": Text("ring", "循环担保"),
        "chain": Text("chain", "担保链"),
    },
    "way": {
        "debt": Text("debt", "债务"),
        "call": Text("guarantee called", "代偿"),
        "unpaid_call": Text("guarantee not honoured", "代偿未付"),
        "holding": Text("holding", "股权"),
        "need": Text("lost customer", "失去客户"),
    },
    "end": {
        "held": Text("still held", "仍持有"),
        "trickle": Text("too small to follow", "金额过小"),
        "hops": Text("chain long enough", "层数已满"),
        "borrower": Text("back to the borrower", "回流借款人"),
        "guarantor": Text("to a guarantor", "流向担保人"),
        "property": Text("property", "房产"),
        "securities": Text("securities", "证券"),
        "cash": Text("cash", "现金"),
        "lender": Text("lender", "出借人"),
    },
    "how": {
        "named": Text("its name", "名称相同"),
        "word": Text("a word", "词语"),
        "alike": Text("alike", "相近"),
    },
    "pattern": {
        "things shared within two months": Text(
            "things shared within two months", "两月内共用多物"
        ),
        "many things shared within two months": Text(
            "many things shared within two months", "两月内共用很多物"
        ),
        "dealings within two months": Text("dealings within two months", "两月内密集往来"),
        "things shared within a year": Text("things shared within a year", "一年内共用多物"),
        "dealings within a year": Text("dealings within a year", "一年内密集往来"),
    },
    "field": {
        "prior": Text("prior", "先验"),
        "names": Text("names", "名称"),
        "credit_code": Text("credit code", "统一社会信用代码"),
        "phone": Text("phone", "电话"),
        "legal_person": Text("legal representative", "法定代表人"),
    },
}
"""By column, what its words are to people; a value that is not here is shown as it is."""


def word(key: str, language: str, **values: object) -> str:
    """A text of this module."""
    return WORDS[key].in_language(language).format(**values)


def heading(column: str, language: str) -> str:
    """What a column is called; its name where it has no other."""
    text = WORDS.get(column) or FEATURES.get(column)
    return column if text is None else text.in_language(language)


def value(column: str, said: str, language: str) -> str:
    """A word of a closed list as people say it."""
    text = VALUES.get(column, {}).get(said)
    return said if text is None else text.in_language(language)


def role(said: str | None, language: str) -> str | None:
    """An office, a kinship, a sort of shared thing; words of sources stay as they are."""
    if said is None:
        return None
    return ROLES_ZH.get(said, said) if language == "zh" else said.replace("_", " ")


def say(key: str, language: str, **values: object) -> None:
    """One line."""
    console_now().print(safe(word(key, language, **values)), soft_wrap=True)


def note(key: str, language: str, **values: object) -> None:
    """One line beside the answer, on standard error."""
    console_now(stderr=True).print(f"! {safe(word(key, language, **values))}", soft_wrap=True)


def made_up(language: str) -> None:
    """That the data are made up."""
    console_now().print(f"[black on yellow] {word('simulated', language)} [/]")
