"""A ledger as a file for other tools: Beancount, hledger, CSV, Parquet, by the name's ending."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from headrace.adapters.segment_log import storage_error, whole_file
from headrace.errors import InputError
from headrace.ledger.chart import Chart
from headrace.ledger.journal import Ledger
from headrace.ledger.plaintext import POSTED, beancount, hledger, posted


def _write_beancount(ledger: Ledger, chart: Chart, file: BinaryIO) -> None:
    file.write(beancount(ledger, chart).encode())


def _write_hledger(ledger: Ledger, chart: Chart, file: BinaryIO) -> None:
    file.write(hledger(ledger, chart).encode())


def _write_csv(ledger: Ledger, _chart: Chart, file: BinaryIO) -> None:
    with pa_csv.CSVWriter(file, POSTED) as writer:
        for table in posted(ledger):
            writer.write_table(table)


def _write_parquet(ledger: Ledger, _chart: Chart, file: BinaryIO) -> None:
    with pq.ParquetWriter(file, POSTED, compression="zstd") as writer:
        for table in posted(ledger):
            writer.write_table(table)


WRITERS: dict[str, Callable[[Ledger, Chart, BinaryIO], None]] = {
    ".beancount": _write_beancount,
    ".journal": _write_hledger,
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
"""By the ending of a file's name. CSV and Parquet hold columns of `plaintext.POSTED`."""


def write_ledger(ledger: Ledger, chart: Chart, path: Path) -> None:
    """Write all that stands in a ledger to a file, which is whole or not there.

    Raises:
        InputError: The name ends otherwise.
        MappingError: The chart lacks a code.
        StorageError: The disk refuses.
    """
    writer = WRITERS.get(path.suffix)
    if writer is None:
        raise InputError(
            f"A ledger cannot be written as {path.suffix or 'a file without ending'!r}",
            where=str(path),
            remedy=f"Let the name end in {', '.join(WRITERS)}",
        )
    try:
        with whole_file(path) as file:
            writer(ledger, chart, file)
    except OSError as error:
        raise storage_error("the ledger cannot be written out", path, error) from error
