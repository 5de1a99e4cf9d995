"""Everything a workspace received: the files of its data folder, and the facts of the API."""

from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from headrace.adapters.fact_batches import FactBatches
from headrace.adapters.folder_source import FolderSource
from headrace.adapters.mappings import mapping_for
from headrace.adapters.workspace import Workspace
from headrace.facts.kinds import MAPPABLE
from headrace.facts.mapping import SourceMapping, TableMapping
from headrace.facts.rows import QUARANTINE, REST, AbsentTable, ReadTable, SourceTable
from headrace.facts.schema import FactSchema
from headrace.pack import Pack


class WorkspaceSource:
    """The files of a folder, then what came by the API; implements `workflows.ports.Source`."""

    def __init__(
        self, files: FolderSource | None, batches: FactBatches, empty: SourceMapping
    ) -> None:
        """Read nothing yet.

        Args:
            files: What was exported; None: everything came by the API.
            batches: What came by the API.
            empty: Says whose days are meant where there are no files.
        """
        self.mapping = files.mapping if files is not None else empty
        self._files, self._batches = files, batches
        self._read: dict[str, str] = {}

    def tables(self) -> Iterator[SourceTable | AbsentTable | ReadTable]:
        """The tables of the files, then a table for each source and kind of the API."""
        if self._files is not None:
            yield from self._files.tables()
        for kind, schema in MAPPABLE.items():
            parts = []
            for piece, facts in self._batches.of_kind(kind):
                parts.append(facts())
                self._read.update(self._batches.digests(piece, kind))
            if parts:
                yield from _by_source(pa.concat_tables(parts).unify_dictionaries(), schema)

    def file_digests(self) -> Mapping[str, str]:
        """SHA-256 of every file of the folder that was read."""
        return {} if self._files is None else self._files.file_digests()

    def definition_digests(self) -> Mapping[str, str]:
        """Of the folder's, and of every batch that was read."""
        own = {} if self._files is None else self._files.definition_digests()
        return {**own, **{f"api batch {name}": digest for name, digest in self._read.items()}}


def source_of(workspace: Workspace, pack: Pack) -> WorkspaceSource:
    """What a run of a workspace reads.

    Raises:
        InputError: Its data folder has files and no mapping fits them.
    """
    data = workspace.folder("data")
    batches = FactBatches(workspace.folder("facts"), workspace.currency, workspace.time_zone)
    only_api = bool(batches.batches(None, 1)) and not (data.is_dir() and any(data.iterdir()))
    files = None if only_api else FolderSource(data, mapping_for(data, pack))
    empty = SourceMapping(
        name="facts by API",
        simulated=False,
        currency=workspace.currency,
        time_zone=workspace.time_zone,
        purpose="",
        consent="",
        tables=(),
    )
    return WorkspaceSource(files, batches, empty)


def _by_source(facts: pa.Table, schema: FactSchema) -> Iterator[ReadTable]:
    """Facts of one kind, checked when they came; their ids tell them apart, not their content."""
    sources = facts["source"].cast(pa.string())
    for source in sorted(pc.unique(sources).to_pylist()):
        mine = facts.filter(pc.equal(sources, source))
        own = mine["id"].combine_chunks().dictionary_encode()
        yield ReadTable(
            mapping=TableMapping(source, schema, {}),
            file=source,
            facts=mine.append_column(REST, own),
            quarantine=QUARANTINE.empty_table(),
            notes=(),
            rows=mine.num_rows,
        )
