"""The formats of a run's output folder."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from headrace.adapters.html import render_report
from headrace.adapters.sheets import xlsx_bytes
from headrace.adapters.store import csv_bytes, parquet_bytes, write_facts
from headrace.facts.ingest import Ingested
from headrace.workflows.ports import Folder


class StandardFormats:
    """Parquet, CSV, XLSX and HTML; implements `workflows.ports.Formats`."""

    def facts(self, folder: Folder, ingested: Ingested) -> Sequence[str]:
        """Write facts, corrections, duplicates and quarantine; the names written."""
        return write_facts(folder, ingested)

    def parquet(self, table: pa.Table) -> bytes:
        """A table for programs."""
        return parquet_bytes(table)

    def sheet(self, table: pa.Table) -> bytes:
        """A table as CSV that a spreadsheet opens."""
        return csv_bytes(table)

    def workbook(self, table: pa.Table, headings: Mapping[str, str]) -> bytes:
        """A table as XLSX, with a heading for each column."""
        return xlsx_bytes(table, headings)

    def report(self, model: Mapping[str, Any], language: str) -> bytes:
        """The self-contained HTML report."""
        return render_report(dict(model), language)
