"""Logistic regression whose coefficients have a stated sign: convex, exact, deterministic.

    minimise  Σ weight · log loss + b'(I - alike · 11'/k)b / (2 · strength) + sparsity · Σ |b|
    where     b <= 0, the k coefficients; the intercept is free and not penalised

On weights of evidence (WOE) a positive coefficient on the log odds of default would give a safer
bin fewer points than a riskier one. Columns are usually dropped one by one until no sign is wrong,
in an order that decides what is left. Here the signs are constraints of the fit itself: the optimum
is unique, and what it does not need is exactly 0. Under the signs Σ |coefficient| is linear, so the
L1 penalty (Tibshirani 1996) costs nothing more.

Sequential quadratic programming: each step minimises the local quadratic under the same bounds, as
non-negative least squares (Lawson and Hanson 1974, ch. 23), and is halved until the loss falls.
Near the optimum the step is Newton's on the coefficients that are not 0.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from headrace.errors import InputError
from headrace.scores.cards.kernels import curvature

Floats = NDArray[np.float64]
STEPS_MAX = 100
HALVINGS_MAX = 40
TOLERANCE = 1e-11  # of the Newton decrement, as a share of the loss


@dataclass(frozen=True)
class Penalty:
    """What coefficients cost.

    Attributes:
        strength: Inverse L2 penalty, above 0; as scikit-learn's C.
        sparsity: L1 penalty, 0 or more: a column whose gradient at 0 is smaller stays out.
        alike: How much of the square of the mean coefficient is spared, 0 or more, below 1: the
            prior that coefficients are drawn around a value they share. On columns of WOE that say
            nothing about each other every coefficient would be -1, so they are alike beforehand.
    """

    strength: float
    sparsity: float = 0.0
    alike: float = 0.0

    def __post_init__(self) -> None:
        """Raise InputError where a number cannot be meant."""
        if not (0 < self.strength <= 1e9 and 0 <= self.sparsity <= 1e9 and 0 <= self.alike < 1):
            raise InputError(
                f"no penalty has strength {self.strength}, sparsity {self.sparsity} and alike"
                f" {self.alike}",
                remedy="a strength above 0, a sparsity of 0 or more, alike from 0 to below 1",
            )

    def of(self, coefficient: Floats) -> float:
        """What these coefficients, each <= 0, cost."""
        pull = self.curvature(coefficient.size) @ coefficient
        return float(coefficient @ pull) / 2 - self.sparsity * float(coefficient.sum())

    def curvature(self, size: int) -> Floats:
        """Of the cost of so many coefficients, (size, size)."""
        shared = np.full((size, size), self.alike / max(size, 1))
        return np.asarray((np.eye(size) - shared) / self.strength)


@dataclass(frozen=True)
class Regression:
    """The optimum.

    Attributes:
        intercept: Log odds of default where every column is 0.
        coefficient: Per column, (k,), each <= 0.
        covariance: Laplace's: the inverse curvature on what is free, intercept first, 0 where a
            coefficient is held at 0, (k + 1, k + 1).
        loss: Σ weight · log loss, without the penalty.
    """

    intercept: float
    coefficient: Floats
    covariance: Floats
    loss: float

    def log_odds(self, z: Floats) -> Floats:
        """Of default, (n,), by an explicit sum in the order of the columns."""
        return np.asarray(self.intercept + np.add.reduce(z * self.coefficient, axis=1))


def fit_regression(z: Floats, y: Floats, w: Floats, penalty: Penalty) -> Regression:
    """The regression of `y` on `z` under the signs.

    Args:
        z: Columns of WOE (more is safer), (n, k), finite.
        y: 1 for default, 0 otherwise, (n,).
        w: Weights above 0, (n,).
        penalty: What coefficients cost.

    Raises:
        InputError: The outcomes are all the same.
    """
    bad = float(w[y == 1].sum())
    good = float(w[y == 0].sum())
    if min(bad, good) <= 0:
        raise InputError(
            f"no card can be fitted to {bad:g} defaults and {good:g} repaid",
            remedy="at least one of each outcome",
        )
    problem = _Problem(np.ascontiguousarray(z), y, w, penalty)
    beta = np.zeros(z.shape[1] + 1)
    beta[0] = np.log(bad / good)
    loss, gradient, hessian = problem.at(beta)
    for _ in range(STEPS_MAX):
        aim = _aim(beta, gradient, hessian)
        fall = -float(gradient @ (aim - beta))
        if fall <= TOLERANCE * max(loss, 1.0):
            break
        beta, (loss, gradient, hessian) = _step(problem, beta, aim, (loss, fall))
    beta = _aim(beta, gradient, hessian)
    loss, _, hessian = problem.at(beta)
    return Regression(
        intercept=float(beta[0]),
        coefficient=beta[1:],
        covariance=_covariance(beta, hessian),
        loss=loss - penalty.of(beta[1:]),
    )


@dataclass(frozen=True)
class _Problem:
    z: Floats
    y: Floats
    w: Floats
    penalty: Penalty

    def at(self, beta: Floats) -> tuple[float, Floats, Floats]:
        """Penalised loss, gradient, curvature."""
        size = beta.size
        gradient, lower = np.empty(size), np.empty((size, size))
        loss = curvature(self.z, self.y, self.w, beta, gradient, lower)
        hessian = lower + np.tril(lower, -1).T
        bend = self.penalty.curvature(size - 1)
        gradient[1:] += bend @ beta[1:] - self.penalty.sparsity
        hessian[1:, 1:] += bend
        return loss + self.penalty.of(beta[1:]), gradient, hessian


def _aim(beta: Floats, gradient: Floats, hessian: Floats) -> Floats:
    """Where the local quadratic is least under the signs.

    The free intercept is eliminated (Schur); with v = -coefficients >= 0 what is left is
    ½ v'Hv - q'v, which is ½ |Av - t|² for A'A = H and A't = q.
    """
    if beta.size == 1:
        return np.asarray(beta - gradient / hessian[0, 0])
    beside = hessian[1:, 0] / hessian[0, 0]
    reduced = hessian[1:, 1:] - np.outer(beside, hessian[1:, 0])
    slope = gradient[1:] - beside * gradient[0]
    root = np.linalg.cholesky(reduced)
    target = np.linalg.solve(root, slope - reduced @ beta[1:])
    coefficient = -nnls(root.T, target, maxiter=50 * beta.size)[0]
    moved = -(gradient[0] + hessian[0, 1:] @ (coefficient - beta[1:])) / hessian[0, 0]
    return np.concatenate([[beta[0] + moved], np.minimum(coefficient, 0.0)])


def _step(
    problem: _Problem, beta: Floats, aim: Floats, at: tuple[float, float]
) -> tuple[Floats, tuple[float, Floats, Floats]]:
    """Go there, or half as far, until the loss falls as it should (Armijo 1966)."""
    loss, fall = at
    share = 1.0
    for _ in range(HALVINGS_MAX):
        tried = beta + share * (aim - beta)
        found = problem.at(tried)
        if found[0] <= loss - 1e-4 * share * fall:
            break
        share /= 2
    return tried, found


def _covariance(beta: Floats, hessian: Floats) -> Floats:
    free = np.concatenate([[True], beta[1:] < 0])
    covariance = np.zeros_like(hessian)
    covariance[np.ix_(free, free)] = np.linalg.inv(hessian[np.ix_(free, free)])
    return (covariance + covariance.T) / 2
