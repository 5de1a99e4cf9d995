"""What is computed from a firm's invoices. Money is net of tax, in minor units."""

from headrace.features.aggregates import (
    Aggregate,
    Clock,
    Count,
    Distinct,
    Gap,
    GapStatistic,
    GroupMean,
    Hhi,
    RepeatShare,
    SinceFirst,
    SinceLast,
    Sum,
    TopShare,
    Variation,
)
from headrace.features.definition import (
    Column,
    ColumnType,
    Definition,
    Derived,
    Feature,
    FeatureSet,
    Measure,
    Ratio,
    Table,
    Total,
    Unit,
)
from headrace.features.windows import ALL_HISTORY, Calendar, Period, Window

_COLUMNS = (
    Column("party", ColumnType.CATEGORY, required=True),
    Column("counterparty", ColumnType.CATEGORY, required=True),
    Column("direction", ColumnType.CATEGORY, required=True),
    Column("amount_minor", ColumnType.NUMBER, required=True),
    Column("tax_minor", ColumnType.NUMBER, required=True),
    Column("total_minor", ColumnType.NUMBER, required=True),
)
_DERIVED = (
    Derived("month", "month(event_time)"),
    Derived("quarter", "quarter_of_year(event_time)"),
)
INVOICES = Table("invoice", _COLUMNS, ("party",), _DERIVED, known="known_time")
"""Invoices that stand: one that is voided is taken back when that becomes known."""
VOIDED = Table("voided_invoice", _COLUMNS, ("party",), known="known_time")
"""Invoices that were voided, at their own time, known since the void was."""

SALE, PURCHASE = 'direction == "sale"', 'direction == "purchase"'
RED, NOT_RED = "amount_minor < 0", "amount_minor >= 0"
ROUND = "total_minor % 100000 == 0 and total_minor != 0"
LAST_YEAR = Calendar(Period.DAY, count=365)
YEAR_BEFORE = Calendar(Period.DAY, count=365, ends_before=365)


def _standing(
    name: str, aggregate: Aggregate, where: str = "", window: Window = ALL_HISTORY
) -> Measure:
    return Measure(name, aggregate, where, window, table=INVOICES.name)


def _voided(name: str, where: str) -> Measure:
    return Measure(name, Count(), where, table=VOIDED.name)


def _measure(unit: Unit, en: str, zh: str, definition: Definition) -> Feature:
    return Feature(definition.name, unit, en, zh, definition)


def _graph(name: str, unit: Unit, en: str, zh: str) -> Feature:
    return Feature(name, unit, en, zh)


LEVEL = (
    _measure(
        Unit.MONEY,
        "Sales in an active month",
        "有销售月份的月均销售额",
        _standing("sales_month_mean", GroupMean("amount_minor", "month"), SALE),
    ),
    _measure(
        Unit.MONEY,
        "Purchases in an active month",
        "有采购月份的月均采购额",
        _standing("purchase_month_mean", GroupMean("amount_minor", "month"), PURCHASE),
    ),
    _measure(
        Unit.MONEY,
        "Sales, last 12 months",
        "近12个月销售额",
        _standing("sales_12m", Sum("amount_minor"), SALE, LAST_YEAR),
    ),
    _measure(
        Unit.MONEY,
        "Sales, the 12 months before",
        "前一个12个月销售额",
        _standing("sales_12m_before", Sum("amount_minor"), SALE, YEAR_BEFORE),
    ),
    _measure(
        Unit.MONEY,
        "Purchases, last 12 months",
        "近12个月采购额",
        _standing("purchases_12m", Sum("amount_minor"), PURCHASE, LAST_YEAR),
    ),
    _measure(
        Unit.MONEY,
        "Purchases, the 12 months before",
        "前一个12个月采购额",
        _standing("purchases_12m_before", Sum("amount_minor"), PURCHASE, YEAR_BEFORE),
    ),
    _measure(
        Unit.COUNT,
        "Sales invoices that stand",
        "有效销项发票数",
        _standing("sales_standing", Count(), SALE),
    ),
    _measure(Unit.COUNT, "Voided sales invoices", "作废销项发票数", _voided("sales_voided", SALE)),
    _measure(
        Unit.COUNT,
        "Sales invoices",
        "销项发票数",
        Total("sales_count", ("sales_standing", "sales_voided")),
    ),
    _measure(
        Unit.COUNT,
        "Purchase invoices that stand",
        "有效进项发票数",
        _standing("purchases_standing", Count(), PURCHASE),
    ),
    _measure(
        Unit.COUNT,
        "Voided purchase invoices",
        "作废进项发票数",
        _voided("purchases_voided", PURCHASE),
    ),
    _measure(
        Unit.COUNT,
        "Purchase invoices",
        "进项发票数",
        Total("purchase_count", ("purchases_standing", "purchases_voided")),
    ),
    _measure(
        Unit.COUNT,
        "Months with sales",
        "有销售的月份数",
        _standing("sales_months_active", Distinct("month"), SALE),
    ),
)

