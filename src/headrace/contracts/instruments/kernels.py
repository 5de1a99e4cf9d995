"""Vouchers and bills as rows of whole numbers, and acts applied to them one after the other.

A paper (a voucher or a bill) is an interval [0, amount) of minor units. Its pieces are intervals,
too: a split cuts one, a transfer hands one on, so that the live pieces of a paper always cover
exactly what was not paid or converted, and their order by start does not depend on the order of
acts. A piece is never changed but for what is still unpaid on it: it is spent, and others stand
for it.

`state` is a `State` (book.py) of int64 arrays: parties (n, 2), papers, pieces, keys (n, 2), hash
tables (power of two, 2) of key and row + 1, and counts. Columns are named below.
"""

import numba
import numpy as np

LIMIT, USED = 0, 1

(
    P_ID, P_KIND, P_PAYER, P_DRAWER, P_AMOUNT, P_UNPAID, P_CONVERTED, P_ISSUED, P_DUE, P_STATUS,
    P_FIRST, P_COLUMNS,
) = range(12)  # fmt: skip
VOUCHER, BILL = 0, 1
ISSUED, ACCEPTED, CANCELLED, SETTLED, DEFAULTED = range(5)

# ORIGIN: the piece by which the holder got it (by issue, transfer, recourse), of which it is a
# part; SOURCE: the piece that the one before sold; RECOURSE: whether that one answers for it.
# PRICE, what the one before got for it, and COST, what the holder is out of pocket for it, stand
# at the origin only; they differ after recourse.
(
    ID, PAPER, PARENT, INDEX, HOLDER, START, FACE, UNPAID, STATE, ORIGIN, SOURCE, RECOURSE, PRICE,
    COST, TIER, DAY, REGISTERED, PLEDGED, LOAN, RECEIVED, NEXT, PREVIOUS, MADE, COLUMNS,
) = range(24)  # fmt: skip
LIVE, SPLIT, PASSED, RETURNED, CONVERTED, PAID, WITHDRAWN = range(7)
BY_ISSUE, BY_SPLIT, BY_TRANSFER, BY_FINANCE, BY_RECOURSE = range(5)

(
    A_KIND, A_KEY, A_DAY, A_BY, A_TARGET, A_TO, A_AMOUNT, A_PRICE, A_DUE, A_DUE_MAX, A_RECOURSE,
    A_PAYER, A_PAPER_KIND, A_TRADES, A_MADE, A_COLUMNS,
) = range(16)  # fmt: skip
(
    SET_LIMIT, ISSUE, ACCEPT, CANCEL, SPLIT_OFF, TRANSFER, REGISTER, DEREGISTER, FINANCE, PLEDGE,
    RELEASE, PAY, DEFAULT, CLAIM, CONVERT, KINDS,
) = range(16)  # fmt: skip

(
    APPLIED, REPEATED, KEY_TAKEN, PARTY_UNKNOWN, PAPER_UNKNOWN, PIECE_UNKNOWN, PAPER_EXISTS,
    AMOUNT_NOT_POSITIVE, LIMIT_EXCEEDED, LIMIT_BELOW_USED, DUE_NOT_AFTER_DAY, TENOR_TOO_LONG,
    TRADE_MISSING, NOT_ENTITLED, NOT_AWAITING_ACCEPTANCE, NOT_OUTSTANDING, PIECE_SPENT,
    MORE_THAN_HELD, SAME_PARTY, PAYER_AS_HOLDER, PAYMENT_BEGUN, PAST_DUE, DAY_BEFORE_LAST,
    IS_PLEDGED, NOT_PLEDGED, NOT_REGISTERED, REGISTERED_FOR_OTHER, ALREADY_REGISTERED,
    PRICE_OUT_OF_RANGE, MORE_THAN_UNPAID, NOT_YET_OVERDUE, NOT_DEFAULTED, WITHOUT_RECOURSE,
    NOT_THE_ENDORSER, OWN_ENDORSEMENT, NOTHING_LOST, NOT_A_VOUCHER, ANSWERS,
) = range(38)  # fmt: skip

