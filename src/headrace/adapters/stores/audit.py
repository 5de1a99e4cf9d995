"""Reads the audit, seals it, and finds out whether anybody altered what was sealed.

A seal is a signed checkpoint over the lines that came since the one before. Each line notes in
which seal it is, rather than the seal up to which number it goes: with several processes a line
with a smaller number may come in later than one with a larger.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from operator import itemgetter
from typing import Any

import orjson
import sqlalchemy as sql
from sqlalchemy.engine import Connection

from headrace.adapters.keys import SigningKey
from headrace.adapters.stores.web import Entry, WebStore, entry_of, note_entries, storable
from headrace.adapters.web_schema import audit, audit_logs, audit_seals
from headrace.errors import EvidenceError
from headrace.evidence.checkpoint import Checkpoint, open_checkpoint, sign_checkpoint, unsigned
from headrace.evidence.problem import Problem
from headrace.evidence.seals import FIRST, begun_seal, seal_root

_ALL_AT_ONCE = sql.text(
    "INSERT INTO web_audit (at, who, act, about, address, request) "
    "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]'), "
    "json_extract(value, '$[2]'), json_extract(value, '$[3]'), "
    "json_extract(value, '$[4]'), json_extract(value, '$[5]') "
    "FROM json_each(:lines) ORDER BY key"
)
"""SQLite's driver stops all other threads for each row that it is given, or gives, by itself."""

_UNSEALED_AT_ONCE = sql.text(
    "SELECT json_group_array(json_object('at', at, 'who', who, 'act', act, 'about', about, "
    "'address', address, 'request', request, 'number', number)) "
    "FROM (SELECT * FROM web_audit WHERE seal IS NULL AND number > :number "
    "ORDER BY number LIMIT :count)"
)
_number_of = itemgetter("number")

LINES_MAX = 1_000
"""Of one seal."""

PORTION = 200
"""So many lines are read and hashed at a time: it takes a millisecond, for which others wait."""


@dataclass(frozen=True)
class Wanted:
    """Which lines of the audit; what is empty does not matter.

    Attributes:
        who: The user, whole.
        act: A part of the act, such as `decisions` or `refused`.
        about: A part of what or whom it was about.
        since: Microseconds since 1970.
        until: Before this moment.
    """

    who: str = ""
    act: str = ""
    about: str = ""
    since: int | None = None
    until: int | None = None


@dataclass(frozen=True)
class Seal:
    """A signed statement about all lines up to some point.

    Attributes:
        number: From 1.
        at: When it was made, in microseconds since 1970.
        checkpoint: Signed text: lines sealed in all, and the root.
    """

    number: int
    at: int
    checkpoint: str


@dataclass(frozen=True)
class AuditCheck:
    """What came of looking at the whole audit.

    Attributes:
        problems: What does not hold; empty where nothing was altered.
        sealed: Lines that a seal holds.
        unsealed: Lines since the last seal.
        last: The last seal; None where there is none.
    """

    problems: tuple[Problem, ...]
    sealed: int
    unsealed: int
    last: Seal | None

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def find_entries(
    store: WebStore, wanted: Wanted, *, before: int | None, count: int
) -> tuple[Entry, ...]:
    """Lines of the audit, newest first.

    Args:
        store: Where they are.
        wanted: Which.
        before: Only those with a smaller number; None: from the newest on.
        count: At most so many.
    """
    query = sql.select(audit).where(*_conditions(wanted)).order_by(audit.c.number.desc())
    if before is not None:
        query = query.where(audit.c.number < before)
    return store.read(
        lambda connection: tuple(map(entry_of, connection.execute(query.limit(count))))
    )


def find_acts(store: WebStore, acts: Sequence[str], *, since: int, count: int) -> tuple[Entry, ...]:
    """Lines about some acts, newest first.

    Args:
        store: Where they are.
        acts: Whole names of acts.
        since: Microseconds since 1970.
        count: At most so many.
    """
    query = sql.select(audit).where(audit.c.act.in_(acts), audit.c.at >= since)
    query = query.order_by(audit.c.number.desc()).limit(count)
    return store.read(lambda connection: tuple(map(entry_of, connection.execute(query))))


def added_up_to(store: WebStore, log: str) -> int:
    """Up to which record of a log the audit has its lines; 0: it has none of them."""
    query = sql.select(audit_logs.c.upto).where(audit_logs.c.log == log)
    return store.read(lambda connection: connection.scalar(query)) or 0


