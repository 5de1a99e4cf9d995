"""Classes and reasons as people read them, and as a table that opens in a spreadsheet."""

from datetime import date, timedelta
from enum import StrEnum

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from headrace.clock import EPOCH
from headrace.contracts.classification.ahead import Outlook
from headrace.contracts.classification.claims import NEVER, Claims
from headrace.contracts.classification.grading import Grades
from headrace.contracts.classification.tables import IDENTIFIERS, Grade, Reason, Rule, Tables


class Language(StrEnum):
    """In which words are said."""

    ZH = "zh"
    EN = "en"


GRADES = {
    Grade.NORMAL: {Language.ZH: "正常", Language.EN: "normal"},
    Grade.SPECIAL_MENTION: {Language.ZH: "关注", Language.EN: "special mention"},
    Grade.SUBSTANDARD: {Language.ZH: "次级", Language.EN: "substandard"},
    Grade.DOUBTFUL: {Language.ZH: "可疑", Language.EN: "doubtful"},
    Grade.LOSS: {Language.ZH: "损失", Language.EN: "loss"},
}
_DAYS = {Language.ZH: "逾期{}天", Language.EN: "{} days overdue"}
_UNREAD = {Language.ZH: "未核实原文", Language.EN: "official text not read"}
_NAMES = {reason: name for name, reason in IDENTIFIERS.items()}
_BY_SHARE = frozenset(
    {
        Reason.SHARE_IN_BANK,
        Reason.SHARE_ACROSS_BANKS,
        Reason.IMPAIRED_DOUBTFUL,
        Reason.IMPAIRED_LOSS,
    }
)

CLASSES = pa.schema(
    [
        pa.field("claim", pa.int64(), nullable=False),
        pa.field("debtor", pa.int32(), nullable=False),
        pa.field("amount", pa.int64(), nullable=False),
        pa.field("previous", pa.string()),
        pa.field("class", pa.string(), nullable=False),
        pa.field("rule", pa.string()),
        pa.field("number", pa.string()),
        pa.field("reason", pa.string()),
        pa.field("clause", pa.string()),
        pa.field("unjudged", pa.bool_(), nullable=False),
        pa.field("special_mention_on", pa.date32()),
        pa.field("substandard_on", pa.date32()),
        pa.field("doubtful_on", pa.date32()),
        pa.field("loss_on", pa.date32()),
    ]
)
"""One row a claim. `amount` in minor units; a day is null where the class is never reached."""


def clause_of(rule: Rule, language: Language) -> str:
    """Document, number, article, first day in force, and whether the text was read."""
    if language is Language.ZH:
        number = f"（{rule.source.number}）" if rule.source.number else ""
        parts = [f"《{rule.source.zh}》{number}{rule.article}", f"{rule.since}起施行"]
    else:
        cited = (rule.source.en, rule.source.number, rule.article)
        parts = [*(each for each in cited if each), f"in force from {rule.since}"]
    parts += [] if rule.verified else [_UNREAD[language]]
    return ("、" if language is Language.ZH else ", ").join(parts)


def number_of(reason: Reason, number: float, language: Language) -> str | None:
    """The days or the share that a rule looked at; None where it looks at none."""
    if np.isnan(number):
        return None
    if reason in _BY_SHARE:
        return f"{number * 100:.2f}%"
    return _DAYS[language].format(int(number))


def classes_table(
    claims: Claims, grades: Grades, outlook: Outlook, tables: Tables, on: date,
    language: Language,
) -> pa.Table:  # fmt: skip
    """Every claim with class, reason, clause and the days on which classes are reached."""
    rules = tables.on(on)
    texts = {each: rules.get(each) for each in Reason}
    reasons = [Reason(each) for each in grades.reason.tolist()]
    clauses = {
        each: None if rule is None else clause_of(rule, language) for each, rule in texts.items()
    }
    said = {
        each: None if rule is None else (rule.zh if language is Language.ZH else rule.en)
        for each, rule in texts.items()
    }
    names = [GRADES[each][language] for each in Grade]
    days = {
        f"{grade.name.lower()}_on": _dates(outlook.day[:, grade - 1])
        for grade in Grade
        if grade is not Grade.NORMAL
    }
    columns = {
        "claim": np.arange(len(claims)),
        "debtor": claims.debtor,
        "amount": claims.amount,
        "previous": [None if each < 0 else names[each] for each in claims.previous.tolist()],
        "class": [names[each] for each in grades.grade.tolist()],
        "rule": [_NAMES.get(each) for each in reasons],
        "number": [
            number_of(reason, number, language)
            for reason, number in zip(reasons, grades.number.tolist(), strict=True)
        ],
        "reason": [said[each] for each in reasons],
        "clause": [clauses[each] for each in reasons],
        "unjudged": grades.unjudged,
        **days,
    }
    return pa.table(
        [pa.array(columns[field.name], field.type) for field in CLASSES], schema=CLASSES
    )


def _dates(days: NDArray[np.int32]) -> pa.Array:
    return pa.array(days, pa.int32(), mask=days == NEVER).cast(pa.date32())


def day_of(number: int) -> date | None:
    """A day number as a calendar day; None for `NEVER`."""
    return None if number == NEVER else EPOCH + timedelta(days=int(number))