GROWTH = (
    _measure(
        Unit.RATIO,
        "Sales, this year over last",
        "销售额同比",
        Ratio("sales_growth", "sales_12m", "sales_12m_before"),
    ),
    _measure(
        Unit.RATIO,
        "Purchases, this year over last",
        "采购额同比",
        Ratio("purchases_growth", "purchases_12m", "purchases_12m_before"),
    ),
    _measure(
        Unit.RATIO,
        "Volatility of monthly sales",
        "月销售额波动系数",
        _standing("sales_variation", Variation("amount_minor", "month"), SALE),
    ),
    _measure(
        Unit.RATIO,
        "Volatility of monthly purchases",
        "月采购额波动系数",
        _standing("purchase_variation", Variation("amount_minor", "month"), PURCHASE),
    ),
    _measure(
        Unit.SHARE,
        "Share of the peak quarter in sales",
        "旺季销售占比",
        _standing("sales_peak_quarter_share", TopShare("amount_minor", "quarter"), SALE),
    ),
    _measure(
        Unit.RATIO,
        "Sales over purchases, per month",
        "月均销售与采购之比",
        Ratio("sales_to_purchases", "sales_month_mean", "purchase_month_mean"),
    ),
)

CORRECTIONS = (
    _measure(
        Unit.SHARE,
        "Share of sales invoices voided",
        "销项作废率",
        Ratio("sales_void_share", "sales_voided", "sales_count"),
    ),
    _measure(
        Unit.SHARE,
        "Share of purchase invoices voided",
        "进项作废率",
        Ratio("purchase_void_share", "purchases_voided", "purchase_count"),
    ),
    _measure(
        Unit.COUNT,
        "Red-letter sales invoices",
        "红字销项发票数",
        _standing("sales_red", Count(), f"{SALE} and {RED}"),
    ),
    _measure(
        Unit.SHARE,
        "Share of sales invoices red-lettered",
        "销项红字率",
        Ratio("sales_red_share", "sales_red", "sales_count"),
    ),
    _measure(
        Unit.COUNT,
        "Red-letter purchase invoices",
        "红字进项发票数",
        _standing("purchases_red", Count(), f"{PURCHASE} and {RED}"),
    ),
    _measure(
        Unit.SHARE,
        "Share of purchase invoices red-lettered",
        "进项红字率",
        Ratio("purchase_red_share", "purchases_red", "purchase_count"),
    ),
)

PARTNERS = (
    _measure(
        Unit.COUNT,
        "Customers",
        "客户数",
        _standing("customer_count", Distinct("counterparty"), SALE),
    ),
    _measure(
        Unit.COUNT,
        "Suppliers",
        "供应商数",
        _standing("supplier_count", Distinct("counterparty"), PURCHASE),
    ),
    _measure(
        Unit.SHARE,
        "Concentration of sales (HHI)",
        "客户集中度 HHI",
        _standing("sales_hhi", Hhi("amount_minor", "counterparty"), SALE),
    ),
    _measure(
        Unit.SHARE,
        "Concentration of purchases (HHI)",
        "供应商集中度 HHI",
        _standing("purchase_hhi", Hhi("amount_minor", "counterparty"), PURCHASE),
    ),
    _measure(
        Unit.SHARE,
        "Largest customer's share",
        "最大客户占比",
        _standing("sales_top_share", TopShare("amount_minor", "counterparty"), SALE),
    ),
    _measure(
        Unit.SHARE,
        "Largest supplier's share",
        "最大供应商占比",
        _standing("purchase_top_share", TopShare("amount_minor", "counterparty"), PURCHASE),
    ),
    _measure(
        Unit.SHARE,
        "Sales to lasting customers",
        "稳定客户销售占比",
        _standing("sales_repeat_share", RepeatShare("amount_minor", "counterparty"), SALE),
    ),
    _measure(
        Unit.SHARE,
        "Purchases from lasting suppliers",
        "稳定供应商采购占比",
        _standing("purchase_repeat_share", RepeatShare("amount_minor", "counterparty"), PURCHASE),
    ),
)

