"""The kinds of fact that Headrace keeps."""

from headrace.facts.schema import FactSchema, Field, FieldType

PARTY_TYPES = ("person", "company", "partnership", "branch", "fund", "state", "other")
RELATIONS = (
    *("owns", "votes", "general_partner", "limited_partner", "controls"),
    *("acts_with", "proxy", "nominee", "guarantees", "family", "office", "branch_of", "uses"),
    *("trades", "transfers", "supplies", "lends", "on_chain", "depends", "disputes"),
)
"""What can be between two parties; `headrace.graph.relations.kinds` says what each means."""

PARTY = FactSchema(
    kind="party",
    en="A person or organisation. Its code is its identity; its name never is.",
    zh="主体",
    fields=(
        Field("party", FieldType.CODE, "code of the party", "主体代号", required=True),
        Field("name", FieldType.TEXT, "name as written in the source", "名称"),
        Field("industry", FieldType.CODE, "industry", "行业"),
        Field("region", FieldType.CODE, "region", "地区"),
        Field(
            "type",
            FieldType.CHOICE,
            "what sort of party; null: not said",
            "主体类型",
            choices=PARTY_TYPES,
        ),
        Field(
            "uscc", FieldType.TEXT, "unified social credit code", "统一社会信用代码", personal=True
        ),
        Field("registration_number", FieldType.TEXT, "number before 2015", "注册号", personal=True),
        Field("english_name", FieldType.TEXT, "name in English", "英文名称"),
        Field("address", FieldType.TEXT, "as written", "地址", personal=True),
        Field("phone", FieldType.TEXT, "as written", "电话", personal=True),
        Field(
            "legal_representative",
            FieldType.TEXT,
            "name of the person",
            "法定代表人",
            personal=True,
        ),
        Field("capital_minor", FieldType.MONEY, "registered capital", "注册资本"),
    ),
)

RELATION = FactSchema(
    kind="relation",
    en=(
        "One statement that a party, the subject, stands in a relation to another, the object, true"
        " from `event_time` (null: since ever) until `valid_to`. Of the versions of a statement"
        " that were known and had begun, the last known speaks."
    ),
    zh="关系",
    fields=(
        Field("relation", FieldType.CHOICE, "which", "关系类型", required=True, choices=RELATIONS),
        Field("subject", FieldType.CODE, "who", "主体代号", required=True),
        Field("object", FieldType.CODE, "to whom or what", "对象代号", required=True),
        Field("role", FieldType.CODE, "office, kinship, what is shared", "职务、亲属称谓或共用项"),
        Field("about", FieldType.CODE, "the company concerned; null: any", "所涉企业"),
        Field("share", FieldType.RATE, "of equity, votes or turnover, 0 to 1", "比例"),
        Field("share_min", FieldType.RATE, "the least it can be", "比例下限"),
        Field("share_max", FieldType.RATE, "the most it can be", "比例上限"),
        Field("amount_minor", FieldType.MONEY, "guaranteed, paid, lent, supplied", "金额"),
        Field("currency", FieldType.CODE, "ISO 4217", "币种"),
        Field("valid_to", FieldType.INSTANT, "no longer true from then; null: it is", "失效时间"),
        Field("statement", FieldType.TEXT, "its id in the source; null: the only one", "陈述编号"),
        Field(
            "status",
            FieldType.CHOICE,
            "withdrawn: the statement ends at `event_time`; null: stated",
            "陈述 stated,撤回 withdrawn",
            choices=("stated", "withdrawn"),
        ),
        Field("detail", FieldType.TEXT, "anything else, for people", "说明"),
    ),
)

EXPOSURE = FactSchema(
    kind="exposure",
    en="What the bank can lose on a party by one position, from `event_time` until `valid_to`.",
    zh="敞口",
    dated=True,
    fields=(
        Field("party", FieldType.CODE, "the debtor", "主体代号", required=True),
        Field("product", FieldType.CODE, "what kind of position", "业务品种"),
        Field("amount_minor", FieldType.MONEY, "not below 0", "敞口金额", required=True),
        Field("deductible_minor", FieldType.MONEY, "deposits, treasuries; null: none", "可扣减额"),
        Field("currency", FieldType.CODE, "ISO 4217", "币种"),
        Field("valid_to", FieldType.INSTANT, "ended then; null: open", "失效时间"),
        Field("statement", FieldType.TEXT, "its id in the source; null: the only one", "陈述编号"),
        Field(
            "status",
            FieldType.CHOICE,
            "withdrawn: the position ends at `event_time`; null: stated",
            "陈述 stated,撤回 withdrawn",
            choices=("stated", "withdrawn"),
        ),
    ),
)

