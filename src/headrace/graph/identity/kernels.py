"""Compiled loops of identity: hashing, distances, names taken apart, pairs, levels, clusters."""

import numba
import numpy as np

EMPTY = np.uint64(0)
SEVERAL = np.uint64(0xFFFFFFFFFFFFFFFF)
"""Stands for more values than one, where people said that records of two values are one party."""


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def mixed(state, word):
    """One 64-bit word stirred into a hash (the finaliser of splitmix64, Steele et al. 2014)."""
    z = (state ^ np.uint64(word)) + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def hash_texts(points, at, first, out):
    """A 64-bit hash of each text, of its first characters where `first` > 0; 0 where empty.

    Args:
        points: uint32, code points of all texts.
        at: int64 (n + 1,).
        first: How many characters count; 0 for all. A shorter text counts whole.
        out: uint64 (n,), written.
    """
    for row in range(len(at) - 1):
        low, high = at[row], at[row + 1]
        if first > 0 and high - low > first:
            high = low + first
        state = EMPTY
        for place in range(low, high):
            state = mixed(state, points[place])
        out[row] = state


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def hash_sounds(points, at, letters, letters_at, out):
    """A hash of each text's pinyin, letter by letter, so that it equals that of a Latin text.

    Args:
        points: uint32, folded code points.
        at: int64 (n + 1,).
        letters: uint8, the letters of all code points.
        letters_at: int32 (code points + 1,): where each code point's start.
        out: uint64 (n,), written; 0 where nothing sounds.
    """
    for row in range(len(at) - 1):
        state = EMPTY
        for place in range(at[row], at[row + 1]):
            point = points[place]
            if point < len(letters_at) - 1:
                for letter in range(letters_at[point], letters_at[point + 1]):
                    state = mixed(state, letters[letter])
        out[row] = state


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def jaro_winkler(points, low, high, other, end):
    """Jaro-Winkler similarity 0..1 of two spans of `points` (Winkler 1990; prefix 4, scale 0.1).

    Longer texts than 64 characters are compared by their first 64.
    """
    size, length = min(high - low, 64), min(end - other, 64)
    if size == 0 or length == 0:
        return 0.0
    reach = max(size, length) // 2 - 1
    used = np.uint64(0)
    hit = np.uint64(0)
    one = np.uint64(1)
    common = 0
    for i in range(size):
        start, stop = max(0, i - reach), min(length, i + reach + 1)
        for j in range(start, stop):
            bit = one << np.uint64(j)
            if not used & bit and points[low + i] == points[other + j]:
                used |= bit
                hit |= one << np.uint64(i)
                common += 1
                break
    if common == 0:
        return 0.0
    swapped, j = 0, 0
    for i in range(size):
        if hit & (one << np.uint64(i)):
            while not used & (one << np.uint64(j)):
                j += 1
            swapped += points[low + i] != points[other + j]
            j += 1
    half = swapped // 2
    jaro = (common / size + common / length + (common - half) / common) / 3.0
    prefix = 0
    while prefix < min(4, size, length) and points[low + prefix] == points[other + prefix]:
        prefix += 1
    return jaro + prefix * 0.1 * (1.0 - jaro)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def edits(points, low, high, other, end, most):
    """Edits from one span to the other: insert, delete, replace, swap neighbours; `most` + 1 caps.

    The optimal string alignment of Damerau (1964): no part is edited twice. Texts are compared by
    their first 64 characters.
    """
    size, length = min(high - low, 64), min(end - other, 64)
    if abs(size - length) > most:
        return most + 1
    rows = np.empty((3, 65), np.int64)
    for j in range(length + 1):
        rows[0, j] = j
    for i in range(1, size + 1):
        now, last, before = i % 3, (i - 1) % 3, (i - 2) % 3
        rows[now, 0] = i
        least = i
        for j in range(1, length + 1):
            same = points[low + i - 1] == points[other + j - 1]
            cost = rows[last, j - 1] + (0 if same else 1)
            cost = min(cost, rows[last, j] + 1, rows[now, j - 1] + 1)
            if (
                i > 1
                and j > 1
                and points[low + i - 1] == points[other + j - 2]
                and points[low + i - 2] == points[other + j - 1]
            ):
                cost = min(cost, rows[before, j - 2] + 1)
            rows[now, j] = cost
            least = min(least, cost)
        if least > most + 1:
            return most + 1
    return min(rows[size % 3, length], most + 1)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def text_levels(left, right, hashes, points, at, measure, thresholds, out):
    """How far each pair of texts agrees: -1 one is missing, 0 not, 1.. the thresholds, top: equal.

    Args:
        left: int32 (pairs,): rows.
        right: int32 (pairs,).
        hashes: uint64 (rows,), 0 where missing.
        points: uint32, code points of all rows.
        at: int64 (rows + 1,).
        measure: 0 equality, 1 Jaro-Winkler similarity at least, 2 edits at most.
        thresholds: float64, from the loosest to the strictest.
        out: int8 (pairs,), written.
    """
    levels = len(thresholds)
    for pair in range(len(left)):
        one, other = left[pair], right[pair]
        if hashes[one] == 0 or hashes[other] == 0:
            out[pair] = -1
            continue
        if hashes[one] == hashes[other]:
            out[pair] = levels + 1
            continue
        found = 0
        if measure == 1:
            value = jaro_winkler(points, at[one], at[one + 1], at[other], at[other + 1])
            while found < levels and value >= thresholds[found]:
                found += 1
        elif measure == 2:
            most = np.int64(thresholds[0])
            value = float(edits(points, at[one], at[one + 1], at[other], at[other + 1], most))
            while found < levels and value <= thresholds[found]:
                found += 1
        out[pair] = found


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def shared_levels(left, right, items, at, thresholds, out):
    """How much two sets share: -1 one is empty, 0 nothing, 1.. at least that many.

    Args:
        left: int32 (pairs,): rows.
        right: int32 (pairs,).
        items: uint64, of all rows, sorted within each.
        at: int64 (rows + 1,).
        thresholds: float64, ascending counts.
        out: int8 (pairs,), written.
    """
    for pair in range(len(left)):
        i, end = at[left[pair]], at[left[pair] + 1]
        j, stop = at[right[pair]], at[right[pair] + 1]
        if i == end or j == stop:
            out[pair] = -1
            continue
        common = 0
        while i < end and j < stop:
            if items[i] == items[j]:
                common += 1
                i += 1
                j += 1
            elif items[i] < items[j]:
                i += 1
            else:
                j += 1
        found = 0
        while found < len(thresholds) and common >= thresholds[found]:
            found += 1
        out[pair] = found


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _nested(one, other):
    """Whether one packed set of lines of business holds the other."""
    if (one == 0) | (other == 0) | (one == other):
        return True
    mask = np.uint64(0xFFFF)
    inside, outside = 0, 0
    for i in range(4):
        word = (one >> np.uint64(16 * i)) & mask
        if word == 0:
            continue
        found = False
        for j in range(4):
            found |= word == (other >> np.uint64(16 * j)) & mask
        inside += found
        outside += not found
    sizes = 0
    for j in range(4):
        sizes += ((other >> np.uint64(16 * j)) & mask) != 0
    return outside == 0 or inside == sizes


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _one_place(one, other):
    """Whether two region codes can be one place; see `regions.compatible`."""
    if (one == 0) | (other == 0) | (one == other):
        return True
    if one // 10000 != other // 10000:
        return False
    one, other = one % 10000, other % 10000
    if one == 0 or other == 0:
        return True
    return one // 100 == other // 100 and (one % 100 == 0 or other % 100 == 0)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _close_trade(points, low, high, other, end):
    """One character off in three or more, or an abbreviation: one starts with the other."""
    size, length = high - low, end - other
    short = min(size, length)
    if short < 2:
        return False
    prefix = 0
    while prefix < short and points[low + prefix] == points[other + prefix]:
        prefix += 1
    if prefix == short:
        return True
    return short >= 3 and edits(points, low, high, other, end, 1) <= 1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def firm_level(one, other, trade, sound, points, at, business, english, region, form):
    """The level of `headrace.graph.identity.firm_names.LEVELS` of two names; -1 one is missing."""
    if sound[one] == 0 or sound[other] == 0:
        return -1
    if business[one] != 0 and business[other] != 0:
        lines = _nested(business[one], business[other])
        equal = business[one] == business[other]
    else:
        lines = _nested(english[one], english[other])
        equal = english[one] == english[other]
    fits = lines and _one_place(region[one], region[other])
    if trade[one] == trade[other] and trade[one] != 0:
        if not fits:
            return 2
        if not equal:
            return 5
        same = region[one] == region[other] and form[one] == form[other]
        return 7 if same else 6
    if sound[one] == sound[other]:
        return 4 if fits else 1
    if trade[one] == 0 or trade[other] == 0:
        return 0
    if not _close_trade(points, at[one], at[one + 1], at[other], at[other + 1]):
        return 0
    return 3 if fits else 1


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def firm_levels(
    left, right, name_at, trade, sound, points, at, business, english, region, form, out
):
    """The best `firm_level` of any name of one row and any of the other, each pair of rows.

    Args:
        left: int32 (pairs,): rows.
        right: int32 (pairs,).
        name_at: int64 (rows + 1,): where each row's names start.
        trade: uint64 (names,): hash of the trade name; 0 where it is known by sound alone.
        sound: uint64 (names,): hash of its pinyin; 0 where the name is missing.
        points: uint32, code points of the trade names.
        at: int64 (names + 1,).
        business: uint64 (names,): up to four numbers of lines of business, 16 bits each.
        english: uint64 (names,): the same as numbers of English words.
        region: int32 (names,): codes of divisions, 0 unknown.
        form: int8 (names,): legal forms.
        out: int8 (pairs,), written.
    """
    for pair in range(len(left)):
        best = -1
        for one in range(name_at[left[pair]], name_at[left[pair] + 1]):
            for other in range(name_at[right[pair]], name_at[right[pair] + 1]):
                found = firm_level(
                    one, other, trade, sound, points, at, business, english, region, form
                )
                best = max(best, found)
        out[pair] = best


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _longest(points, place, stop, step, symbols, tree, words):
    """The longest word of a tree read from `place` towards `stop`: (word or 0, characters)."""
    node, best, length, count = 0, 0, 0, 0
    while place != stop:
        point = points[place]
        symbol = symbols[point] if point < len(symbols) else 0
        if symbol == 0:
            break
        node = tree[node, symbol]
        if node == 0:
            break
        count += 1
        if words[node] != 0:
            best, length = words[node], count
        place += step
    return best, length


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def parse_firms(points, at, symbols, trees, tree_words, row_at, word_codes, spans, found, text):
    """Take each name apart; see `headrace.graph.identity.firm_names.parsed`.

    Args:
        points: uint32, folded, without blanks.
        at: int64 (n + 1,).
        symbols: uint16 by code point; 0 for characters no word has.
        trees: int16 (nodes of four trees, symbols): regions forwards; forms, lines of business and
            branches backwards. A node is numbered within its tree.
        tree_words: int16 (nodes,): number of the word that ends here, from 1; 0 none.
        row_at: int64 (5,): where each tree's nodes start.
        word_codes: int64 (4, words + 1): of word w region code, form, line of business, any.
        spans: int64 (n, 4), written: trade from, to, branch from, to, in `text`.
        found: int64 (n, 6), written: region, form, up to four lines of business.
        text: uint32, as long as `points`, written: the names without what brackets took out.
    """
    a0, a1, a2, a3, a4 = row_at[0], row_at[1], row_at[2], row_at[3], row_at[4]
    places, forms = trees[a0:a1], trees[a1:a2]
    lines, branches = trees[a2:a3], trees[a3:a4]
    place_words, form_words = tree_words[a0:a1], tree_words[a1:a2]
    line_words, branch_words = tree_words[a2:a3], tree_words[a3:a4]
    for row in range(len(at) - 1):
        region, form = 0, 0
        low = at[row]
        high = low
        place = low
        while place < at[row + 1]:
            point = points[place]
            if point == 40:
                close = place + 1
                while close < at[row + 1] and points[close] != 41:
                    close += 1
                word, size = _longest(points, place + 1, close, 1, symbols, places, place_words)
                if word != 0 and size == close - place - 1:
                    region = word_codes[0, word]
                    place = close + 1
                    continue
                if close == place + 2 and (
                    points[place + 1] == 32929 or points[place + 1] == 26377
                ):
                    form = 2 if points[place + 1] == 32929 else 1  # (股), (有)
                    place = close + 1
                    continue
            elif point != 41:
                text[high] = point
                high += 1
            place += 1
        spans[row, 2] = spans[row, 3] = high
        word, size = _longest(text, high - 1, low - 1, -1, symbols, branches, branch_words)
        if word != 0 and high - size > low:
            head = high - size
            while head > low and not (
                head - low >= 2 and text[head - 1] == 21496 and text[head - 2] == 20844
            ):
                head -= 1
            if head == low:
                head = high - size
            spans[row, 2], spans[row, 3] = head, high
            high = head
        word, size = _longest(text, high - 1, low - 1, -1, symbols, forms, form_words)
        while word != 0 and high - size >= low + 2:
            high -= size
            if form == 0:
                form = word_codes[1, word]
            word, size = _longest(text, high - 1, low - 1, -1, symbols, forms, form_words)
        word, size = _longest(text, low, high, 1, symbols, places, place_words)
        known, begin = 0, low
        while word != 0 and high - low - size >= 2:
            code = word_codes[0, word]
            if known != 0 and not _one_place(known, code):
                break
            known = max(known, code)
            low += size
            word, size = _longest(text, low, high, 1, symbols, places, place_words)
        count = 0
        word, size = _longest(text, high - 1, low - 1, -1, symbols, lines, line_words)
        while word != 0 and high - low - size >= 2 and count < 4:
            high -= size
            found[row, 2 + count] = word_codes[2, word]
            count += 1
            word, size = _longest(text, high - 1, low - 1, -1, symbols, lines, line_words)
        if size == high - low and low > begin:  # 上海银行: the region is what names it
            low = begin
        found[row, 0] = known if known != 0 else region
        found[row, 1] = form
        spans[row, 0], spans[row, 1] = low, high


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def block_pairs(order, starts, keys, rule, fresh, source, left, right):
    """Pairs of rows that share a rule's key and no earlier rule's.

    Args:
        order: int32: rows, those of a block side by side.
        starts: int64 (blocks + 1,): where each block starts in `order`.
        keys: uint64 (rules, rows): 0 where a row has no key or too many share it.
        rule: The rule whose blocks these are.
        fresh: bool (rows,): a pair needs one row of these.
        source: int16 (rows,): pairs within a source are left out; -1 for rows that may pair with
            any.
        left: int32, written, long enough for every pair; the lower row.
        right: int32, written.

    Returns:
        How many pairs were written.
    """
    count = 0
    for block in range(len(starts) - 1):
        for i in range(starts[block], starts[block + 1]):
            one = order[i]
            for j in range(i + 1, starts[block + 1]):
                other = order[j]
                if not (fresh[one] or fresh[other]):
                    continue
                if source[one] == source[other] and source[one] >= 0:
                    continue
                earlier = False
                for before in range(rule):
                    if keys[before, one] != 0 and keys[before, one] == keys[before, other]:
                        earlier = True
                        break
                if earlier:
                    continue
                left[count], right[count] = min(one, other), max(one, other)
                count += 1
    return count


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _root(parent, row):
    while parent[row] != row:
        parent[row] = parent[parent[row]]
        row = parent[row]
    return row


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def _share_value(parent, one, other, single, field):
    """Whether two clusters have a value in common, or one of them none: where people joined two."""
    some, many = False, False
    for row in range(len(parent)):
        value = single[row, field]
        if value == 0:
            continue
        root = _root(parent, row)
        some |= root == one
        many |= root == other
        if root == one:
            for another in range(len(parent)):
                if single[another, field] == value and _root(parent, another) == other:
                    return True
    return not (some and many)


