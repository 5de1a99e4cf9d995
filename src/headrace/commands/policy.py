"""`headrace policy`: check, show, compare and convert policies; keep versions with four eyes.

Who proposes and who approves is taken as given: whoever runs these commands must know who asks.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from headrace import packs
from headrace.adapters import printing
from headrace.adapters.policy_folder import is_policy, read_bytes, write_files
from headrace.adapters.policy_objects import (
    act_object,
    change_object,
    entry_object,
    history_object,
    remark_objects,
    shown_object,
)
from headrace.adapters.policy_sheets import Workbooks, read_workbook
from headrace.adapters.printing import policy as printing_policy
from headrace.adapters.printing import run as printing_run
from headrace.adapters.stores.policy import PolicyStore
from headrace.adapters.user_files import read_policy, write_policy
from headrace.adapters.wall_clock import now
from headrace.commands.options import AsJson, By, Comment, Language
from headrace.commands.policy_files import (
    From,
    Number,
    PackName,
    PolicyName,
    Store,
    document_of,
    moment_of,
    of_path,
    of_store,
    pack_of,
    policy_name,
)
from headrace.decisions.flow.change import Change
from headrace.decisions.flow.checking import findings_of
from headrace.decisions.flow.lists import Entry, read_lists
from headrace.decisions.program.analysis import analyse
from headrace.decisions.program.findings import Finding, Severity
from headrace.decisions.tables.table import Table
from headrace.errors import InputError
from headrace.workflows.policies import LISTS
from headrace.workflows.policy import parse_policy, remarks
from headrace.workflows.policy_documents import (
    Document,
    changes_between,
    inputs_of,
    proposal_of,
)
from headrace.workflows.policy_files import convert, read_tables
from headrace.workflows.policy_history import Act, Deed, History

app = typer.Typer(help="Policies: check, compare, convert; versions that two people answer for.")
list_app = typer.Typer(help="Black, white and grey lists: entries with start, end, reason, owner.")
app.add_typer(list_app, name="list", no_args_is_help=True)

LENDING_PACK = "sme_invoices"


SOURCE = "A folder with policy.yaml; with --store also the number of a version, or `active`."
STORE = "policies.db"


@app.command("export")
def export_command(
    to: Annotated[Path, typer.Argument(help="Folder to write.")],
    pack: Annotated[str, typer.Option("--pack", help="Which scenario.")] = LENDING_PACK,
) -> None:
    """Write a pack's policy files, to be edited and given to `run --policy`."""
    for path in write_policy(to, packs.load(pack).require_lending().files):
        printing.line(str(path))


