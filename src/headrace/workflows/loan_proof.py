"""The proof of a book of loans: its tables and facts, and the head of its ledger, signed.

The ledger is a chain of hashes: its head, once in a signed log, proves every batch before it.
"""

from collections.abc import Mapping

from headrace.contracts.classification.tables import Grade
from headrace.evidence.checkpoint import Checkpoint
from headrace.ledger.asof import trial_balance
from headrace.workflows.loan_desk import LoanDesk
from headrace.workflows.loan_facts import loan_facts
from headrace.workflows.loan_log import Logged
from headrace.workflows.loan_reports import cash_by_month, loan_table
from headrace.workflows.prove import Recorder
from headrace.workflows.run import Output

PROVED = (
    "loans.csv",
    "cash_by_month.csv",
    "trial_balance.csv",
    "facts/loan_event.parquet",
    "facts/exposure.parquet",
)
"""The files that are written and covered."""


def prove_book(
    desk: LoanDesk, entries: list[Logged], output: Output, zone: str, code: Mapping[str, str]
) -> Checkpoint:
    """Write the tables and facts of a book as it stands, and sign them with the ledger's head.

    Args:
        desk: The book.
        entries: Of its log, from the first.
        output: An empty folder, or one that was written so before.
        zone: Whose days count.
        code: Version and digest of the code that runs.
    """
    folder, formats = output.folder, output.formats
    recorder = Recorder(folder, output.signer.name, output.signer.salt_secret)
    facts = loan_facts(entries, zone)
    loans = loan_table(list(desk.book.loans.values()))
    files = {
        "loans.csv": formats.sheet(loans),
        "cash_by_month.csv": formats.sheet(cash_by_month(desk)),
        "trial_balance.csv": formats.sheet(trial_balance(desk.ledger.book)),
        **{f"facts/{kind}.parquet": formats.parquet(table) for kind, table in facts.items()},
    }
    for name, data in files.items():
        folder.write(name, data)
    head = desk.ledger.head
    grades = loans["grade"].to_pylist()
    recorder.record(
        "book",
        inputs={},
        definitions=dict(code),
        outputs=list(files),
        facts={
            "day": desk.book.day.isoformat() if desk.book.day else "",
            "entries": desk.book.number,
            "ledger_batches": head.batch,
            "ledger_transfers": head.transfers,
            "ledger_hash": head.hash,
            **{f"loans_{each.name.lower()}": grades.count(each.name.lower()) for each in Grade},
        },
    )
    return recorder.finish(output.signer.private)
