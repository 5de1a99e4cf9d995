"""The kinds of fact that Headrace keeps."""

from headrace.facts.schema import FactSchema, Field, FieldType

PARTY = FactSchema(
    kind="party",
    en="A person or organisation. Its code is its identity; its name never is.",
    zh="主体",
    fields=(
        Field("party", FieldType.CODE, "code of the party", "主体代号", required=True),
        Field("name", FieldType.TEXT, "name as written in the source", "名称"),
        Field("industry", FieldType.CODE, "industry", "行业"),
        Field("region", FieldType.CODE, "region", "地区"),
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

MAPPABLE = {schema.kind: schema for schema in (PARTY, INVOICE, CREDIT_RECORD, RATE_RESPONSE)}
KINDS = {**MAPPABLE, CORRECTION.kind: CORRECTION}
