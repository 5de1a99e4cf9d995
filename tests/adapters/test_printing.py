"""What is printed: whole in a pipe, wrapped on a terminal, nothing of the data interpreted."""

import io
import json
import re
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from headrace.adapters import printing
from headrace.adapters.printing import run as printing_run
from headrace.adapters.printing.texts import OUTCOME, WORDS
from headrace.errors import InputError
from headrace.workflows.prove import Problem, Verification

LONG = "/a/very/long/path" * 20


def verification(*problems: Problem) -> Verification:
    return Verification(problems, 66, "ab" * 32, 60, None if problems else "cd" * 32, 29)


def test_both_languages_fill_in_the_same_figures():
    named = re.compile(r"\{(\w+)")
    for key, text in WORDS.items():
        assert set(named.findall(text.en)) == set(named.findall(text.zh)), key
        assert text.en
        assert text.zh
    assert set(OUTCOME) == {"approve", "refer", "decline"}


def test_an_error_has_three_parts_on_standard_error_and_is_never_cut(capsys):
    printing.error(InputError("[red]wrong\x1b[2J", where=LONG, remedy="one\ntwo"))
    captured = capsys.readouterr()
    assert captured.out == ""
    lines = captured.err.splitlines()
    assert lines[0] == "✗ [red]wrong\\x1b[2J"
    assert lines[1] == f"  where  {LONG}"
    assert lines[2:] == ["  try    one", "         two"]
    printing.error(InputError("alone"))
    assert capsys.readouterr().err == "✗ alone\n"


def test_a_verification_in_both_languages(capsys):
    printing_run.verification(verification(), "en")
    assert "✓ proved  29 files, 66 entries, 60 decisions" in capsys.readouterr().out
    printing_run.verification(verification(), "zh")
    assert "✓ 验证通过  29 个文件，66 条存证，60 项决策" in capsys.readouterr().out
    printing_run.verification(verification(Problem(LONG, "is gone", "restore it")), "en")
    told = capsys.readouterr().out
    assert f"  {LONG} is gone\n    restore it\n" in told
    assert "nobody whose signature holds" in told


def test_of_many_problems_the_first_are_shown_and_the_rest_counted(capsys):
    many = [Problem(f"file {number}", "is gone") for number in range(1000)]
    printing_run.verification(verification(*many), "zh")
    told = capsys.readouterr().out
    assert "1,000 处不符" in told
    assert "另有 960 项" in told
    assert told.count("is gone") == printing.ROWS_SHOWN


def test_a_wide_table_is_whole_in_a_pipe(capsys):
    wide = pa.table({f"a_long_column_name_{n}": ["a value " * 3] for n in range(20)})
    printing.table(wide)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert "a_long_column_name_19" in lines[0]
    assert "…" not in lines[1]


def test_on_a_terminal_of_80_columns_nothing_is_wider_and_no_chinese_is_cut(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "80")
    grid = printing_run._grid(2, gap=3)
    text = "数据中没有违约日期用于预测的发票可能晚于违约本身因此测得的模型效果可能偏高" * 2
    grid.add_row("•", text)
    printing.console_now().print(grid)
    lines = capsys.readouterr().out.splitlines()
    assert max(cell_len(line) for line in lines) <= 80
    assert "".join(line.strip(" •") for line in lines) == text


def test_json_is_one_line_of_plain_values(capsys):
    printing.as_json({"a": float("nan"), "b": (Decimal("1.50"), Decimal("2")), "c": b"\x01",
                      "d": ":cat: [b]\t评级", 5: True})  # fmt: skip
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out) == {
        "a": None, "b": ["1.50", 2], "c": "01", "d": ":cat: [b]\t评级", "5": True
    }  # fmt: skip


@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.decimals(allow_nan=False, allow_infinity=False) | st.dates() | st.datetimes() | st.uuids(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner),
    max_leaves=8,
))  # fmt: skip
def test_any_value_is_json(value):
    text = json.dumps(printing._jsonable(value), allow_nan=False)
    assert json.loads(text) is not None or value is None or isinstance(value, float)


@given(st.text(max_size=40))
def test_any_text_is_shown_without_control_codes(text):
    console = printing.console_now()
    console.file = io.StringIO()
    console.print(printing.safe(text), soft_wrap=True)
    shown = console.file.getvalue().removesuffix("\n")
    assert not printing._HIDDEN.search(shown)
    if not printing._HIDDEN.search(text) and not text.endswith((" ", "\\")):
        assert shown == text


def test_two_columns_of_one_name_cannot_be_json():
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    with pytest.raises(InputError, match="two columns are named 'a'"):
        printing.table_as_json(table)
