"""`headrace report`: a due-diligence report on a firm, drafted from the facts of a run."""

import hashlib
from datetime import UTC
from getpass import getuser
from pathlib import Path
from typing import Annotated

import typer

from headrace import packs
from headrace.adapters import printing
from headrace.adapters.dossier import dossier_of
from headrace.adapters.folder import DiskFolder
from headrace.adapters.report_docx import docx_bytes
from headrace.adapters.report_pdf import pdf_bytes
from headrace.adapters.user_files import write_file
from headrace.adapters.wall_clock import now
from headrace.commands.options import Language
from headrace.errors import InputError
from headrace.facts.localtime import instant_of
from headrace.workflows.due_diligence import due_diligence
from headrace.workflows.run_note import RECORDS, run_settings


def report_command(
    party: Annotated[str, typer.Argument(help="Code of the firm, such as S17.")],
    to: Annotated[Path, typer.Option(help="File to write: .docx or .pdf.")],
    out: Annotated[Path, typer.Option("--out", help="The folder a run wrote.")] = Path("out"),
    lang: Language = "zh",
) -> None:
    """Draft a due-diligence report: every number with the facts behind it."""
    if to.suffix not in (".docx", ".pdf"):
        raise InputError("A report is .docx or .pdf", where=str(to), remedy="--to report.docx")
    folder = DiskFolder(out)
    pack = packs.load(run_settings(folder).pack)
    lines = folder.read(RECORDS).split(b"\n")[:-1]
    digest = hashlib.sha256(b"\n".join(lines)).hexdigest()[:16]
    report = due_diligence(dossier_of(out, party, pack, digest), lang, getuser())
    made = instant_of(now()).astimezone(UTC)
    write_file(to, docx_bytes(report, made) if to.suffix == ".docx" else pdf_bytes(report))
    printing.line(f"{to}: {report.title}, {report.digest}")
