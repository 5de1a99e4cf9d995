"""A small table that a person edits in a spreadsheet and saves as CSV: policies, scenarios."""

import csv
import io
from collections.abc import Iterator

from headrace.errors import MappingError

ENCODINGS = ("utf-8-sig", "gb18030")  # Excel in China saves either


def sheet_rows(content: bytes | str, file: str) -> Iterator[tuple[int, list[str]]]:
    """The rows of a CSV that are not blank, each with its number as the spreadsheet shows it.

    Args:
        content: The file, in UTF-8 (with or without a mark) or GB18030; CRLF and quotes as Excel
            writes them.
        file: Its name, for errors.

    Raises:
        MappingError: If the bytes are neither encoding or are not CSV.
    """
    text = content if isinstance(content, str) else _decode(content, file)
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    row = 0
    while True:
        row += 1
        try:
            cells = [cell.strip() for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            problem = f"The row is not CSV: {error}"
            raise MappingError(problem, where=f"{file}, row {row}") from error
        if any(cells):
            yield row, cells


def _decode(content: bytes, file: str) -> str:
    for encoding in ENCODINGS:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    problem = "The file is neither UTF-8 nor GB18030 text"
    raise MappingError(problem, where=file, remedy="Save it from the spreadsheet as CSV UTF-8")
