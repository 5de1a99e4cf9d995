"""What decisions and reports of this pack say to people."""

from headrace.pack import Text

REASONS = {
    "meets_access_rules": Text("Meets every access rule", "符合全部准入规则"),
    "rating_d": Text("Rating class D is not lent to", "信用等级 D 原则上不予放贷"),
    "history_short": Text("Fewer than 6 months with sales", "有销售的月份不足6个月"),
    "sales_stopped": Text("No sale for more than 180 days", "超过180天没有销售"),
    "no_invoices": Text("No invoice is known of this firm", "没有该企业的任何发票"),
    "trade_ring": Text(
        "Part of a closed ring of trade: needs a person's look", "处于闭环交易中，需人工核查"
    ),
    "self_invoicing": Text(
        "Invoices itself often: needs a person's look", "频繁自开自受发票，需人工核查"
    ),
    "voids_high": Text(
        "Voids more than 40 % of its sales invoices: needs a person's look",
        "销项作废率超过40%，需人工核查",
    ),
    "shell_pattern": Text(
        "Few customers, round amounts, short history: may be a shell, needs a person's look",
        "客户极少、金额整、存续短，疑似空壳，需人工核查",
    ),
    "no_rule": Text(
        "No access rule speaks of this firm: needs a person's look",
        "没有适用的准入规则，需人工核查",
    ),
    "turnover_below_minimum": Text(
        "Turnover does not carry the smallest loan", "营业额不足以支撑最低贷款额度"
    ),
    "no_profitable_rate": Text(
        "At no permitted rate does the loan cover its expected loss and funding",
        "在允许的利率范围内，任何利率都无法覆盖预期损失与资金成本",
    ),
    "budget_went_further": Text(
        "The year's budget earned more, or reached more firms, elsewhere",
        "年度额度优先投放给其他申请企业",
    ),
    "in_the_book": Text("Chosen for the book within the year's budget", "在年度额度内入选贷款组合"),
}

CAUTIONS = (
    Text(
        "The dates of default are not in the data. Invoices may be later than the default they "
        "help to predict, so the measured quality may flatter the card.",
        "数据中没有违约日期。用于预测的发票可能晚于违约本身，因此测得的模型效果可能偏高。",
    ),
    Text(
        "The labels are few. Read every figure with its interval.",
        "有标签的企业很少，请结合置信区间阅读每个指标。",
    ),
    Text(
        "Customer loss by rate is taken from the source's curve as it stands; where that is not "
        "monotone it was not smoothed.",
        "客户流失率直接取自数据源的曲线，非单调之处未作平滑。",
    ),
)
