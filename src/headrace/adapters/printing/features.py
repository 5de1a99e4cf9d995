"""What `headrace features` prints for people."""

from collections.abc import Mapping, Sequence
from datetime import datetime, time
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from rich.console import Console
from rich.table import Table

from headrace.adapters.printing import console_now, safe
from headrace.features.checking import Problem
from headrace.features.definition import FeatureSet
from headrace.workflows.feature_explain import COUNTED, Answer, Part, local_text
from headrace.workflows.feature_plan import HOW, SCAN, TOTALS, FeatureView, PlanView, SpaceView
from headrace.workflows.feature_revisions import VOID, Cause, Revisions

NAMES_SHOWN = 3
DAYS_EXACT = 10  # below it, parts of days are told
_COLOURS = {TOTALS: "green", SCAN: "yellow"}


def problems(name: str, found: Sequence[Problem]) -> None:
    """Everything that is wrong with definitions, in order of the file."""
    console = console_now()
    count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    console.print(f"[bold red]✗[/] {safe(name)}: {count}", soft_wrap=True)
    for each in found:
        console.print(f"\n[bold]{safe(each.place)}[/]  {safe(each.what)}", soft_wrap=True)
        for line in each.problem.splitlines():
            console.print(f"  {safe(line)}", soft_wrap=True)
        if each.remedy:
            console.print(f"  [dim]try[/] {safe(each.remedy)}", soft_wrap=True)


def definitions(name: str, found: FeatureSet) -> None:
    """What a set holds: its tables, and its features read aloud."""
    console = console_now()
    tables = "1 table" if len(found.tables) == 1 else f"{len(found.tables)} tables"
    count = len(found.definitions)
    features = "1 feature" if count == 1 else f"{count} features"
    console.print(f"[bold green]✓[/] {safe(name)}: {tables}, {features}", soft_wrap=True)
    for table in found.tables:
        times = table.time if table.known is None else f"{table.time}, known at {table.known}"
        key = ", ".join(table.key)
        told = f"by {key}; time {times}; zone {table.zone}; id {table.id or 'none'}"
        console.print(f"\n[bold]{safe(table.name)}[/]  [dim]{safe(told)}[/]", soft_wrap=True)
        grid = _grid()
        for column in table.columns:
            kind = column.type.value + (f", {column.places} places" if column.places else "")
            grid.add_row("", safe(column.name), kind, "required" if column.required else "")
        for derived in table.derived:
            grid.add_row("", safe(derived.name), f"= {safe(derived.expression)}", "")
        console.print(grid)
    console.print("\n[bold]features[/]")
    grid = _grid()
    for each in found.definitions:
        grid.add_row("", safe(each.name), safe(each.read_aloud()), "")
    console.print(grid)


def plan(found: PlanView) -> None:
    """What is kept of every event, what is shared, what costs."""
    console = console_now()
    for number, space in enumerate(found.spaces):
        if number:
            console.print()
        _space(console, space)
    if found.arithmetic:
        console.print("\n[bold]arithmetic[/]  [dim]nothing is kept for it[/]")
        grid = _grid()
        for name, said in found.arithmetic:
            grid.add_row("", safe(name), safe(said), "")
        console.print(grid)
    used = dict.fromkeys(each.found for space in found.spaces for each in space.features)
    console.print()
    for how in used:
        console.print(f"[dim]{how}: {HOW[how]}[/]", soft_wrap=True)


def _space(console: Console, space: SpaceView) -> None:
    title = f"{space.table} by {', '.join(space.by)}"
    console.print(
        f"[bold]{safe(title)}[/]  {_count(len(space.features), 'feature')}, "
        f"{space.bytes_per_event:,.0f} bytes an event",
        soft_wrap=True,
    )
    grid = Table.grid(padding=(0, 2))
    for fold in (False, False, True):
        grid.add_column(no_wrap=not fold, overflow="fold")
    why = _names(space.because)
    if space.memory is None:
        grid.add_row("", "kept", f"[bold yellow]for ever[/]: {safe(why)}")
    else:
        grid.add_row("", "kept", f"{safe(space.memory)}: {safe(why)}")
    parts = {
        "per event": space.kept,
        "filters": space.filters,
        "windows": space.windows,
        "totals": space.totals,
        "extremes": space.extremes,
    }
    for label, words in parts.items():
        for number, each in enumerate(_joined(label, words)):
            grid.add_row("", "" if number else f"[dim]{label}[/]", safe(each))
    console.print(grid)
    console.print(_features(space.features))


def _joined(label: str, words: tuple[str, ...]) -> tuple[str, ...]:
    """Short things stand on one line, conditions on a line each."""
    one_line = label in {"per event", "windows"}
    return ("; ".join(words),) if one_line and words else words


