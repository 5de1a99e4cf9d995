"""What headings give away: columns about a person's sex, age or origin, and what nobody can change.

By name only, so it finds neither all of them nor what stands for them (a postcode may stand for an
origin): `scores.watch.fairness` measures. The groups are those of 12 CFR 1002.2(z) (Regulation B:
race, color, religion, national origin, sex, marital status, age) and of the sensitive personal
information of the Personal Information Protection Law of China (PIPL), article 28, as far as
headings name them.
"""

import re
from itertools import pairwise

PROTECTED = {
    "sex": ("sex", "gender", "male", "female"),
    "age": ("age", "birth", "birthday", "birthdate", "dob", "yob"),
    "origin": ("race", "ethnic", "ethnicity", "nation", "nationality", "native", "foreign",
               "birthplace", "hometown"),
    "religion": ("religion", "religious", "faith"),
    "marriage": ("marital", "married", "marriage", "spouse", "divorced"),
    "health": ("health", "disabled", "disability", "pregnant", "pregnancy", "disease"),
    "politics": ("party_member", "political", "politics"),
}  # fmt: skip
PROTECTED_ZH = {
    "sex": ("性别", "男女"),
    "age": ("年龄", "出生", "生日", "岁数", "周岁"),
    "origin": ("民族", "种族", "国籍", "籍贯", "户籍", "户口"),
    "religion": ("宗教", "信仰"),
    "marriage": ("婚姻", "婚否", "配偶"),
    "health": ("健康", "残疾", "怀孕", "孕", "疾病"),
    "politics": ("政治面貌", "党员"),
}
FIXED = ("history", "founded", "since", "before", "past", "ever", "previous", "prior", "first")
FIXED_ZH = ("历史", "曾", "以往", "成立", "首次", "既往")
SAID = {
    "sex": ("sex", "性别"),
    "age": ("age", "年龄"),
    "origin": ("origin or nationality", "民族、国籍或籍贯"),
    "religion": ("religion", "宗教信仰"),
    "marriage": ("marital status", "婚姻状况"),
    "health": ("health", "健康状况"),
    "politics": ("political affiliation", "政治面貌"),
}
"""What each protected attribute is called, in English and Chinese."""

_OF_FIRMS = re.compile(r"account|loan|firm|company|vehicle|credit|账龄|贷款|企业|车龄|房龄")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def protected(name: str) -> str:
    """The attribute of persons that a heading names, a key of `SAID`; empty where none."""
    words = _words(name)
    for key, known in PROTECTED.items():
        if words & set(known) and not (key == "age" and _OF_FIRMS.search(name.casefold())):
            return key
    for key, parts in PROTECTED_ZH.items():
        if any(part in name for part in parts) and not (key == "age" and _OF_FIRMS.search(name)):
            return key
    return ""


def is_past(name: str) -> bool:
    """Whether a heading names what has been, which nobody can change now."""
    return bool(_words(name) & set(FIXED)) or any(part in name for part in FIXED_ZH)


def _words(name: str) -> set[str]:
    plain = _CAMEL.sub("_", name).casefold()
    parts = re.findall(r"[a-z]+", plain)
    return {*parts, *("_".join(pair) for pair in pairwise(parts))}
