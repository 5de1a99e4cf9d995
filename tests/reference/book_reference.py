"""The best book by trying every book: for a handful of applicants, rates and steps."""

from itertools import product

TOLERANCE = 1e-9


def choices(offers, position: int) -> list[tuple[int, int]]:
    """Every (steps, column of the rates) that one applicant may get; (0, -1) is nothing."""
    economics = offers.economics
    low = economics.limit_min_minor // economics.limit_step_minor
    cap = int(offers.cap_steps[position])
    loans = product(range(low, cap + 1), range(len(offers.rates)))
    return [(0, -1), *loans]


def best_profit(offers, constraints) -> float | None:
    """Expected profit in minor units of the best feasible book; None if there is none."""
    books = product(*(choices(offers, position) for position in range(len(offers.applicants))))
    profits = [profit(offers, book) for book in books if keeps_to(offers, book, constraints)]
    return max(profits, default=None)


def most_loans(offers, constraints) -> int:
    books = product(*(choices(offers, position) for position in range(len(offers.applicants))))
    return max(
        sum(steps > 0 for steps, _ in book)
        for book in books
        if keeps_to(offers, book, constraints, approvals_min=0)
    )


def profit(offers, book) -> float:
    return total(offers, offers.profit, book)


def total(offers, coefficients, book) -> float:
    step = offers.economics.limit_step_minor
    return sum(
        coefficients[position, column] * steps * step
        for position, (steps, column) in enumerate(book)
        if steps
    )


def keeps_to(offers, book, constraints, approvals_min=None) -> bool:
    economics = offers.economics
    limits = [steps * economics.limit_step_minor for steps, _ in book]
    wanted = constraints.approvals_min if approvals_min is None else approvals_min
    if sum(limits) > economics.budget_minor or sum(limit > 0 for limit in limits) < wanted:
        return False
    if constraints.mean_rate_max is not None:
        weighted = sum(
            offers.rates[column] * limit for limit, (_, column) in zip(limits, book, strict=True)
        )
        if weighted > constraints.mean_rate_max * sum(limits):
            return False
    if constraints.loss_rate_max is not None:
        drawn = total(offers, offers.take_up, book)
        loss = total(offers, offers.loss, book)
        if loss > (float(constraints.loss_rate_max) + TOLERANCE) * drawn:
            return False
    return constraints.industry_share_max is None or all(
        sum(
            limit
            for limit, name in zip(limits, offers.applicants.industry, strict=True)
            if name == each
        )
        <= constraints.industry_share_max * economics.budget_minor
        for each in set(offers.applicants.industry)
    )
