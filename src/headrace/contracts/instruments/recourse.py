"""Who may turn to whom when a payer does not pay, and who ends up with the loss (追索链).

Of a voucher, the holder may turn to the one before it where that one handed on with recourse, for
what it lost: what it gave, less what it got, and no more than is unpaid. Who pays stands again
where it stood before, and may turn to the one before it. A hand-over without recourse ends the
walk (civil code art. 545 to 549, 766 and 767 on assignment and factoring; the rest is agreed).

Of a bill, the holder may ask any endorser and the drawer for all that is unpaid, in any order, and
who pays has the holder's rights (票据法 art. 61, 68, 70, 71); an endorser that holds the bill again
has none against those after it (art. 69). Interest and costs of art. 70 are not computed here.
"""

import pyarrow as pa

from headrace.contracts.instruments import kernels as k
from headrace.contracts.instruments.book import Book, Longs
from headrace.contracts.instruments.views import live, paths

SCHEMA = pa.schema(
    [
        ("paper", pa.string()),
        ("piece", pa.string()),
        ("step", pa.int64()),
        ("party", pa.string()),
        ("lost_minor", pa.int64()),
        ("against", pa.string()),
        ("recourse", pa.bool_()),
        ("claim_minor", pa.int64()),
        ("bears_minor", pa.int64()),
    ]
)
"""One row for each party a loss passes, piece by piece, the holder first (step 0).

`lost_minor` is what it is out of pocket before it turns to `against`, the one before it (null: none
is), `recourse` whether that one answers, `claim_minor` for how much, and `bears_minor` what then
stays with the party if all who must pay can.
"""


def losses(book: Book, payer: str) -> pa.Table:
    """Who bears what if a payer pays nothing more on anything that stands, in default or not.

    A holder of a bill is taken to turn to the one before it, as of a voucher; where it jumps, the
    same parties bear the same in the end if all can pay.
    """
    code = book.party_names.index(payer)
    rows = live(book)
    papers = book.papers[book.pieces[rows, k.PAPER]]
    return walked(book, rows[papers[:, k.P_PAYER] == code])


def walked(book: Book, rows: Longs) -> pa.Table:
    """The walk of recourse from each of some live pieces, a table of `SCHEMA`."""
    found: list[tuple[object, ...]] = []
    for row, path in zip(rows.tolist(), paths(book, rows).to_pylist(), strict=True):
        paper = book.paper_names[int(book.pieces[row, k.PAPER])]
        steps = _walk(book, row)
        found += [(paper, path, step, *each) for step, each in enumerate(steps)]
    columns = zip(*found, strict=True) if found else [[] for _ in SCHEMA]
    return pa.table(
        [pa.array(c, f.type) for c, f in zip(columns, SCHEMA, strict=True)], schema=SCHEMA
    )


def borne(walk: pa.Table) -> pa.Table:
    """What each party bears over all pieces: party, bears_minor; the most first."""
    sums = walk.group_by("party").aggregate([("bears_minor", "sum")])
    sums = sums.rename_columns(["party", "bears_minor"])
    return sums.sort_by([("bears_minor", "descending"), ("party", "ascending")])


def _walk(book: Book, row: int) -> list[tuple[object, ...]]:
    pieces, name = book.pieces, book.party_names
    is_bill = book.papers[int(pieces[row, k.PAPER]), k.P_KIND] == k.BILL
    unpaid, holder = int(pieces[row, k.UNPAID]), int(pieces[row, k.HOLDER])
    lost, origin = int(k.loss_of(pieces, row)), int(pieces[row, k.ORIGIN])
    steps: list[tuple[object, ...]] = []
    while True:
        source = int(pieces[origin, k.SOURCE])
        answers = source >= 0 and bool(pieces[origin, k.RECOURSE])
        claim = 0
        if answers and not (is_bill and _endorsed_before(book, origin, holder)):
            claim = unpaid if is_bill else min(unpaid, lost)
        against = name[int(pieces[source, k.HOLDER])] if source >= 0 else None
        steps.append((name[holder], lost, against, answers, claim, lost - claim))
        if claim <= 0:
            return steps
        before = int(pieces[source, k.ORIGIN])
        gave = int(k.share_of(pieces, before, k.COST, row))
        got = int(k.share_of(pieces, origin, k.PRICE, row))
        lost, holder, origin = max(gave - got + claim, 0), int(pieces[source, k.HOLDER]), before


def _endorsed_before(book: Book, origin: int, holder: int) -> bool:
    """Whether the holder of a bill endorsed it before the one it could turn to did."""
    return bool(k.holds_before(book.pieces, origin, holder))