def _features(features: Sequence[FeatureView]) -> Table:
    shown = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for name in ("  feature", "found by", "window", "filter"):
        shown.add_column(name, overflow="fold", no_wrap=name == "found by")
    for each in features:
        colour = _COLOURS.get(each.found, "cyan")
        how = f"[{colour}]{each.found}[/]"
        shown.add_row(f"  {safe(each.name)}", how, safe(each.window), safe(each.filter))
    return shown


def answer(found: Answer, limit: int) -> None:
    """One feature of one key: value, arithmetic, windows, events."""
    console = console_now()
    key = ", ".join(f"{name}={value}" for name, value in found.key.items())
    at = f"{local_text(found.at, found.zone)} {found.zone}"
    said = f"[bold]{safe(found.feature)}[/] of {safe(key)} = [bold cyan]{_number(found.value)}[/]"
    console.print(said, soft_wrap=True)
    console.print(f"[dim]as of[/]       {safe(at)}", soft_wrap=True)
    console.print(f"[dim]definition[/]  {safe(found.definition)}", soft_wrap=True)
    if found.arithmetic:
        console.print(f"[dim]arithmetic[/]  {safe(found.arithmetic)}", soft_wrap=True)
    if found.latest is not None and found.at > found.latest:
        last = local_text(found.latest, found.zone)
        console.print(f"[dim]note[/]        nothing given is later than {last}", soft_wrap=True)
    for part in found.parts:
        console.print()
        _part(console, part, limit, alone=not found.arithmetic)


def _part(console: Console, part: Part, limit: int, *, alone: bool) -> None:
    if not alone:
        value = f"[cyan]{_number(part.value)}[/]"
        told = f"[bold]{safe(part.name)}[/] = {value}  [dim]{safe(part.definition)}[/]"
        console.print(told, soft_wrap=True)
    words = "no event yet" if part.span is None else f"{part.span.words(part.zone)}  {part.zone}"
    console.print(f"[dim]window[/]      {safe(words)}", soft_wrap=True)
    listed, total = min(limit, part.events.num_rows), part.events.num_rows
    counted = _count(part.count, "event")
    more = "" if total == part.count else f", {total - part.count:,} left out by the filter"
    cut = "" if listed == total else f"; the newest {listed:,} are shown"
    console.print(f"[dim]events[/]      {counted}{more}{cut}", soft_wrap=True)
    if listed:
        console.print(_events(part.events.slice(0, limit)))


def _events(events: pa.Table) -> Table:
    shown = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for number, field in enumerate(events.schema):
        numeric = pa.types.is_integer(field.type) or pa.types.is_floating(field.type)
        name = f"  {safe(field.name)}" if number == 0 else safe(field.name)
        shown.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in events.to_pylist():
        passes = row.get(COUNTED, True)
        cells = [_cell(name, value) for name, value in row.items()]
        cells[0] = f"  {cells[0]}"
        shown.add_row(*cells, style=None if passes else "dim")
    return shown


def _cell(name: str, value: object) -> str:
    if name == COUNTED:
        return "yes" if value else "no"
    return "" if value is None else safe(value)


def computed(out: Path, told: Mapping[str, str], beside: Path | None) -> None:
    """What a computation wrote, and how fast."""
    console = console_now()
    console.print(f"[bold green]✓[/] {safe(out)}", soft_wrap=True)
    grid = _grid()
    for label, value in told.items():
        grid.add_row("", f"[dim]{safe(label)}[/]", safe(value), "")
    console.print(grid)
    if beside is not None:
        said = f"  [yellow]![/] rows that could not be used: {safe(beside)}"
        console.print(said, soft_wrap=True)


def revisions(found: Revisions, limit: int, zone: str) -> None:
    """What changed, by the row that changed it, the newest first."""
    console = console_now()
    changed, account = found.changes.num_rows, found.account
    until = found.period.until
    period = f"known after {_day(found.period.since, zone)}"
    period += "" if until is None else f" and by {_day(until, zone)}"
    if changed:
        causes = _count(len(found.causes), "late event or void", "late events and voids")
        said = f"[bold]{_count(changed, 'value')} of {_count(found.keys, 'key')}[/] changed"
        console.print(f"{said}, by {causes} {safe(period)}", soft_wrap=True)
    else:
        told = f"nothing {safe(period)} changed a value given before"
        console.print(f"[bold green]✓[/] {told}", soft_wrap=True)
    taken = f"{_count(account.events, 'event')}, {account.late:,} of them late; "
    console.print(f"[dim]looked at  {taken}{_count(account.voids, 'void')}[/]", soft_wrap=True)
    if found.untold:
        told = f"made of several keys or tables: {', '.join(found.untold)}"
        console.print(f"[dim]not told   {safe(told)}[/]", soft_wrap=True)
    if changed:
        told = "before and after are those of the newest value changed, given at `to`"
        console.print(f"[dim]{told}[/]", soft_wrap=True)
    last = changed
    for cause in list(reversed(found.causes))[:limit]:
        console.print()
        _revised_by(console, cause, found.changes.slice(last - cause.values, cause.values))
        last -= cause.values
    if len(found.causes) > limit:
        told = f"the newest {limit:,} of {len(found.causes):,} are shown; --out FILE writes all"
        console.print(f"\n[dim]{told}[/]", soft_wrap=True)


