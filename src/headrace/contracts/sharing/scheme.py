"""What was agreed: the parties, the layers of a loss in their order, who bears what is left.

A claim goes down the layers. On each, of the amount x that reaches it,

    y     = x - what is left of the loan's deductible - what is left of the pool's attachment
    q     = y x covers, rounded down to the fen
    taken = min(q, what is left of the caps per loan, per year and of the pool)

and x - taken reaches the next; the residual party bears what reaches the end. Shares of a quota
share, excess of loss (attachment to detachment), first loss, deductibles, caps and stop-loss are
all of this shape (see for instance Albrecher, Beirlant, Teugels, Reinsurance, 2017, chapter 2).
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from enum import StrEnum

from headrace.errors import InputError

NANO = 10**9
UNLIMITED = 2**62
REST = "rest"
"""What stands for a layer where the residual party bears an amount."""


class RecoveryOrder(StrEnum):
    """Who is made whole first when something is recovered.

    `pro_rata`: everybody who bore a part, in proportion (按责任比例); `last_first`: the residual
    party, then the layers from the last to the first, so that first loss is repaid last;
    `first_first`: the layers in their order, the residual party last.
    """

    PRO_RATA = "pro_rata"
    LAST_FIRST = "last_first"
    FIRST_FIRST = "first_first"


@dataclass(frozen=True)
class Share:
    """A party's part of a layer, above 0 and at most 1, of at most nine decimals."""

    party: str
    part: Decimal


@dataclass(frozen=True)
class Layer:
    """A part of the loss and who bears it.

    Attributes:
        shares: Adding up to 1.
        covers: Part of what reaches it that it takes, 0..1 (赔付比例).
        deductible_loan_minor: Of each loan, passed by first (免赔额).
        attachment_minor: Of everything in the life of the pool, passed by first (起赔点).
        cap_loan_minor: The most it takes of one loan; None: no cap. So are `cap_year_minor` of a
            calendar year of claims and `cap_pool_minor` in the life of the pool.
        attachment_rate: As `attachment_minor`, as a part of the base that the scheme is bound to.
        cap_year_rate: As `cap_year_minor`, as a part of the base; so is `cap_pool_rate`.
        waiting_days: Calendar days from the claim to the day it must be paid (等待期).
        only: The loans it covers, by name; empty: all.
    """

    id: str
    zh: str
    en: str
    shares: tuple[Share, ...]
    covers: Decimal = Decimal(1)
    deductible_loan_minor: int = 0
    attachment_minor: int = 0
    cap_loan_minor: int | None = None
    cap_year_minor: int | None = None
    cap_pool_minor: int | None = None
    attachment_rate: Decimal | None = None
    cap_year_rate: Decimal | None = None
    cap_pool_rate: Decimal | None = None
    waiting_days: int = 0
    only: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse parts that do not add up, and amounts below 0."""
        where = f"layer {self.id}"
        if sum(share.part for share in self.shares) != 1:
            raise InputError("the shares do not add up to 1", where=where, remedy="e.g. 0.4 + 0.6")
        parts = [self.covers, *(share.part for share in self.shares)]
        if any(not 0 < part <= 1 or (part * NANO) % 1 for part in parts):
            raise InputError(
                "a part is not above 0 and at most 1", where=where, remedy="nine decimals at most"
            )
        names = [share.party for share in self.shares]
        if len(set(names)) != len(names):
            raise InputError("a party is named twice", where=where, remedy="one share each")
        if any(amount is not None and amount < 0 for amount in self._amounts()):
            raise InputError("an amount is below 0", where=where, remedy="0 or more, or none")

    def _amounts(self) -> tuple[int | Decimal | None, ...]:
        return (
            self.deductible_loan_minor,
            self.attachment_minor,
            self.cap_loan_minor,
            self.cap_year_minor,
            self.cap_pool_minor,
            self.attachment_rate,
            self.cap_year_rate,
            self.cap_pool_rate,
            self.waiting_days,
        )

    @property
    def relative(self) -> bool:
        """Whether an amount is stated as a part of a base."""
        rates = (self.attachment_rate, self.cap_year_rate, self.cap_pool_rate)
        return any(rate is not None for rate in rates)

    def bound(self, base_minor: int) -> "Layer":
        """The layer with amounts in the place of rates, rounded down; the stricter where both."""

        def least(amount: int | None, rate: Decimal | None) -> int | None:
            stated = [int(base_minor * rate)] if rate is not None else []
            return min([*stated, *([] if amount is None else [amount])], default=None)

        attachment = int(base_minor * (self.attachment_rate or Decimal(0)))
        return replace(
            self,
            attachment_minor=max(self.attachment_minor, attachment),
            cap_year_minor=least(self.cap_year_minor, self.cap_year_rate),
            cap_pool_minor=least(self.cap_pool_minor, self.cap_pool_rate),
            attachment_rate=None,
            cap_year_rate=None,
            cap_pool_rate=None,
        )


@dataclass(frozen=True)
class Scheme:
    """Layers in the order in which a loss goes down, and who bears what is left.

    Attributes:
        residual: The party that bears what no layer takes; as a rule the bank.
        recovery: Who is made whole first.
    """

    id: str
    zh: str
    en: str
    layers: tuple[Layer, ...]
    residual: str = "bank"
    recovery: RecoveryOrder = RecoveryOrder.PRO_RATA

    def __post_init__(self) -> None:
        """Refuse two layers of one name."""
        names = [layer.id for layer in self.layers]
        if len(set(names)) != len(names) or REST in names:
            raise InputError(
                f"two layers are called alike, or one '{REST}'",
                where=f"scheme {self.id}",
                remedy="a name for each layer",
            )

    @property
    def parties(self) -> tuple[str, ...]:
        """Everybody who may bear something, as first named, the residual party among them."""
        named = [share.party for layer in self.layers for share in layer.shares]
        return tuple(dict.fromkeys([*named, self.residual]))

    def bound(self, base_minor: int) -> "Scheme":
        """The scheme with amounts in the place of rates.

        Args:
            base_minor: What the rates are a part of: as the scheme says, the guaranteed balance
                at the beginning of the year, or the amount guaranteed in all.
        """
        return replace(self, layers=tuple(layer.bound(base_minor) for layer in self.layers))

    def with_first(self, layer: Layer) -> "Scheme":
        """The scheme with one more layer, which a loss reaches first."""
        return replace(self, layers=(layer, *self.layers))
