"""Lines, rates and price limits as dated, cited data: what ships, or a bank's own file.

`verified` says that somebody read the official text; what ships was written from what `read`
names, and is unverified.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from importlib.resources import files

from headrace.contracts.conventions.cited import Rule, loaded, rule_of, sources_of
from headrace.errors import MappingError


@dataclass(frozen=True)
class Terms:
    """All rules of a file, of every date."""

    rules: tuple[Rule, ...]

    def rule(self, identifier: str, day: date) -> Rule:
        """The rule in force on a day.

        Raises:
            MappingError: None is in force.
        """
        found = self._in_force(identifier, day)
        if found is not None:
            return found
        raise MappingError(
            f"No rule '{identifier}' is in force on {day}",
            where="collateral terms",
            remedy=f"One of {', '.join(sorted({rule.id for rule in self.rules}))}",
        )

    def value(self, identifier: str, day: date) -> Decimal:
        """The number of the rule in force on a day."""
        return self.rule(identifier, day).value

    def has(self, identifier: str, day: date) -> bool:
        """Whether such a rule is in force on a day."""
        return self._in_force(identifier, day) is not None

    def _in_force(self, identifier: str, day: date) -> Rule | None:
        for rule in self.rules:
            until = rule.effective_until
            if rule.id == identifier and rule.effective_from <= day and (not until or day <= until):
                return rule
        return None


def shipped() -> Terms:
    """The terms that ship: `terms_cn.toml`, nothing in it verified."""
    name = "terms_cn.toml"
    return read_terms(files(__package__).joinpath(name).read_text(encoding="utf-8"), name)


def read_terms(text: str, file: str) -> Terms:
    """The terms that a TOML file states.

    Args:
        text: The file's content.
        file: Its name, for errors.

    Raises:
        MappingError: Naming the entry and key, and what would be right.
    """
    document = loaded(text, file, ("source", "rule"))
    sources = sources_of(document, file)
    return Terms(tuple(rule_of(given, sources, file) for given in document.get("rule", [])))