def add_from_log(store: WebStore, log: str, upto: int, bodies: Sequence[bytes]) -> None:
    """Add lines that a log held, and note how far that goes: both, or neither.

    Args:
        store: Where they go.
        log: Which.
        upto: Every line before this record of it is there then.
        bodies: In its order, each a JSON array of lines, and each of these one of what `Entry` has,
            in its order, without the number.
    """

    def add(connection: Connection) -> None:
        if connection.dialect.name == "sqlite":
            whole = b",".join(each[1:-1] for each in bodies)
            connection.execute(_ALL_AT_ONCE, {"lines": f"[{whole.decode()}]"})
        else:
            note_entries(connection, [Entry(*line) for each in bodies for line in json.loads(each)])
        mark = sql.update(audit_logs).where(audit_logs.c.log == log).values(upto=upto)
        if not connection.execute(mark).rowcount:
            connection.execute(sql.insert(audit_logs), {"log": log, "upto": upto})

    store.write(add)


def seal(
    store: WebStore,
    key: SigningKey,
    at: int,
    lines_max: int = LINES_MAX,
    turn: Callable[[], AbstractContextManager[object]] = nullcontext,
) -> Seal | None:
    """Seal the lines that no seal holds yet, the oldest first.

    Args:
        store: Where they are.
        key: Signs.
        at: Now, in microseconds since 1970.
        lines_max: No more than so many.
        turn: Around each portion of the work, so that others have their turn.

    Returns:
        The seal; None where there was nothing to seal, or another process was first.
    """
    last = store.read(_last)
    size, before = _stands(last)
    tree, numbers = begun_seal(before), list[int]()
    while (count := min(PORTION, lines_max - len(numbers))) > 0:
        with turn():
            some = _unsealed_after(store, numbers[-1] if numbers else 0, count)
            for each in some:
                tree.append(_line(each))
            numbers.extend(map(_number_of, some))
        if len(some) < count:
            break
    if not numbers:
        return None
    with turn():
        text = sign_checkpoint(f"{key.name}/audit", size + len(numbers), tree.root(), key.private)
        made = Seal(last.number + 1 if last else 1, at, text)
        return made if store.write(lambda connection: _keep(connection, made, numbers)) else None


def check_audit(
    store: WebStore, public_key: bytes | None = None, kept: str | None = None
) -> AuditCheck:
    """Read every line again, and compare what comes out with what was signed.

    Args:
        store: Where they are.
        public_key: That must have signed, 32 bytes; None: signatures are not looked at, and the
            audit only agrees with itself.
        kept: A checkpoint that was kept elsewhere; None: none. Without one, somebody who can write
            the store and has the key could seal another history.
    """
    seals = store.read(lambda connection: tuple(_seals(connection)))
    problems: list[Problem] = []
    size, before = 0, FIRST
    for number, each in enumerate(seals, start=1):
        where = f"audit, seal {number}"
        if each.number != number:
            return AuditCheck((Problem(where, "is missing"),), size, 0, seals[-1])
        lines = [_line(vars(entry)) for entry in _lines_of(store, each.number)]
        size, before = size + len(lines), seal_root(before, lines)
        if fault := _fault(each, size, before, public_key):
            problems.append(Problem(where, fault, _remedy(lines_of=each)))
            size, before = _stands(each)  # what comes after is judged by itself
    stray = _lines_beyond(store, len(seals))
    if stray:
        problems.append(
            Problem(
                "audit, seals",
                f"none has {stray} lines that say they are sealed",
                "they were added",
            )
        )
    if kept is not None and kept not in {each.checkpoint for each in seals}:
        problems.append(
            Problem("audit", "holds no such checkpoint", "it was cut or sealed anew since")
        )
    return AuditCheck(tuple(problems), size, _unsealed(store), seals[-1] if seals else None)


def last_seal(store: WebStore) -> tuple[Seal | None, int]:
    """The last seal, and how many lines came since."""
    return store.read(_last), _unsealed(store)


def is_due(store: WebStore, lines: int = LINES_MAX) -> bool:
    """Whether so many lines wait for a seal."""
    some = sql.select(audit.c.number).where(audit.c.seal.is_(None)).limit(lines).subquery()
    query = sql.select(sql.func.count()).select_from(some)
    return store.read(lambda connection: connection.scalar(query)) == lines


