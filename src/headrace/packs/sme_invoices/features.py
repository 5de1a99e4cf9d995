"""What is computed from a firm's invoices. Money is net of tax, in minor units."""

from headrace.features.definition import (
    LAST_YEAR,
    YEAR_BEFORE,
    Aggregate,
    Feature,
    Measure,
    Over,
    Ratio,
    Unit,
)

SALE, PURCHASE = ("sale", "valid"), ("purchase", "valid")
MONTH, PARTNER, QUARTER = Over.MONTH, Over.COUNTERPARTY, Over.QUARTER_OF_YEAR
COUNT, SUM, MEAN = Aggregate.COUNT, Aggregate.SUM, Aggregate.MEAN


def _measure(unit: Unit, en: str, zh: str, definition: Measure | Ratio) -> Feature:
    return Feature(definition.name, unit, en, zh, definition)


def _graph(name: str, unit: Unit, en: str, zh: str) -> Feature:
    return Feature(name, unit, en, zh)


LEVEL = (
    _measure(
        Unit.MONEY,
        "Sales in an active month",
        "有销售月份的月均销售额",
        Measure("sales_month_mean", MEAN, "amount", SALE, MONTH),
    ),
    _measure(
        Unit.MONEY,
        "Purchases in an active month",
        "有采购月份的月均采购额",
        Measure("purchase_month_mean", MEAN, "amount", PURCHASE, MONTH),
    ),
    _measure(
        Unit.MONEY,
        "Sales, last 12 months",
        "近12个月销售额",
        Measure("sales_12m", SUM, "amount", SALE, window=LAST_YEAR),
    ),
    _measure(
        Unit.MONEY,
        "Sales, the 12 months before",
        "前一个12个月销售额",
        Measure("sales_12m_before", SUM, "amount", SALE, window=YEAR_BEFORE),
    ),
    _measure(
        Unit.MONEY,
        "Purchases, last 12 months",
        "近12个月采购额",
        Measure("purchases_12m", SUM, "amount", PURCHASE, window=LAST_YEAR),
    ),
    _measure(
        Unit.MONEY,
        "Purchases, the 12 months before",
        "前一个12个月采购额",
        Measure("purchases_12m_before", SUM, "amount", PURCHASE, window=YEAR_BEFORE),
    ),
    _measure(
        Unit.COUNT, "Sales invoices", "销项发票数", Measure("sales_count", COUNT, where=("sale",))
    ),
    _measure(
        Unit.COUNT,
        "Purchase invoices",
        "进项发票数",
        Measure("purchase_count", COUNT, where=("purchase",)),
    ),
    _measure(
        Unit.COUNT,
        "Months with sales",
        "有销售的月份数",
        Measure("sales_months_active", COUNT, None, SALE, MONTH),
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
        Measure("sales_variation", Aggregate.VARIATION, "amount", SALE, MONTH),
    ),
    _measure(
        Unit.RATIO,
        "Volatility of monthly purchases",
        "月采购额波动系数",
        Measure("purchase_variation", Aggregate.VARIATION, "amount", PURCHASE, MONTH),
    ),
    _measure(
        Unit.SHARE,
        "Share of the peak quarter in sales",
        "旺季销售占比",
        Measure("sales_peak_quarter_share", Aggregate.TOP_SHARE, "amount", SALE, QUARTER),
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
        Unit.COUNT,
        "Voided sales invoices",
        "作废销项发票数",
        Measure("sales_voided", COUNT, where=("sale", "voided")),
    ),
    _measure(
        Unit.SHARE,
        "Share of sales invoices voided",
        "销项作废率",
        Ratio("sales_void_share", "sales_voided", "sales_count"),
    ),
    _measure(
        Unit.COUNT,
        "Voided purchase invoices",
        "作废进项发票数",
        Measure("purchases_voided", COUNT, where=("purchase", "voided")),
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
        Measure("sales_red", COUNT, where=("sale", "red")),
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
        Measure("purchases_red", COUNT, where=("purchase", "red")),
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
        Unit.COUNT, "Customers", "客户数", Measure("customer_count", COUNT, None, SALE, PARTNER)
    ),
    _measure(
        Unit.COUNT,
        "Suppliers",
        "供应商数",
        Measure("supplier_count", COUNT, None, PURCHASE, PARTNER),
    ),
    _measure(
        Unit.SHARE,
        "Concentration of sales (HHI)",
        "客户集中度 HHI",
        Measure("sales_hhi", Aggregate.HHI, "amount", SALE, PARTNER),
    ),
    _measure(
        Unit.SHARE,
        "Concentration of purchases (HHI)",
        "供应商集中度 HHI",
        Measure("purchase_hhi", Aggregate.HHI, "amount", PURCHASE, PARTNER),
    ),
    _measure(
        Unit.SHARE,
        "Largest customer's share",
        "最大客户占比",
        Measure("sales_top_share", Aggregate.TOP_SHARE, "amount", SALE, PARTNER),
    ),
    _measure(
        Unit.SHARE,
        "Largest supplier's share",
        "最大供应商占比",
        Measure("purchase_top_share", Aggregate.TOP_SHARE, "amount", PURCHASE, PARTNER),
    ),
    _measure(
        Unit.SHARE,
        "Sales to lasting customers",
        "稳定客户销售占比",
        Measure("sales_repeat_share", Aggregate.REPEAT_SHARE, "amount", SALE, PARTNER),
    ),
    _measure(
        Unit.SHARE,
        "Purchases from lasting suppliers",
        "稳定供应商采购占比",
        Measure("purchase_repeat_share", Aggregate.REPEAT_SHARE, "amount", PURCHASE, PARTNER),
    ),
)

RHYTHM = (
    _measure(
        Unit.DAYS,
        "Days since the last sale",
        "距最近一次销售天数",
        Measure("days_since_last_sale", Aggregate.DAYS_SINCE_LAST, where=SALE),
    ),
    _measure(
        Unit.DAYS,
        "Days since the last purchase",
        "距最近一次采购天数",
        Measure("days_since_last_purchase", Aggregate.DAYS_SINCE_LAST, where=PURCHASE),
    ),
    _measure(
        Unit.DAYS,
        "Days since the first sale",
        "距首次销售天数",
        Measure("days_since_first_sale", Aggregate.DAYS_SINCE_FIRST, where=SALE),
    ),
    _measure(
        Unit.DAYS,
        "Longest gap without a sale",
        "最长无销售天数",
        Measure("sales_gap_days_max", Aggregate.GAP_DAYS_MAX, where=SALE),
    ),
)

BUSINESS = (
    _measure(Unit.MONEY, "Net sales", "累计销售额", Measure("sales_all", SUM, "amount", SALE)),
    _measure(Unit.MONEY, "Tax on sales", "累计销项税额", Measure("sales_tax", SUM, "tax", SALE)),
    _measure(
        Unit.SHARE,
        "Tax rate on sales",
        "销项平均税率",
        Ratio("sales_tax_rate", "sales_tax", "sales_all"),
    ),
    _measure(
        Unit.MONEY, "Net purchases", "累计采购额", Measure("purchases_all", SUM, "amount", PURCHASE)
    ),
    _measure(
        Unit.MONEY,
        "Tax on purchases",
        "累计进项税额",
        Measure("purchases_tax", SUM, "tax", PURCHASE),
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
        Measure("sales_round", COUNT, where=("sale", "ordinary", "round")),
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
)

FEATURES = (*LEVEL, *GROWTH, *CORRECTIONS, *PARTNERS, *RHYTHM, *BUSINESS, *GRAPH)
