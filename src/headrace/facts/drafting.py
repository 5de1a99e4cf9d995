"""A first mapping from the headers and values that a folder holds, for a person to complete."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from headrace.facts.headers import matches, plain
from headrace.facts.kinds import (
    CREDIT_RECORD,
    EXPOSURE,
    INVOICE,
    MAPPABLE,
    PARTY,
    RATE_RESPONSE,
    RELATION,
)
from headrace.facts.mapping import TableMapping
from headrace.facts.schema import EVENT_TIME, FactSchema, FieldType

_PARTY_CODE = (
    *("企业代号", "企业代码", "主体代号", "客户号", "客户编号", "统一社会信用代码", "纳税人识别号"),
    *("party", "party_id", "firm_id", "company_id", "customer_id", "uscc", "taxpayer_id"),
)
_SELLER = (
    *(
        "销方单位代号",
        "销方代号",
        "销售方代码",
        "销方识别号",
        "销方税号",
        "销售方纳税人识别号",
        "销售方",
    ),
    *("seller_id", "seller", "supplier_id"),
)
_BUYER = (
    *(
        "购方单位代号",
        "购方代号",
        "购买方代码",
        "购方识别号",
        "购方税号",
        "购买方纳税人识别号",
        "购买方",
    ),
    *("buyer_id", "buyer", "purchaser_id"),
)
_COMPANY = (
    *("公司代码", "证券代码", "标的企业", "公司名称", "企业名称", "公司", "企业"),
    *("company", "company_code", "company_name"),
)


@dataclass(frozen=True, slots=True)
class _Ends:
    """A table of relations of one kind, told by the headers of its two ends.

    Attributes:
        relation: Which.
        subject: Headers of who, codes before names.
        object: Headers of to whom.
        needs: Key that must have a header, too, where an end alone proves little; empty: none.
    """

    relation: str
    subject: tuple[str, ...]
    object: tuple[str, ...]
    needs: str = ""


_ENDS = (
    _Ends(
        "guarantees",
        (
            *("担保人代码", "担保人证件号", "保证人代码", "担保企业", "担保方", "担保人", "保证人"),
            *("担保人名称", "保证人名称", "guarantor", "guarantor_id"),
        ),
        (
            *("被担保人代码", "被担保企业", "被担保方", "被担保人", "被保证人", "被担保人名称"),
            *("借款人代码", "借款人", "借款人名称", "债务人", "borrower", "borrower_id", "debtor"),
        ),
    ),
    _Ends(
        "nominee",
        ("代持人", "名义股东", "名义持有人", "nominee", "nominee_id"),
        ("被代持人", "实际出资人", "实际股东", "隐名股东", "nominator", "nominator_id"),
    ),
    _Ends(
        "owns",
        (
            *("股东代码", "股东证件号", "股东证件号码", "投资人代码", "股东", "股东名称"),
            *("股东姓名", "投资人", "投资方", "出资人", "持股人", "shareholder", "shareholder_id"),
            *("holder", "owner", "owner_id", "investor"),
        ),
        (
            *("被投资企业代码", "被投资企业", "被投资方", "被投资企业名称", "所投企业"),
            *("investee", "owned_id", *_PARTY_CODE, *_COMPANY),
        ),
        needs="share",
    ),
    _Ends(
        "office",
        (
            *("人员代码", "人员编号", "任职人员", "高管", "高管姓名", "董监高", "董监高姓名"),
            *("人员姓名", "姓名", "officer", "officer_id", "person", "person_id"),
        ),
        ("任职企业代码", "任职企业", "任职单位", "任职公司", *_PARTY_CODE, *_COMPANY),
        needs="role",
    ),
    _Ends(
        "family",
        ("本人", "本人证件号", "本人姓名", "人员", "person", "person_id"),
        ("亲属", "亲属证件号", "亲属姓名", "关系人", "家庭成员", "relative", "relative_id"),
    ),
    _Ends(
        "transfers",
        ("付款人代码", "付款方", "付款人", "付款人名称", "payer", "payer_id", "remitter"),
        ("收款人代码", "收款方", "收款人", "收款人名称", "payee", "payee_id", "beneficiary"),
    ),
    _Ends(
        "lends",
        ("出借人", "出借方", "贷款人", "lender", "lender_id"),
        ("借款人代码", "借款人", "借款方", "借款人名称", "borrower", "borrower_id"),
    ),
    _Ends(
        "supplies",
        ("供应商代码", "供应商", "供货方", "供应商名称", "supplier", "supplier_id"),
        ("采购商代码", "采购商", "采购方", "客户", "客户名称", "customer", "customer_id"),
    ),
    _Ends(
        "branch_of",
        ("分支机构代码", "分支机构", "分公司", "分支机构名称", "branch", "branch_id"),
        ("总公司", "总部", "总机构", "隶属企业", "总公司名称", "head_office", "parent_company"),
    ),
    _Ends(
        "controls",
        ("实际控制人", "控制人", "控制方", "controller", "controller_id"),
        ("被控制企业", "被控制方", "被控制人", "controlled", "controlled_id"),
    ),
    _Ends("proxy", ("委托人", "委托方", "principal"), ("受托人", "受托方", "proxy", "trustee")),
    _Ends("disputes", ("原告", "原告名称", "plaintiff"), ("被告", "被告名称", "defendant")),
)
_ANY_END = _Ends(
    "",
    ("主体代号", "主体代码", "主体", "subject", "subject_id"),
    ("对象代号", "对象代码", "对象", "object", "object_id"),
    needs="relation",
)


def _all_ends(side: str) -> tuple[str, ...]:
    """Headers of one side in all tables of relations."""
    sides = [getattr(ends, side) for ends in (_ANY_END, *_ENDS)]
    return tuple(dict.fromkeys(header for headers in sides for header in headers))


# Headers of common exports: kind -> key -> headers, the usual one first.
SYNONYMS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    INVOICE.kind: {
        "party": _PARTY_CODE,
        "counterparty": (
            *_SELLER,
            *_BUYER,
            *("对方单位代号", "交易对手", "对方代码", "counterparty", "counterparty_id"),
        ),
        "number": (
            *("发票号码", "发票号", "数电票号码", "发票编号"),
            *("invoice_number", "invoice_no", "invoice no.", "number"),
        ),
        "event_time": (
            "开票日期",
            "开票时间",
            "开票日",
            "日期",
            "date",
            "invoice_date",
            "issue_date",
        ),
        "amount": ("金额", "不含税金额", "合计金额", "amount", "net", "net_amount"),
        "tax": ("税额", "合计税额", "增值税额", "税金", "tax", "vat", "tax_amount"),
        "total": ("价税合计", "含税金额", "总金额", "合计", "total", "gross", "total_amount"),
        "status": ("发票状态", "状态", "票据状态", "status", "invoice_status"),
        "direction": ("进销项", "发票方向", "direction"),
        "voided_time": ("作废日期", "作废时间", "void_date", "voided_time", "voided_on"),
        "corrects_number": ("原发票号码", "红冲原票号码", "对应蓝字发票号码", "corrects_number"),
    },
    PARTY.kind: {
        "party": (*_PARTY_CODE, "人员代码", "人员编号", "person_id"),
        "name": (
            "企业名称",
            "公司名称",
            "客户名称",
            "名称",
            "姓名",
            "name",
            "company_name",
            "firm_name",
        ),
        "industry": ("行业", "所属行业", "行业名称", "industry", "sector"),
        "region": ("地区", "所属地区", "注册地", "省份", "region", "province", "city"),
    },
    CREDIT_RECORD.kind: {
        "party": _PARTY_CODE,
        "outcome": ("是否违约", "违约", "是否逾期", "default", "defaulted", "outcome"),
        "rating": ("信誉评级", "信用等级", "评级", "rating", "credit_rating"),
    },
    RATE_RESPONSE.kind: {
        "rate": ("贷款年利率", "年利率", "利率", "rate", "annual_rate"),
        "churn_a": ("信誉评级A", "A级流失率", "churn_a", "rating_a"),
        "churn_b": ("信誉评级B", "B级流失率", "churn_b", "rating_b"),
        "churn_c": ("信誉评级C", "C级流失率", "churn_c", "rating_c"),
    },
    # The number of a contract is no `statement`: two guarantors of one contract would be taken for
    # two versions of one statement, of which only the last known counts.
    RELATION.kind: {
        "relation": ("关系类型", "关系种类", "relation", "relation_type"),
        "subject": _all_ends("subject"),
        "object": _all_ends("object"),
        "role": (
            *("职务", "任职", "职位", "亲属关系", "与本人关系", "称谓", "担保方式", "保证方式"),
            *("角色", "role", "position", "office", "kinship"),
        ),
        "about": ("所涉企业", "标的公司", "about"),
        "share": (
            *("持股比例", "出资比例", "股权比例", "投资比例", "供货占比", "采购占比", "比例"),
            *("share", "percentage", "stake"),
        ),
        "share_min": ("持股比例下限", "比例下限", "share_min"),
        "share_max": ("持股比例上限", "比例上限", "share_max"),
        "amount": (
            *("担保金额", "担保额", "保证金额", "转账金额", "付款金额", "交易金额", "借款金额"),
            *("供货金额", "采购金额", "涉案金额", "金额", "amount"),
        ),
        "event_time": (
            *("生效日期", "担保起始日", "担保起始日期", "起始日期", "开始日期", "入股日期"),
            *("任职日期", "任职起始日期", "转账日期", "交易日期", "付款日期", "立案日期", "日期"),
            *("date", "from", "since", "start_date", "valid_from"),
        ),
        "known_time": (
            "获知日期",
            "公示日期",
            "登记日期",
            "录入日期",
            "known_time",
            "registered_on",
        ),
        "valid_to": (
            *("失效日期", "担保到期日", "担保到期日期", "终止日期", "结束日期", "退出日期"),
            *("离任日期", "任职终止日期", "to", "until", "end_date", "valid_to"),
        ),
        "statement": ("陈述编号", "statement", "statement_id"),
        "detail": ("备注", "说明", "detail", "remark"),
    },
    # A due date is no `valid_to`: a loan that is overdue is still lost.
    EXPOSURE.kind: {
        "party": (*_PARTY_CODE, "借款人代码", "债务人代码", "借款人", "债务人"),
        "product": ("业务品种", "授信品种", "贷款品种", "产品名称", "产品", "product"),
        "amount": (
            *("敞口", "敞口金额", "风险敞口", "敞口余额", "授信余额", "贷款余额", "借据余额"),
            *("exposure", "exposure_amount", "outstanding", "balance"),
        ),
        "deductible": ("可扣减额", "可扣减金额", "保证金", "保证金金额", "deductible", "deposit"),
        "event_time": (
            *("发放日期", "放款日期", "起息日", "借据起始日", "起始日期", "业务日期", "统计日期"),
            *("余额日期", "日期", "date", "drawn_on", "start_date", "as_of"),
        ),
        "valid_to": ("结清日期", "结清日", "closed_on", "settled_on", "repaid_on"),
        "statement": ("借据号", "借据编号", "statement", "position_id"),
    },
}
_MEANINGS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "status": {
        "valid": ("有效发票", "有效", "正常", "正常发票", "valid", "normal", "0", "红字", "已红冲"),
        "voided": ("作废发票", "作废", "已作废", "无效", "voided", "void", "cancelled"),
    },
    "outcome": {
        "default": ("是", "违约", "yes", "y", "true", "1", "default"),
        "repaid": ("否", "未违约", "no", "n", "false", "0", "repaid"),
    },
    "direction": {
        "purchase": ("进项", "进", "purchase", "input"),
        "sale": ("销项", "销", "sale", "output"),
    },
    "relation": {
        "owns": ("持股", "股东", "投资", "出资", "参股", "控股", "owns", "shareholder"),
        "votes": ("表决权", "持有表决权", "votes"),
        "general_partner": ("普通合伙人", "执行事务合伙人", "general_partner", "gp"),
        "limited_partner": ("有限合伙人", "limited_partner", "lp"),
        "controls": ("控制", "实际控制", "协议控制", "controls"),
        "acts_with": ("一致行动", "一致行动人", "acts_with"),
        "proxy": ("表决权委托", "委托", "proxy"),
        "nominee": ("代持", "股权代持", "nominee"),
        "guarantees": ("担保", "保证", "连带担保", "guarantees", "guarantee"),
        "family": ("亲属", "亲属关系", "家庭成员", "family"),
        "office": ("任职", "高管", "董监高", "法定代表人", "office"),
        "branch_of": ("分支机构", "分公司", "branch_of", "branch"),
        "uses": ("使用", "共用", "uses"),
        "trades": ("交易", "购销", "trades"),
        "transfers": ("转账", "资金往来", "transfers", "transfer"),
        "supplies": ("供货", "供应", "supplies"),
        "lends": ("借款", "出借", "借贷", "lends"),
        "on_chain": ("挂链", "on_chain"),
        "depends": ("经济依存", "依存", "depends"),
        "disputes": ("诉讼", "起诉", "纠纷", "disputes"),
    },
}
_VALUES_SHOWN_MAX = 20
_TOP = """\
# A draft by Headrace: read it, complete it, save it as mapping.toml beside the data.
name = "my export"
simulated = false
currency = "CNY"
time_zone = "Asia/Shanghai"
purpose = "credit_assessment"
consent = ""                      # by whose leave: required
# extracted_on = 2024-12-31       # the day the export was made; later events go to quarantine
"""


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table in the folder, as a reader that knows no mapping found it.

    Attributes:
        file: Its name.
        columns: Its rows.
    """

    file: str
    columns: pa.Table