F_ACT, F_FROM, F_TO, F_PIECE, F_AMOUNT, F_WHY, F_COLUMNS = range(7)
FOR_PAYMENT, FOR_PLEDGE, FOR_PURCHASE, FOR_RECOURSE = range(4)

N_PAPERS, N_PIECES, N_KEYS, N_FLOWS, N_ACTS, N_CLASHES, N_COUNTS = range(7)
NOBODY = -1
NOTHING = np.int64(-(2**63))  # an amount, price or day that an act does not give
ROOM = np.int64(-1)  # no answer: the table of flows is full

_ONE = np.uint64(0x9E3779B97F4A7C15)
_TWO = np.uint64(0xBF58476D1CE4E5B9)
_THREE = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def mixed(one, other):
    """A 64-bit id out of two: Stafford's mix 13 of one x a constant + the other."""
    word = np.uint64(one) * _ONE + np.uint64(other) + _ONE
    word = (word ^ (word >> _S30)) * _TWO
    word = (word ^ (word >> _S27)) * _THREE
    return np.int64(word ^ (word >> _S31))


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _slot(table, key):
    """The place of a key in a hash table; an empty place (row 0) where it is not in it."""
    mask = len(table) - 1
    at = mixed(key, np.int64(0)) & mask
    while table[at, 1] != 0 and table[at, 0] != key:
        at = (at + 1) & mask
    return at


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def fill(table, keys):
    """Enter keys, int64 (n,), into an empty hash table, each with its row + 1."""
    for row in range(len(keys)):
        at = _slot(table, keys[row])
        table[at, 0], table[at, 1] = keys[row], row + 1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def part(amount, step, whole):
    """The part amount x step / whole for 0 <= step <= whole < 2^62, rounded towards 0."""
    sign = 1 if amount >= 0 else -1
    amount *= sign
    if step == 0 or amount <= 0x3FFFFFFFFFFFFFFF // step:
        return sign * (amount * step // whole)
    found, rest = np.int64(0), np.int64(0)
    for bit in range(62, -1, -1):  # the long multiplication of what would not fit into 64 bits
        found, rest = 2 * found, 2 * rest
        if rest >= whole:
            found, rest = found + 1, rest - whole
        if (amount >> bit) & 1:
            rest += step
            if rest >= whole:
                found, rest = found + 1, rest - whole
    return sign * found


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def share_of(pieces, origin, column, piece):
    """What of the PRICE or COST of an origin falls on a piece: by interval, so that it adds up.

    The piece may lie anywhere inside the origin, also further down the chain.
    """
    cost, face = pieces[origin, column], pieces[origin, FACE]
    begin = pieces[piece, START] - pieces[origin, START]
    return part(cost, begin + pieces[piece, FACE], face) - part(cost, begin, face)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def costs(pieces, rows, found):
    """What the holders of pieces, by row, are out of pocket; `found` is int64 (n,), written."""
    for at in range(len(rows)):
        found[at] = share_of(pieces, pieces[rows[at], ORIGIN], COST, rows[at])


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def loss_of(pieces, piece):
    """What the holder of a piece gave for it and did not get back, 0 or more."""
    cost = share_of(pieces, pieces[piece, ORIGIN], COST, piece)
    return max(cost - pieces[piece, RECEIVED], np.int64(0))


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _made(state, paper, identity, how):
    """A new piece of a paper; the caller fills in the rest."""
    pieces = state.pieces
    row = state.counts[N_PIECES]
    state.counts[N_PIECES] = row + 1
    at = _slot(state.piece_at, identity)
    state.counts[N_CLASHES] += state.piece_at[at, 1] != 0
    state.piece_at[at, 0], state.piece_at[at, 1] = identity, row + 1
    pieces[row, :] = 0
    pieces[row, ID], pieces[row, PAPER], pieces[row, MADE] = identity, paper, how
    pieces[row, PARENT], pieces[row, REGISTERED], pieces[row, PLEDGED] = -1, NOBODY, NOBODY
    pieces[row, NEXT], pieces[row, PREVIOUS] = -1, -1
    pieces[row, ORIGIN], pieces[row, SOURCE] = row, -1
    return row


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _child(state, parent, index, day, how):
    """A piece that stands for its parent, the same but for its id, day and flags."""
    pieces = state.pieces
    row = _made(state, pieces[parent, PAPER], mixed(pieces[parent, ID], np.int64(index)), how)
    for column in (HOLDER, START, FACE, UNPAID, TIER):
        pieces[row, column] = pieces[parent, column]
    pieces[row, PARENT], pieces[row, INDEX], pieces[row, DAY] = parent, index, day
    return row


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _stand_for(state, old, first, last):
    """Put a chain of new pieces at the place of an old one among the live ones of its paper."""
    pieces = state.pieces
    before, after = pieces[old, PREVIOUS], pieces[old, NEXT]
    pieces[first, PREVIOUS], pieces[last, NEXT] = before, after
    if before >= 0:
        pieces[before, NEXT] = first
    else:
        state.papers[pieces[old, PAPER], P_FIRST] = first
    if after >= 0:
        pieces[after, PREVIOUS] = last
    pieces[old, NEXT], pieces[old, PREVIOUS] = -1, -1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _split(state, piece, amount, day):
    """Cut the first `amount` off a piece; the row of that part, the rest is the next row."""
    pieces = state.pieces
    first, rest = _child(state, piece, 0, day, BY_SPLIT), _child(state, piece, 1, day, BY_SPLIT)
    for row in (first, rest):
        for column in (ORIGIN, SOURCE, RECOURSE, REGISTERED):
            pieces[row, column] = pieces[piece, column]
    pieces[first, FACE], pieces[first, UNPAID] = amount, amount
    pieces[rest, FACE], pieces[rest, UNPAID] = (
        pieces[piece, FACE] - amount,
        pieces[piece, FACE] - amount,
    )
    pieces[rest, START] = pieces[piece, START] + amount
    _stand_for(state, piece, first, rest)
    pieces[first, NEXT], pieces[rest, PREVIOUS] = rest, first
    pieces[piece, STATE] = SPLIT
    return first


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _hand_over(state, piece, act, price, how):
    """Give a whole piece to another party, which becomes the next tier."""
    pieces = state.pieces
    row = _child(state, piece, 0, act[A_DAY], how)
    pieces[row, HOLDER], pieces[row, PRICE], pieces[row, COST] = act[A_TO], price, price
    pieces[row, SOURCE], pieces[row, RECOURSE] = piece, act[A_RECOURSE]
    pieces[row, TIER] = pieces[piece, TIER] + 1
    _stand_for(state, piece, row, row)
    pieces[piece, STATE] = PASSED
    return row


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _flow(state, act, payer, payee, piece, amount, why):
    row = state.counts[N_FLOWS]
    state.flows[row, F_ACT], state.flows[row, F_WHY] = act, why
    state.flows[row, F_FROM], state.flows[row, F_TO] = payer, payee
    state.flows[row, F_PIECE], state.flows[row, F_AMOUNT] = piece, amount
    state.counts[N_FLOWS] = row + 1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _paper_made(state, identity, kind, act, payer, holder):
    """A new paper with its first piece; a bill of another than its payer begins with the drawer."""
    papers, pieces = state.papers, state.pieces
    row = state.counts[N_PAPERS]
    state.counts[N_PAPERS] = row + 1
    at = _slot(state.paper_at, identity)
    state.paper_at[at, 0], state.paper_at[at, 1] = identity, row + 1
    amount, drawer = act[A_AMOUNT], act[A_BY]
    papers[row, P_ID], papers[row, P_KIND], papers[row, P_PAYER] = identity, kind, payer
    papers[row, P_DRAWER], papers[row, P_AMOUNT], papers[row, P_UNPAID] = drawer, amount, amount
    papers[row, P_CONVERTED], papers[row, P_STATUS] = 0, ISSUED
    papers[row, P_ISSUED], papers[row, P_DUE] = act[A_DAY], act[A_DUE]
    piece = _made(state, row, mixed(identity, np.int64(0)), BY_ISSUE)
    papers[row, P_FIRST] = piece
    pieces[piece, HOLDER], pieces[piece, FACE], pieces[piece, UNPAID] = holder, amount, amount
    pieces[piece, PRICE], pieces[piece, COST] = amount, amount
    pieces[piece, DAY], pieces[piece, TIER] = act[A_DAY], 1
    if kind == BILL and drawer not in (payer, holder):
        pieces[piece, HOLDER], pieces[piece, TIER] = drawer, 0
        passed = _hand_over(state, piece, act, amount, BY_ISSUE)
        pieces[passed, HOLDER], pieces[passed, RECOURSE] = holder, 1
    return row


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _set_limit(state, act):
    if act[A_AMOUNT] < state.parties[act[A_TO], USED]:
        return LIMIT_BELOW_USED
    state.parties[act[A_TO], LIMIT] = act[A_AMOUNT]
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _issue(state, act):
    payer, amount = act[A_PAYER], act[A_AMOUNT]
    if state.paper_at[_slot(state.paper_at, act[A_TARGET]), 1] != 0:
        return PAPER_EXISTS
    if act[A_PAPER_KIND] == VOUCHER and payer != act[A_BY]:
        return NOT_ENTITLED
    if act[A_TO] == payer:
        return PAYER_AS_HOLDER
    if act[A_TRADES] == 0:
        return TRADE_MISSING
    if act[A_DUE] <= act[A_DAY]:
        return DUE_NOT_AFTER_DAY
    if act[A_DUE] > act[A_DUE_MAX]:
        return TENOR_TOO_LONG
    if amount > state.parties[payer, LIMIT] - state.parties[payer, USED]:
        return LIMIT_EXCEEDED
    state.parties[payer, USED] += amount
    _paper_made(state, act[A_TARGET], act[A_PAPER_KIND], act, payer, act[A_TO])
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _on_issued(state, act, paper):
    """Acceptance, or cancellation before it: the payee receives a voucher, the payer a bill."""
    papers = state.papers
    if papers[paper, P_STATUS] != ISSUED:
        return NOT_AWAITING_ACCEPTANCE
    first = papers[paper, P_FIRST]
    holder, payer = state.pieces[first, HOLDER], papers[paper, P_PAYER]
    accepting = holder if papers[paper, P_KIND] == VOUCHER else payer
    by = act[A_BY]
    if by != accepting and (
        act[A_KIND] == ACCEPT or by not in (payer, holder, papers[paper, P_DRAWER])
    ):
        return NOT_ENTITLED
    if act[A_DAY] < papers[paper, P_ISSUED]:
        return DAY_BEFORE_LAST
    if act[A_KIND] == ACCEPT:
        papers[paper, P_STATUS] = ACCEPTED
        return APPLIED
    papers[paper, P_STATUS] = CANCELLED
    state.parties[payer, USED] -= papers[paper, P_AMOUNT]
    papers[paper, P_UNPAID] = 0
    papers[paper, P_FIRST] = -1
    state.pieces[first, STATE], state.pieces[first, UNPAID] = WITHDRAWN, 0
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _movable(state, act, piece):
    """Why the holder may not move a piece that day; APPLIED where it may."""
    pieces, paper = state.pieces, state.papers[state.pieces[piece, PAPER]]
    if pieces[piece, STATE] != LIVE:
        return PIECE_SPENT
    if act[A_BY] != pieces[piece, HOLDER]:
        return NOT_ENTITLED
    if paper[P_STATUS] != ACCEPTED:
        return NOT_OUTSTANDING
    if paper[P_UNPAID] + paper[P_CONVERTED] != paper[P_AMOUNT]:
        return PAYMENT_BEGUN
    if act[A_DAY] < pieces[piece, DAY]:
        return DAY_BEFORE_LAST
    if act[A_DAY] >= paper[P_DUE]:
        return PAST_DUE
    if pieces[piece, PLEDGED] >= 0:
        return IS_PLEDGED
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _split_off(state, act, piece):
    if act[A_AMOUNT] >= state.pieces[piece, FACE]:
        return MORE_THAN_HELD
    _split(state, piece, act[A_AMOUNT], act[A_DAY])
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _not_allowed_to(state, act, piece, amount, price):
    """Why a piece may not go to the party named; APPLIED where it may."""
    pieces = state.pieces
    kind = act[A_KIND]
    registered, paper = pieces[piece, REGISTERED], state.papers[pieces[piece, PAPER]]
    if act[A_TO] == pieces[piece, HOLDER]:
        return SAME_PARTY
    if act[A_TO] == paper[P_PAYER]:
        return PAYER_AS_HOLDER
    if amount > pieces[piece, FACE]:
        return MORE_THAN_HELD
    if registered >= 0 and registered != act[A_TO]:
        return REGISTERED_FOR_OTHER
    if registered < 0 and kind != TRANSFER and paper[P_KIND] == VOUCHER:
        return NOT_REGISTERED
    if not 0 < price <= amount:
        return PRICE_OUT_OF_RANGE
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _pass_on(state, act, piece, row):
    """Transfer for goods, sale to a funder, or pledge of a piece or its first part."""
    pieces = state.pieces
    amount = pieces[piece, FACE] if act[A_AMOUNT] == NOTHING else act[A_AMOUNT]
    at_par = act[A_PRICE] == NOTHING and act[A_KIND] == TRANSFER
    price = amount if at_par else act[A_PRICE]
    refusal = _not_allowed_to(state, act, piece, amount, price)
    if refusal != APPLIED:
        return refusal
    if state.counts[N_FLOWS] == len(state.flows):
        return ROOM
    if amount < pieces[piece, FACE]:
        piece = _split(state, piece, amount, act[A_DAY])
    if act[A_KIND] == PLEDGE:
        pieces[piece, PLEDGED], pieces[piece, LOAN] = act[A_TO], price
        return APPLIED
    how = BY_FINANCE if act[A_KIND] == FINANCE else BY_TRANSFER
    passed = _hand_over(state, piece, act, price, how)
    if how == BY_FINANCE:
        _flow(state, row, act[A_TO], act[A_BY], passed, price, FOR_PURCHASE)
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _register(state, act, piece):
    """Enter a piece in the unified register for a funder, or take it out again."""
    pieces = state.pieces
    registered = pieces[piece, REGISTERED]
    if pieces[piece, STATE] != LIVE:
        return PIECE_SPENT
    if act[A_KIND] == REGISTER:
        if registered >= 0:
            return ALREADY_REGISTERED
        if act[A_BY] not in (pieces[piece, HOLDER], act[A_TO]):
            return NOT_ENTITLED
        pieces[piece, REGISTERED] = act[A_TO]
        return APPLIED
    if registered < 0:
        return NOT_REGISTERED
    if act[A_BY] != registered:
        return NOT_ENTITLED
    if pieces[piece, PLEDGED] >= 0:
        return IS_PLEDGED
    pieces[piece, REGISTERED] = NOBODY
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _release(state, act, piece):
    pieces = state.pieces
    if pieces[piece, PLEDGED] < 0:
        return NOT_PLEDGED
    if act[A_BY] != pieces[piece, PLEDGED]:
        return NOT_ENTITLED
    pieces[piece, PLEDGED], pieces[piece, LOAN] = NOBODY, 0
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _pay(state, act, paper, row):
    """Share a payment among the live pieces by what is unpaid; a pledgee comes first."""
    papers, pieces = state.papers, state.pieces
    amount, payer = act[A_AMOUNT], papers[paper, P_PAYER]
    total = papers[paper, P_UNPAID]
    if act[A_BY] != payer:
        return NOT_ENTITLED
    if papers[paper, P_STATUS] not in (ACCEPTED, DEFAULTED):
        return NOT_OUTSTANDING
    if act[A_DAY] < papers[paper, P_ISSUED]:
        return DAY_BEFORE_LAST
    if amount > total:
        return MORE_THAN_UNPAID
    needed, piece = 0, papers[paper, P_FIRST]
    while piece >= 0:
        needed += 1 if pieces[piece, PLEDGED] < 0 else 2
        piece = pieces[piece, NEXT]
    if state.counts[N_FLOWS] + needed > len(state.flows):
        return ROOM
    before, given = np.int64(0), np.int64(0)
    piece = papers[paper, P_FIRST]
    while piece >= 0:
        before += pieces[piece, UNPAID]
        share = part(amount, before, total) - given
        given += share
        if share > 0:
            _receive(state, row, payer, piece, share)
        piece = pieces[piece, NEXT]
    papers[paper, P_UNPAID] = total - amount
    state.parties[payer, USED] -= amount
    if amount == total:
        papers[paper, P_STATUS] = SETTLED
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _receive(state, row, payer, piece, share):
    pieces = state.pieces
    pieces[piece, UNPAID] -= share
    pieces[piece, RECEIVED] += share
    pledgee, lent = pieces[piece, PLEDGED], min(share, pieces[piece, LOAN])
    if lent > 0:
        _flow(state, row, payer, pledgee, piece, lent, FOR_PLEDGE)
        pieces[piece, LOAN] -= lent
        if pieces[piece, LOAN] == 0:
            pieces[piece, PLEDGED] = NOBODY
    if share > lent:
        _flow(state, row, payer, pieces[piece, HOLDER], piece, share - lent, FOR_PAYMENT)
    if pieces[piece, UNPAID] == 0:
        pieces[piece, STATE] = PAID


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _default(state, act, paper):
    papers = state.papers
    if papers[paper, P_STATUS] != ACCEPTED:
        return NOT_OUTSTANDING
    if act[A_DAY] <= papers[paper, P_DUE]:
        return NOT_YET_OVERDUE
    papers[paper, P_STATUS] = DEFAULTED
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def endorser(pieces, piece, to, jumps):
    """The origin whose seller answers for a piece, or minus the refusal.

    Args:
        pieces: int64 (n, COLUMNS).
        piece: A row.
        to: The party asked; NOBODY: the one before the holder.
        jumps: Whether any earlier endorser may be asked (bills), not only the one before.
    """
    origin = pieces[piece, ORIGIN]
    while True:
        source = pieces[origin, SOURCE]
        if source < 0:
            return -WITHOUT_RECOURSE if to < 0 else -NOT_THE_ENDORSER
        if to < 0 or pieces[source, HOLDER] == to:
            return origin if pieces[origin, RECOURSE] else -WITHOUT_RECOURSE
        if not jumps:
            return -NOT_THE_ENDORSER
        origin = pieces[source, ORIGIN]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def holds_before(pieces, origin, holder):
    """Whether a party endorsed a bill before the one who sold an origin did."""
    source = pieces[origin, SOURCE]
    while source >= 0:
        source = pieces[pieces[source, ORIGIN], SOURCE]
        if source >= 0 and pieces[source, HOLDER] == holder:
            return True
    return False


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def claim_of(pieces, piece, kind):
    """What the holder may ask of an endorser: of a bill all that is unpaid, else what it lost."""
    unpaid = pieces[piece, UNPAID]
    return unpaid if kind == BILL else min(unpaid, loss_of(pieces, piece))


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _claim(state, act, piece, row):
    """Recourse: an endorser pays, and stands again where it stood before it sold the piece."""
    pieces, paper = state.pieces, state.papers[state.pieces[piece, PAPER]]
    kind = paper[P_KIND]
    if pieces[piece, STATE] != LIVE:
        return PIECE_SPENT
    if act[A_BY] != pieces[piece, HOLDER]:
        return NOT_ENTITLED
    if paper[P_STATUS] != DEFAULTED:
        return NOT_DEFAULTED
    if act[A_DAY] < pieces[piece, DAY]:
        return DAY_BEFORE_LAST
    if pieces[piece, PLEDGED] >= 0:
        return IS_PLEDGED
    origin = endorser(pieces, piece, act[A_TO], kind == BILL)
    if origin < 0:
        return -origin
    if kind == BILL and holds_before(pieces, origin, act[A_BY]):
        return OWN_ENDORSEMENT
    claim = claim_of(pieces, piece, kind)
    if claim <= 0:
        return NOTHING_LOST
    if state.counts[N_FLOWS] == len(state.flows):
        return ROOM
    source = pieces[origin, SOURCE]
    before = pieces[source, ORIGIN]
    back = _child(state, piece, 0, act[A_DAY], BY_RECOURSE)
    pieces[back, HOLDER], pieces[back, TIER] = pieces[source, HOLDER], pieces[source, TIER]
    pieces[back, SOURCE], pieces[back, RECOURSE] = pieces[before, SOURCE], pieces[before, RECOURSE]
    pieces[back, PRICE] = share_of(pieces, before, PRICE, piece)
    pieces[back, COST] = (
        share_of(pieces, before, COST, piece) - share_of(pieces, origin, PRICE, piece) + claim
    )
    _stand_for(state, piece, back, back)
    pieces[piece, STATE] = RETURNED
    _flow(state, row, pieces[back, HOLDER], act[A_BY], back, claim, FOR_RECOURSE)
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _convert(state, act, piece):
    """A whole piece of a voucher becomes a bill of the same payer; its chain of recourse ends."""
    papers, pieces = state.papers, state.pieces
    paper = pieces[piece, PAPER]
    payer, face = papers[paper, P_PAYER], pieces[piece, FACE]
    if papers[paper, P_KIND] != VOUCHER:
        return NOT_A_VOUCHER
    if act[A_TO] != payer:
        return NOT_ENTITLED
    if pieces[piece, REGISTERED] >= 0:
        return REGISTERED_FOR_OTHER
    if state.paper_at[_slot(state.paper_at, act[A_MADE]), 1] != 0:
        return PAPER_EXISTS
    if act[A_DUE] <= act[A_DAY]:
        return DUE_NOT_AFTER_DAY
    if act[A_DUE] > act[A_DUE_MAX]:
        return TENOR_TOO_LONG
    holder = pieces[piece, HOLDER]
    bill = act.copy()
    bill[A_AMOUNT], bill[A_BY] = face, payer
    made = _paper_made(state, act[A_MADE], BILL, bill, payer, holder)
    papers[made, P_STATUS] = ACCEPTED
    papers[paper, P_UNPAID] -= face
    papers[paper, P_CONVERTED] += face
    if papers[paper, P_UNPAID] == 0:
        papers[paper, P_STATUS] = SETTLED
    before, after = pieces[piece, PREVIOUS], pieces[piece, NEXT]
    if before >= 0:
        pieces[before, NEXT] = after
    else:
        papers[paper, P_FIRST] = after
    if after >= 0:
        pieces[after, PREVIOUS] = before
    pieces[piece, STATE], pieces[piece, UNPAID] = CONVERTED, 0
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _ill_formed(state, act):
    """Why an act cannot be one of its kind, whatever the state; APPLIED where it can."""
    kind, parties = act[A_KIND], len(state.parties)
    if kind == SET_LIMIT:
        if not 0 <= act[A_TO] < parties:
            return PARTY_UNKNOWN
        return APPLIED if act[A_AMOUNT] >= 0 else AMOUNT_NOT_POSITIVE
    if not 0 <= act[A_BY] < parties:
        return PARTY_UNKNOWN
    named = kind in (ISSUE, TRANSFER, FINANCE, PLEDGE, REGISTER, CONVERT)
    if (named or (kind == CLAIM and act[A_TO] != NOBODY)) and not 0 <= act[A_TO] < parties:
        return PARTY_UNKNOWN
    if kind == ISSUE and not 0 <= act[A_PAYER] < parties:
        return PARTY_UNKNOWN
    whole = kind in (TRANSFER, FINANCE, PLEDGE) and act[A_AMOUNT] == NOTHING
    counted = kind in (ISSUE, SPLIT_OFF, TRANSFER, FINANCE, PLEDGE, PAY)
    if counted and not whole and act[A_AMOUNT] <= 0:
        return AMOUNT_NOT_POSITIVE
    return APPLIED


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _answer(state, act, row):
    refusal = _ill_formed(state, act)
    kind = act[A_KIND]
    if refusal != APPLIED:
        return refusal
    if kind == SET_LIMIT:
        return _set_limit(state, act)
    if kind == ISSUE:
        return _issue(state, act)
    if kind in (ACCEPT, CANCEL, PAY, DEFAULT):
        paper = state.paper_at[_slot(state.paper_at, act[A_TARGET]), 1] - 1
        if paper < 0:
            return PAPER_UNKNOWN
        if kind == PAY:
            return _pay(state, act, paper, row)
        if kind == DEFAULT:
            return _default(state, act, paper)
        return _on_issued(state, act, paper)
    piece = state.piece_at[_slot(state.piece_at, act[A_TARGET]), 1] - 1
    if piece < 0:
        return PIECE_UNKNOWN
    if kind in (REGISTER, DEREGISTER):
        return _register(state, act, piece)
    if kind == RELEASE:
        return _release(state, act, piece)
    if kind == CLAIM:
        return _claim(state, act, piece, row)
    refusal = _movable(state, act, piece)
    if refusal != APPLIED:
        return refusal
    if kind == SPLIT_OFF:
        return _split_off(state, act, piece)
    if kind == CONVERT:
        return _convert(state, act, piece)
    return _pass_on(state, act, piece, row)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def apply_acts(state, acts, answers):
    """Apply acts in order, from the one that is next; whether all were.

    Args:
        state: A `State` with room for the keys, papers and pieces that acts may make.
            False is returned, and nothing done by the act, when `flows` is full: give more room
            and call again.
        acts: int64 (n, A_COLUMNS); parties are rows of `state.parties`, NOBODY where none.
        answers: int64 (n,), written: APPLIED, REPEATED or why not. A refused act leaves no trace,
            so that it may be tried again under its key.
    """
    for row in range(state.counts[N_ACTS], len(acts)):
        act = acts[row]
        digest = np.int64(0)
        for column in range(A_COLUMNS):
            if column != A_KEY:
                digest = mixed(digest, act[column])
        at = _slot(state.key_at, act[A_KEY])
        known = state.key_at[at, 1] - 1
        if known >= 0:
            answers[row] = REPEATED if state.keys[known, 1] == digest else KEY_TAKEN
        else:
            answer = _answer(state, act, row)
            if answer == ROOM:
                return False
            answers[row] = answer
            if answer == APPLIED:
                key = state.counts[N_KEYS]
                state.keys[key, 0], state.keys[key, 1] = act[A_KEY], digest
                state.key_at[at, 0], state.key_at[at, 1] = act[A_KEY], key + 1
                state.counts[N_KEYS] = key + 1
        state.counts[N_ACTS] = row + 1
    return True