def _revised_by(console: Console, cause: Cause, changes: pa.Table) -> None:
    """One row that changed values: what it is, then each feature it changed, by key."""
    named = f"row {cause.file_row:,}" if cause.id is None else cause.id
    what = "[bold red]void of[/]" if cause.what == VOID else "[bold yellow]late[/]"
    told = f"{safe(cause.table)} {safe(named)}"
    known = f"{_day(cause.known, cause.zone)} [dim]({_after(cause)})[/]"
    console.print(
        f"{what} [bold]{told}[/]  [dim]of[/] {_day(cause.time, cause.zone)}[dim], known[/] {known}",
        soft_wrap=True,
    )
    for key in changes["key"].unique().to_pylist():
        of_key = changes.filter(pc.equal(changes["key"], key))
        console.print(_revised(f"  {key}", of_key))


def _after(cause: Cause) -> str:
    """How long after it happened it became known that it had, or that it was taken back."""
    days = (cause.known - cause.time).total_seconds() / 86_400
    told = f"{abs(days):,.0f}" if abs(days) >= DAYS_EXACT else f"{abs(days):,.2g}"
    return f"{told} {'day' if told == '1' else 'days'} {'before' if days < 0 else 'after'}"


def _revised(title: str, changes: pa.Table) -> Table:
    """A line per feature: how many values, from when to when, and the newest of them."""
    shown = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    shown.add_column(f"[not dim]{safe(title)}[/]", overflow="fold")
    for name in ("values", "from", "to", "before", "after"):
        at_right = name not in {"from", "to"}
        shown.add_column(name, justify="right" if at_right else "left", no_wrap=True)
    for feature in changes["feature"].unique().to_pylist():
        rows = changes.filter(pc.equal(changes["feature"], feature))
        first, last = (_clock(rows["at"][at].as_py()) for at in (0, rows.num_rows - 1))
        before, after = (rows[name][rows.num_rows - 1].as_py() for name in ("before", "after"))
        values = (f"[dim]{_number(before)}[/]", f"[bold cyan]{_number(after)}[/]")
        shown.add_row(f"    {safe(feature)}", f"{rows.num_rows:,}", first, last, *values)
    return shown


def set_aside(refused: pa.Table, limit: int) -> None:
    """Rows that could not be used, where no result is written beside which they would stand."""
    if not refused.num_rows:
        return
    console = console_now()
    console.print("\n[yellow]![/] rows that could not be used", soft_wrap=True)
    for row in refused.slice(0, limit).to_pylist():
        value = f" {row['value']!r}" if row["value"] else ""
        told = f"{row['table']}, row {row['row']:,}: {row['column']}{value} {row['reason']}"
        console.print(f"  {safe(told)}", soft_wrap=True)
    if refused.num_rows > limit:
        console.print(f"  [dim]and {refused.num_rows - limit:,} more[/]", soft_wrap=True)


def _day(at: datetime, zone: str) -> str:
    return _clock(datetime.fromisoformat(local_text(at, zone)))


def _clock(at: datetime) -> str:
    """A local time; the end of a day, which a date is, by its date alone."""
    if at.time() == time.max:
        return at.date().isoformat()
    return at.isoformat(sep=" ", timespec="auto" if at.microsecond else "seconds")


def _grid() -> Table:
    grid = Table.grid(padding=(0, 2))
    for fold in (False, False, True, False):
        grid.add_column(no_wrap=not fold, overflow="fold")
    return grid


def _names(names: Sequence[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _count(number: int, noun: str, several: str = "") -> str:
    return f"{number:,} " + (noun if number == 1 else several or f"{noun}s")


def _number(value: float | None) -> str:
    return "missing" if value is None else f"{value:,.12g}"


def moment(at: datetime, zone: str) -> str:
    """An instant with its zone."""
    return f"{local_text(at, zone)} {zone}"