def probe(file: str) -> TableMapping:
    """A mapping that maps every known header, so that readers find the header row."""
    keys: dict[str, tuple[str, ...]] = {}
    for kind, synonyms in SYNONYMS.items():
        keys |= {f"{kind}.{key}": headers for key, headers in synonyms.items()}
    return TableMapping(name=file, fact=PARTY, columns=MappingProxyType(keys), file=file)


def draft(tables: Sequence[FoundTable], unread: Sequence[str] = ()) -> str:
    """The text of a mapping in TOML.

    A required field for which no column was recognised is a commented line, so that the draft
    is refused, by name, until a person completes it.

    Args:
        tables: As found.
        unread: Files that could not be read, with the reason; they are named in a comment.
    """
    parts = [_TOP]
    for table in tables:
        recognised = list(_recognised(table.columns.column_names))
        parts += [_table(table, each) for each in recognised]
        if not recognised:
            headers = ", ".join(table.columns.column_names)
            parts.append(f"# {table.file}: no kind of fact was recognised in: {_line(headers)}\n")
    parts += [f"# not read: {_line(problem)}\n" for problem in unread]
    return "\n".join(parts)


@dataclass(frozen=True, slots=True)
class _Recognised:
    """What a table may be: a kind of fact, the header of each field, what all rows share."""

    schema: FactSchema
    chosen: Mapping[str, str]
    constants: Mapping[str, str]


