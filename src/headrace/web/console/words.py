"""What pages say, in both languages, and how they write figures."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from zoneinfo import ZoneInfo

from headrace.facts.localtime import instant_of
from headrace.money import MINOR_PER_MAJOR, format_minor, round_half_even
from headrace.pack import Text

LANGUAGES = ("zh", "en")


def load_texts() -> Mapping[str, Text]:
    """Every text by its name, from the files of the folder `texts`, one for each part."""
    found: dict[str, Text] = {}
    for file in sorted(files(__package__).joinpath("texts").iterdir(), key=lambda each: each.name):
        told = json.loads(file.read_text(encoding="utf-8"))
        twice = sorted(found.keys() & told.keys())
        if twice:
            raise ValueError(f"{file.name}: {twice[0]} is the name of another text already")
        found |= {name: Text(**each) for name, each in told.items()}
    return found


TEXTS = load_texts()


@dataclass(frozen=True)
class Words:
    """One language.

    Attributes:
        language: zh or en.
    """

    language: str

    def __call__(self, name: str, **values: object) -> str:
        """The text of a name, its gaps filled."""
        return TEXTS[name].in_language(self.language).format(**values)

    def has(self, name: str) -> bool:
        """Whether there is a text of this name."""
        return name in TEXTS

    def of(self, text: Text) -> str:
        """A text of a pack or role."""
        return text.in_language(self.language)

    def count(self, number: int) -> str:
        """With thousands separators."""
        return f"{number:,}"

    def moment(self, at: int, zone: ZoneInfo) -> str:
        """Microseconds since 1970 as day and time of a zone, to the minute."""
        local = instant_of(at).astimezone(zone)
        return f"{local:%Y-%m-%d %H:%M}"

    def asked(self, rule: str) -> str:
        """What a rule of a table asks, in one line; of one that asks nothing in the language."""
        return self("policies_otherwise") if rule == "otherwise" else rule

    def share(self, value: float | Decimal | None, digits: int = 1) -> str:
        """A fraction in percent."""
        return self("unknown") if value is None else f"{float(value) * 100:.{digits}f}%"

    def money(self, minor: int, currency: str) -> str:
        """Whole major units, in large sums shortened as people of the language do."""
        per_major = MINOR_PER_MAJOR[currency]
        if self.language == "zh" and abs(minor) >= 10_000 * per_major:
            return (
                f"{minor / per_major / 10_000:,.2f} 万元"
                if currency == "CNY"
                else format_minor(minor, currency)
            )
        return format_minor(round_half_even(minor / per_major) * per_major, currency)


def preferred(accepted: str, default: str) -> str:
    """The first of our languages in a browser's Accept-Language; `default` where there is none.

    The order in the header is taken as the order of preference, as browsers write it.
    """
    for each in accepted.split(","):
        primary = each.strip().partition(";")[0].partition("-")[0].lower()
        if primary in LANGUAGES:
            return primary
    return default
