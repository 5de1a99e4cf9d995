"""A small chain map on disk, with rows that cannot be used."""

import gzip
import json

import pyarrow as pa
import pyarrow.parquet as pq


def lines(path, rows):
    with gzip.open(path, "wt", encoding="utf-8") as file:
        for row in rows:
            file.write((row if isinstance(row, str) else json.dumps(row)) + "\n")


def write_chain_map(folder):
    """The eight files of a map of batteries."""
    lines(folder / "company.jsonl.gz", [
        {"name": "甲", "code": "600001"}, {"name": "乙", "code": "000002.SZ"},
        {"name": "丙", "code": "X1"}, "{broken",
    ])  # fmt: skip
    lines(folder / "industry.jsonl.gz", [
        {"code": "630000", "name": "电力设备"}, {"code": "630701", "name": "锂电池"},
        {"code": "630701", "name": "锂电池"}, {"code": "240000", "name": "有色金属"},
    ])  # fmt: skip
    lines(folder / "industry_industry.jsonl.gz", [
        {"from_code": "630701", "to_code": "630000"}, {"from_code": "999", "to_code": "630000"},
    ])  # fmt: skip
    lines(folder / "industry_up.jsonl.gz", [
        {"industry": "锂电池", "ups": {"有色金属": 3, "锂电池": 9, "无此行业": 1}},
    ])  # fmt: skip
    lines(folder / "company_industry.jsonl.gz", [
        {"company_code": "600001.SH", "industry_code": "630701", "industry_name": "锂电池"},
        {"company_code": "300003.SZ", "industry_code": "111", "industry_name": "新行业"},
        {"company_code": "300003.SZ", "industry_code": "", "industry_name": "无"},
    ])  # fmt: skip
    lines(folder / "product.jsonl.gz", [{"name": "锂电池"}, {"name": " "}])
    pq.write_table(pa.table({
        "company_code": ["600001.SH", "600001.SH", "600001", "000002.SZ"],
        "product": ["锂电池", "抵销", "锂电池", "正极材料"],
        "weight": [0.7, -0.1, 0.7, None],
    }), folder / "company_product.parquet")  # fmt: skip
    pq.write_table(pa.table({
        "from_product": ["锂电池", "碳酸锂", "锂电池", "电池", "甲醇", "锂电池"],
        "to_product": ["正极材料", "正极材料", "正极材料", "锂电池", "甲醇", "正极材料"],
        "rel": ["上游材料", "下游产品", "上游材料", "产品小类", "上游材料", "友商"],
    }), folder / "product_product.parquet")  # fmt: skip