@numba.njit(cache=True, nogil=True, error_model="numpy", no_cfunc_wrapper=True)
def clusters(left, right, sure, apart_left, apart_right, single, source, parent):
    """Join pairs in the order given, but never what must stay apart.

    Args:
        left: int32 (pairs,): rows, the surest pair first.
        right: int32 (pairs,).
        sure: How many of the first pairs are people's words: they join whatever else is said.
        apart_left: int32 (judgements,): rows of different parties.
        apart_right: int32 (judgements,).
        single: uint64 (rows, fields): values of which a party has one, 0 unknown.
        source: int16 (rows,): sources that know a party once, 0..62; -1 any.
        parent: int32 (rows,), written: the lowest row of each row's cluster.
    """
    rows = len(parent)
    value = single.copy()
    sources = np.zeros(rows, np.uint64)
    guarded = np.zeros(rows, np.bool_)
    for row in range(rows):
        parent[row] = row
        if source[row] >= 0:
            sources[row] = np.uint64(1) << np.uint64(source[row])
    for pair in range(len(apart_left)):
        guarded[apart_left[pair]] = guarded[apart_right[pair]] = True
    for pair in range(len(left)):
        one, other = _root(parent, left[pair]), _root(parent, right[pair])
        if one == other:
            continue
        free = not sources[one] & sources[other]
        for field in range(single.shape[1]):
            a, b = value[one, field], value[other, field]
            if (a == SEVERAL) | (b == SEVERAL):
                free = free and _share_value(parent, one, other, single, field)
            else:
                free = free and ((a == 0) | (b == 0) | (a == b))
        free = free or pair < sure
        if free and guarded[one] and guarded[other]:
            for judged in range(len(apart_left)):
                first, last = _root(parent, apart_left[judged]), _root(parent, apart_right[judged])
                if (first == one and last == other) or (first == other and last == one):
                    free = False
                    break
        if not free:
            continue
        low, high = min(one, other), max(one, other)
        parent[high] = low
        sources[low] |= sources[high]
        guarded[low] |= guarded[high]
        for field in range(single.shape[1]):
            a, b = value[low, field], value[high, field]
            if a == 0:
                value[low, field] = b
            elif (b != 0) & (b != a):
                value[low, field] = SEVERAL
    for row in range(rows):
        parent[row] = _root(parent, row)
