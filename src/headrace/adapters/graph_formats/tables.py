"""What every reader of a graph format gives and every writer takes, and the checks all share."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from headrace.facts import rules
from headrace.facts.cells import numpy_mask
from headrace.facts.kinds import PARTY, PARTY_TYPES, RELATION, RELATIONS
from headrace.facts.schema import FactSchema, FieldType

Mask = NDArray[np.bool_]
_INSTANT = pa.timestamp("us", tz="UTC")
_SHOWN_MAX = 200

QUARANTINE = pa.schema(
    [
        ("file", pa.string()),
        ("line", pa.int64()),  # from 1; null where the format has no lines
        ("statement", pa.string()),  # its id in the format; null where it has none
        ("field", pa.string()),
        ("value", pa.string()),
        ("reason", pa.string()),
        ("remedy", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class GraphFacts:
    """Facts of kind party and relation, in their stored schemas.

    Attributes:
        parties: Who is described; a party may occur in relations alone.
        relations: Statements, in the order of their rows.
    """

    parties: pa.Table
    relations: pa.Table


@dataclass(frozen=True, slots=True)
class Origin:
    """What a file does not say about its facts.

    Attributes:
        source: Name of the source; ids of facts are `<source>#<row>`.
        purpose: What the facts may be used for.
        consent: By whose leave.
        zone: IANA name; a date without a time is the beginning of a day of this zone.
        known_time: When it became known, where a statement does not say; None: not said.
    """

    source: str
    purpose: str
    consent: str
    zone: str = "Asia/Shanghai"
    known_time: datetime | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """A file after reading.

    Attributes:
        facts: What could be used.
        quarantine: What could not: one row for each field that was refused; see QUARANTINE.
        skipped: What the file holds beside parties and relations, by its own word: how often.
    """

    facts: GraphFacts
    quarantine: pa.Table
    skipped: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lost:
    """Something that a format cannot say.

    Attributes:
        what: Which part of the facts, and what became of it.
        rows: In how many facts.
        example: The id of one.
    """

    what: str
    rows: int
    example: str


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written.

    Attributes:
        parties: Party facts in the file.
        relations: Relation facts in the file.
        lost: What the facts say and the file does not.
    """

    parties: int
    relations: int
    lost: tuple[Lost, ...]


class Refused(Exception):  # noqa: N818 - not an error of the program: a reader catches each one
    """A statement cannot be used: which field, what stands there, why, what would be right."""

    def __init__(self, name: str, value: object, reason: str, remedy: str) -> None:
        """The field, its value as found, the reason and the remedy."""
        super().__init__(reason)
        self.name, self.value, self.reason, self.remedy = name, value, reason, remedy


@dataclass
class Gathered:
    """Rows of a file that is read statement by statement, before they are checked.

    Attributes:
        file: Its name, for the quarantine.
    """

    file: str
    quarantine: list[dict[str, object]] = field(default_factory=list)
    skipped: dict[str, int] = field(default_factory=dict)
    _parties: list[Mapping[str, object]] = field(default_factory=list)
    _relations: list[Mapping[str, object]] = field(default_factory=list)

    def party(self, place: tuple[int | None, str | None], values: Mapping[str, object]) -> None:
        """A party: the line and id it stands at, and fields by their stored names."""
        self._parties.append({"_line": place[0], "_statement": place[1], **values})

    def relation(self, place: tuple[int | None, str | None], values: Mapping[str, object]) -> None:
        """A relation, likewise; instants are int microseconds since 1970, UTC."""
        self._relations.append({"_line": place[0], "_statement": place[1], **values})

    def skip(self, word: str) -> None:
        """Something that is neither."""
        self.skipped[word] = self.skipped.get(word, 0) + 1

    def refuse(self, place: tuple[int | None, str | None], refused: Refused) -> None:
        """A statement that cannot be used."""
        self.quarantine.append(_refusal(self.file, place, refused))

    def imported(self, origin: Origin) -> Imported:
        """The rows, checked."""
        parties = _raw(self._parties, PARTY)
        relations = _raw(self._relations, RELATION)
        early = pa.Table.from_pylist(self.quarantine, QUARANTINE)
        found = checked(self.file, (parties, relations), origin, [early])
        return Imported(found.facts, found.quarantine, dict(self.skipped))


def checked(
    file: str, raw: tuple[pa.Table, pa.Table], origin: Origin, refused: Sequence[pa.Table]
) -> Imported:
    """Typed columns as stored facts; rows that contradict themselves go to quarantine.

    Args:
        file: Its name, for the quarantine.
        raw: Parties and relations: any of the stored columns, and `_line` and `_statement`.
        origin: What the file does not say.
        refused: Quarantine rows of before.
    """
    quarantine, kept = list(refused), []
    for table, schema, checks in zip(
        raw, (PARTY, RELATION), (_PARTY_CHECKS, _RELATION_CHECKS), strict=True
    ):
        whole = _completed(table, schema)
        good = np.ones(whole.num_rows, np.bool_)
        for name, rule, remedy, check in checks:
            bad = check(whole)
            if bad.any():
                quarantine.append(_marked(file, whole.filter(pa.array(bad)), name, rule, remedy))
                good &= ~bad
        kept.append(_stored(whole.filter(pa.array(good)), schema, origin))
    return Imported(GraphFacts(*kept), pa.concat_tables([QUARANTINE.empty_table(), *quarantine]))


