"""What a simulated economy is asked to be."""

from dataclasses import dataclass
from datetime import date

from headrace.errors import InputError

FIRMS_MIN = 10
INVOICES_PER_FIRM_MIN = 40
DAYS_MIN = 365


@dataclass(frozen=True)
class EconomySettings:
    """The size and the make-up of a simulated economy.

    Attributes:
        firms: Firms in the bank's file, at least 10.
        invoices: Rows of both invoice tables together, at least 40 for each firm.
        start: First day on which an invoice can be dated.
        end: Last such day, at least a year after `start`; also the as-of date of the labels.
        labelled_share: Share of firms with a credit record, 0 to 1; shells never have one.
        default_rate: Share of the labelled firms whose record says "yes", 0 to 0.5.
        contagion: How strongly a customer's default raises its suppliers' hazard: a supplier
            with a tenth of its sales at customers in default has 1 + `contagion` times its
            hazard. 0 means not at all.
        rings: Closed cycles of three to six firms; at most one for five firms is planted.
        circular_trades: Pairs that sell to each other; at most one for five firms is planted.
        shells: Shell firms, counted among `firms`; at most one for ten firms is planted.
        self_invoicers: Firms that invoice themselves; at most one for five firms is planted.
        red_letter_share: Share of invoice rows that are red letters (negative corrections).
        duplicate_share: Share of invoice rows that repeat another row exactly.
        payment_share: Share of settled invoices whose bank transfer is in `payments`.
    """

    firms: int = 300
    invoices: int = 1_000_000
    start: date = date(2017, 1, 1)
    end: date = date(2019, 12, 31)
    labelled_share: float = 0.5
    default_rate: float = 0.2
    contagion: float = 2.5
    rings: int = 4
    circular_trades: int = 4
    shells: int = 5
    self_invoicers: int = 3
    red_letter_share: float = 0.018
    duplicate_share: float = 0.01
    payment_share: float = 0.25

    def __post_init__(self) -> None:
        """Refuse what cannot be simulated.

        Raises:
            InputError: If a setting is out of its range; it names the setting and the range.
        """
        _require(self.firms >= FIRMS_MIN, "firms", self.firms, f"at least {FIRMS_MIN}")
        rows_min = INVOICES_PER_FIRM_MIN * self.firms
        _require(self.invoices >= rows_min, "invoices", self.invoices, f"at least {rows_min}")
        long_enough = (self.end - self.start).days + 1 >= DAYS_MIN
        _require(long_enough, "end", self.end, f"at least {DAYS_MIN} days after start")
        upper = {
            "labelled_share": 1.0,
            "default_rate": 0.5,
            "contagion": 100.0,
            "red_letter_share": 0.1,
            "duplicate_share": 0.1,
            "payment_share": 1.0,
        }
        for name, top in upper.items():
            value = getattr(self, name)
            _require(0 <= value <= top, name, value, f"from 0 to {top}")
        for name in ("rings", "circular_trades", "shells", "self_invoicers"):
            value = getattr(self, name)
            _require(value >= 0, name, value, "0 or more")

    @property
    def ring_count(self) -> int:
        """Rings that are planted."""
        return min(self.rings, self.firms // 5)

    @property
    def circular_count(self) -> int:
        """Pairs of circular trade that are planted."""
        return min(self.circular_trades, self.firms // 5)

    @property
    def shell_count(self) -> int:
        """Shell firms that are planted."""
        return min(self.shells, self.firms // 10)

    @property
    def self_invoicer_count(self) -> int:
        """Firms that invoice themselves."""
        return min(self.self_invoicers, self.firms // 5)

    @property
    def outside_sellers(self) -> int:
        """Sellers outside the bank's file."""
        return 20 + 12 * self.firms

    @property
    def outside_buyers(self) -> int:
        """Buyers outside the bank's file."""
        return 20 + 15 * self.firms


def _require(holds: bool, name: str, value: object, right: str) -> None:  # noqa: FBT001 - a guard
    if not holds:
        raise InputError(
            f"An economy cannot have {name} = {value}",
            where=f"EconomySettings.{name}",
            remedy=f"Set {name} to {right}",
        )