def _fault(made: Seal, size: int, root: bytes, public_key: bytes | None) -> str:
    """What is wrong with a seal whose lines give this size and root; empty where nothing is."""
    try:
        told = _opened(made, public_key)
    except EvidenceError as error:
        return error.problem
    if told.size != size:
        return f"is over {told.size} lines, and there are {size}"
    return "" if told.root == root else "has another root than its lines give"


def _remedy(lines_of: Seal) -> str:
    return f"a line of seal {lines_of.number} was altered, removed or added"


def _opened(made: Seal, public_key: bytes | None) -> Checkpoint:
    if public_key is not None:
        return open_checkpoint(made.checkpoint, public_key)
    return unsigned(made.checkpoint)


def _stands(last: Seal | None) -> tuple[int, bytes]:
    """How many lines are sealed, and under which root."""
    if last is None:
        return 0, FIRST
    try:
        told = unsigned(last.checkpoint)
    except EvidenceError:
        return 0, FIRST
    return told.size, told.root


def _unsealed_after(store: WebStore, number: int, count: int) -> list[Mapping[str, Any]]:
    """The oldest lines of a larger number that no seal holds yet, each as `Entry` has it."""

    def read(connection: Connection) -> list[Mapping[str, Any]]:
        if connection.dialect.name == "sqlite":
            told = connection.scalar(_UNSEALED_AT_ONCE, {"number": number, "count": count})
            return sorted(orjson.loads(told), key=_number_of)
        query = sql.select(audit).where(audit.c.seal.is_(None), audit.c.number > number)
        found = connection.execute(query.order_by(audit.c.number).limit(count))
        return [vars(entry_of(row)) for row in found]

    return store.read(read)


def _keep(connection: Connection, made: Seal, numbers: Sequence[int]) -> bool:
    """Write a seal, unless another process was first or a line came in between."""
    last = _last(connection)
    if (last.number if last else 0) + 1 != made.number:
        return False
    here = audit.c.seal.is_(None) & audit.c.number.between(numbers[0], numbers[-1])
    count = sql.select(sql.func.count()).select_from(audit).where(here)
    if connection.scalar(count) != len(numbers):
        return False
    connection.execute(sql.update(audit).where(here).values(seal=made.number))
    connection.execute(sql.insert(audit_seals), asdict(made))
    return True


def _last(connection: Connection) -> Seal | None:
    query = sql.select(audit_seals).order_by(audit_seals.c.number.desc()).limit(1)
    row = connection.execute(query).first()
    return None if row is None else Seal(**row._mapping)


def _seals(connection: Connection) -> Iterator[Seal]:
    for row in connection.execute(sql.select(audit_seals).order_by(audit_seals.c.number)):
        yield Seal(**row._mapping)


def _lines_of(store: WebStore, number: int) -> tuple[Entry, ...]:
    query = sql.select(audit).where(audit.c.seal == number).order_by(audit.c.number)
    return store.read(lambda connection: tuple(map(entry_of, connection.execute(query))))


def _unsealed(store: WebStore) -> int:
    query = sql.select(sql.func.count()).select_from(audit).where(audit.c.seal.is_(None))
    return store.read(lambda connection: int(connection.execute(query).scalar_one()))


def _lines_beyond(store: WebStore, last: int) -> int:
    """How many lines say that they are in a seal that there is not."""
    query = sql.select(sql.func.count()).select_from(audit)
    query = query.where((audit.c.seal > last) | (audit.c.seal < 1))
    return store.read(lambda connection: int(connection.execute(query).scalar_one()))


def _line(entry: Mapping[str, Any]) -> bytes:
    """What is hashed of a line: all of it, as canonical JSON."""
    return orjson.dumps(entry, option=orjson.OPT_SORT_KEYS)


def _conditions(wanted: Wanted) -> list[sql.ColumnElement[bool]]:
    found = []
    if wanted.who:
        found.append(audit.c.who == storable(wanted.who))
    if wanted.act:
        found.append(audit.c.act.contains(storable(wanted.act), autoescape=True))
    if wanted.about:
        found.append(audit.c.about.contains(storable(wanted.about), autoescape=True))
    if wanted.since is not None:
        found.append(audit.c.at >= wanted.since)
    if wanted.until is not None:
        found.append(audit.c.at < wanted.until)
    return found
