"""What goes wrong is said in the reader's language: the texts know what the source says."""

import ast
import re
from pathlib import Path
from string import Formatter

import pytest

import headrace
from headrace.errors import InputError
from headrace.web.console.refusals import BEGINNING, said, told
from headrace.web.console.words import TEXTS, Words
from headrace.web.problems import Refused

ZH, EN = Words("zh"), Words("en")
SOURCE = Path(headrace.__file__).parent
MET = [  # what forms of the console can meet; what only programs send to the API stays in English
    *SOURCE.glob("web/console/*.py"),
    *(SOURCE / "web" / f"{name}.py" for name in ("policies", "payouts", "case_desk", "hooks")),
    *(SOURCE / "web/security" / f"{name}.py" for name in ("accounts", "passwords")),
    *(SOURCE / "adapters/stores" / f"{name}.py" for name in ("visit", "payout", "hook")),
    SOURCE / "workflows" / "apply.py",
]
ELSEWHERE = {"words.py", "oidc.py"}  # said before a page can be drawn
OF_THEIR_FIELDS = {"Give {}", "{} may not {}"}  # a form has words of its own for each field


def sentences(path):
    """What errors of a module say: problems and remedies, `{}` where something is filled in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        if name.endswith("Error"):  # a refusal of HTTP is drawn as a page of its own kind
            yield from map(text_of, alternatives(node.args[:1]))
        else:
            continue
        remedies = [each.value for each in node.keywords if each.arg == "remedy"]
        yield from map(text_of, alternatives(remedies))


def alternatives(nodes):
    for node in nodes:
        if isinstance(node, ast.IfExp):
            yield from alternatives([node.body, node.orelse])
        else:
            yield node


def text_of(node):
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "{}" for part in node.values
        )
    return ""


def plain(text):
    """A text of ours as the source has it."""
    return "".join(
        part + ("" if gap is None else "{}") for part, gap, _, _ in Formatter().parse(text)
    )


def test_every_text_about_a_refusal_is_one_that_the_source_says():
    whole = "".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py"))
    whole = re.sub(r'"\s*\n\s*f?"', "", whole)  # texts that are broken over lines
    known = {name: plain(text.en) for name, text in TEXTS.items() if name.startswith(BEGINNING)}
    parts = {name: [each for each in text.split("{}") if each] for name, text in known.items()}
    assert [name for name, each in parts.items() if not all(part in whole for part in each)] == []
    assert len(set(known.values())) == len(known)


def test_what_a_form_can_meet_is_said_in_chinese():
    lacking = {
        (path.name, each)
        for path in MET
        if path.name not in ELSEWHERE
        for each in sentences(path)
        if each not in OF_THEIR_FIELDS
        and each.replace("{}", "").strip(" ,;:.")
        and told(each.replace("{}", "7"), ZH) == each.replace("{}", "7")
    }
    assert lacking == set()


@pytest.mark.parametrize(
    ("error", "english", "chinese"),
    [
        (
            InputError(
                "A password has 12 to 200 characters", where="password", remedy="Choose another"
            ),
            "A password has 12 to 200 characters. Choose another",
            "密码长度须为 12 至 200 个字符。请另选一个",
        ),
        (
            InputError("Nothing is named 'x'", where="a.csv, row 3", remedy="Did you mean y?"),
            "a.csv, row 3: Nothing is named 'x'. Did you mean y?",
            "a.csv, row 3：没有名为“x”的指标或步骤。是否应为 y？",
        ),
        (Refused(404, "There is no such case"), "There is no such case", "没有该案件"),
        (InputError("Unheard of"), "Unheard of", "Unheard of"),
        (ValueError("inside"), EN("error_other"), ZH("error_other")),
    ],
)
def test_errors_are_said_in_both_languages(error, english, chinese):
    assert said(error, EN) == english
    assert said(error, ZH) == chinese
