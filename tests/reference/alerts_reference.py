"""The handbook's protocol and card precision by plain loops over (day, card, fraud) rows."""


def split(rows, first_day, train_days, delay_days, test_days):
    """Places of the rows to train on, and of those to test on."""
    train = [i for i, row in enumerate(rows) if first_day <= row[0] < first_day + train_days]
    test_first = first_day + train_days + delay_days
    blocked = {}
    for day in range(test_first, test_first + test_days):
        blocked[day] = {
            card for made, card, fraud in rows if fraud and first_day <= made < day - delay_days
        }
    test = [i for i, row in enumerate(rows) if row[0] in blocked and row[1] not in blocked[row[0]]]
    return train, test


def card_precision(rows, scores, top):
    """A share a day."""
    found, shares = set(), []
    for day in sorted({row[0] for row in rows}):
        highest, hit = {}, set()
        for (made, card, fraud), score in zip(rows, scores, strict=True):
            if made == day and card not in found:
                highest[card] = max(score, highest.get(card, score))
                if fraud:
                    hit.add(card)
        looked = sorted(highest, key=lambda card: (-highest[card], card))[:top]
        new = [card for card in looked if card in hit]
        found.update(new)
        shares.append(len(new) / top)
    return shares


def auc(fraud, scores):
    """How often a fraud scores above a genuine payment; a tie counts half."""
    pairs = [
        (a > b) + (a == b) / 2
        for a, one in zip(scores, fraud, strict=True)
        for b, other in zip(scores, fraud, strict=True)
        if one and not other
    ]
    return sum(pairs) / len(pairs)


def average_precision(fraud, scores):
    """Precision at each distinct score, weighted by the share of frauds that it adds."""
    total, before, frauds = 0.0, 0, sum(fraud)
    for threshold in sorted(set(scores), reverse=True):
        told = [one for one, score in zip(fraud, scores, strict=True) if score >= threshold]
        total += (sum(told) - before) / frauds * sum(told) / len(told)
        before = sum(told)
    return total
