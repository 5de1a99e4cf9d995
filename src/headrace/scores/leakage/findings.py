"""What the leakage check found, and the refusal to go on."""

from collections.abc import Collection
from dataclasses import dataclass

from headrace.errors import LeakageError


@dataclass(frozen=True)
class Leak:
    """One finding.

    Attributes:
        feature: The feature found; "" where it is about rows.
        rule: Its name, as docs/concepts/leakage.md lists them.
        en: What was found, in English.
        zh: The same in Chinese.
        evidence: Figures by name that the sentence rests on.
        refuses: Whether to stop; otherwise a person should look.
    """

    feature: str
    rule: str
    en: str
    zh: str
    evidence: tuple[tuple[str, float], ...] = ()
    refuses: bool = True


def refuse(leaks: Collection[Leak]) -> None:
    """Stop the run if anything leaks.

    Raises:
        LeakageError: Naming each feature and its rule; warnings alone do not raise.
    """
    stopping = [leak for leak in leaks if leak.refuses]
    if stopping:
        raise LeakageError(
            "the leakage check refuses this run: " + "; ".join(leak.en for leak in stopping),
            where=", ".join(f"{leak.feature} ({leak.rule})" for leak in stopping),
            remedy="leave the feature out, or run with --allow-leakage to see how wrong "
            "the figures become",
        )