def _recognised(headers: Sequence[str]) -> Iterable[_Recognised]:
    relation = _relation(headers)
    if relation is not None and not _is_invoice(headers):
        yield relation
        return
    for schema in _kinds(headers):
        yield _Recognised(schema, _chosen(headers, schema.kind, SYNONYMS[schema.kind]), {})


def _is_invoice(headers: Sequence[str]) -> bool:
    return matches(headers, _as_mapping(INVOICE.kind)) >= 4


def _relation(headers: Sequence[str]) -> _Recognised | None:
    """Relations, if both ends of one sort have a header; None: neither does."""
    for ends in (*_ENDS, _ANY_END):
        synonyms = {**SYNONYMS[RELATION.kind], "subject": ends.subject, "object": ends.object}
        if ends.relation:
            del synonyms["relation"]
        chosen = _chosen(headers, RELATION.kind, synonyms)
        if {"subject", "object", ends.needs or "subject"} <= set(chosen):
            constants = {"relation": ends.relation} if ends.relation else {}
            return _Recognised(RELATION, chosen, constants)
    return None


def _kinds(headers: Sequence[str]) -> Iterable[FactSchema]:
    """Kinds of which at least two headers are there, an invoice before all others."""
    scores = {kind: matches(headers, _as_mapping(kind)) for kind in SYNONYMS}
    if _is_invoice(headers):
        yield INVOICE
    elif scores[RATE_RESPONSE.kind] >= 2:
        yield RATE_RESPONSE
    else:
        owed = all(_has(headers, EXPOSURE.kind, key) for key in ("party", "amount"))
        if owed and scores[EXPOSURE.kind] >= 3:
            yield EXPOSURE
        elif scores[PARTY.kind] >= 2:
            yield PARTY
        if _has(headers, CREDIT_RECORD.kind, "outcome") and scores[CREDIT_RECORD.kind] >= 2:
            yield CREDIT_RECORD