RHYTHM = (
    _measure(
        Unit.DAYS,
        "Days since the last sale",
        "距最近一次销售天数",
        _standing("days_since_last_sale", SinceLast(Clock.LOCAL_DAYS), SALE),
    ),
    _measure(
        Unit.DAYS,
        "Days since the last purchase",
        "距最近一次采购天数",
        _standing("days_since_last_purchase", SinceLast(Clock.LOCAL_DAYS), PURCHASE),
    ),
    _measure(
        Unit.DAYS,
        "Days since the first sale",
        "距首次销售天数",
        _standing("days_since_first_sale", SinceFirst(Clock.LOCAL_DAYS), SALE),
    ),
    _measure(
        Unit.DAYS,
        "Longest gap without a sale",
        "最长无销售天数",
        _standing("sales_gap_days_max", Gap(GapStatistic.LONGEST, Clock.LOCAL_DAYS), SALE),
    ),
)

BUSINESS = (
    _measure(
        Unit.MONEY, "Net sales", "累计销售额", _standing("sales_all", Sum("amount_minor"), SALE)
    ),
    _measure(
        Unit.MONEY, "Tax on sales", "累计销项税额", _standing("sales_tax", Sum("tax_minor"), SALE)
    ),
    _measure(
        Unit.SHARE,
        "Tax rate on sales",
        "销项平均税率",
        Ratio("sales_tax_rate", "sales_tax", "sales_all"),
    ),
    _measure(
        Unit.MONEY,
        "Net purchases",
        "累计采购额",
        _standing("purchases_all", Sum("amount_minor"), PURCHASE),
    ),
    _measure(
        Unit.MONEY,
        "Tax on purchases",
        "累计进项税额",
        _standing("purchases_tax", Sum("tax_minor"), PURCHASE),
    ),
    _measure(
        Unit.SHARE,
        "Tax rate on purchases",
        "进项平均税率",
        Ratio("purchase_tax_rate", "purchases_tax", "purchases_all"),
    ),
    _measure(
        Unit.COUNT,
        "Sales in whole thousands",
        "整千元销项发票数",
        _standing("sales_round", Count(), f"{SALE} and {NOT_RED} and {ROUND}"),
    ),
    _measure(
        Unit.SHARE,
        "Share of sales in whole thousands",
        "整千元销项发票占比",
        Ratio("sales_round_share", "sales_round", "sales_count"),
    ),
)

GRAPH = (
    _graph(
        "hidden_partners", Unit.COUNT, "Firms of this file traded with", "与本批企业的隐含交易数"
    ),
    _graph("self_invoice_count", Unit.COUNT, "Invoices to itself", "自开自受发票数"),
    _graph("ring_count", Unit.COUNT, "Closed trade rings it is part of", "参与的闭环交易数"),
    _graph(
        "shared_customer_share",
        Unit.SHARE,
        "Sales to customers others serve too",
        "共同客户销售占比",
    ),
    _graph(
        "shared_supplier_share",
        Unit.SHARE,
        "Purchases from suppliers others use too",
        "共同供应商采购占比",
    ),
    _graph("guarantee_circle", Unit.COUNT, "Firms in its guarantee circle", "所在担保圈企业数"),
    _graph("guarantees_given", Unit.MONEY, "Guarantees given to others", "对外担保金额"),
    _graph("guarantees_received", Unit.MONEY, "Guarantees received", "获得担保金额"),
    _graph("shared_with", Unit.COUNT, "Parties at its address or phone", "共用地址电话的主体数"),
    _graph("leader_offices", Unit.COUNT, "Other firms of its leaders", "高管任职的其他企业数"),
    _graph("core_number", Unit.COUNT, "Depth in the web of relations", "关系网络核数"),
)

FEATURES = (*LEVEL, *GROWTH, *CORRECTIONS, *PARTNERS, *RHYTHM, *BUSINESS, *GRAPH)

FEATURE_SET = FeatureSet(
    (INVOICES, VOIDED),
    tuple(feature.definition for feature in FEATURES if feature.definition is not None),
)
