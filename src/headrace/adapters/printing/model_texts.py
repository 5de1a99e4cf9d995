"""Words of `headrace model`, in English and Chinese."""

from headrace.pack import Text

KINDS = {
    "card": Text("points card", "评分卡"),
    "linear": Text("logistic regression", "逻辑回归"),
    "rare": Text("Firth's regression (few defaults)", "Firth 回归（违约少时）"),
    "boosting": Text("boosted trees", "梯度提升树"),
}
SHORT = {
    "card": Text("card", "评分卡"),
    "linear": Text("logistic", "逻辑回归"),
    "rare": Text("Firth", "Firth"),
    "boosting": Text("trees", "提升树"),
}
"""The same where there is little room."""
FIGURES = {
    "auc": Text("AUC", "AUC"),
    "gini": Text("Gini", "基尼系数"),
    "ks": Text("KS", "KS"),
    "brier": Text("Brier score", "Brier 分"),
    "slope": Text("Calibration slope", "校准斜率"),
    "intercept": Text("Calibration level", "校准水平"),
}
MEANS = {
    "auc": Text(
        "bad ranks above good so often; 0.5 is a coin",
        "坏样本排在好样本之前的概率，0.5 等于随机",
    ),
    "gini": Text("2 AUC - 1", "2 AUC - 1"),
    "ks": Text(
        "largest gap of good and bad; a little kind",
        "好坏样本分布的最大差距；取最大值，略偏乐观",
    ),
    "brier": Text(
        "squared error; {base:.4f} for the mean alone",
        "均方误差；全部预测为均值时为 {base:.4f}",
    ),
    "slope": Text("1 is right; below 1 too far apart", "1 为正好；低于 1 说明概率拉得过开"),
    "intercept": Text(
        "0 is right; above 0 too little risk stated",
        "0 为正好；高于 0 说明低估风险",
    ),
}
WORDS = {
    "working": Text("Validating and fitting", "验证与拟合"),
    "figure": Text("Figure", "指标"),
    "value": Text("Value", "数值"),
    "interval": Text("95 % interval", "95% 区间"),
    "read_as": Text("How to read it", "含义"),
    "heldout": Text(
        "On {rows:,} rows that the model had not seen, {bad:,} of them bad",
        "在模型未见过的 {rows:,} 行上检验，其中坏样本 {bad:,} 行",
    ),
    "calibration": Text("Stated beside what came, by tenths", "预测与实际对照（十等分）"),
    "stated": Text("Stated", "预测"),
    "came": Text("Came", "实际"),
    "rows": Text("Rows", "行数"),
    "outside": Text("outside", "不在区间内"),
    "importance": Text(
        "What counts (mean effect in {unit})",
        "各项影响（平均幅度，单位：{unit}）",
    ),
    "log odds": Text("log odds", "对数几率"),
    "points": Text("points", "分"),
    "feature": Text("Feature", "特征"),
    "saved": Text(
        "Model: {path}  ({kind}, sha256 {digest})",
        "模型：{path}（{kind}，sha256 {digest}）",
    ),
    "next": Text("Next", "下一步"),
    "protected": Text(
        "Headings that name what the law protects; `headrace model fairness` measures",
        "以下特征名涉及受保护属性；可用 `headrace model fairness` 衡量",
    ),
    "leaking": Text(
        "FITTED IN SPITE OF THE LEAKAGE CHECK: the figures flatter; not for use ({names})",
        "未通过数据泄漏检查仍强行拟合：指标虚高，不可使用（{names}）",
    ),
    "inferred": Text(
        "{n:,} labels were INFERRED, of refused applicants",
        "含推断标签 {n:,} 个（被拒申请人）",
    ),
    "base_rate": Text(
        "Probabilities are for a default rate of {rate:.2%}; the rows had {own:.2%}",
        "概率已调整至违约率 {rate:.2%}（样本为 {own:.2%}）",
    ),
    "about": Text(
        "{kind} of {target}: {columns} columns, fitted on {rows:,} rows, {bad:,} bad",
        "{kind}，目标 {target}：{columns} 个特征，拟合样本 {rows:,} 行，坏样本 {bad:,} 行",
    ),
    "about_hand": Text("{kind}: {columns} columns", "{kind}：{columns} 个特征"),
    "unknown_target": Text("default", "违约"),
    "categories": Text("categories", "类别"),
    "numbers": Text("numbers", "数值"),
    "holds": Text("Holds", "类型"),
    "kind": Text("Model", "模型"),
    "duels": Text(
        "Pairs on the same rows (DeLong, p-values by Holm)",
        "两两比较（同一批样本，DeLong 检验，Holm 校正）",
    ),
    "pair": Text("Pair", "比较"),
    "slope": Text("Slope", "斜率"),
    "tried": Text(
        "{n} tried against the {first}; the best of them, {best}, gains {gain:+.4f}: p = "
        "{alone:.3f} alone, {all:.3f} as the best of {n}",
        "与{first}相比共尝试 {n} 个；其中最好的{best}提升 {gain:+.4f}：单独看 p = {alone:.3f}"
        "，作为 {n} 个中最好的看 p = {all:.3f}",
    ),
    "gain": Text("AUC gained", "AUC 提升"),
    "p": Text("p", "p 值"),
    "says": Text("Says", "结论"),
    "better": Text("better", "更优"),
    "not_better": Text("not shown to be better", "未证实更优"),
    "cost": Text("Least cost of a wrong decision, per applicant", "误判成本最低点（每名申请人）"),
    "assumed_stakes": Text(
        "assumed: {loss:,.0f} yuan lost on a bad one, {profit:,.0f} on a good one",
        "假设：坏客户损失 {loss:,.0f} 元，好客户收益 {profit:,.0f} 元",
    ),
    "cutoff": Text("Cut-off", "准入线"),
    "yuan": Text("Yuan", "元"),
    "curve": Text("None to all approved", "批准比例由低到高"),
    "theory": Text(
        "in theory the best cut-off of a calibrated probability is {cut:.1%}",
        "理论上，校准概率的最优准入线为 {cut:.1%}",
    ),
    "keep_simple": Text(
        "Keep the {kept}: nothing more complex is shown to be better",
        "建议保留{kept}：没有证据表明更复杂的模型更优",
    ),
    "take": Text(
        "Take the {kept}: it is better than the simpler ones, and not by luck",
        "建议采用{kept}：优于更简单的模型，且非运气所致",
    ),
    "luck": Text(
        "A single column of noise, the best of {n}, would reach AUC {auc:.3f} in 1 of 20 tables",
        "{n} 列纯噪声中最好的一列，每 20 张表有 1 张可达 AUC {auc:.3f}",
    ),
    "applied": Text(
        "{n:,} rows scored; mean probability of default {mean:.2%}",
        "已评分 {n:,} 行，平均违约概率 {mean:.2%}",
    ),
    "band": Text("Probability", "违约概率"),
    "share": Text("Share", "占比"),
    "set_aside": Text(
        "cells could not be read; their rows are not scored",
        "个单元格无法识别，所在行未评分",
    ),
    "out": Text("{path}: {rows:,} × {columns}", "{path}：{rows:,} × {columns}"),
    "row": Text("Row {row:,}: probability of default {p:.2%}", "第 {row:,} 行：违约概率 {p:.2%}"),
    "row_points": Text(
        "Row {row:,}: {points:,} points, class {rating}, probability of default {p:.2%}",
        "第 {row:,} 行：{points:,} 分，等级 {rating}，违约概率 {p:.2%}",
    ),
    "adds": Text("Adds", "影响"),
    "raises": Text("raises risk", "提高风险"),
    "lowers": Text("lowers risk", "降低风险"),
    "missing": Text("missing", "缺失"),
    "best": Text("Most", "满分"),
    "starts": Text(
        "Starts from {start:.3f} log odds; the parts add up to {end:.3f}{after}",
        "起点 {start:.3f}（对数几率），各项相加为 {end:.3f}{after}",
    ),
    "calibrated": Text(", before calibration", "（校准前）"),
    "not_cause": Text(
        "This tells what the model did, not what would happen if a value changed",
        "以上说明模型如何得出结果，不代表改变取值后会怎样",
    ),
    "exported": Text("{path}: {form}, {bytes:,} bytes", "{path}：{form}，{bytes:,} 字节"),
    "encode": Text(
        "Categories go in as numbers; {path} says which",
        "类别须先转为数值，对照表见 {path}",
    ),
    "more": Text("{n:,} more", "另有 {n:,} 项"),
}
