"""Every rule by which a source row is changed, set aside or remarked on, one line each."""

from dataclasses import dataclass
from enum import Enum


class Effect(Enum):
    """What a rule does to a row."""

    NOTE = "note"  # the row is accepted; the rule, the number of rows and one example are told
    DUPLICATE = "duplicate"  # the row goes to the duplicates, naming the fact that is kept
    QUARANTINE = "quarantine"  # the row goes to quarantine, with file, row, column, value, reason
    CORRECTION = "correction"  # the row gives rise to a correction of an invoice


@dataclass(frozen=True, slots=True)
class Rule:
    """A named rule.

    Attributes:
        name: Appears in quarantine.csv, notes and corrections.
        effect: What it does to a row.
        en: Why, in one sentence, in English.
        zh: The same in Chinese.
    """

    name: str
    effect: Effect
    en: str
    zh: str


def _note(name: str, en: str, zh: str) -> Rule:
    return Rule(name, Effect.NOTE, en, zh)


def _quarantine(name: str, en: str, zh: str) -> Rule:
    return Rule(name, Effect.QUARANTINE, en, zh)


def _correction(name: str, en: str, zh: str) -> Rule:
    return Rule(name, Effect.CORRECTION, en, zh)


# Text, numbers and dates are brought to one form.
TRIM_TEXT = _note("trim_text", "Blanks around text were removed.", "已去除文本首尾空白。")
FOLD_WIDTH = _note(
    "fold_width",
    "Full-width and compatibility characters became ordinary ones (Unicode NFKC).",
    "全角及兼容字符已转为常规字符(NFKC)。",
)
CONTROL_CHARACTERS = _note(
    "control_characters", "Invisible control characters were removed.", "已去除不可见控制字符。"
)
PAD_NUMBER = _note(
    "pad_number", "Leading zeros that a number had lost were put back.", "已补回发票号码前导零。"
)
NUMBER_AS_TEXT = _note(
    "number_as_text",
    "A code stored as a number was written out as text.",
    "以数值存储的代码已转为文本。",
)
MONEY_NOTATION = _note(
    "money_notation",
    "Separators, currency signs, brackets or a trailing minus in an amount were read.",
    "已识别金额中的千分位、币种符号、括号或尾随负号。",
)
PERCENT = _note("percent", "A percentage was read as a fraction.", "百分数已读作小数。")
EXCEL_SERIAL = _note(
    "excel_serial",
    "A day number of the Excel 1900 calendar was read as a date.",
    "已将 Excel 日期序列号读作日期。",
)
DATE_ORDER = _note(
    "date_order",
    "Day/month order was settled by the mapping or by other rows of the column.",
    "日、月先后已按映射设置或同列其他行确定。",
)
DERIVED_AMOUNT = _note(
    "derived_amount",
    "The source lacks one of amount, tax, total: it was computed from the other two.",
    "来源缺少金额、税额、价税合计之一,已由另两项算出。",
)

# A cell that cannot be read.
MISSING_REQUIRED = _quarantine(
    "missing_required",
    "A required value is missing; missing is not zero.",
    "必填值缺失;缺失不等于零。",
)
BAD_NUMBER = _quarantine("bad_number", "This is not a number.", "不是有效数字。")
MORE_THAN_TWO_DECIMALS = _quarantine(
    "more_than_two_decimals",
    "The amount is finer than the smallest unit of its currency; nothing is rounded.",
    "金额小数位超过最小货币单位,不作四舍五入。",
)
RATE_OUT_OF_RANGE = _quarantine(
    "rate_out_of_range",
    "A rate lies between 0 and 1; write 4.65% or 0.0465.",
    "比率应在 0 与 1 之间;请写 4.65% 或 0.0465。",
)
BAD_DATE = _quarantine(
    "bad_date", "This is not a date of 1900 to 2099.", "不是 1900 至 2099 年间的有效日期。"
)
AMBIGUOUS_DATE = _quarantine(
    "ambiguous_date",
    'Day and month cannot be told apart; state date_order = "dmy" or "mdy" in the mapping.',
    '无法区分日与月;请在映射中注明 date_order = "dmy" 或 "mdy"。',
)
DAMAGED_CODE = _quarantine(
    "damaged_code",
    "The code was stored as a rounded number (1.23E+19) and has lost digits.",
    "代码曾以科学计数法存储,已丢失位数。",
)
UNKNOWN_CHOICE = _quarantine(
    "unknown_choice",
    "The value is not in the mapping's list of values.",
    "取值不在映射列出的范围内。",
)
RAGGED_ROW = _quarantine(
    "ragged_row", "The row has more or fewer cells than the header.", "该行单元格数与表头不符。"
)

