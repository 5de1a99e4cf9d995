"""A first mapping from the headers and values that a folder holds, for a person to complete."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pyarrow as pa
import pyarrow.compute as pc

from headrace.facts.headers import matches, plain
from headrace.facts.kinds import CREDIT_RECORD, INVOICE, MAPPABLE, PARTY, RATE_RESPONSE
from headrace.facts.mapping import TableMapping
from headrace.facts.schema import FactSchema, FieldType

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
        "party": _PARTY_CODE,
        "name": ("企业名称", "公司名称", "客户名称", "名称", "name", "company_name", "firm_name"),
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
        kinds = list(_kinds(table.columns.column_names))
        parts += [_table(table, kind) for kind in kinds]
        if not kinds:
            headers = ", ".join(table.columns.column_names)
            parts.append(f"# {table.file}: no kind of fact was recognised in: {_line(headers)}\n")
    parts += [f"# not read: {_line(problem)}\n" for problem in unread]
    return "\n".join(parts)


def _kinds(headers: Sequence[str]) -> Iterable[FactSchema]:
    """Kinds of which at least two headers are there, an invoice before all others."""
    scores = {kind: matches(headers, _as_mapping(kind)) for kind in SYNONYMS}
    if scores[INVOICE.kind] >= 4:
        yield INVOICE
    elif scores[RATE_RESPONSE.kind] >= 2:
        yield RATE_RESPONSE
    else:
        if scores[PARTY.kind] >= 2:
            yield PARTY
        if _has(headers, CREDIT_RECORD.kind, "outcome") and scores[CREDIT_RECORD.kind] >= 2:
            yield CREDIT_RECORD


def _as_mapping(kind: str) -> TableMapping:
    return TableMapping(name=kind, fact=MAPPABLE[kind], columns=SYNONYMS[kind])


def _has(headers: Sequence[str], kind: str, key: str) -> bool:
    return _header_for(headers, kind, key) is not None


def _header_for(headers: Sequence[str], kind: str, key: str) -> str | None:
    found = {plain(header): header for header in headers}
    for synonym in SYNONYMS[kind].get(key, ()):
        if plain(synonym) in found:
            return found[plain(synonym)]
    return None


def _table(table: FoundTable, schema: FactSchema) -> str:
    headers = table.columns.column_names
    chosen = {
        field.key: header
        for field in schema.mapped
        if (header := _header_for(headers, schema.kind, field.key)) is not None
    }
    lines = ["[[table]]", f"file = {_quoted(table.file)}", f"fact = {_quoted(schema.kind)}"]
    if schema is INVOICE:
        lines += [*_direction(chosen, table.file), "number_width = 8"]
    pairs = ", ".join(f"{key} = {_quoted(header)}" for key, header in chosen.items())
    lines.append(f"columns = {{ {pairs} }}")
    for field in schema.fields:
        if field.type is FieldType.CHOICE and field.key in chosen:
            column = table.columns.column(headers.index(chosen[field.key]))
            lines += _values(field.key, column)
        needed = field.required and field.key not in chosen
        if needed and field.key not in ("currency", "direction"):
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
