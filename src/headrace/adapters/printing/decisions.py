"""What `headrace explain` prints about a decision in flight, and `headrace cases`."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.table import Table as Grid

from headrace.adapters.printing import console_now, safe
from headrace.decisions.flow.decided import Plain
from headrace.decisions.flow.lists import Entry
from headrace.features.definition import Feature
from headrace.monitor.cases import Case, CaseEvent, Deed, Outcome, State, iso
from headrace.pack import Text
from headrace.workflows.customer_reason import CustomerReason
from headrace.workflows.decision_explain import (
    Answer,
    Cell,
    DecisionExplanation,
    Listed,
    Voice,
)
from headrace.workflows.decision_flips import Flip

ROWS_SHOWN = 200
FACTS_SHOWN = 8
FLIPS_SHOWN = 8
DIGEST_SHOWN = 12
WORDS = {
    "decided": Text("decided", "决定"),
    "by": Text("by", "依据"),
    "otherwise": Text(
        "no step said what to do: the policy's otherwise", "各步骤均未表态，按默认处理"
    ),
    "not_followed": Text("not followed: made beside the decision", "仅并行计算，未执行"),
    "altered": Text(
        "deciding again from the record gives something else: `headrace replay` says what",
        "按记录重新计算的结果不同，请用 `headrace replay` 查明原因",
    ),
    "took": Text("took {latency:,} µs", "耗时 {latency:,} 微秒"),
    "voices": Text("what each step said", "各步骤的意见"),
    "stands": Text("stands", "采纳"),
    "outvoted": Text("outvoted", "未采纳"),
    "rules": Text("rules that were met", "命中的规则"),
    "row": Text("row", "行"),
    "listed": Text("lists", "名单"),
    "until": Text("until", "至"),
    "for_good": Text("for good", "长期"),
    "owner": Text("owner", "负责人"),
    "skips": Text("not asked because of it: {steps}", "因此跳过：{steps}"),
    "models": Text("models", "模型"),
    "late": Text("late or failed: {value} stood in", "超时或失败，以 {value} 代替"),
    "late_missing": Text("late or failed: its answer is missing", "超时或失败，按缺失处理"),
    "is_missing": Text("is missing", "缺失"),
    "not_asked": Text("no answer", "无结果"),
    "results": Text("results", "结果"),
    "missing": Text("missing", "缺失的输入"),
    "problems": Text("tables in trouble", "规则表问题"),
    "flips": Text(
        "what would make it milder, one number at a time", "单项变动即可使结果放宽的最小幅度"
    ),
    "none_flips": Text("no single number would make it milder", "任何单项变动都不会使结果放宽"),
    "below": Text("below", "低于"),
    "above": Text("above", "高于"),
    "at_least_near": Text("(there may be a nearer one)", "（可能存在更小的变动）"),
    "facts": Text("events behind the numbers", "数值背后的事件"),
    "events": Text("events: {count:,}", "{count:,} 个事件"),
    "versions": Text("versions", "版本"),
    "customer": Text("to the customer", "告知客户"),
    "case": Text("case", "案件"),
    "state": Text("state", "状态"),
    "severity": Text("severity", "级别"),
    "about": Text("customer", "客户"),
    "policy": Text("policy", "策略"),
    "alerts": Text("alerts", "预警"),
    "exposure": Text("at stake", "涉及金额"),
    "due": Text("due", "时限"),
    "overdue": Text("overdue", "已逾期"),
    "outcome": Text("outcome", "结论"),
    "no_cases": Text("no cases", "没有案件"),
    "more": Text("… {count:,} more; --json tells all", "… 另有 {count:,} 项，--json 可列出全部"),
    "history": Text("what happened", "经过"),
    "to": Text("to", "给"),
    "next": Text("to put the customer on the list", "将客户列入名单"),
}
ACTION_TEXTS = {
    "approve": Text("approve", "通过"),
    "notify": Text("notify", "提醒"),
    "step_up": Text("step up", "加强验证"),
    "refer": Text("refer", "人工审核"),
    "decline": Text("decline", "拒绝"),
    "block": Text("block", "冻结"),
}
STATE_TEXTS = {
    State.OPEN: Text("open", "待处理"),
    State.IN_REVIEW: Text("in review", "处理中"),
    State.CLOSED: Text("closed", "已结案"),
}
OUTCOME_TEXTS = {
    Outcome.FRAUD: Text("fraud", "欺诈"),
    Outcome.GENUINE: Text("genuine", "正常"),
    Outcome.UNCLEAR: Text("unclear", "无法判定"),
}
DEED_TEXTS = {
    Deed.ALERT: Text("alert", "预警"),
    Deed.ASSIGN: Text("assigned", "分派"),
    Deed.NOTE: Text("noted", "记录"),
    Deed.ACT: Text("acted", "处置"),
    Deed.CLOSE: Text("closed", "结案"),
    Deed.REOPEN: Text("reopened", "重新打开"),
}
_COLOURS = {"approve": "green", "notify": "cyan", "step_up": "yellow"}


def explanation(
    found: DecisionExplanation,
    told: CustomerReason | None,
    features: Mapping[str, Feature],
    language: str,
) -> None:
    """A decision for a risk manager; last, what the customer is told.

    Args:
        found: The explanation.
        told: What the customer is told; None leaves it out.
        features: Those of the pack, by name, for their names.
        language: "en" or "zh".
    """
    page = _Page(console_now(), features, language)
    page.head(found)
    page.voices(found.voices)
    page.rules(found)
    page.listed(found.listed)
    page.models(found.models)
    page.terms(found)
    page.plainly("missing", [page.named(name) for name in found.missing])
    page.plainly("problems", found.problems)
    if found.action != "approve":
        page.flips(found.flips)
    page.facts(found)
    digests = [f"{name} {digest[:DIGEST_SHOWN]}" for name, digest in found.versions.items()]
    page.plainly("versions", digests)
    if told is not None:
        page.plainly("customer", [told.in_language(language)])


class _Page:
    """An explanation as it is laid out, part after part."""

    def __init__(self, console: Console, features: Mapping[str, Feature], language: str) -> None:
        self.console, self.features, self.language = console, features, language

    def named(self, name: str) -> str:
        """An input with its name for people."""
        feature = self.features.get(name)
        if feature is None:
            return name
        return f"{name} ({feature.zh if self.language == 'zh' else feature.en})"

    def head(self, found: DecisionExplanation) -> None:
        colour = _COLOURS.get(found.action, "red")
        title = found.title.in_language(self.language)
        self._line(f"[bold]{safe(found.decision)}[/]  {safe(title)}  [dim]{found.moment}[/]")
        by = f"{self._say('by')} {found.decided_by}" if found.decided_by else self._say("otherwise")
        reason = "" if found.reason is None else f": {found.reason}"
        action = _action(found.action, self.language)
        self._line(f"[bold {colour}]{action}[/]  {safe(by)}{safe(reason)}")
        notes = [f"{found.policy} {found.in_force[:DIGEST_SHOWN]}, {found.arm}"]
        if found.latency_us is not None:
            notes.append(self._say("took").format(latency=found.latency_us))
        self._line(f"[dim]{safe(', '.join(notes))}[/]")
        for key, holds in (("not_followed", found.effective), ("altered", found.reproduced)):
            if not holds:
                self._line(f"[yellow]![/] {self._say(key)}")

    def voices(self, voices: Sequence[Voice]) -> None:
        self._title("voices", voices)
        grid = Grid.grid(padding=(0, 2))
        for voice in voices:
            rule = "" if voice.rule is None else f"#{voice.rule}"
            mark = self._say("stands") if voice.stands else f"[dim]{self._say('outvoted')}[/]"
            action = _action(voice.action, self.language)
            grid.add_row(f"  {safe(voice.step)} {rule}", action, safe(voice.reason or ""), mark)
        if voices:
            self.console.print(grid)

    def rules(self, found: DecisionExplanation) -> None:
        self._title("rules", found.rules)
        for rule in found.rules:
            place = f"{rule.file}, {self._say('row')} {rule.row}"
            self._line(f"  [bold]{safe(rule.table)} #{rule.number}[/]  [dim]{safe(place)}[/]")
            for cell in rule.cells:
                name = self.named(cell.input).removeprefix(cell.input)
                said = cell.said if cell.value is not None else self._absent(cell)
                self._line(f"    {safe(said)}[dim]{safe(name)}[/]")
            if not rule.cells:
                self._line(f"    {safe(rule.text)}")
            outputs = ", ".join(
                f"{name} = {_value(value)}"
                for name, value in rule.outputs.items()
                if value is not None
            )
            self._line(f"    → {safe(outputs)}")
            for name, note in rule.notes.items():
                self._line(f"    [dim]{safe(name)}: {safe(note)}[/]")

    def listed(self, listed: Sequence[Listed]) -> None:
        self._title("listed", listed)
        for each in listed:
            until = f"{self._say('until')} {each.valid_until}"
            until = self._say("for_good") if each.valid_until is None else until
            about = f"{each.kind}, {each.by} {each.value}: {each.reason}"
            self._line(f"  [bold]{safe(each.list)}[/]  {safe(about)}")
            held = f"{self._say('owner')} {each.owner}, {each.valid_from} – {until}"
            self._line(f"    [dim]{safe(held)}[/]")
            if each.skips:
                skipped = self._say("skips").format(steps=", ".join(each.skips))
                self._line(f"    {safe(skipped)}")

    def models(self, answers: Sequence[Answer]) -> None:
        self._title("models", answers)
        for answer in answers:
            value = self._say("not_asked") if answer.value is None else f"{answer.value:.4f}"
            if answer.stood_in:
                key = "late_missing" if answer.value is None else "late"
                value = f"[yellow]{self._say(key).format(value=value)}[/]"
            self._line(f"  [bold]{safe(answer.model)}[/]  {value}")
            for each in answer.reasons:
                told = f"{self.named(each.input)} = {_value(each.value)}"
                self._line(f"    {each.adds:+.2f}  {safe(told)}")

    def terms(self, found: DecisionExplanation) -> None:
        self._title("results", found.results)
        for term in found.results:
            parts = ", ".join(f"{name} {_value(value)}" for name, value in term.parts.items())
            told = f"  {term.name} = {_value(term.value)}  = {term.expression}"
            self._line(f"{safe(told)}  [dim]{safe(parts)}[/]")

    def flips(self, flips: Sequence[Flip]) -> None:
        self.console.print(f"\n[bold]{self._say('flips')}[/]")
        if not flips:
            self._line(f"  {self._say('none_flips')}")
        for flip in flips[:FLIPS_SHOWN]:
            reason = "" if flip.reason is None else f" ({flip.reason})"
            told = (
                f"  {self.named(flip.input)} {_value(flip.before)} → {self._target(flip)}: "
                f"{_action(flip.action, self.language)}{reason}"
            )
            near = "" if flip.exact else f"  [dim]{self._say('at_least_near')}[/]"
            self._line(f"{safe(told)}{near}")
        self._more(len(flips) - FLIPS_SHOWN)

    def facts(self, found: DecisionExplanation) -> None:
        self._title("facts", found.facts)
        for each in found.facts[:FACTS_SHOWN]:
            value = _value(found.inputs.get(each.feature))
            self._line(f"  [bold]{safe(self.named(each.feature))}[/] = {value}")
            for part in each.parts:
                span = "" if part.first is None else f", {part.first} – {part.last}"
                count = self._say("events").format(count=part.count)
                self._line(f"    {safe(part.definition)}: {count}[dim]{safe(span)}[/]")
                for event in part.newest:
                    told = ", ".join(f"{name} {_value(value)}" for name, value in event.items())
                    self._line(f"      [dim]{safe(told)}[/]")
        self._more(len(found.facts) - FACTS_SHOWN)

    def plainly(self, key: str, lines: Iterable[str]) -> None:
        """A part that is a list of texts."""
        lines = list(lines)
        self._title(key, lines)
        for each in lines:
            self._line(f"  {safe(each)}")

    def _absent(self, cell: Cell) -> str:
        test = "" if cell.test == "null" else f": {cell.test}"
        return f"{cell.input} {self._say('is_missing')}{test}"

    def _target(self, flip: Flip) -> str:
        """Where the number would have to be: at its cut, or just beyond it."""
        after = flip.after
        if after == flip.cut or after.is_integer():
            return _value(after)
        return f"{self._say('below' if after < flip.cut else 'above')} {_value(flip.cut)}"

    def _title(self, key: str, content: Sequence[object]) -> None:
        if content:
            self.console.print(f"\n[bold]{self._say(key)}[/]")

    def _more(self, count: int) -> None:
        if count > 0:
            self._line(f"  [dim]{self._say('more').format(count=count)}[/]")

    def _line(self, text: str) -> None:
        self.console.print(text, soft_wrap=True)

    def _say(self, key: str) -> str:
        return _say(key, self.language)


# --- cases ----------------------------------------------------------------------------------------


def cases(found: Sequence[Case], moment: int, language: str) -> None:
    """Cases, a line each."""
    console = console_now()
    if not found:
        console.print(_say("no_cases", language))
        return
    keys = ("case", "state", "severity", "about", "policy", "alerts", "owner", "due", "outcome")
    grid = Grid(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for key in keys:
        grid.add_column(_say(key, language), overflow="fold")
    for case in found[:ROWS_SHOWN]:
        late = f" [red]{_say('overdue', language)}[/]" if case.is_overdue(moment) else ""
        grid.add_row(
            str(case.number),
            STATE_TEXTS[case.state].in_language(language),
            _action(case.severity.word, language),
            safe(case.customer),
            safe(case.policy),
            str(len(case.alerts)),
            safe(case.owner),
            f"{_until_second(case.due)}{late}",
            _outcome(case, language),
        )
    console.print(grid)
    if len(found) > ROWS_SHOWN:
        more = _say("more", language).format(count=len(found) - ROWS_SHOWN)
        console.print(f"[dim]{more}[/]")


def case(found: Case, moment: int, language: str) -> None:
    """A case with its alerts and everything that happened."""
    console = console_now()
    cases([found], moment, language)
    if found.exposure is not None:
        console.print(f"{_say('exposure', language)} {_value(found.exposure)}")
    console.print(f"\n[bold]{_say('alerts', language)}[/]")
    grid = Grid.grid(padding=(0, 2))
    for alert in found.alerts[:ROWS_SHOWN]:
        facts = ", ".join(f"{name} {_value(value)}" for name, value in alert.facts.items())
        action = _action(alert.action.word, language)
        told = (alert.decision, action, alert.reason or "", iso(alert.at), facts)
        grid.add_row(*(safe(f"  {told[0]}"), *map(safe, told[1:])))
    console.print(grid)
    console.print(f"\n[bold]{_say('history', language)}[/]")
    for event in found.events[-ROWS_SHOWN:]:
        happened(event, language)


def happened(event: CaseEvent, language: str) -> None:
    """One thing that happened to a case."""
    told = DEED_TEXTS[event.deed].in_language(language)
    if event.deed is Deed.ALERT:
        told += f" {event.alert.decision}"
    elif event.deed is Deed.ASSIGN:
        told += f" {_say('to', language)} {event.told['owner']}"
    elif event.deed is Deed.NOTE:
        told += "".join(f" {kind} {name}" for kind, name in event.told["evidence"])
    elif event.deed is Deed.ACT:
        values = " ".join(f"{each['list']}/{each['value']}" for each in event.told["entries"])
        told += f": {event.told['measure']} {values}"
    elif event.deed is Deed.CLOSE:
        told += f": {OUTCOME_TEXTS[Outcome(event.told['outcome'])].in_language(language)}"
    comment = f"  {event.comment}" if event.comment else ""
    line = f"  [dim]{iso(event.at)}[/]  {safe(event.by)}  {safe(told)}{safe(comment)}"
    console_now().print(line, soft_wrap=True)


def entry_command(entry: Entry, language: str) -> None:
    """What would write an entry of a list."""
    told = ["headrace", "policy", "list", "add", entry.list, entry.value]
    told += ["--by", entry.owner, "--reason", entry.reason, "--scope", entry.scope]
    if entry.valid_until is not None:
        told += ["--until", iso(entry.valid_until)]
    line = f"[dim]{_say('next', language)}[/]  [cyan]{safe(shlex.join(told))}[/]"
    console_now().print(line, soft_wrap=True)


def _outcome(found: Case, language: str) -> str:
    return "" if found.outcome is None else OUTCOME_TEXTS[found.outcome].in_language(language)


def _action(word: str, language: str) -> str:
    return ACTION_TEXTS[word].in_language(language)


def _value(value: Plain) -> str:
    """A value for people: numbers to six digits."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 2**53 else f"{value:.6g}"
    return "–" if value is None else str(value)


def _until_second(at: int) -> str:
    return iso(at // 1_000_000 * 1_000_000)


def _say(key: str, language: str) -> str:
    return WORDS[key].in_language(language)
