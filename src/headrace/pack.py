"""A pack: one scenario as definitions, handed to workflows as a value."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from headrace.features.definition import Feature
from headrace.scores.card import CardSpec
from headrace.scores.rating import RatingScale


@dataclass(frozen=True)
class Text:
    """One thing said to people, in both languages."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """The text in `language`, "en" or "zh"."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True)
class Pack:
    """A scenario's definitions.

    Attributes:
        name: As the command line spells it.
        title: For people.
        features: Everything computed per party, in order; ratios after what they divide.
        card: The scorecard, before it has seen a label.
        scale: Rating classes by probability of default.
        files: Text files a person may edit, by name: access.csv (who may borrow), limit.csv (how
            much), economics.toml (money of the book), scenarios.csv (stress), industries.csv
            (words in a name that tell the industry).
        mappings: Mapping files for the exports this pack knows, by name.
        reasons: What each reason code of a decision says.
        cautions: What every report of this pack must state.
    """

    name: str
    title: Text
    features: tuple[Feature, ...]
    card: CardSpec
    scale: RatingScale
    files: Mapping[str, str]
    mappings: Mapping[str, str]
    reasons: Mapping[str, Text]
    cautions: tuple[Text, ...] = field(default=())

    def feature(self, name: str) -> Feature:
        """The feature of that name.

        Raises:
            KeyError: If the pack has none.
        """
        return {feature.name: feature for feature in self.features}[name]