def refusals(
    file: str, lines: NDArray[np.int64], name: str, values: pa.Array, told: tuple[str, str]
) -> pa.Table:
    """Quarantine rows of one field: the lines, the cells, and (reason, remedy)."""
    count = len(lines)
    shown = pc.utf8_slice_codeunits(values.cast(pa.string()), 0, _SHOWN_MAX)
    columns = [_same(file, count), pa.array(lines), pa.nulls(count, pa.string())]
    columns += [_same(name, count), shown, _same(told[0], count), _same(told[1], count)]
    return pa.table(columns, schema=QUARANTINE)


def lost_rows(facts: pa.Table, what: str, where: Mask | pa.Array) -> list[Lost]:
    """One entry for the facts marked by `where`; none where there are none."""
    mask = where if isinstance(where, np.ndarray) else numpy_mask(where)
    rows = int(mask.sum())
    return [Lost(what, rows, facts["id"][int(np.argmax(mask))].as_py())] if rows else []


def one_per_party(parties: pa.Table) -> tuple[pa.Table, list[Lost]]:
    """The last fact of each party, for formats in which a node stands once; what that loses."""
    texts = pc.cast(parties["party"], pa.string()).combine_chunks()
    last: dict[str, int] = {code: row for row, code in enumerate(texts.to_pylist())}
    kept = np.zeros(parties.num_rows, np.bool_)
    kept[list(last.values())] = True
    lost = lost_rows(parties, "earlier facts about a party: the last one is written", ~kept)
    return parties.filter(pa.array(kept)), lost


def plain(table: pa.Table) -> pa.Table:
    """Dictionary-encoded text as plain text."""
    fields = [
        each.with_type(pa.string()) if pa.types.is_dictionary(each.type) else each
        for each in table.schema
    ]
    return table.cast(pa.schema(fields))


def strangers(facts: GraphFacts) -> list[str]:
    """Codes that occur in relations and have no party fact: phones, chain places, unknown firms."""
    described = pc.unique(pc.cast(facts.parties["party"], pa.string()))
    columns = [pc.cast(facts.relations[name], pa.string()) for name in ("subject", "object")]
    columns.append(pc.cast(facts.relations["about"], pa.string()))
    chunks = [chunk for column in columns for chunk in column.chunks]
    named = pc.unique(pa.chunked_array(chunks, pa.string())).drop_null()
    unknown = named.filter(pc.invert(pc.is_in(named, value_set=described)))
    return list(unknown.to_pylist())


def _refusal(
    file: str, place: tuple[int | None, str | None], refused: Refused
) -> dict[str, object]:
    text = refused.value if isinstance(refused.value, str) else repr(refused.value)
    return {
        "file": file,
        "line": place[0],
        "statement": place[1],
        "field": refused.name,
        "value": text[:_SHOWN_MAX],
        "reason": refused.reason,
        "remedy": refused.remedy,
    }


def _raw(rows: list[Mapping[str, object]], schema: FactSchema) -> pa.Table:
    """Rows as typed columns; texts that Unicode cannot hold lose the broken part."""
    columns = {}
    for name, kind in _raw_types(schema).items():
        values = [row.get(name) for row in rows]
        try:
            columns[name] = pa.array(values, kind)
        except UnicodeEncodeError:
            clean = [None if text is None else _whole(str(text)) for text in values]
            columns[name] = pa.array(clean, kind)
    return pa.table(columns)


def _whole(text: str) -> str:
    return text.encode(errors="replace").decode()


def _raw_types(schema: FactSchema) -> dict[str, pa.DataType]:
    """Types before encoding: texts are plain, instants are int64 microseconds."""
    types = {"_line": pa.int64(), "_statement": pa.string()}
    for each in schema.stored:
        if each.type is FieldType.INSTANT:
            types[each.name] = pa.int64()
        elif pa.types.is_dictionary(each.type.arrow):
            types[each.name] = pa.string()
        else:
            types[each.name] = each.type.arrow
    return types


def _completed(table: pa.Table, schema: FactSchema) -> pa.Table:
    """Every raw column; those that are absent are null."""
    count = table.num_rows
    columns = {
        name: table[name].cast(kind).combine_chunks()
        if name in table.column_names
        else pa.nulls(count, kind)
        for name, kind in _raw_types(schema).items()
    }
    return pa.table(columns)


