"""Memberships in words, Chinese and English: the rule, its numbers, the proof fact by fact."""

from datetime import timedelta
from enum import StrEnum

import numpy as np

from headrace.clock import EPOCH
from headrace.facts.localtime import DAY_US
from headrace.graph.groups.changes import Move
from headrace.graph.groups.finding import Groups
from headrace.graph.groups.rules import GroupKind, Limit, Rule
from headrace.graph.relations.kinds import MEANINGS, ROLES_ZH, Kind
from headrace.money import format_minor


class Language(StrEnum):
    """In which words are said."""

    ZH = "zh"
    EN = "en"


KIND_WORDS = {
    GroupKind.ONE_CUSTOMER: {Language.ZH: "同一客户", Language.EN: "one customer"},
    GroupKind.GROUP: {Language.ZH: "集团客户", Language.EN: "group customer"},
    GroupKind.DEPENDENCE: {Language.ZH: "经济依存客户", Language.EN: "economic dependence"},
    GroupKind.RELATED: {Language.ZH: "关联方", Language.EN: "related party"},
}
UNVERIFIED = {Language.ZH: "未核实原文", Language.EN: "official text not read"}
_STANDING = {
    Language.ZH: {True: "确定", False: "可能"},
    Language.EN: {True: "certain", False: "possible"},
}
_HEAD = {Language.ZH: "核心", Language.EN: "head of the group"}
_CONTROLS = {
    Language.ZH: "{subject}控制{object}（{share}）",
    Language.EN: "{subject} controls {object} ({share})",
}
_BY_MEANS = {Language.ZH: "非表决权方式", Language.EN: "not by votes"}
_VOTES = {Language.ZH: "表决权", Language.EN: "votes "}
_EDGE = {
    Language.ZH: "{subject}—{relation}→{object}{detail}〔事实 {fact}〕",
    Language.EN: "{subject} {relation} {object}{detail} [fact {fact}]",
}
_ABOUT = {Language.ZH: "涉及{}", Language.EN: "about {}"}
_KIN = {
    Language.ZH: "{subject}是{object}的{role}〔事实 {fact}〕",
    Language.EN: "{subject} is {role} of {object} [fact {fact}]",
}

_RULE = {
    Language.ZH: "规则变化：“{words}”（{id}）自 {since} 起施行",
    Language.EN: "the rules changed: “{words}” ({id}) is in force from {since}",
}
_RULE_UNTIL = {Language.ZH: "，至 {until} 止", Language.EN: " to {until}"}
_DESCRIBED = {
    Language.ZH: "已知的主体信息（如类型）发生变化",
    Language.EN: "what is known of a party, such as its type, changed",
}
_UNEXPLAINED = {
    Language.ZH: "三项以内的事实变化均不足以解释：由更多事实共同造成，或仅因时间推移",
    Language.EN: "no change of up to three facts makes it: more together do, or time alone",
}
_RAN_OUT = {
    Language.ZH: "尝试次数用尽，未找到原因：请缩短期间",
    Language.EN: "the tries ran out before a cause was found: ask about a shorter time",
}
_PERHAPS_FEWER = {
    Language.ZH: "尝试次数用尽：更少的事实也许已足够",
    Language.EN: "the tries ran out: fewer facts may do",
}
_STOP = {Language.ZH: "；", Language.EN: "; "}


def standing(language: Language, *, certain: bool) -> str:
    """Whether a membership is certain or possible."""
    return _STANDING[language][certain]


def rule_words(groups: Groups, row: int, language: Language) -> str:
    """The rule of a row, as a person reads it; the head's own row says so."""
    rule = groups.rule(row)
    return _HEAD[language] if rule is None else getattr(rule, language.value)


def article_words(groups: Groups, entry: Rule | Limit | None) -> str:
    """Regulation, number and article of a rule or limit; empty for the head's own row."""
    if entry is None:
        return ""
    source = groups.book.sources[entry.source]
    return f"《{source.zh}》（{source.number}）{entry.article}"


