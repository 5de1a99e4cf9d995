"""What every edge cost, and where a loss came from: contributions that add up to the loss."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array
from scipy.sparse.csgraph import breadth_first_order
from scipy.sparse.linalg import spsolve

from headrace.errors import InputError
from headrace.graph.contagion import kernels
from headrace.graph.contagion.clearing import Cleared
from headrace.graph.contagion.network import Floats, Ints, Longs, Network, Wiring, wired

Bytes = NDArray[np.int8]
DEBT, CALL, UNPAID_CALL, HOLDING, NEED = range(5)
KINDS = ("debt", "call", "unpaid_call", "holding", "need")
"""Ways in which a loss reaches a party: what a borrower did not pay and nobody was called for;
what a guarantor was called for; what a guarantor was called for and did not pay its lender; a
share that is worth less; cash flow lost with a partner that failed."""


@dataclass(frozen=True)
class Losses:
    """What one state costs beside another, along every edge and to every party.

    A party that fails passes on what it does not pay:

        loss = shock + sum of what arrives + cost - passed on - beyond

    Attributes:
        kind: int8 (m,): position in KINDS.
        edge: int64 (m,): position among the debts, guarantees, holdings or needs.
        source: int32 (m,): the party whose trouble it is.
        target: int32 (m,): who bears it.
        amount: float64 (m,): minor units; edges that cost nothing are not there.
        shock: float64 (n,): external assets lost.
        cost: float64 (n,): lost by failing itself (bankruptcy costs); negative where a fixed
            recovery pays more than is left.
        passed_on: float64 (n,): own debts and calls not paid.
        beyond: float64 (n,): below nothing, borne by nobody in the graph.
        loss: float64 (n,): fall of equity, the part that the owners bear.
    """

    kind: Bytes
    edge: Longs
    source: Ints
    target: Ints
    amount: Floats
    shock: Floats
    cost: Floats
    passed_on: Floats
    beyond: Floats
    loss: Floats


def losses(network: Network, before: Cleared, after: Cleared) -> Losses:
    """What `after` costs beside `before`, two clearings of one network."""
    wiring = wired(network)
    found = [a - b for a, b in zip(_edges(wiring, after), _edges(wiring, before), strict=True)]
    found[HOLDING] = -found[HOLDING]
    debts, promised = network.debts, network.guarantees
    held, needs = network.holdings, network.needs
    ends = (
        (debts.borrower, debts.lender),
        (debts.borrower[promised.debt], promised.guarantor),
        (promised.guarantor, debts.lender[promised.debt]),
        (held.company, held.holder),
        (needs.object, needs.subject),
    )
    kept = [np.flatnonzero(np.abs(values) > 1e-9) for values in found]
    columns = [
        (np.full(len(at), kind, np.int8), at, one[at], other[at], values[at])
        for kind, (at, (one, other), values) in enumerate(zip(kept, ends, found, strict=True))
    ]
    kind, edge, source, target, amount = (
        np.concatenate(each) for each in zip(*columns, strict=True)
    )
    cost, passed_on, beyond = (a - b for a, b in zip(_inside(after), _inside(before), strict=True))
    return Losses(
        kind, edge.astype(np.int64), source.astype(np.int32), target.astype(np.int32), amount,
        before.external - after.external, cost, passed_on, beyond, before.equity - after.equity,
    )  # fmt: skip


def _edges(wiring: Wiring, state: Cleared) -> list[Floats]:
    """By kind, what every edge costs in a state; of holdings, what they are worth."""
    sizes = (len(wiring.debt), len(wiring.promise), len(wiring.promise), len(wiring.share),
             len(wiring.need))  # fmt: skip
    found = [np.zeros(size) for size in sizes]
    rows = (state.rate[None], state.equity[None], state.failed[None])
    kernels.add_losses(wiring, *rows, *found)
    return found


def _inside(state: Cleared) -> tuple[Floats, Floats, Floats]:
    """Cost of failing, obligations not paid, and what is below nothing, of each party."""
    paid = state.owed * state.rate
    beyond = np.maximum(-state.assets, 0.0)
    cost = state.assets + beyond - paid - state.equity
    return np.where(state.failed, cost, 0.0), state.owed - paid, beyond


@dataclass(frozen=True)
class Attribution:
    """A loss, taken apart in two ways; each adds up to it.

    Attributes:
        loss: Of the parties asked about, minor units.
        arrived: float64 (m,): of each edge of the losses, by which the loss arrived.
        own: float64 (n,): shocks and costs of the parties themselves; with `arrived` the loss.
        origin: float64 (n,): the parties with which it began; alone the loss.
        through: float64 (m,): of each edge, how much of the loss passed along it on its way;
            what goes along three edges is counted in each.
    """

    loss: float
    arrived: Floats
    own: Floats
    origin: Floats
    through: Floats


def attribute(found: Losses, targets: Ints, *, origins: Ints | None = None) -> Attribution:
    """Where the loss of some parties came from, in proportion to what reached each.

    The rule: what reaches a party is mixed. With T_i = shock_i + sum of what arrives at i, the
    loss that the owners of i bear, and what i passes on, both consist of the causes of T_i in
    proportion to their amounts, and a cost of failing is put down to the causes of the failure.
    So edge e into i contributes loss_i x amount_e / T_i, and the mix of origins solves

        o_i = (shock_i 1_i + sum over edges e from j to i: amount_e o_j) / T_i

    one sparse linear system, in which loops are no difficulty. (Proportional tracing, as in
    input-output analysis and the tracing of electricity flows: Bialek 1996.)

    Args:
        found: Of a scenario that harms: `losses(network, before, after)`.
        targets: int32: whose loss it is: one bank, or everybody (`np.arange(n)`).
        origins: int32: parties that were made to fail: all that leaves them began with them.

    Raises:
        InputError: An edge or a shock is a gain: the scenario is not one of harm alone.
    """
    n = len(found.loss)
    scale = max(1.0, float(np.abs(found.shock).sum() + np.abs(found.amount).sum()))
    if min(found.amount.min(initial=0.0), found.shock.min(initial=0.0)) < -1e-9 * scale:
        raise InputError(
            "a loss cannot be put down to gains",
            where="losses, amount or shock",
            remedy="a scenario in which no party gains; compare the others as sums",
        )
    amount, shock = np.maximum(found.amount, 0.0), np.maximum(found.shock, 0.0)
    reached = shock + np.bincount(found.target, amount, n)
    root = np.zeros(n, np.bool_)
    root[[] if origins is None else origins] = True
    asked = np.zeros(n)
    asked[targets] = found.loss[targets]
    total = float(asked.sum())
    weight = np.divide(1.0, reached, out=np.zeros(n), where=reached > 0)
    arrived = amount * (asked * weight)[found.target]
    own = shock * asked * weight + np.where(reached > 0, 0.0, asked)
    flows = csr_array((amount, (found.source, found.target)), shape=(n, n))
    live = _begun(flows, root | (shock > 0))
    mixing = csr_array(
        (amount * np.where(root, 0.0, weight)[found.target], (found.target, found.source)),
        shape=(n, n),
    )
    carried = np.zeros(n)
    at = np.flatnonzero(live)
    if len(at):
        part = mixing[at][:, at]
        carried[at] = spsolve((eye_array(len(at)) - part).T.tocsc(), asked[at])
    begins = np.where(root, 1.0, shock * weight)
    origin = carried * begins + np.where(live, 0.0, asked)
    through = (carried * np.where(root, 0.0, weight))[found.target] * amount
    return Attribution(total, arrived, own, origin, through)


def _begun(flows: csr_array, begins: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Parties that a loss can have reached from where losses began."""
    n = len(begins)
    at = np.flatnonzero(begins)
    source = csr_array((np.ones(len(at)), (np.zeros(len(at), np.int64), at)), shape=(1, n))
    rows = flows.tocoo()
    everything = csr_array(
        (
            np.concatenate((source.data, rows.data)),
            (np.concatenate((np.full(len(at), n), rows.row)), np.concatenate((at, rows.col))),
        ),
        shape=(n + 1, n + 1),
    )
    reached = np.zeros(n + 1, np.bool_)
    reached[breadth_first_order(everything, n, return_predecessors=False)] = True
    return reached[:n]


def whole_minor(parts: Floats) -> Longs:
    """Parts in whole minor units that add up to the rounded sum: the largest remainders go up.

    The sum is rounded half to even, the parts down, and the units that are missing go one by one
    to the parts with the largest remainders, the first of equal ones.
    """
    down = np.floor(parts)
    missing = int(np.rint(parts.sum()) - down.sum())
    order = np.argsort(down - parts, kind="stable")
    down[order[:missing]] += 1
    whole: Longs = down.astype(np.int64)
    return whole
