"""From a table of firms as banks keep it to the columns that `presets.FIRMS` compares."""

from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from headrace.errors import InputError
from headrace.graph.identity.codes import CodeProblem, checked_codes
from headrace.graph.identity.firm_names import branch_links, firm_column

FORMER_SCHEMA = pa.schema({"id": pa.string(), "name": pa.string(), "until": pa.date32()})
"""Former names: the record's id, the name, and the day from which it was another; null unknown."""


@dataclass(frozen=True)
class FirmRecords:
    """Firms ready to be resolved.

    Attributes:
        table: id, names (the present one, then former ones, the latest first), credit_code (valid
            ones), organisation_code, registration_number, phone, legal_person.
        problems: (id, problem) of each code that is no code.
    """

    table: pa.Table
    problems: tuple[tuple[str, CodeProblem], ...]


def firm_records(table: pa.Table, former: pa.Table | None = None) -> FirmRecords:
    """Check the codes and put names in a row's list.

    Args:
        table: id, name, code (credit code, organisation code or registration number, however
            written), phone, legal_person. Null where nothing is known.
        former: Former names, by `FORMER_SCHEMA`; None: none are known.

    Raises:
        InputError: A column is missing.
    """
    for column in ("id", "name", "code", "phone", "legal_person"):
        if column not in table.column_names:
            raise InputError("A table of firms lacks a column", where=column)
    ids = table["id"].to_pylist()
    codes = checked_codes(table["code"].combine_chunks().cast(pa.string()))
    names = [[name] if name else [] for name in table["name"].to_pylist()]
    if former is not None:
        rows = {each: row for row, each in enumerate(ids)}
        latest = former.sort_by([("until", "descending"), ("name", "ascending")])
        for record, name in zip(latest["id"].to_pylist(), latest["name"].to_pylist(), strict=True):
            if record in rows and name and name not in names[rows[record]]:
                names[rows[record]].append(name)
    made = pa.table(
        {
            "id": table["id"],
            "names": pa.array(names, pa.list_(pa.string())),
            "credit_code": codes.credit_code,
            "organisation_code": codes.organisation_code,
            "registration_number": codes.registration_number,
            "phone": table["phone"],
            "legal_person": table["legal_person"],
        }
    )
    return FirmRecords(made, tuple((ids[row], problem) for row, problem in codes.problems))


def branch_relations(table: pa.Table) -> pa.Table:
    """Branches and their head offices among some records: relations, never one party.

    Args:
        table: id and names, as `FirmRecords.table`; the present name counts.

    Returns:
        branch, head_office: ids.
    """
    present = pc.list_slice(table["names"].combine_chunks(), 0, 1)
    names = [each[0] if each else None for each in present.to_pylist()]
    branches, heads = branch_links(firm_column(pa.array(names, pa.string())))
    ids = table["id"].combine_chunks()
    return pa.table(
        {"branch": ids.take(pa.array(branches)), "head_office": ids.take(pa.array(heads))}
    )
