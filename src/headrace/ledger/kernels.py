"""The loops of the ledger, over flat arrays of records.

    rows      one record a transfer of a batch; fields as in `book.ROW`
    journal   one record a transfer that was done, in order; fields as in `book.ENTRY`
    accounts  one record an account; fields as in `book.ACCOUNT`

Numbers of kinds, states, limits and outcomes are those of `transfer.Kind`, `book.State`,
`account.Limit` and `outcome.Outcome`; a test holds them equal.
"""

import numba
import numpy as np

POST, HOLD, POST_HOLD, VOID_HOLD = 0, 1, 2, 3
DEBITS_AT_MOST_CREDITS, CREDITS_AT_MOST_DEBITS = 1, 2
NO_STATE, OPEN, POSTED, VOIDED, EXPIRED = 0, 1, 2, 3, 4
INT64_MAX = 0x7FFFFFFFFFFFFFFF
WHOLE = -0x8000000000000000  # stands for an amount that was not given
NO_DAY = -0x80000000

DONE, EXISTS = 0, 1
GROUP_MUST_END_IN_ITS_BATCH = 2
GROUP_MUST_HOLD_AS_A_WHOLE = 3
ID_MUST_HAVE_1_TO_128_BYTES = 4
KIND_MUST_BE_KNOWN = 5
DAY_MUST_BE_GIVEN = 6
AMOUNT_MUST_BE_ABOVE_ZERO = 7
VOID_MUST_NAME_NO_AMOUNT = 8
HOLD_MUST_BE_NAMED = 9
HOLD_MUST_NAME_NO_TRANSFER = 10
TIMEOUT_IS_FOR_HOLDS = 11
TIMEOUT_MUST_NOT_BE_NEGATIVE = 12
ID_MUST_COME_ONCE_IN_A_BATCH = 13
GROUP_MUST_BE_WHOLLY_NEW_OR_REPEATED = 26
DEBIT_ACCOUNT_MUST_EXIST = 27
CREDIT_ACCOUNT_MUST_EXIST = 28
ACCOUNTS_MUST_BE_DIFFERENT = 29
CURRENCY_MUST_BE_THAT_OF_THE_ACCOUNTS = 30
TRANSFER_REFERRED_TO_MUST_EXIST = 31
TRANSFER_REFERRED_TO_MUST_BE_A_HOLD = 32
ACCOUNTS_MUST_BE_THOSE_OF_THE_HOLD = 33
DAY_MUST_NOT_BE_BEFORE_THE_HOLD = 34
HOLD_MUST_NOT_BE_POSTED = 35
HOLD_MUST_NOT_BE_VOIDED = 36
HOLD_MUST_NOT_HAVE_EXPIRED = 37
AMOUNT_MUST_NOT_EXCEED_THE_HOLD = 38
DEBITS_MUST_NOT_OVERFLOW = 39
CREDITS_MUST_NOT_OVERFLOW = 40
DEBITS_MUST_NOT_EXCEED_CREDITS = 41
CREDITS_MUST_NOT_EXCEED_DEBITS = 42

