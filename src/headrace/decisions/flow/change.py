"""One change between two versions of a policy, to be said in English or Chinese."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from headrace.decisions.flow.effect import Effect, Moved


class Kind(StrEnum):
    """What can change."""

    POLICY_CHANGED = "policy_changed"
    INPUT_ADDED = "input_added"
    INPUT_REMOVED = "input_removed"
    INPUT_CHANGED = "input_changed"
    STEP_ADDED = "step_added"
    STEP_REMOVED = "step_removed"
    STEP_MOVED = "step_moved"
    STEP_CHANGED = "step_changed"
    RESULT_ADDED = "result_added"
    RESULT_REMOVED = "result_removed"
    RESULT_CHANGED = "result_changed"
    FILE_ADDED = "file_added"
    FILE_REMOVED = "file_removed"
    FILE_CHANGED = "file_changed"
    TABLE_ADDED = "table_added"
    TABLE_REMOVED = "table_removed"
    TABLE_CHANGED = "table_changed"
    COLUMN_ADDED = "column_added"
    COLUMN_REMOVED = "column_removed"
    COLUMN_MOVED = "column_moved"
    COLUMN_CHANGED = "column_changed"
    RULE_ADDED = "rule_added"
    RULE_REMOVED = "rule_removed"
    RULE_MOVED = "rule_moved"
    CELL_CHANGED = "cell_changed"
    ENTRY_ADDED = "entry_added"
    ENTRY_REMOVED = "entry_removed"


@dataclass(frozen=True)
class Place:
    """Where something changed.

    Attributes:
        name: Of the step, table, result, input, file or list; empty for the policy as a whole.
        rule: Number of the rule from 1, in the version that has it, else in the older; 0: none.
        row: Its row in the file; 0 where that is the same, or there is none.
        column: Of a table, as `void_share`; or what of the thing changed, as `when`.
    """

    name: str = ""
    rule: int = 0
    row: int = 0
    column: str = ""

    def say(self, language: str) -> str:
        """The place without its column, in "en" or "zh"."""
        if not self.rule:
            return self.name
        if language == "zh":
            return f"{self.name} 第 {self.rule} 条规则" + (
                f"（第 {self.row} 行）" if self.row else ""
            )
        return f"{self.name}, rule {self.rule}" + (f" (row {self.row})" if self.row else "")


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        kind: What.
        place: Where.
        before: What stood there; empty where nothing did.
        after: What stands there; empty where nothing does.
        moved: What a changed cell does to the cases that meet it; None where that is not known.
    """

    kind: Kind
    place: Place
    before: str = ""
    after: str = ""
    moved: Moved | None = None

    def say(self, language: str) -> str:
        """The change as one sentence, in "en" or "zh"."""
        english, chinese = SAID[self.kind]
        text = (chinese if language == "zh" else english).format(
            place=self.place.say(language),
            name=self.place.name,
            what=_part(self.place.column, language),
            before=_told(self.before, language),
            after=_told(self.after, language),
        )
        if self.moved is None:
            return text
        english, chinese = EFFECTS[self.moved.effect]
        effect = chinese if language == "zh" else english
        if language == "zh":
            return f"{text}（{effect}{self.moved.by and f'，{self.moved.by}'}）"
        return f"{text} ({effect}{self.moved.by and f'; {self.moved.by}'})"