def number_words(groups: Groups, row: int) -> str:
    """The number that the rule looks at: a share, an interval, a count; empty without one."""
    rows, rule = groups.memberships, groups.rule(row)
    low, high = float(rows.low[row]), float(rows.high[row])
    if rule is None or np.isnan(low):
        return ""
    if rule.id == "group.other":
        return f"{low:.0f}"
    return _interval(low, high)


def proof_words(groups: Groups, row: int, language: Language) -> tuple[str, ...]:
    """What a row rests on: one line per chain of control and per fact."""
    control = groups.basis.control
    lines: list[str] = []
    if row in groups.elsewhere:
        other, place = groups.elsewhere[row]
        day = other.basis.snapshot.moment // DAY_US
        when = (EPOCH + timedelta(days=day)).isoformat()
        lines.append(f"{when}: {rule_words(other, place, language)}")
        lines += proof_words(other, place, language)
    for item in groups.memberships.proof.of(row).tolist():
        if item >= 0:
            lines.append(edge_words(groups, item, language))
            continue
        at = ~item
        subject, object_ = int(control.controller[at]), int(control.controlled[at])
        low, high = float(control.low[at]), float(control.high[at])
        share = _BY_MEANS[language]
        if not np.isnan(low):
            share = _VOTES[language] + _interval(low, high)
        label = groups.basis.snapshot.parties.label
        text = _CONTROLS[language]
        lines.append(text.format(subject=label(subject), object=label(object_), share=share))
        chain = control.chain(subject, object_).tolist()
        lines += [f"  {edge_words(groups, edge, language)}" for edge in chain]
    return tuple(dict.fromkeys(lines))


def edge_words(groups: Groups, edge: int, language: Language) -> str:
    """One relation as a sentence, with the id of the fact behind it."""
    snapshot = groups.basis.snapshot
    label = snapshot.parties.label
    kind = Kind(int(snapshot.kind[edge]))
    subject, object_ = label(int(snapshot.subject[edge])), label(int(snapshot.object[edge]))
    fact = snapshot.fact[edge].as_py()
    role = "" if snapshot.role[edge] < 0 else snapshot.roles[int(snapshot.role[edge])]
    role = ROLES_ZH.get(role, role) if language is Language.ZH else role.replace("_", " ")
    if kind is Kind.FAMILY and role:
        return _KIN[language].format(subject=subject, object=object_, role=role, fact=fact)
    details = [role] if role else []
    if not np.isnan(snapshot.low[edge]):
        details.append(_interval(float(snapshot.low[edge]), float(snapshot.high[edge])))
    if snapshot.amount_known[edge]:
        details.append(format_minor(int(snapshot.amount[edge]), "CNY"))
    if snapshot.about[edge] >= 0:
        details.append(_ABOUT[language].format(label(int(snapshot.about[edge]))))
    open_, comma, close = ("（", "，", "）") if language is Language.ZH else (" (", ", ", ")")
    detail = f"{open_}{comma.join(details)}{close}" if details else ""
    relation = getattr(MEANINGS[kind], language.value)
    return _EDGE[language].format(
        subject=subject, relation=relation, object=object_, detail=detail, fact=fact
    )


def move_words(move: Move, language: Language) -> str | None:
    """Why somebody joined or left, beside the facts that did it; None: they say it all."""
    parts = []
    for rule in move.rules:
        told = _RULE[language].format(
            words=getattr(rule, language.value), id=rule.id, since=rule.effective_from
        )
        if rule.effective_until is not None:
            told += _RULE_UNTIL[language].format(until=rule.effective_until)
        parts.append(told)
    if move.described:
        parts.append(_DESCRIBED[language])
    if not move.explained:
        parts.append((_UNEXPLAINED if move.searched else _RAN_OUT)[language])
    elif not move.searched and move.causes:
        parts.append(_PERHAPS_FEWER[language])
    return _STOP[language].join(parts) or None


def _interval(low: float, high: float) -> str:
    """A share, or the least and most it can be, in per cent of as many digits as needed."""
    if np.isnan(high) or low == high:
        return _percent(low)
    return f"{_percent(low)}–{_percent(high)}"


def _percent(share: float) -> str:
    return f"{share * 100:.4f}".rstrip("0").rstrip(".") + "%"
