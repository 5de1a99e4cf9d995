"""A draft is read by a person, completed, and then parsed."""

import tomllib

import pyarrow as pa
import pytest

from headrace.errors import MappingError
from headrace.facts.drafting import SYNONYMS, FoundTable, draft, probe
from headrace.facts.kinds import MAPPABLE
from headrace.facts.mapping import parse_mapping

INVOICES = FoundTable(
    "进项.csv",
    pa.table(
        {
            "企业代号": ["E1"],
            "发票 号码": ["1"],
            "开票日期": ["2019-01-31"],
            "销方单位代号": ["A1"],
            "金额": ["1"],
            "税额": ["0"],
            "价税合计": ["1"],
            "发票状态": [" 作废发票"],
        }
    ),
)


def completed(text: str) -> str:
    return text.replace('consent = ""', 'consent = "contract 12"')


def test_known_headers_make_a_whole_mapping() -> None:
    [table] = parse_mapping(completed(draft([INVOICES])), "draft").tables
    assert table.fact.kind == "invoice"
    assert table.constants == {"direction": "purchase"}
    assert table.columns["number"] == ("发票 号码",)
    assert table.values["status"] == {"作废发票": "voided"}


def test_a_draft_is_refused_until_somebody_states_the_consent() -> None:
    with pytest.raises(MappingError, match="`consent` is missing"):
        parse_mapping(draft([INVOICES]), "draft")


def test_english_headers_and_the_other_direction() -> None:
    names = ["firm_id", "invoice_number", "date", "buyer_id", "amount", "tax", "total", "status"]
    sales = pa.table([pa.array(["valid"])] * len(names), names=names)
    [table] = parse_mapping(completed(draft([FoundTable("s.csv", sales)])), "draft").tables
    assert table.constants == {"direction": "sale"}
    assert table.values["status"] == {"valid": "valid"}


def test_what_is_missing_or_unknown_is_said_and_not_guessed() -> None:
    columns = INVOICES.columns.drop_columns(["税额", "价税合计"])
    columns = columns.set_column(5, "发票状态", pa.array(["异常"]))
    text = draft([FoundTable("进项.csv", columns)])
    assert "# missing: `tax`" in text
    assert "# missing: `total`" in text
    assert '# values.status."异常" = "?"  # one of valid, voided' in text
    with pytest.raises(MappingError, match="`tax`"):
        parse_mapping(completed(text), "draft")


def test_an_unknown_side_is_left_to_the_person() -> None:
    columns = INVOICES.columns.rename_columns(
        ["交易对手" if name == "销方单位代号" else name for name in INVOICES.columns.column_names]
    )
    text = draft([FoundTable("发票.csv", columns)])
    assert '# constants = { direction = "purchase" }  # or "sale"' in text


def test_a_file_of_firms_gives_parties_and_credit_records() -> None:
    firms = pa.table(
        {"企业代号": ["E1"], "企业名称": ["甲"], "信誉评级": ["A"], "是否违约": ["否"]}
    )
    text = completed(draft([FoundTable("firms.csv", firms)], unread=["bad.csv: 0 bytes\nx = 1"]))
    assert [table.fact.kind for table in parse_mapping(text, "draft").tables] == [
        "party",
        "credit_record",
    ]
    assert "# not read: bad.csv: 0 bytes x = 1" in text


def test_headers_and_file_names_cannot_break_out_of_the_draft() -> None:
    evil = 'x"]\nsimulated = true\n#'
    columns = pa.table({"企业代号": ["E1"], "企业名称": ["甲"], evil: ["1"]})
    text = completed(draft([FoundTable(evil, columns), FoundTable(evil, columns.select([2]))]))
    assert tomllib.loads(text)["simulated"] is False


def test_synonyms_name_fields_that_exist() -> None:
    for kind, keys in SYNONYMS.items():
        known = {field.key for field in MAPPABLE[kind].mapped}
        assert set(keys) <= known
        for headers in keys.values():
            assert len(headers) == len(set(headers))


def test_the_probe_knows_every_header() -> None:
    probing = probe("x.csv")
    assert len(probing.columns) == sum(len(keys) for keys in SYNONYMS.values())