@app.command("check")
def check_command(
    path: Annotated[Path, typer.Argument(help="Folder with policy files, or a file of tables.")],
    *,
    pack: PackName = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Check policy files before they are used: cells, names, rules that can never speak."""
    if path.is_dir() and _lends(path, pack):
        _check_lending(path, pack or LENDING_PACK, lang, as_json=as_json)
    elif is_policy(path):
        document = of_path(path, pack)
        _check_document(document, lang, as_json=as_json)
    elif path.is_file():
        _check_tables(path, inputs_of(pack_of(pack)), lang, as_json=as_json)
    else:
        _check_lending(path, pack or LENDING_PACK, lang, as_json=as_json)


@app.command("show")
def show_command(
    source: Annotated[str, typer.Argument(help=SOURCE)],
    *,
    store: Annotated[str | None, typer.Option("--store", help="Where versions are kept.")] = None,
    policy: PolicyName = None,
    pack: PackName = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Show a policy: its steps, its tables rule by rule, its results."""
    document = document_of(source, store, policy, pack)
    if as_json:
        printing.as_json(shown_object(document.loaded.policy, document.digest()))
    else:
        printing_policy.policy(document.loaded.policy, lang)


@app.command("diff")
def diff_command(  # noqa: PLR0913 - a command has a parameter per option
    before: Annotated[str, typer.Argument(help=SOURCE)],
    after: Annotated[str, typer.Argument(help=SOURCE)],
    *,
    store: Annotated[str | None, typer.Option("--store", help="Where versions are kept.")] = None,
    policy: PolicyName = None,
    pack: PackName = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Say in words what changed between two versions of a policy."""
    first, last = (document_of(each, store, policy, pack) for each in (before, after))
    found = changes_between(first, last)
    if as_json:
        digests = {"before": first.digest(), "after": last.digest()}
        printing.as_json(digests | {"changes": [change_object(each) for each in found]})
    else:
        printing_policy.changes(found, lang)


@app.command("convert")
def convert_command(
    file: Annotated[Path, typer.Argument(help="A table: .csv, .yaml, .xlsx or .dmn.")],
    *,
    to: Annotated[str, typer.Option("--to", help="csv, yaml, xlsx or dmn.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder; else beside the file.")] = None,
    pack: PackName = None,
    as_json: AsJson = False,
) -> None:
    """Write the tables of a file in another notation, without changing what they say."""
    suffix = f".{to.removeprefix('.')}"
    written = convert(read_bytes(file), file.name, suffix, Workbooks(), inputs_of(pack_of(pack)))
    paths = [str(path) for path in write_files(out or file.parent, written)]
    if as_json:
        printing.as_json({"files": paths})
        return
    for path in paths:
        printing.line(path)


# --- versions -------------------------------------------------------------------------------------


@app.command("propose")
def propose_command(  # noqa: PLR0913 - a command has a parameter per option
    folder: Annotated[Path, typer.Argument(help="Folder with policy.yaml.")],
    *,
    author: Annotated[str, typer.Option("--author", help="Who wrote it.")],
    comment: Comment = "",
    store: Store = STORE,
    pack: PackName = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Put a policy into the store as a version, for a second person to approve."""
    document = of_path(folder, pack)
    name = document.loaded.policy.name
    opened = PolicyStore.opened(store)
    done = opened.propose(*proposal_of(document, pack or "", author, comment), now())
    found: tuple[Change, ...] = ()
    if done.told["parent"]:
        parent = of_store(opened, name, done.told["parent"])
        found = changes_between(parent, document)
    if as_json:
        printing.as_json(act_object(done) | {"changes": [change_object(each) for each in found]})
        return
    printing_policy.recorded(done, lang)
    if done.told["parent"]:
        printing_policy.changes(found, lang)
    if LISTS in document.files:
        printing_policy.lists_apart(lang)


@app.command("approve")
def approve_command(  # noqa: PLR0913 - a command has a parameter per option
    number: Number,
    *,
    by: By,
    comment: Comment = "",
    store: Store = STORE,
    policy: PolicyName = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Approve a version that somebody else wrote."""
    act = (Deed.APPROVE, number, by, comment)
    _record(store, policy, act, None, lang, as_json=as_json)


@app.command("reject")
def reject_command(  # noqa: PLR0913 - a command has a parameter per option
    number: Number,
    *,
    by: By,
    comment: Comment,
    store: Store = STORE,
    policy: PolicyName = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Reject a version, for good."""
    act = (Deed.REJECT, number, by, comment)
    _record(store, policy, act, None, lang, as_json=as_json)


@app.command("activate")
def activate_command(  # noqa: PLR0913 - a command has a parameter per option
    number: Number,
    *,
    by: By,
    start: From = None,
    comment: Comment = "",
    store: Store = STORE,
    policy: PolicyName = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Let an approved version decide from a moment on."""
    act = (Deed.ACTIVATE, number, by, comment)
    _record(store, policy, act, start, lang, as_json=as_json)


@app.command("rollback")
def rollback_command(  # noqa: PLR0913 - a command has a parameter per option
    number: Number,
    *,
    by: By,
    reason: Annotated[str, typer.Option("--reason", help="Why.")],
    start: From = None,
    store: Store = STORE,
    policy: PolicyName = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Go back to an earlier approved version; what was planned for later is off."""
    act = (Deed.ROLL_BACK, number, by, reason)
    _record(store, policy, act, start, lang, as_json=as_json)


@app.command("history")
def history_command(
    *,
    store: Store = STORE,
    policy: PolicyName = None,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Show who proposed, approved and activated what, and whether the record holds."""
    opened = PolicyStore.opened(store, create=False)
    name, moment = policy_name(opened, policy), now()
    problems = opened.verify()
    found, head = History(name), (0, "")
    acts: Sequence[Act] = ()
    if not problems:
        found, acts, head = opened.history(name), opened.acts(name), opened.head()
    if as_json:
        printing.as_json(history_object(found, acts, moment, problems, head))
    else:
        printing_policy.history(found, acts, moment, lang)
        printing_policy.proof(problems, head, lang)
    if problems:
        raise typer.Exit(1)


# --- lists ----------------------------------------------------------------------------------------


@list_app.command("add")
def add_command(  # noqa: PLR0913 - a command has a parameter per option
    name: Annotated[str | None, typer.Argument(help="Of the list.")] = None,
    value: Annotated[str | None, typer.Argument(help="Who or what is put on it.")] = None,
    *,
    by: By,
    owner: Annotated[str, typer.Option(help="Who answers for it; else who does it.")] = "",
    reason: Annotated[str, typer.Option(help="Why.")] = "",
    scope: Annotated[str, typer.Option(help="Only for this policy; else for all.")] = "",
    start: From = None,
    until: Annotated[
        str | None, typer.Option(help="Until when; the same as --from takes it back.")
    ] = None,
    file: Annotated[Path | None, typer.Option(help="A lists.csv with entries instead.")] = None,
    store: Store = STORE,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Record entries of lists; they hold from now on and are never changed, only followed."""
    moment = now()
    if file is not None:
        if name is not None:
            raise InputError(
                "A file names its own lists", where="--file", remedy="Give one of both"
            )
        entries: Sequence[Entry] = read_lists(read_bytes(file), file.name).entries
    elif name is None or value is None:
        raise InputError("Nobody is named", where="list add", remedy="list add LIST VALUE")
    else:
        begin = moment if start is None else moment_of(start, "--from")
        end = None if until is None else moment_of(until, "--until")
        entries = [Entry(name, value, scope, begin, end, reason, owner or by, moment)]
    done = PolicyStore.opened(store).add_entries(entries, by, moment)
    if as_json:
        printing.as_json(act_object(done) | {"entries": len(entries)})
    else:
        printing_policy.recorded(done, lang)


@list_app.command("show")
def show_list_command(
    name: Annotated[str | None, typer.Argument(help="Of the list; else all.")] = None,
    *,
    at: Annotated[str | None, typer.Option(help="As known at this moment.")] = None,
    store: Store = STORE,
    lang: Language = "zh",
    as_json: AsJson = False,
) -> None:
    """Show entries of lists, those that no longer hold too."""
    moment = None if at is None else moment_of(at, "--at")
    known = PolicyStore.opened(store, create=False).lists(moment).entries
    found = [entry for entry in known if name in (None, entry.list)]
    if as_json:
        printing.as_json([entry_object(entry) for entry in found])
    else:
        printing_policy.entries(found, lang)


def _record(
    store: str,
    policy: str | None,
    act: tuple[Deed, int, str, str],
    start: str | None,
    lang: str,
    *,
    as_json: bool,
) -> None:
    opened = PolicyStore.opened(store, create=False)
    told = {} if start is None else {"from": moment_of(start, "--from")}
    done = opened.record(Act(policy_name(opened, policy), *act, told), now())
    if as_json:
        printing.as_json(act_object(done))
    else:
        printing_policy.recorded(done, lang)


# --- checking -------------------------------------------------------------------------------------


def _lends(folder: Path, pack: str | None) -> bool:
    """Whether a folder has the policy of a pack that lends: with money, or part of its tables."""
    if pack is not None:
        return packs.load(pack).lending is not None
    return (folder / "economics.toml").is_file() or not is_policy(folder)


def _check_document(document: Document, lang: str, *, as_json: bool) -> None:
    loaded = document.loaded
    tables = loaded.policy.tables
    found = {name: findings_of(table, loaded.kinds) for name, table in tables.items()}
    if as_json:
        told = {"policy": loaded.policy.name, "digest": document.digest()}
        printing.as_json(told | {"files": sorted(document.files), "remarks": remark_objects(found)})
        return
    said = _said(tables, found, lang)
    entries = len(loaded.lists.entries)
    printing_policy.checked(document.name, loaded.policy, entries, said, lang)


def _check_tables(path: Path, inputs: Mapping[str, str], lang: str, *, as_json: bool) -> None:
    tables = read_tables(read_bytes(path), path.name, Workbooks(), inputs)
    found = {table.name: analyse(table, inputs) for table in tables}
    if as_json:
        told = {"tables": {table.name: table.digest() for table in tables}}
        printing.as_json({"files": [path.name], "remarks": remark_objects(found)} | told)
        return
    said = _said({table.name: table for table in tables}, found, lang)
    printing_policy.checked_tables(str(path), tables, said, lang)


def _check_lending(folder: Path, pack: str, lang: str, *, as_json: bool) -> None:
    """The policy files of a pack that lends; those that are not there are the pack's own."""
    chosen = packs.load(pack)
    own = read_policy(folder, chosen.require_lending().files)
    said = [each.in_language(lang) for each in remarks(parse_policy(chosen, own, read_workbook))]
    if as_json:
        printing.as_json({"files": sorted(own), "remarks": said})
    else:
        printing_run.policy_check(sorted(own), said, lang)


def _said(
    tables: Mapping[str, Table], found: Mapping[str, Sequence[Finding]], lang: str
) -> list[str]:
    """What is odd; --json has notes too."""
    return [
        f"{tables[name].file or name}: {each.text_zh if lang == 'zh' else each.text_en}"
        for name, findings in found.items()
        for each in findings
        if each.severity is not Severity.NOTE
    ]