def _as_mapping(kind: str) -> TableMapping:
    return TableMapping(name=kind, fact=MAPPABLE[kind], columns=SYNONYMS[kind])


def _has(headers: Sequence[str], kind: str, key: str) -> bool:
    return _header_for(headers, SYNONYMS[kind].get(key, ())) is not None


def _header_for(headers: Sequence[str], synonyms: Iterable[str]) -> str | None:
    found = {plain(header): header for header in headers}
    return next((found[plain(each)] for each in synonyms if plain(each) in found), None)


def _chosen(
    headers: Sequence[str], kind: str, synonyms: Mapping[str, tuple[str, ...]]
) -> dict[str, str]:
    """Key -> header, in the order of the fields."""
    return {
        field.key: header
        for field in MAPPABLE[kind].mapped
        if (header := _header_for(headers, synonyms.get(field.key, ()))) is not None
    }


def _table(table: FoundTable, found: _Recognised) -> str:
    headers, schema, chosen = table.columns.column_names, found.schema, found.chosen
    lines = ["[[table]]", f"file = {_quoted(table.file)}", f"fact = {_quoted(schema.kind)}"]
    if schema is INVOICE:
        lines += [*_direction(chosen, table.file), "number_width = 8"]
    pairs = ", ".join(f"{key} = {_quoted(header)}" for key, header in chosen.items())
    lines.append(f"columns = {{ {pairs} }}")
    for key, value in found.constants.items():
        lines.append(f"constants = {{ {key} = {_quoted(value)} }}")
    for key in ("subject", "object"):
        if plain(chosen.get(key, "")).endswith(("名称", "姓名", "name")):
            lines.append(
                f"# `{key}` is a name, and names are no identity: map a code if there is one"
            )
    for field in schema.fields:
        if field.type is FieldType.CHOICE and field.key in chosen:
            column = table.columns.column(headers.index(chosen[field.key]))
            lines += _values(field.key, column)
    given = {*chosen, *found.constants, "currency", "direction"}
    needed = [field for field in schema.fields if field.required]
    if schema.dated:
        needed.append(EVENT_TIME)
    for field in needed:
        if field.key not in given:
            lines.append(f"# missing: `{field.key}` ({field.en}; {field.zh}): add its header")
    return "\n".join(lines) + "\n"