ABSENT = -1  # of a reference: none was given
UNKNOWN = -2  # one was given, and nothing has that id


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _seen_alone(row):
    """The first requirement that a transfer breaks by itself, or DONE."""
    if row.id_bytes < 1 or row.id_bytes > 128:
        return ID_MUST_HAVE_1_TO_128_BYTES
    if row.kind < POST or row.kind > VOID_HOLD:
        return KIND_MUST_BE_KNOWN
    if row.day == NO_DAY:
        return DAY_MUST_BE_GIVEN
    if row.kind == VOID_HOLD:
        if row.amount != WHOLE:
            return VOID_MUST_NAME_NO_AMOUNT
    elif row.amount < 1 and not (row.kind == POST_HOLD and row.amount == WHOLE):
        return AMOUNT_MUST_BE_ABOVE_ZERO
    if row.kind >= POST_HOLD and row.refers == ABSENT:
        return HOLD_MUST_BE_NAMED
    if row.kind == HOLD and row.refers != ABSENT:
        return HOLD_MUST_NAME_NO_TRANSFER
    if row.timeout != 0 and row.kind != HOLD:
        return TIMEOUT_IS_FOR_HOLDS
    if row.timeout < 0:
        return TIMEOUT_MUST_NOT_BE_NEGATIVE
    return DONE


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _against_the_hold(row, hold, amount):
    """The first requirement that posting or voiding a hold breaks, or DONE."""
    if hold.kind != HOLD:
        return TRANSFER_REFERRED_TO_MUST_BE_A_HOLD
    if hold.debit != row.debit or hold.credit != row.credit:
        return ACCOUNTS_MUST_BE_THOSE_OF_THE_HOLD
    if row.day < hold.day:
        return DAY_MUST_NOT_BE_BEFORE_THE_HOLD
    if hold.state == POSTED:
        return HOLD_MUST_NOT_BE_POSTED
    if hold.state == VOIDED:
        return HOLD_MUST_NOT_BE_VOIDED
    if hold.state == EXPIRED:
        return HOLD_MUST_NOT_HAVE_EXPIRED
    if amount > hold.amount:
        return AMOUNT_MUST_NOT_EXCEED_THE_HOLD
    return DONE


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _against_size(debit, credit, amount):
    """Whether totals stay in int64, as a requirement or DONE. Nothing overflows here."""
    if amount > INT64_MAX - debit.debits - debit.debits_held:
        return DEBITS_MUST_NOT_OVERFLOW
    if amount > INT64_MAX - credit.credits - credit.credits_held:
        return CREDITS_MUST_NOT_OVERFLOW
    return DONE


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _against_limits(debit, credit, amount):
    """The first limit that more debits and credits break, or DONE."""
    debited = debit.debits + debit.debits_held + amount
    if debit.limit == DEBITS_AT_MOST_CREDITS and debited > debit.credits:
        return DEBITS_MUST_NOT_EXCEED_CREDITS
    credited = credit.credits + credit.credits_held + amount
    if credit.limit == CREDITS_AT_MOST_DEBITS and credited > credit.debits:
        return CREDITS_MUST_NOT_EXCEED_DEBITS
    return DONE


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _apply_one(i, rows, done_at, journal, count, accounts, known_at, in_group):
    """Check a transfer and, where nothing is broken, write it down as entry `count`.

    The limits of a group are not looked at here: they are for the whole of it.
    """
    row = rows[i]
    found = _seen_alone(row)
    if found != DONE:
        return found
    if row.prior >= 0:
        return row.difference if row.difference != DONE else EXISTS
    if row.first != i:
        if done_at[row.first] < 0:
            return ID_MUST_COME_ONCE_IN_A_BATCH
        return row.difference if row.difference != DONE else EXISTS
    if row.debit < 0 or row.debit >= len(accounts):
        return DEBIT_ACCOUNT_MUST_EXIST
    if row.credit < 0 or row.credit >= len(accounts):
        return CREDIT_ACCOUNT_MUST_EXIST
    if row.debit == row.credit:
        return ACCOUNTS_MUST_BE_DIFFERENT
    debit, credit = accounts[row.debit], accounts[row.credit]
    if debit.currency != row.currency or credit.currency != row.currency:
        return CURRENCY_MUST_BE_THAT_OF_THE_ACCOUNTS
    refers = row.refers
    if row.refers_row >= 0:  # in this batch, and before this transfer
        refers = done_at[row.refers_row] if row.refers_row < i else UNKNOWN
        if refers < 0:
            refers = UNKNOWN
    if refers == UNKNOWN:
        return TRANSFER_REFERRED_TO_MUST_EXIST
    amount = row.amount
    if row.kind >= POST_HOLD:
        hold = journal[refers]
        found = _against_the_hold(row, hold, amount)
        if found != DONE:
            return found
        if row.kind == VOID_HOLD:
            amount = 0
        elif amount == WHOLE:
            amount = hold.amount
        debit.debits_held -= hold.amount
        credit.credits_held -= hold.amount
        hold.state = POSTED if row.kind == POST_HOLD else VOIDED
        debit.debits += amount
        credit.credits += amount
    else:
        found = _against_size(debit, credit, amount)
        if found == DONE and not in_group:
            found = _against_limits(debit, credit, amount)
        if found != DONE:
            return found
        if row.kind == HOLD:
            debit.debits_held += amount
            credit.credits_held += amount
        else:
            debit.debits += amount
            credit.credits += amount
    entry = journal[count]
    entry.debit, entry.credit = row.debit, row.credit
    entry.amount = amount
    entry.day = row.day
    entry.kind = row.kind
    entry.state = OPEN if row.kind == HOLD else NO_STATE
    entry.refers = refers
    entry.expires = INT64_MAX if row.timeout == 0 else known_at + row.timeout * 1_000_000
    entry.debit_before, entry.credit_before = debit.last, credit.last
    debit.last = credit.last = count
    done_at[i] = count
    return DONE


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def undo(journal, start, stop, accounts):
    """Take back entries start <= number < stop, the last ones of the journal, in reverse."""
    for number in range(stop - 1, start - 1, -1):
        entry = journal[number]
        debit, credit = accounts[entry.debit], accounts[entry.credit]
        if entry.kind == HOLD:
            debit.debits_held -= entry.amount
            credit.credits_held -= entry.amount
        else:
            debit.debits -= entry.amount
            credit.credits -= entry.amount
        if entry.kind >= POST_HOLD:
            hold = journal[entry.refers]
            hold.state = OPEN
            debit.debits_held += hold.amount
            credit.credits_held += hold.amount
        debit.last, credit.last = entry.debit_before, entry.credit_before


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _group_against_limits(rows, begin, end, accounts):
    """The first row of begin <= row <= end that leaves a limit broken, and which; or DONE."""
    for i in range(begin, end + 1):
        found = _against_limits(accounts[rows[i].debit], accounts[rows[i].credit], 0)
        if found != DONE:
            return i, found
    return end, DONE


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def apply(rows, done_at, journal, count, accounts, known_at, outcome):
    """Do the transfers of a batch in order; groups as a whole or not at all.

    Limits hold before and after a group, and need not in it: what is reversed may be spent.

    Args:
        rows: The batch.
        done_at: int32 (n,), written: the entry that each row became, -1 where it did not.
        journal: With room for all of them.
        count: How many entries there are.
        accounts: Those there are.
        known_at: Microseconds since 1970 at which the batch is known.
        outcome: int8 (n,), written.

    Returns:
        How many entries there are now.
    """
    n = len(rows)
    begin = -1  # of the group that this row is in
    began = count
    broken = False
    repeated = False
    for i in range(n):
        done_at[i] = -1
        in_group = begin >= 0
        if not in_group and rows[i].linked:
            begin, began, broken, in_group = i, count, False, True
        if in_group and broken:
            outcome[i] = GROUP_MUST_HOLD_AS_A_WHOLE
            if i == n - 1 and rows[i].linked:
                outcome[i] = GROUP_MUST_END_IN_ITS_BATCH
        else:
            culprit = i
            if in_group and i == n - 1 and rows[i].linked:
                found = GROUP_MUST_END_IN_ITS_BATCH
            else:
                found = _apply_one(i, rows, done_at, journal, count, accounts, known_at, in_group)
                if found == DONE:
                    count += 1
            if in_group and found <= EXISTS:
                if begin == i:
                    repeated = found == EXISTS
                elif repeated != (found == EXISTS):
                    found = GROUP_MUST_BE_WHOLLY_NEW_OR_REPEATED
                if found == DONE and not rows[i].linked:
                    culprit, found = _group_against_limits(rows, begin, i, accounts)
            outcome[i] = found
            if in_group and found > EXISTS:
                undo(journal, began, count, accounts)
                count = began
                for other in range(begin, i + 1):
                    done_at[other] = -1
                    outcome[other] = GROUP_MUST_HOLD_AS_A_WHOLE
                outcome[culprit] = found
                broken = True
        if in_group and not rows[i].linked:
            begin = -1
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def set_expired(journal, numbers, state, accounts):
    """Holds expire (`state` EXPIRED), or an expiry is taken back (`state` OPEN)."""
    for number in numbers:
        entry = journal[number]
        amount = entry.amount if state == OPEN else -entry.amount
        accounts[entry.debit].debits_held += amount
        accounts[entry.credit].credits_held += amount
        entry.state = state


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def unbalanced(accounts, currencies):
    """The first currency whose debits are not its credits, posted or held; -1 where none is.

    Sums are taken modulo 2^64, in which equal sums stay equal.
    """
    sums = np.zeros((currencies, 2), np.uint64)
    for i in range(len(accounts)):
        account = accounts[i]
        posted = np.uint64(account.debits) - np.uint64(account.credits)
        held = np.uint64(account.debits_held) - np.uint64(account.credits_held)
        sums[account.currency, 0] += posted
        sums[account.currency, 1] += held
    for currency in range(currencies):
        if sums[currency, 0] != 0 or sums[currency, 1] != 0:
            return currency
    return -1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def find(keys, slots, one, other):
    """The entry with a key, or the slot where it would be as -1 - slot."""
    mask = len(slots) - 1
    mark = other >> np.uint64(32)
    at = np.int64(one & np.uint64(mask))
    while slots[at] != 0:
        if slots[at] >> np.uint64(32) == mark:
            number = np.int64(slots[at] & np.uint64(0xFFFFFFFF)) - 1
            if keys[number, 0] == one and keys[number, 1] == other:
                return number
        at = (at + 1) & mask
    return -1 - at


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def keep(keys, slots, start, stop):
    """Enter the keys of entries start <= number < stop; none of them is there."""
    for number in range(start, stop):
        at = -1 - find(keys, slots, keys[number, 0], keys[number, 1])
        mark = (keys[number, 1] >> np.uint64(32)) << np.uint64(32)
        slots[at] = mark | np.uint64(number + 1)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def look_up(wanted, refers, rows, keys, slots):
    """Fill `prior`, `first`, `refers` and `refers_row` of a batch from the ids of its transfers.

    Args:
        wanted: uint64 (n, 2): the keys of the ids.
        refers: uint64 (n, 2): the keys of what rows refer to; read where `rows.refers` is UNKNOWN.
        rows: The batch.
        keys: uint64 (entries, 2).
        slots: uint64 (a power of two): entry + 1 below, upper half of the key's second word above.
    """
    n = len(wanted)
    size = 2
    while size < 2 * n:
        size *= 2
    own = np.zeros(size, np.uint64)
    for i in range(n):
        number = find(keys, slots, wanted[i, 0], wanted[i, 1])
        rows[i].prior = number if number >= 0 else -1
        rows[i].first = i
        place = find(wanted, own, wanted[i, 0], wanted[i, 1])
        if place >= 0:
            rows[i].first = place
        else:
            mark = (wanted[i, 1] >> np.uint64(32)) << np.uint64(32)
            own[-1 - place] = mark | np.uint64(i + 1)
    for i in range(n):
        if rows[i].refers == UNKNOWN:
            number = find(keys, slots, refers[i, 0], refers[i, 1])
            if number >= 0:
                rows[i].refers = number
            else:
                place = find(wanted, own, refers[i, 0], refers[i, 1])
                rows[i].refers_row = place if place >= 0 else -1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def places(journal, last, account, stop):
    """Entries below `stop` that move an account, latest first, as int32."""
    found = np.empty(16, np.int32)
    count = 0
    number = last
    while number >= 0:
        entry = journal[number]
        if number < stop:
            if count == len(found):
                more = np.empty(2 * count, np.int32)
                more[:count] = found
                found = more
            found[count] = number
            count += 1
        number = entry.debit_before if entry.debit == account else entry.credit_before
    return found[:count]


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _effect(journal, number, day, known_at):
    """How much an entry moved, and by how much it changed what is held."""
    entry = journal[number]
    if entry.day > day:
        return 0, 0
    if entry.kind == HOLD:
        return 0, entry.amount if entry.expires > known_at else 0
    held = 0
    if entry.kind >= POST_HOLD:
        hold = journal[entry.refers]
        if hold.expires > known_at:
            held = -hold.amount
    return entry.amount, held


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def totals(journal, stop, day, known_at, sums):
    """Add up entries below `stop` by account: debits, credits, debits held, credits held.

    Args:
        journal: All entries.
        stop: How many of them were known.
        day: Only entries that count for this day or before.
        known_at: A hold that had expired then is not held.
        sums: int64 (accounts, 4), added to.
    """
    for number in range(stop):
        moved, held = _effect(journal, number, day, known_at)
        debit, credit = journal[number].debit, journal[number].credit
        sums[debit, 0] += moved
        sums[credit, 1] += moved
        sums[debit, 2] += held
        sums[credit, 3] += held


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def account_totals(journal, numbers, account, day, known_at):
    """Totals of one account, as in `totals`, over the entries that move it."""
    sums = np.zeros(4, np.int64)
    for number in numbers:
        moved, held = _effect(journal, number, day, known_at)
        side = 0 if journal[number].debit == account else 1
        sums[side] += moved
        sums[side + 2] += held
    return sums