_WAS = ("{place}: {what} was {before}, is {after}", "{place}：{what} 由 {before} 改为 {after}")
SAID: Mapping[Kind, tuple[str, str]] = MappingProxyType(
    {
        Kind.POLICY_CHANGED: ("{what} was {before}, is {after}", "{what}由 {before} 改为 {after}"),
        Kind.INPUT_ADDED: ("input {name} added: {after}", "新增输入 {name}：{after}"),
        Kind.INPUT_REMOVED: ("input {name} removed: {before}", "删除输入 {name}：{before}"),
        Kind.INPUT_CHANGED: (
            "input {name} was {before}, is {after}",
            "输入 {name} 由 {before} 改为 {after}",
        ),
        Kind.STEP_ADDED: ("step {name} added: {after}", "新增步骤 {name}：{after}"),
        Kind.STEP_REMOVED: ("step {name} removed: {before}", "删除步骤 {name}：{before}"),
        Kind.STEP_MOVED: (
            "step {name} moved from place {before} to place {after}",
            "步骤 {name} 由第 {before} 位移至第 {after} 位",
        ),
        Kind.STEP_CHANGED: (
            "step {name}: {what} was {before}, is {after}",
            "步骤 {name}：{what}由 {before} 改为 {after}",
        ),
        Kind.RESULT_ADDED: ("result {name} added: {after}", "新增结果 {name}：{after}"),
        Kind.RESULT_REMOVED: ("result {name} removed: {before}", "删除结果 {name}：{before}"),
        Kind.RESULT_CHANGED: (
            "result {name} was {before}, is {after}",
            "结果 {name} 由 {before} 改为 {after}",
        ),
        Kind.FILE_ADDED: ("file {name} added: {after}", "新增文件 {name}：{after}"),
        Kind.FILE_REMOVED: ("file {name} removed: {before}", "删除文件 {name}：{before}"),
        Kind.FILE_CHANGED: (
            "file {name} replaced: was {before}, is {after}",
            "文件 {name} 被替换：由 {before} 改为 {after}",
        ),
        Kind.TABLE_ADDED: ("table {name} added: {after}", "新增规则表 {name}：{after}"),
        Kind.TABLE_REMOVED: ("table {name} removed: {before}", "删除规则表 {name}：{before}"),
        Kind.TABLE_CHANGED: (
            "table {name}: {what} was {before}, is {after}",
            "规则表 {name}：{what}由 {before} 改为 {after}",
        ),
        Kind.COLUMN_ADDED: ("{place}: column {after} added", "{place}：新增列 {after}"),
        Kind.COLUMN_REMOVED: ("{place}: column {before} removed", "{place}：删除列 {before}"),
        Kind.COLUMN_MOVED: (
            "{place}: columns were {before}, are {after}",
            "{place}：列的次序由 {before} 改为 {after}",
        ),
        Kind.COLUMN_CHANGED: _WAS,
        Kind.RULE_ADDED: ("{place} added: {after}", "新增 {place}：{after}"),
        Kind.RULE_REMOVED: ("{place} removed: {before}", "删除 {place}：{before}"),
        Kind.RULE_MOVED: (
            "{place}: order changed, was rule {before}",
            "{place}：次序改变，原为第 {before} 条",
        ),
        Kind.CELL_CHANGED: _WAS,
        Kind.ENTRY_ADDED: ("list {name}: {after} added", "名单 {name}：新增 {after}"),
        Kind.ENTRY_REMOVED: ("list {name}: {before} removed", "名单 {name}：删除 {before}"),
    }
)
"""What is said of each kind of change, in English and Chinese."""

EFFECTS: Mapping[Effect, tuple[str, str]] = MappingProxyType(
    {
        Effect.LOOSENED: ("loosened: met by more", "放宽：命中范围扩大"),
        Effect.TIGHTENED: ("tightened: met by fewer", "收紧：命中范围缩小"),
        Effect.SHIFTED: ("shifted: met by others", "平移：命中范围改变"),
        Effect.RAISED: ("raised", "调高"),
        Effect.LOWERED: ("lowered", "调低"),
    }
)

PARTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "name": ("the name", "名称"),
        "customer": ("the customer", "客户标识"),
        "zone": ("the time zone", "时区"),
        "otherwise": ("the action otherwise", "默认动作"),
        "exposure": ("what is at stake", "风险敞口字段"),
        "title_en": ("the English title", "英文标题"),
        "title_zh": ("the Chinese title", "中文标题"),
        "when": ("the condition", "适用条件"),
        "kind": ("the kind of list", "名单类型"),
        "by": ("what is looked up", "查询字段"),
        "action": ("the action", "动作"),
        "reason": ("the reason", "原因"),
        "skips": ("the steps skipped", "跳过的步骤"),
        "within_ms": ("the time allowed (ms)", "时限（毫秒）"),
        "fallback": ("the fallback", "后备值"),
        "expression": ("the expression", "表达式"),
        "hit_policy": ("the hit policy", "命中策略"),
    }
)
"""Parts of a policy, step or table, as sentences name them."""


def _part(name: str, language: str) -> str:
    english, chinese = PARTS.get(name, (name, name))
    return chinese if language == "zh" else english


def _told(text: str, language: str) -> str:
    return text or ("空" if language == "zh" else "empty")
