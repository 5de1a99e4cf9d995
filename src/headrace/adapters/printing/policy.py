"""What `headrace policy` prints for people, in English or Chinese."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table as Grid

from headrace.adapters.printing import console_now, safe
from headrace.decisions.feel import write, write_tests
from headrace.decisions.feel.tree import Literal
from headrace.decisions.flow.change import Change, Kind
from headrace.decisions.flow.differences import moment_in_words, step_in_words
from headrace.decisions.flow.effect import Effect
from headrace.decisions.flow.lists import Entry
from headrace.decisions.flow.policy import Policy
from headrace.decisions.tables.table import Table
from headrace.evidence.problem import Problem
from headrace.pack import Text
from headrace.workflows.policy_history import DEEDS, Act, Deed, History

ROWS_SHOWN = 200
WORDS = {
    "usable": Text("usable", "可用"),
    "counts": Text(
        "{name}: steps {steps}, tables {tables}, rules {rules}, list entries {entries}",
        "{name}：{steps} 个步骤，{tables} 张规则表，{rules} 条规则，{entries} 条名单记录",
    ),
    "tables": Text("tables {tables}, rules {rules}", "{tables} 张规则表，{rules} 条规则"),
    "steps": Text("steps", "步骤"),
    "results": Text("results", "结果"),
    "otherwise": Text("otherwise", "默认"),
    "same": Text("no change: both say the same", "没有变化：两者含义相同"),
    "changes": Text("changes: {count}", "{count} 处变化"),
    "more": Text("… {count:,} more; --json tells all", "… 另有 {count:,} 项，--json 可列出全部"),
    "version": Text("version", "版本"),
    "author": Text("author", "作者"),
    "proposed": Text("proposed", "提交时间"),
    "state": Text("state", "状态"),
    "comment": Text("comment", "说明"),
    "active": Text("active", "生效中"),
    "approved": Text("approved", "已批准"),
    "rejected": Text("rejected", "已驳回"),
    "open": Text("waits for a second person", "待第二人审批"),
    "by": Text("by", "经手人"),
    "from": Text("from", "自"),
    "sound": Text("every act is as it was recorded", "所有记录与登记时一致"),
    "broken": Text("acts that do not hold: {count}", "{count} 条记录不成立"),
    "last": Text("last act {number}, {digest}", "末条记录 {number}，{digest}"),
    "list": Text("list", "名单"),
    "value": Text("value", "取值"),
    "scope": Text("scope", "适用策略"),
    "until": Text("until", "至"),
    "reason": Text("reason", "原因"),
    "owner": Text("owner", "负责人"),
    "recorded": Text("recorded", "登记时间"),
    "no_entries": Text("no entries", "没有名单记录"),
    "listed": Text("entries recorded: {count}", "已登记 {count} 条名单记录"),
    "lists_apart": Text(
        "lists.csv is no part of a version: `headrace policy list add --file` records entries",
        "lists.csv 不属于版本内容：名单请用 `headrace policy list add --file` 登记",
    ),
}
_COLOURS = {
    Effect.LOOSENED: "yellow",
    Effect.TIGHTENED: "cyan",
    Effect.SHIFTED: "magenta",
    Effect.RAISED: "yellow",
    Effect.LOWERED: "cyan",
}


def checked(name: str, policy: Policy, entries: int, said: Sequence[str], language: str) -> None:
    """That a policy can be used, and what is odd about it."""
    counts = _say("counts", language).format(
        name=policy.name,
        steps=len(policy.steps),
        tables=len(policy.tables),
        rules=sum(len(table.rules) for table in policy.tables.values()),
        entries=entries,
    )
    _usable(f"{name}  {counts}", said, language)


def checked_tables(name: str, tables: Sequence[Table], said: Sequence[str], language: str) -> None:
    """That the tables of a file can be used, and what is odd about them."""
    rules = sum(len(table.rules) for table in tables)
    counts = _say("tables", language).format(tables=len(tables), rules=rules)
    _usable(f"{name}  {counts}", said, language)


def _usable(told: str, said: Sequence[str], language: str) -> None:
    console = console_now()
    mark = f"[bold green]✓ {_say('usable', language)}[/]"
    console.print(f"{mark}  {safe(told)}", soft_wrap=True)
    for each in said:
        console.print(f"  [yellow]![/] {safe(each)}", soft_wrap=True)


def policy(shown: Policy, language: str) -> None:
    """A policy as a whole: its steps in order, its tables rule by rule, its results."""
    console = console_now()
    title = shown.title_zh if language == "zh" else shown.title_en
    console.print(f"[bold]{safe(shown.name)}[/]  {safe(title)}", soft_wrap=True)
    console.print(f"\n[bold]{_say('steps', language)}[/]")
    steps = Grid.grid(padding=(0, 2))
    for number, step in enumerate(shown.steps, 1):
        steps.add_row(
            f"  {number}", f"[bold]{safe(step.name)}[/]", safe(step_in_words(step, shown))
        )
    steps.add_row("", f"[dim]{_say('otherwise', language)}[/]", shown.otherwise.word)
    console.print(steps)
    for each in shown.tables.values():
        console.print()
        _table(each, language, console)
    if shown.results:
        console.print(f"\n[bold]{_say('results', language)}[/]")
        for name, expression in shown.results.items():
            console.print(f"  {safe(name)} = {safe(write(expression))}", soft_wrap=True)


def _table(shown: Table, language: str, console: Console) -> None:
    """A decision table, its first rules."""
    title = shown.title_zh if language == "zh" else shown.title_en
    told = f"[bold]{safe(shown.name)}[/]  {safe(title)}  [dim]{shown.policy_text}[/]"
    console.print(told, soft_wrap=True)
    grid = _grid(
        [
            "#",
            *(safe(each.label or each.text) for each in shown.inputs),
            *(f"→ {safe(each.label or each.name)}" for each in shown.outputs),
            *(safe(name) for name in shown.notes),
        ]
    )
    for number, rule in enumerate(shown.rules[:ROWS_SHOWN], 1):
        outputs = ("" if each == Literal(None) else safe(write(each)) for each in rule.outputs)
        notes = (f"[dim]{safe(note)}[/]" for note in rule.notes)
        grid.add_row(
            str(number), *(safe(write_tests(each)) for each in rule.tests), *outputs, *notes
        )
    console.print(grid)
    _more(console, len(shown.rules), language)


def changes(found: Sequence[Change], language: str) -> None:
    """What changed between two versions, a line each."""
    console = console_now()
    if not found:
        console.print(f"[bold green]✓[/] {_say('same', language)}")
        return
    count = _say("changes", language).format(count=len(found))
    console.print(f"[bold]{count}[/]")
    for each in found[:ROWS_SHOWN]:
        mark, colour = _mark(each)
        console.print(f"  [{colour}]{mark}[/] {safe(each.say(language))}", soft_wrap=True)
    _more(console, len(found), language)


def _mark(change: Change) -> tuple[str, str]:
    if change.kind.value.endswith("_added"):
        return "+", "green"
    if change.kind.value.endswith("_removed"):
        return "−", "red"
    if change.kind in {Kind.RULE_MOVED, Kind.STEP_MOVED, Kind.COLUMN_MOVED}:
        return "↕", "blue"
    return "~", "white" if change.moved is None else _COLOURS[change.moved.effect]


def recorded(act: Act, language: str) -> None:
    """What was just recorded."""
    console = console_now()
    if act.deed is Deed.LIST:
        told = _say("listed", language).format(count=len(act.told["entries"]))
    else:
        told = f"{act.policy}: {_deed(act, language)} {_say('version', language)} {act.version}"
    if "from" in act.told:
        told += f", {_say('from', language)} {moment_in_words(act.start)}"
    by = f"{_say('by', language)} {act.by}"
    console.print(f"[bold green]✓[/] {safe(told)}  [dim]{safe(by)}[/]", soft_wrap=True)


def lists_apart(language: str) -> None:
    """That the lists of a folder do not go with the version."""
    console_now().print(f"  [yellow]![/] {safe(_say('lists_apart', language))}", soft_wrap=True)


def history(found: History, acts: Iterable[Act], moment: int, language: str) -> None:
    """The versions of a policy, and what was done, in order."""
    console = console_now()
    active = found.active_at(moment)
    console.print(f"[bold]{safe(found.policy)}[/]")
    grid = _grid([_say(key, language) for key in _VERSION])
    for version in found.versions:
        proposal = version.proposal
        state = "active" if version.number == active else version.state
        grid.add_row(
            str(version.number),
            f"[bold green]{_say(state, language)}[/]"
            if state == "active"
            else _say(state, language),
            safe(proposal.by),
            moment_in_words(proposal.at),
            version.digest[:12],
            safe(proposal.comment),
        )
    console.print(grid)
    console.print()
    for act in acts:
        start = (
            f", {_say('from', language)} {moment_in_words(act.start)}" if "from" in act.told else ""
        )
        comment = f": {act.comment}" if act.comment else ""
        told = f"{act.by} {_deed(act, language)} {act.version}{start}{comment}"
        console.print(f"  [dim]{moment_in_words(act.at)}[/]  {safe(told)}", soft_wrap=True)


_VERSION = ("version", "state", "author", "proposed", "digest", "comment")


def proof(problems: Sequence[Problem], head: tuple[int, str], language: str) -> None:
    """Whether the store holds what was recorded, and what to note elsewhere."""
    console = console_now()
    if problems:
        told = _say("broken", language).format(count=len(problems))
        console.print(f"\n[bold red]✗[/] {told}")
        for each in problems[:ROWS_SHOWN]:
            console.print(f"  {safe(each)}", soft_wrap=True)
    else:
        console.print(f"\n[bold green]✓[/] {_say('sound', language)}")
    last = _say("last", language).format(number=head[0], digest=head[1])
    console.print(f"[dim]{last}[/]", soft_wrap=True)


def entries(found: Sequence[Entry], language: str) -> None:
    """Entries of lists, in the order in which they were recorded."""
    console = console_now()
    if not found:
        console.print(_say("no_entries", language))
        return
    keys = ("list", "value", "scope", "from", "until", "reason", "owner", "recorded")
    grid = _grid([_say(key, language) for key in keys])
    for entry in found[-ROWS_SHOWN:]:
        until = "" if entry.valid_until is None else moment_in_words(entry.valid_until)
        texts = (entry.list, entry.value, entry.scope, moment_in_words(entry.valid_from), until)
        more = (entry.reason, entry.owner, moment_in_words(entry.recorded))
        grid.add_row(*map(safe, texts), *map(safe, more))
    console.print(grid)
    _more(console, len(found), language)


def _deed(act: Act, language: str) -> str:
    return DEEDS[act.deed].in_language(language)


def _more(console: Console, count: int, language: str) -> None:
    if count > ROWS_SHOWN:
        more = _say("more", language).format(count=count - ROWS_SHOWN)
        console.print(f"[dim]{safe(more)}[/]")


def _grid(heads: Sequence[str]) -> Grid:
    grid = Grid(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for head in heads:
        grid.add_column(head, overflow="fold")
    return grid


def _say(key: str, language: str) -> str:
    return WORDS[key].in_language(language) if key in WORDS else key
