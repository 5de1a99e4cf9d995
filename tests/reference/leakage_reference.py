"""Rules of the leakage check and of splits as they read: row by row, pair by pair."""

from collections import Counter
from datetime import timedelta


def share_elsewhere(group, y, half):
    """Each row: share of bad of its group in the other half, drawn to the mean by one row."""
    mean = sum(y) / len(y)
    shares = []
    for own, mine in zip(group, half, strict=True):
        other = [y[k] for k in range(len(y)) if group[k] == own and half[k] != mine]
        shares.append((sum(other) + mean) / (len(other) + 1))
    return shares


def pure_share(values, y, outcome, least=5, chance=1e-3):
    """Share of the rows with an outcome that lie at values which occur with no other."""
    base = sum(1 for each in y if each == outcome) / len(y)
    known = [k for k in range(len(y)) if values[k] is not None]
    count = Counter(values[k] for k in known)
    held = 0
    for value, rows in count.items():
        pure = all(y[k] == outcome for k in known if values[k] == value)
        if pure and rows >= least and base**rows * len(count) <= chance:
            held += rows
    return held / (base * len(y))


def within(y, values, group):
    """Over pairs of a bad and a good row of one group: the share in order, ties half."""
    right = pairs = 0.0
    for i in range(len(y)):
        for j in range(len(y)):
            if y[i] == 1 and y[j] == 0 and group[i] == group[j]:
                pairs += 1
                right += (values[i] > values[j]) + (values[i] == values[j]) / 2
    return right / pairs if pairs else 0.5


def rank_correlation(one, other, group):
    """Correlation of ranks within groups, mean ranks for ties."""

    def centred(values):
        ranks = []
        for k, value in enumerate(values):
            own = [values[j] for j in range(len(values)) if group[j] == group[k]]
            rank = sum(each < value for each in own) + (sum(each == value for each in own) + 1) / 2
            ranks.append(rank - (len(own) + 1) / 2)
        return ranks

    first, second = centred(one), centred(other)
    cross = sum(a * b for a, b in zip(first, second, strict=True))
    spread = (sum(a * a for a in first) * sum(b * b for b in second)) ** 0.5
    return cross / spread if spread else 0.0


def copies(rows):
    """For each row, the place of the first row equal to it."""
    return [next(j for j in range(len(rows)) if rows[j] == rows[k]) for k in range(len(rows))]


def out_of_time(days, groups, cut, end, maturity):
    """Rows to train on and to test on, for one cut."""
    test = [k for k, day in enumerate(days) if cut <= day < end]
    tested = {groups[k] for k in test}
    train = [
        k
        for k, day in enumerate(days)
        if day < cut and day + timedelta(days=maturity) <= cut and groups[k] not in tested
    ]
    return train, test


def shared_rows(train, test, groups):
    """Tested rows whose group is trained on."""
    known = {groups[k] for k in train}
    return sum(groups[k] in known for k in test)


def changed(whole, then):
    """Keys whose value differs between two tables of key to value; absent and None are alike."""
    return sum(whole.get(key) != then.get(key) for key in {*whole, *then})
