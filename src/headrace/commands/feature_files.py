"""What the commands of `headrace features` are given: definitions, and the files of tables."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from headrace import packs
from headrace.adapters.events import read_events
from headrace.adapters.terminal import Silent, TerminalProgress
from headrace.adapters.user_files import read_text
from headrace.errors import InputError
from headrace.features.definition import FeatureSet
from headrace.features.groups import Alone
from headrace.features.loading import load_feature_set
from headrace.features.plan import Plan, make_plan
from headrace.pack import Text
from headrace.workflows import feature_groups as grouping
from headrace.workflows import features as workflow
from headrace.workflows.feature_groups import GroupColumn
from headrace.workflows.features import Extra, Given, Wanted
from headrace.workflows.ports import Progress

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON value.")]
Definitions = Annotated[Path | None, typer.Option("--definitions", help="YAML definitions.")]
PackName = Annotated[str | None, typer.Option("--pack", help="Definitions of a pack instead.")]
Events = Annotated[
    list[str] | None,
    typer.Option("--events", help="TABLE=PATH; the name may be left out where one is defined."),
]
Voids = Annotated[
    list[str] | None, typer.Option("--voids", help="TABLE=PATH: what takes events back.")
]
Groups = Annotated[
    list[str] | None,
    typer.Option(
        "--groups",
        help="TABLE.COLUMN=PATH:MEMBER: groups from dated memberships; MEMBER is a column.",
    ),
]
GroupsOfOne = Annotated[
    bool, typer.Option("--groups-of-one", help="A member in no group is a group of its own name.")
]
STEPS = {
    "read": Text("Read", "读取"),
    "compute": Text("Compute", "计算"),
    "revise": Text("Revise", "修订"),
    "write": Text("Write", "写出"),
}


def feature_set_of(definitions: Path | None, pack: str | None) -> FeatureSet:
    """The definitions of a file or of a pack.

    Raises:
        InputError: Not exactly one of the two is named, or it cannot be used.
    """
    if (definitions is None) == (pack is None):
        raise InputError(
            "features are defined in a file or in a pack",
            where="--definitions, --pack",
            remedy="give one of the two",
        )
    if definitions is not None:
        return load_feature_set(read_text(definitions), str(definitions))
    return packs.load(str(pack)).feature_set


class Asked:
    """The definitions, and the files of their tables."""

    def __init__(
        self, feature_set: FeatureSet, events: Sequence[str], voids: Sequence[str]
    ) -> None:
        self.feature_set = feature_set
        self.plan: Plan = make_plan(feature_set)
        self.tables = workflow.tables_read(self.plan)
        self.events = self._paths("--events", events)
        self.voids = self._paths("--voids", voids)
        self.groups: tuple[GroupColumn, ...] = ()
        for name in self.tables:
            self.check_given(name)

    def take_groups(self, given: Sequence[str], *, groups_of_one: bool) -> None:
        """Columns of groups, from files of memberships."""
        alone = Alone.ITSELF if groups_of_one else Alone.NOTHING
        self.groups = grouping.group_columns(self.feature_set, given, alone)

    def check_given(self, name: str) -> None:
        """Refuse to go on without the events of a table."""
        if name not in self.events:
            raise InputError(
                f"the events of table {name!r} are not given",
                where="--events",
                remedy=f"--events {name}=PATH",
            )

    def check_apart(self, out: Path, *others: Path | None) -> None:
        """Refuse to write over what is read."""
        named = [*self.events.values(), *self.voids.values(), *others]
        named += [Path(each.path) for each in self.groups]
        for path in named:
            if path is not None and path.resolve() == out.resolve():
                raise InputError(
                    "the result would replace what is read",
                    where=f"--out {out}",
                    remedy="name another file",
                )

    def read(
        self, names: Collection[str], extra: Extra
    ) -> tuple[dict[str, Given], dict[str, Given]]:
        """Events and voids of these tables, by name; files of other tables are not looked at."""
        events, voids = {}, {}
        for table in self.feature_set.tables:
            name = table.name
            if name not in names:
                continue
            own = [each for each in self.groups if each.table == table]
            wanted = workflow.events_wanted(self.plan, table, extra)
            events[name], joined = self._members(self.events[name], wanted, own)
            for column, memberships in joined:
                events[name] = grouping.grouped(events[name], memberships, column)
            if name in self.voids:
                wanted = workflow.voids_wanted(self.plan, table)
                voids[name], joined = self._members(self.voids[name], wanted, own)
                for column, _ in joined:
                    voids[name] = grouping.grouped_voids(voids[name], events[name], column)
        return events, voids

    def read_asked(self, path: Path, wanted: Wanted, at: datetime | str) -> Given:
        """Labels or keys, with the groups of their members at their moments."""
        given, joined = self._members(path, wanted, self.groups)
        for column, memberships in joined:
            given = grouping.grouped_asked(given, memberships, column, at)
        return given

    def _members(
        self, path: Path, wanted: Wanted, groups: Sequence[GroupColumn]
    ) -> tuple[Given, list[tuple[GroupColumn, Given]]]:
        """A file with members where groups are wanted, and the memberships to join."""
        mine = {each.grouping.group: each for each in groups if each.is_in(wanted)}
        given = read_events(path, grouping.members_instead(wanted, groups))
        return given, [(each, self._memberships(each, wanted)) for each in mine.values()]

    @staticmethod
    def _memberships(column: GroupColumn, events: Wanted) -> Given:
        wanted = grouping.memberships_wanted(column, events)
        more = grouping.more_wanted(wanted, read_events(Path(column.path), wanted))
        return read_events(Path(column.path), more)

    def _paths(self, option: str, given: Sequence[str]) -> dict[str, Path]:
        found: dict[str, Path] = {}
        for text in given:
            name, equals, path = text.partition("=")
            if not equals and len(self.feature_set.tables) == 1:
                name, path = self.feature_set.tables[0].name, text
            known = [table.name for table in self.feature_set.tables]
            if name not in known or not path:
                raise InputError(
                    f"{text!r} is no table and file",
                    where=option,
                    remedy=f"TABLE=PATH; tables: {', '.join(known)}",
                )
            if name in found:
                raise InputError(f"{name!r} is given twice", where=option, remedy="join the files")
            found[name] = Path(path)
        return found


@contextmanager
def progress_of(*, as_json: bool) -> Iterator[Progress]:
    """A spinner and a line per step; taken away before an error is printed."""
    watching = Silent() if as_json else TerminalProgress(STEPS, "en")
    try:
        yield watching
    finally:
        if isinstance(watching, TerminalProgress):
            watching.stop()