# A row whose cells contradict one another.
TOTAL_MISMATCH = _quarantine(
    "total_mismatch",
    "Amount plus tax differs from the total by more than one minor unit.",
    "金额加税额与价税合计相差超过 1 分。",
)
SIGN_MISMATCH = _quarantine(
    "sign_mismatch", "Amount and tax have opposite signs.", "金额与税额正负号相反。"
)
FUTURE_DATE = _quarantine(
    "future_date",
    "The event is later than the day on which the file was extracted.",
    "发生日期晚于文件提取日期。",
)
KNOWN_BEFORE_EVENT = _quarantine(
    "known_before_event", "It was known before it happened.", "获知时间早于发生时间。"
)
VOID_BEFORE_ISSUE = _quarantine(
    "void_before_issue", "The invoice was voided before it was issued.", "作废时间早于开票时间。"
)
RELATION_TO_ITSELF = _quarantine(
    "relation_to_itself",
    "A party stands in a relation to itself: name two different parties.",
    "主体与自身存在关系：应为两个不同主体。",
)
SHARES_CROSSED = _quarantine(
    "shares_crossed",
    "The least share is above the most, or the share lies outside the two.",
    "比例下限高于上限，或比例不在上下限之间。",
)
ENDED_BEFORE_BEGUN = _quarantine(
    "ended_before_begun", "It ends before it begins.", "失效时间早于生效时间。"
)
NEGATIVE_AMOUNT = _quarantine(
    "negative_amount", "The amount is below 0: write who owes whom.", "金额为负：应写明债务方向。"
)
DEDUCTIBLE_ABOVE_AMOUNT = _quarantine(
    "deductible_above_amount",
    "More is deducted than the position amounts to, or less than nothing.",
    "可扣减额高于敞口金额或为负。",
)
VOID_TIME_ON_VALID = _quarantine(
    "void_time_on_valid", "A valid invoice bears a time of voiding.", "有效发票却带有作废时间。"
)
FOREIGN_CURRENCY = _quarantine(
    "foreign_currency",
    "The currency is not that of the mapping; amounts are not converted.",
    "币种与映射不一致;金额不作换算。",
)

EXACT_DUPLICATE = Rule(
    "exact_duplicate",
    Effect.DUPLICATE,
    "The row equals an earlier one in every column; the first is kept.",
    "该行与先前某行完全相同;保留首行。",
)

# A row that nobody may use any more.
CONSENT_WITHDRAWN = _quarantine(
    "consent_withdrawn",
    "The consent that this row rests on was withdrawn.",
    "该行所依据的授权已撤回。",
)

# A row that is accepted, and worth a look.
TOTAL_ROUNDING = _note(
    "total_rounding",
    "Amount plus tax differs from the total by exactly one minor unit.",
    "金额加税额与价税合计恰差 1 分。",
)
ZERO_AMOUNT = _note("zero_amount", "The amount is zero.", "金额为零。")
NUMBER_NOT_UNIQUE = _note(
    "number_not_unique",
    "Several invoices of one party share a number; identity is table and row.",
    "同一企业多张发票号码相同;以来源表与行号为准。",
)
MASKED_NAME = _note("masked_name", "The name is masked with ***.", "名称已用 *** 遮蔽。")
REPEATED_NAME = _note(
    "repeated_name",
    "Several parties bear this name; names are not identity.",
    "多个主体同名;名称不作身份。",
)
PARTY_DESCRIBED_TWICE = _note(
    "party_described_twice", "A party is described by more than one fact.", "同一主体有多条描述。"
)
PARTY_WITHOUT_INVOICES = _note(
    "party_without_invoices", "A party has no accepted invoice.", "该主体没有可用发票。"
)
INVOICE_OF_UNKNOWN_PARTY = _note(
    "invoice_of_unknown_party",
    "The party of an invoice is described in no party table.",
    "发票所属企业未见于主体表。",
)
DECODED_TEXT = _note(
    "decoded_text",
    "The text is not UTF-8: its encoding was detected.",
    "文本非 UTF-8,已识别其编码。",
)
TITLE_LINES = _note(
    "title_lines", "Lines above the header were skipped.", "已跳过表头之前的标题行。"
)
BLANK_TAIL = _note("blank_tail", "Blank rows at the end were skipped.", "已跳过末尾空白行。")
EMPTY_TABLE = _note("empty_table", "The table has no rows.", "该表没有数据行。")
OPTIONAL_TABLE_ABSENT = _note(
    "optional_table_absent", "An optional table is absent or unreadable.", "可选表缺失或无法读取。"
)

# A correction says by which rule its original was found.
VOIDED_BY_STATUS = _correction(
    "voided_by_status",
    "Voided by status; without a time of voiding, known at the end of the month of issue.",
    "状态为作废;无作废时间时,视为开票当月月末获知。",
)
VOIDED_AT_TIME = _correction(
    "voided_at_time", "Voided at the time that the source gives.", "按来源所载时间作废。"
)
STATUS_CONFLICT = _correction(
    "status_conflict",
    "One invoice stands both as valid and as voided: the void wins.",
    "同一发票既有效又作废:以作废为准。",
)
ORIGINAL_BY_NUMBER = _correction(
    "original_by_number",
    "The source names the number of the invoice taken back.",
    "来源载明原发票号码。",
)
ORIGINAL_BY_AMOUNT = _correction(
    "original_by_amount",
    "The latest earlier invoice between the two with exactly opposite amount and tax.",
    "双方之间金额与税额恰好相反的最近一张先前发票。",
)
ORIGINAL_NOT_FOUND = _correction(
    "original_not_found",
    "No original was found: a partial return, or an invoice before the file begins.",
    "未找到原发票:部分退货,或原票早于文件起始。",
)

RULES = {rule.name: rule for rule in tuple(globals().values()) if isinstance(rule, Rule)}


def document() -> str:
    """A Markdown table of all rules, for the reference pages."""
    lines = ["| rule | effect | why | 说明 |", "|---|---|---|---|"]
    lines += [f"| `{r.name}` | {r.effect.value} | {r.en} | {r.zh} |" for r in RULES.values()]
    return "\n".join(lines) + "\n"
