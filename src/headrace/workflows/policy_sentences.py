"""Sentences of errors about policies in Chinese, by the words in which they are said in English."""

import re
from functools import cache

from headrace.pack import Text

_WORDS = {
    "text": "文字",
    "number": "数字",
    "string": "文字",
    "boolean": "是否",
    "truth value": "是否",
    "an expression": "一个值",
    "an operand": "一个值",
    "the end": "结尾",
    "the end, or an operator": "结尾或运算符",
    "rules": "规则",
    "outputs": "输出",
    "name": "名称",
}
_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"Nothing is named '(.+)'", "没有名为“{}”的指标或步骤"),
    (r"[Tt]here is no feature '(.+)'", "没有名为“{}”的指标"),
    (r"Did you mean (.+)\?", "是否应为 {}？"),
    (r"is (.+) meant\?", "是否应为 {}？"),
    (r"Put a text in quotes: .+", '若是文字，请加英文引号："文字"'),
    (r"The cell tests for a (.+)", "该单元格按“{}”类型作比较"),
    (r"'(.+)' holds (.+)s", "“{}”的取值类型为 {}"),
    (r"In the cell `(.+)`: (.+) stands where (.+) was expected", "单元格 `{}`：{} 处应为 {}"),
    (r"In the cell `(.+)`: (.+)", "单元格 `{}` 无法识别：{}"),
    (r"'(.*)' is no action(?: on a loan application)?", "“{}”不是可用的动作"),
    (r"an empty cell is no action.*", "动作不能为空"),
    (r"'(.*)' is no reason", "“{}”不是已登记的原因代码"),
    (r"an empty cell is no reason", "原因不能为空"),
    (r"'(.*)' is no share of turnover", "“{}”不是有效的销售额占比"),
    (r"a number from 0 to 1, such as .+", "请写 0 到 1 之间的数，例如 0.25 表示四分之一"),
    (r"[Oo]ne of (.+)", "可选：{}"),
    (r"Expected one of (.+)", "可选：{}"),
    (r"There are (.+)", "现有：{}"),
    (r"The hit policy '(.+)' is not known", "不认识的命中策略“{}”"),
    (r"The output is a (.+) here and a (.+) above", "该列此处为 {}，上方为 {}，类型不一致"),
    (r"Give one column one type", "同一列请使用同一种类型"),
    (r"The output is not listed", "输出值不在允许的取值之内"),
    (r"Give one of the values in the line `# values`", "请使用 # values 行列出的值"),
    (r"The header cell '(.+)' has no known role", "列名“{}”缺少类别"),
    (r"Write in:NAME for an input.+", "输入列写 in:名称，输出列写 out:名称，备注列写 note:名称"),
    (r"The header has no out: column", "表头缺少输出列（out:）"),
    (r"The column (.+) is there twice", "列 {} 重复"),
    (r"The cell '(.+)' stands under no header", "单元格“{}”没有对应的列名"),
    (r"The table has no rules", "规则表没有规则"),
    (r"Add one rule a row", "请至少保留一行规则"),
    (r"The table does not say its (.+)", "规则表没有写明 {}"),
    (r"There is no table '(.+)'", "没有规则表“{}”"),
    (r"no step asks the table (.+)", "没有步骤使用规则表 {}"),
    (r"the table gives no (.+)", "规则表缺少输出 {}"),
    (r"add a column (.+)", "请增加列 {}"),
    (r"The row is not CSV: (.+)", "该行不是有效的 CSV：{}"),
    (r"The cell holds the error (.+)", "单元格内是错误值 {}"),
    (r"The cell holds a formula", "单元格内是公式"),
    (r"Copy it and paste its value", "请复制后仅粘贴数值"),
    (r"The YAML cannot be read: (.+)", "YAML 无法读取：{}"),
    (r"The file is not TOML: (.+)", "TOML 无法读取：{}"),
    (r"The key '(.+)' is not known", "不认识的键“{}”"),
    (r"The key '(.+)' is missing", "缺少键“{}”"),
    (r"The keys are (.+)", "可用的键：{}"),
    (r"The (.+) has no '(.+)'", "{} 没有“{}”这一项"),
    (r"The policy does not say its (.+)", "策略没有写明 {}"),
    (r"The step does not say what it is", "步骤没有写明类型"),
    (r"Begin with one of (.+)", "请以其中之一开头：{}"),
    (r"There is no policy\.yaml", "缺少 policy.yaml"),
    (r"The file is empty", "文件为空"),
    (r"the (.+) is computed", "{} 不能由公式计算得出"),
    (r"where no rule speaks, the policy says (.+)", "没有规则命中时，策略给出 {}"),
    (r"write `otherwise: refer`.*", "请写 otherwise: refer，由人工判断"),
    (r"The economics' key '(.+)' should be (.+)", "键“{}”应为 {}"),
    (r"(.+) is no policy file: no step asks for it", "{} 不属于本策略：没有步骤使用它"),
    (r"The model reads '(.+)', which is not known", "模型读取了未知的指标“{}”"),
    (
        r"A spreadsheet would run the cell as a formula: (.+)",
        "表格软件会把该单元格当作公式执行：{}",
    ),
    (r"Begin the cell with a letter or a digit", "请以文字或数字开头"),
    (r"Lists are no part of a version", "名单不属于策略版本"),
    (r"Record entries in the lists", "请在名单页面登记"),
    (r"The policy calls itself '(.+)'", "策略自称为“{}”"),
    (r"Write `(.+)`", "请写 {}"),
    (r"The workbook has macros", "工作簿含有宏"),
    (r"The workbook unpacks to more than (.+) bytes", "工作簿解压后超过 {} 字节"),
    (
        r"The file is no XLSX workbook, or it is damaged or has a password",
        "不是 XLSX 文件，或已损坏、加密",
    ),
    (r"Somebody other than (.+) approves it(?: first)?", "须由 {} 以外的人审批"),
    (r"What decided then has decided; start now or later", "请填写现在或以后的时间"),
    (r"Version (.+) is active", "当前生效的是第 {} 版"),
    (r"No version is active yet", "尚无生效版本"),
    (r"(.+) has said so before", "{} 已作出过同样的意见"),
    (r"There are versions 1 to (.+)", "现有第 1 至 {} 版"),
    (
        r"Version (\d+) is the last by (.+): look at what it changes, then begin from it",
        "最新为 {} 版，由 {} 提交；请先查看其变化再以其为基础",
    ),
    (
        r"(.+) rejected it: (.+): propose a version that meets the objection",
        "{} 已驳回：{}；请针对意见另行提交",
    ),
    (r"Nothing is said about why", "请填写修改内容与理由"),
    (r"Say what changes and why", "说明改了什么、为什么"),
    (
        r"The draft was saved in another window since this page was loaded",
        "本页打开之后，草稿已在另一个窗口保存",
    ),
    (r"Load the page again: it shows what was saved last", "请刷新页面，查看最近保存的内容"),
    (
        r"Nothing was decided in flight yet: there is no history to try a policy on",
        "尚无实时决策记录，无法试算",
    ),
    (r"'(.+)' is no time", "“{}”不是有效时间"),
    (
        r"Open it in a spreadsheet program, remove any password, save it as .xlsx",
        "请用表格软件打开，去除密码后另存为 .xlsx",
    ),
    (r"The file is neither UTF-8 nor GB18030 text", "文件编码既不是 UTF-8 也不是 GB18030"),
    (r"[Tt]he file is not UTF-8", "文件编码不是 UTF-8"),
)


def in_both(english: str) -> Text:
    """What an error says, in Chinese too where its words are known; else as it is."""
    for pattern, chinese in _compiled():
        found = pattern.fullmatch(english)
        if found:
            told = [_WORDS.get(each, each) for each in found.groups()]
            return Text(english, chinese.format(*told))
    return Text(english, english)


@cache
def _compiled() -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(pattern, re.DOTALL), chinese) for pattern, chinese in _PATTERNS)
