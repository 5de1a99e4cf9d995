"""A data folder with the mapping that fits it, as a source of facts."""

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from headrace.adapters.mappings import MAPPING_FILE
from headrace.adapters.sources import read_sources
from headrace.facts.mapping import SourceMapping
from headrace.facts.rows import AbsentTable, SourceTable


class FolderSource:
    """The files of a folder that a mapping names; implements `workflows.ports.Source`."""

    def __init__(self, folder: Path, mapping: SourceMapping) -> None:
        """Read nothing yet.

        Args:
            folder: Where the files are.
            mapping: Which they are and what they mean.
        """
        self.mapping = mapping
        self._folder = folder
        self._files: dict[str, str] = {}
        self._queries: dict[str, str] = {}

    def tables(self) -> Iterator[SourceTable | AbsentTable]:
        """The tables, one at a time."""
        own = self._folder / MAPPING_FILE
        if own.is_file():
            self._files[MAPPING_FILE] = hashlib.sha256(own.read_bytes()).hexdigest()
        for table in read_sources(self._folder, self.mapping):
            if isinstance(table, SourceTable):
                kept = self._queries if table.mapping.query else self._files
                kept[table.file] = table.digest
            yield table

    def file_digests(self) -> Mapping[str, str]:
        """SHA-256 of every file that was read, by its name in the folder."""
        return dict(self._files)

    def definition_digests(self) -> Mapping[str, str]:
        """SHA-256 of the mapping as understood and of the result of every query."""
        understood = hashlib.sha256(repr(self.mapping).encode()).hexdigest()
        return {"mapping": understood} | {
            f"query {name}": digest for name, digest in self._queries.items()
        }