def _direction(chosen: Mapping[str, str], file: str) -> list[str]:
    """Whether the file holds purchases or sales is told by whom its counterparty column names."""
    if "direction" in chosen:
        return []
    other = plain(chosen.get("counterparty", ""))
    if other in {plain(header) for header in _SELLER}:
        return ['constants = { direction = "purchase" }  # the counterparty is the seller']
    if other in {plain(header) for header in _BUYER}:
        return ['constants = { direction = "sale" }  # the counterparty is the buyer']
    return [f'# constants = {{ direction = "purchase" }}  # or "sale": which is {_line(file)}?']


def _values(key: str, column: pa.ChunkedArray) -> list[str]:
    trimmed = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    distinct = sorted(text for text in pc.unique(trimmed).to_pylist() if text)
    meanings = {plain(text): choice for choice, texts in _MEANINGS[key].items() for text in texts}
    lines = []
    for text in distinct[:_VALUES_SHOWN_MAX]:
        choice = meanings.get(plain(text))
        line = f"values.{key}.{_quoted(text)} = {_quoted(choice or '?')}"
        lines.append(line if choice else f"# {line}  # one of {', '.join(_MEANINGS[key])}")
    return lines


def _quoted(text: str) -> str:
    """A TOML basic string; its escapes are those of JSON, which leaves DEL as it is."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _line(text: str) -> str:
    """Text from a file inside a comment: one line, no control characters."""
    return "".join(character if character.isprintable() else " " for character in text)