INVOICE = FactSchema(
    kind="invoice",
    en="One VAT invoice as it stands in the books of one party.",
    zh="发票",
    dated=True,
    fields=(
        Field("party", FieldType.CODE, "whose books", "企业代号", required=True),
        Field("counterparty", FieldType.CODE, "the other side", "对方单位代号", required=True),
        Field(
            "direction",
            FieldType.CHOICE,
            "purchase: the party received it; sale: the party issued it",
            "进项 purchase,销项 sale",
            required=True,
            choices=("purchase", "sale"),
        ),
        Field("number", FieldType.TEXT, "printed number; not unique", "发票号码", required=True),
        Field(
            "amount_minor",
            FieldType.MONEY,
            "net of tax; below 0: red letter",
            "金额",
            required=True,
        ),
        Field("tax_minor", FieldType.MONEY, "value-added tax", "税额", required=True),
        Field("total_minor", FieldType.MONEY, "net plus tax", "价税合计", required=True),
        Field("currency", FieldType.CODE, "ISO 4217", "币种", required=True),
        Field(
            "status",
            FieldType.CHOICE,
            "as the file says at its extraction; `as_of` tells what stood when",
            "发票状态",
            required=True,
            choices=("valid", "voided"),
        ),
        Field(
            "voided_time",
            FieldType.INSTANT,
            "when voided; null: not voided or not said",
            "作废时间",
        ),
        Field(
            "corrects_number",
            FieldType.TEXT,
            "number of the invoice a red letter takes back",
            "原发票号码",
        ),
    ),
)

CREDIT_RECORD = FactSchema(
    kind="credit_record",
    en="How a past loan of a party ended, and the opinion the bank formed of it.",
    zh="信贷记录",
    fields=(
        Field("party", FieldType.CODE, "code of the party", "主体代号", required=True),
        Field(
            "outcome",
            FieldType.CHOICE,
            "how the loan ended",
            "是否违约",
            required=True,
            choices=("default", "repaid"),
            known_after_outcome=True,
        ),
        Field(
            "rating",
            FieldType.CODE,
            "the bank's opinion, formed after the outcome",
            "信誉评级",
            known_after_outcome=True,
        ),
    ),
)

RATE_RESPONSE = FactSchema(
    kind="rate_response",
    en="Share of customers of each rating that leaves when offered an annual rate.",
    zh="利率与客户流失率",
    fields=(
        Field(
            "rate", FieldType.RATE, "annual rate of interest, 0 to 1", "贷款年利率", required=True
        ),
        Field(
            "churn_a",
            FieldType.RATE,
            "share leaving, rating A, 0 to 1",
            "A 级流失率",
            required=True,
        ),
        Field(
            "churn_b",
            FieldType.RATE,
            "share leaving, rating B, 0 to 1",
            "B 级流失率",
            required=True,
        ),
        Field(
            "churn_c",
            FieldType.RATE,
            "share leaving, rating C, 0 to 1",
            "C 级流失率",
            required=True,
        ),
    ),
)

LOAN_ACTS = (
    *("signed", "disburse", "draw", "repay", "prepay", "subsidise", "refund", "resetrate"),
    *("chargefee", "misuse", "accelerate", "restructure", "writeoff", "recover", "classified"),
    *("approved", "suspend", "resume"),
)
LOAN_GRADES = ("normal", "special_mention", "substandard", "doubtful", "loss")

LOAN_EVENT = FactSchema(
    kind="loan_event",
    en="What happened to a loan, and where it stood after that.",
    zh="贷款事件",
    dated=True,
    fields=(
        Field("party", FieldType.CODE, "the borrower", "主体代号", required=True),
        Field("contract", FieldType.TEXT, "id of the contract", "合同编号", required=True),
        Field("act", FieldType.CHOICE, "what happened", "事件", required=True, choices=LOAN_ACTS),
        Field("amount_minor", FieldType.MONEY, "of it; null: it has none", "金额"),
        Field("currency", FieldType.CODE, "ISO 4217", "币种"),
        Field("principal_minor", FieldType.MONEY, "owed after it, due or not", "贷款余额"),
        Field("overdue_days", FieldType.INTEGER, "after it; 0: none", "逾期天数"),
        Field("grade", FieldType.CHOICE, "class after it", "五级分类", choices=LOAN_GRADES),
    ),
)

CORRECTION = FactSchema(
    kind="correction",
    en="A later fact that takes back an invoice: a void, or a red letter. Made here, never mapped.",
    zh="更正",
    dated=True,
    fields=(
        Field(
            "corrects", FieldType.TEXT, "id of the invoice; null: none was found", "被更正的发票"
        ),
        Field("corrected_by", FieldType.TEXT, "id of the red letter; null for a void", "红字发票"),
        Field(
            "kind",
            FieldType.CHOICE,
            "void: it no longer stands; red_letter: a negative invoice stands beside it",
            "作废 void,红字 red_letter",
            required=True,
            choices=("void", "red_letter"),
        ),
        Field(
            "rule", FieldType.CODE, "the rule by which the invoice was found", "规则", required=True
        ),
    ),
)

MAPPABLE = {
    schema.kind: schema
    for schema in (
        PARTY,
        INVOICE,
        CREDIT_RECORD,
        RATE_RESPONSE,
        RELATION,
        EXPOSURE,
        LOAN_EVENT,
    )
}
KINDS = {**MAPPABLE, CORRECTION.kind: CORRECTION}
