"""The words of the command line, in English and Chinese."""

from headrace.pack import Text

OUTCOME = {
    "approve": Text("Approved", "通过"),
    "refer": Text("To be looked at by a person", "转人工"),
    "decline": Text("Declined", "拒绝"),
}
WORDS = {
    "simulated": Text(
        "SIMULATED DATA: no real firm, no real money", "模拟数据：无真实企业，无真实资金"
    ),
    "facts": Text("Facts", "事实"),
    "facts_line": Text(
        "{rows:,} invoices = {accepted:,} accepted + {duplicates:,} duplicates + {quarantined:,} "
        "quarantined",
        "{rows:,} 张发票 = 接受 {accepted:,} + 重复 {duplicates:,} + 隔离 {quarantined:,}",
    ),
    "graph": Text("Relations", "关系"),
    "graph_line": Text(
        "{trades:,} trades, {hidden} hidden firm-to-firm edges, {rings} rings, {own} self-invoices",
        "{trades:,} 条交易关系，{hidden} 条隐含企业关系，{rings} 个闭环，{own} 张自开票",
    ),
    "score": Text("Score", "评分"),
    "score_line": Text(
        "out of fold, no rating used: AUC {auc:.3f} ({low:.3f} to {high:.3f}), "
        "Brier {brier:.3f} ({blow:.3f} to {bhigh:.3f}); {defaults} defaults of {rows} firms",
        "折外、未用评级：AUC {auc:.3f}（{low:.3f}–{high:.3f}），Brier {brier:.3f}"
        "（{blow:.3f}–{bhigh:.3f}）；{rows} 家中 {defaults} 家违约",
    ),
    "card_given": Text("card brought along, not validated here", "使用外部评分卡，本次未验证"),
    "approval": Text("Approval rate", "通过率"),
    "price": Text("Mean rate", "平均利率"),
    "loss": Text("Expected loss", "预期损失"),
    "profit": Text("Expected profit", "预期利润"),
    "lent": Text("Limits offered", "授信总额"),
    "firms": Text("firms", "家企业"),
    "of_drawn": Text("of what is drawn", "占预计提款"),
    "of_budget": Text("of a budget of", "年度预算"),
    "contracts": Text("Contracts", "合同"),
    "contracts_line": Text(
        "{count:,}; all paid, {interest} of interest; expected {expected}, and {lost} lost",
        "{count:,} 份；全部履约利息 {interest}；预计 {expected}，损失 {lost}",
    ),
    "contract_findings": Text(
        "{refused:,} refused by product or law; {unknown} rules ask for what nobody stated: "
        "contract_findings.csv",
        "产品或法规拒绝 {refused:,} 份；{unknown} 条规则所需信息缺失：contract_findings.csv",
    ),
    "pay_out": Text("pay it out, day by day", "放款并逐日记账"),
    "gap": Text("optimality gap {gap:.4%}", "最优性差距 {gap:.4%}"),
    "greedy": Text(
        "a greedy lender reaching as many firms earns {profit}",
        "同样通过数的贪心组合利润 {profit}",
    ),
    "best": Text(
        "the most profitable book earns {profit} with {count} firms",
        "利润最大的组合为 {profit}，仅 {count} 家",
    ),
    "caution": Text("Read with care", "请注意"),
    "next": Text("Next", "下一步"),
    "open": Text("open the report", "打开报告"),
    "why": Text("why a firm was decided so", "查看某企业的决策原因"),
    "prove": Text("prove it", "验证存证"),
    "edit": Text("change the policy", "修改策略"),
    "bad_rows": Text("rows set aside, with reasons", "被隔离的数据及原因"),
    "took": Text("{seconds:.1f} s, digest {digest}", "{seconds:.1f} 秒，摘要 {digest}"),
    "decision": Text("Decision", "决策"),
    "limit": Text("Limit", "额度"),
    "rate": Text("Rate", "利率"),
    "class": Text("Class", "等级"),
    "pd": Text("Probability of default", "违约概率"),
    "points": Text("Points", "评分"),
    "mean_firm": Text("mean applicant", "平均申请企业"),
    "feature": Text("Feature", "指标"),
    "value": Text("Value", "取值"),
    "behind": Text("Facts behind it", "所依据的事实"),
    "again": Text("Recomputed", "重新计算"),
    "same": Text("same", "一致"),
    "differs": Text("DIFFERS", "不一致"),
    "of_graph": Text("from the graph", "来自关系图谱"),
    "missing": Text("missing", "缺失"),
    "uncertainty": Text("little known of firms like this", "此类企业样本不足"),
    "rules": Text("Rules that fired", "命中的规则"),
    "limit_parts": Text(
        "cap by turnover {turnover}, rounded down {cap}, given by the book {offered}",
        "营业额上限 {turnover}，取整后 {cap}，组合分配 {offered}",
    ),
    "rate_parts": Text(
        "of {rate:.2%}: funds {funding:.2%}, expected loss {loss:.2%}, interest lost to default "
        "{forgone:.2%}, margin {margin:.2%}",
        "{rate:.2%} 中：资金成本 {funding:.2%}，预期损失 {loss:.2%}，违约损失利息 {forgone:.2%}，"
        "利润 {margin:.2%}",
    ),
    "other_rate": Text(
        "at {rate:.2%} {take_up:.0%} would accept, expected profit {profit}",
        "若利率 {rate:.2%}，预计接受率 {take_up:.0%}，预期利润 {profit}",
    ),
    "more_rows": Text("… {count:,} more rows", "… 另有 {count:,} 行"),
    "more_problems": Text("… {count:,} more", "… 另有 {count:,} 项"),
    "proved": Text("proved", "验证通过"),
    "proved_line": Text(
        "{files:,} files, {entries:,} entries, {decisions:,} decisions",
        "{files:,} 个文件，{entries:,} 条存证，{decisions:,} 项决策",
    ),
    "problems": Text("{count:,} problems", "{count:,} 处不符"),
    "usable": Text("usable", "可用"),
    "root": Text("root", "根哈希"),
    "signed_by": Text("signed by", "签名密钥"),
    "nobody": Text("nobody whose signature holds", "无有效签名"),
    "compare": Text(
        "Whoever can write to the folder can sign it anew: compare the key with one you had "
        "elsewhere (--key), and the root with one you noted.",
        "能写入该文件夹者即可重新签名：请用另行取得的公钥核对（--key），并与事先记下的根哈希比对。",
    ),
    "no_rows": Text("the table {table} has no rows", "表 {table} 没有数据行"),
    "row_of": Text("row {row}", "第 {row} 行"),
}