def _stored(table: pa.Table, schema: FactSchema, origin: Origin) -> pa.Table:
    """Checked rows in the stored schema, numbered where they have no id of their own."""
    count = table.num_rows
    rows = pc.fill_null(table["row"], pa.array(np.arange(1, count + 1)))
    source = pc.fill_null(table["source"], origin.source)
    known = None if origin.known_time is None else pa.scalar(origin.known_time, _INSTANT)
    told = {
        "row": rows,
        "source": source,
        "id": pc.coalesce(
            table["id"], pc.binary_join_element_wise(source, rows.cast(pa.string()), "#")
        ),
        "purpose": pc.fill_null(table["purpose"], origin.purpose),
        "consent": pc.fill_null(table["consent"], origin.consent),
    }
    if known is not None:
        told["known_time"] = pc.fill_null(table["known_time"].cast(_INSTANT), known)
    columns = []
    for each in schema.arrow:
        column = told.get(each.name, table[each.name])
        encoded = pa.types.is_dictionary(each.type)
        columns.append((pc.dictionary_encode(column) if encoded else column).cast(each.type))
    return pa.table(columns, schema=schema.arrow)


def _marked(file: str, rows: pa.Table, name: str, rule: rules.Rule, remedy: str) -> pa.Table:
    count = rows.num_rows
    texts = [pc.cast(rows[each], pa.string()) for each in name.split(", ")]
    shown = pc.binary_join_element_wise(*texts, ", ", null_handling="replace", null_replacement="")
    columns = [_same(file, count), rows["_line"], rows["_statement"], _same(name, count)]
    columns += [pc.utf8_slice_codeunits(shown, 0, _SHOWN_MAX)]
    columns += [_same(rule.en, count), _same(remedy, count)]
    return pa.table(columns, schema=QUARANTINE)


def _same(text: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(text, pa.string()), count)


# ---- checks: the field, the rule, what would be right, and which rows break it ----

_Check = tuple[str, rules.Rule, str, Callable[[pa.Table], Mask]]


def _absent(name: str) -> _Check:
    def check(table: pa.Table) -> Mask:
        return numpy_mask(pc.fill_null(pc.equal(table[name], ""), fill_value=True))

    return name, rules.MISSING_REQUIRED, f"give `{name}`", check


def _outside(name: str, choices: tuple[str, ...]) -> _Check:
    known = pa.array(choices, pa.string())

    def check(table: pa.Table) -> Mask:
        column = table[name]
        return numpy_mask(pc.and_(pc.is_valid(column), pc.invert(pc.is_in(column, known))))

    return name, rules.UNKNOWN_CHOICE, f"one of {', '.join(choices)}", check


def _out_of_range(name: str) -> _Check:
    def check(table: pa.Table) -> Mask:
        share = _floats(table, name)
        given = numpy_mask(pc.is_valid(table[name]))
        with np.errstate(invalid="ignore"):
            return np.asarray(given & ~((share >= 0) & (share <= 1)))

    return name, rules.RATE_OUT_OF_RANGE, "a fraction from 0 to 1", check


def _negative(name: str) -> _Check:
    def check(table: pa.Table) -> Mask:
        return numpy_mask(pc.less(table[name], 0))

    return name, rules.NEGATIVE_AMOUNT, "an amount from 0; turn the relation round", check


def _itself(table: pa.Table) -> Mask:
    return numpy_mask(pc.equal(table["subject"], table["object"]))


def _crossed(table: pa.Table) -> Mask:
    share, least, most = (_floats(table, name) for name in ("share", "share_min", "share_max"))
    with np.errstate(invalid="ignore"):
        return np.asarray((least > most) | (share < least) | (share > most))


def _ended_early(table: pa.Table) -> Mask:
    return numpy_mask(pc.less(table["valid_to"], table["event_time"]))


def _floats(table: pa.Table, name: str) -> NDArray[np.float64]:
    return np.asarray(table[name].combine_chunks().to_numpy(zero_copy_only=False), np.float64)


_PARTY_CHECKS: tuple[_Check, ...] = (
    _absent("party"),
    _outside("type", PARTY_TYPES),
    _negative("capital_minor"),
)
_RELATION_CHECKS: tuple[_Check, ...] = (
    _absent("relation"),
    _absent("subject"),
    _absent("object"),
    _outside("relation", RELATIONS),
    _outside("status", ("stated", "withdrawn")),
    *(_out_of_range(name) for name in ("share", "share_min", "share_max")),
    _negative("amount_minor"),
    ("subject, object", rules.RELATION_TO_ITSELF, "name two different parties", _itself),
    ("share, share_min, share_max", rules.SHARES_CROSSED, "least ≤ share ≤ most", _crossed),
    ("event_time, valid_to", rules.ENDED_BEFORE_BEGUN, "the end is not earlier", _ended_early),
)
