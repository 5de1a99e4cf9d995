"""What went wrong, in the reader's language: errors say it in English, as the API and commands do.

A text whose name begins with `refusal_` is such a sentence: its English is what an error says, with
gaps for what differs from one error to the next. What no text knows is said in English.
"""

import re
from collections.abc import Iterator
from functools import cache
from string import Formatter

from headrace.errors import HeadraceError
from headrace.web.console.words import TEXTS, Words
from headrace.web.problems import Refused
from headrace.workflows.policy_sentences import in_both

BEGINNING = "refusal_"


def told(english: str, words: Words) -> str:
    """A sentence of an error; as it is where no text knows it."""
    if words.language == "en" or not english:
        return english
    for name, pattern in _patterns():
        found = pattern.fullmatch(english)
        if found:
            return words(
                name, **{gap: told(part, words) for gap, part in found.groupdict().items()}
            )
    return words.of(in_both(english))


def said(error: Exception, words: Words) -> str:
    """An error for people, with what would be right."""
    cause = error.__cause__ if isinstance(error, Refused) else error
    rule = f"policies_{getattr(cause, 'refusal', '')}"  # asked by name: not all rules need loading
    if isinstance(cause, HeadraceError) and words.has(rule):
        return _sentences(words(rule), told(cause.remedy, words), words)
    if isinstance(error, Refused):
        problem, remedy = error.problem.detail, error.problem.remedy
        return _sentences(told(problem, words), told(remedy, words), words)
    if isinstance(error, HeadraceError):
        place = "" if _is_field(error.where) else error.where
        colon = "：" if words.language == "zh" else ": "
        problem = f"{place}{colon}" * bool(place) + told(error.problem, words)
        return _sentences(problem, told(error.remedy, words), words)
    return words("error_other")


def _is_field(where: str) -> bool:
    """Whether a place is only the name of a field, which people know by its label."""
    return where.isidentifier()


def _sentences(problem: str, remedy: str, words: Words) -> str:
    if not remedy:
        return problem
    return f"{problem}{'。' if words.language == 'zh' else '. '}{remedy}"


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The texts about refusals, those with most words of their own first."""
    names = [name for name in TEXTS if name.startswith(BEGINNING)]
    found = {name: "".join(_parts(TEXTS[name].en)) for name in names}
    names.sort(key=lambda name: (TEXTS[name].en.count("{"), -len(found[name])))
    return tuple((name, re.compile(found[name], re.DOTALL)) for name in names)


def _parts(text: str) -> Iterator[str]:
    """A text as a pattern, part by part; a gap is anything."""
    for plain, gap, _, _ in Formatter().parse(text):
        yield re.escape(plain)
        if gap is not None:
            yield f"(?P<{gap}>.+)"
