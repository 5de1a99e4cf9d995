"""A small made-up graph for the explorer: a group, a guarantee circle, a loan that went round."""

from datetime import UTC, datetime, timedelta

import numpy as np

from headrace.adapters.html.explorer import Edge, Exploration, Finding, Party, Words

XSS = "</script><img src=x onerror='window.hurt = 1'>"
FIRST = datetime(2023, 1, 1, tzinfo=UTC)
NAMED = (
    ("P1", "陈国华", "person"),
    ("P2", "林秀英", "person"),
    ("P3", "王建军", "person"),
    ("C1", "江州华泰控股有限公司", "company"),
    ("C2", "江州华泰钢铁有限公司", "company"),
    ("C3", "江州瑞丰贸易有限公司", "company"),
    ("C4", "临江恒通物流有限公司", "company"),
    ("C5", "临江宏达建材有限公司", "company"),
    ("C6", "江州嘉业投资合伙企业(有限合伙)", "partnership"),
    ("C7", "江州华泰钢铁有限公司第一分公司", "branch"),
    ("C8", "临江永盛机械有限公司", "company"),
    ("C9", "江州汽车集团有限公司", "company"),
    ("phone:138****0021", None, "attribute"),
    ("chain:钢铁/热轧", None, "chain_node"),
)


def us(day: int) -> int:
    """Microseconds since 1970 of a day after 2023-01-01, UTC."""
    return int((FIRST + timedelta(days=day)).timestamp()) * 1_000_000


def edge(kind: str, subject: str, to: str, row: int, **said) -> Edge:
    return Edge(kind, subject, to, fact=f"registry#{row}", source="registry", row=row, **said)


def exact(share: float) -> dict:
    return {"low": share, "high": share}


def sample() -> Exploration:
    """Fourteen nodes, three findings."""
    edges = (
        edge("owns", "P1", "C1", 1, **exact(0.62), since=us(0)),
        edge("owns", "P2", "C1", 2, low=0.25, high=0.38, since=us(0)),
        edge("owns", "C1", "C2", 3, **exact(0.51), since=us(30)),
        edge("votes", "C1", "C2", 4, **exact(0.67), since=us(30)),
        edge("owns", "C1", "C3", 5, **exact(0.45), since=us(60), until=us(500)),
        edge("general_partner", "P1", "C6", 6, since=us(40)),
        edge("limited_partner", "C1", "C6", 7, **exact(0.9), since=us(40)),
        edge("owns", "C6", "C3", 8, **exact(0.3), since=us(90)),
        edge("family", "P2", "P1", 9, role="spouse"),
        edge("office", "P3", "C5", 10, role="legal representative", since=us(10)),
        edge("office", "P1", "C2", 11, role="director", since=us(30)),
        edge("guarantees", "C2", "C4", 12, amount_minor=3_000_000_000, since=us(300)),
        edge("guarantees", "C4", "C5", 13, amount_minor=2_500_000_000, since=us(310)),
        edge("guarantees", "C5", "C2", 14, amount_minor=2_800_000_000, since=us(320)),
        edge("guarantees", "C3", "C5", 15, amount_minor=800_000_000, since=us(200), until=us(400)),
        edge("branch_of", "C7", "C2", 16),
        edge("uses", "C3", "phone:138****0021", 17, role="phone"),
        edge("uses", "C8", "phone:138****0021", 18, role="phone"),
        edge("supplies", "C2", "C9", 19, **exact(0.42), amount_minor=6_100_000_000, since=us(0)),
        edge("on_chain", "C2", "chain:钢铁/热轧", 20, **exact(0.8)),
        edge("transfers", "C2", "C3", 21, amount_minor=1_200_000_000, since=us(420)),
        edge("transfers", "C3", "C8", 22, amount_minor=1_150_000_000, since=us(422)),
        edge("transfers", "C8", "P1", 23, amount_minor=1_100_000_000, since=us(425)),
        edge("transfers", "C2", "C4", 24, amount_minor=300_000_000, since=us(430)),
        edge("transfers", "C2", "C4", 25, amount_minor=260_000_000, since=us(460)),
        edge("trades", "C8", "C2", 26, amount_minor=900_000_000, since=us(380)),
        edge("lends", "C1", "C8", 27, amount_minor=500_000_000, since=us(350)),
        edge("disputes", "C5", "C4", 28, amount_minor=120_000_000, since=us(520)),
    )
    findings = (
        Finding(
            "guarantee_circle",
            Words("Guarantee circle of 3 firms", "三家企业担保圈"),
            Words(
                "Each guarantees the next, and the last the first: **83 m yuan** of guarantees "
                "that fall together.",
                "三家企业依次担保、首尾相接：合计 **8,300 万元** 担保将同时落空。",
            ),
            ("C2", "C4", "C5"),
            (11, 12, 13),
            Words("strongly connected guarantors", "担保关系强连通"),
            ((Words("Guaranteed, net", "净担保额"), "¥83,000,000"),),
        ),
        Finding(
            "fund_flow",
            Words("Loan money back to the owner", "贷款资金回流实际控制人"),
            Words(
                "11 m of 12 m yuan reached the controller within 5 days.",
                "1,200 万元中有 1,100 万元在 5 天内到达实际控制人。",
            ),
            ("C2", "C3", "C8", "P1"),
            (20, 21, 22),
        ),
        Finding(
            "group",
            Words("Group of 陈国华", "陈国华集团"),
            Words("Controlled by one person with spouse.", "由同一自然人及其配偶控制。"),
            ("P1", "P2", "C1", "C2", "C3", "C6", "C7"),
            (0, 1, 2, 3, 4, 5, 6, 7, 8, 15),
            Words("group customers: common control", "集团客户：共同控制"),
        ),
    )
    return Exploration(
        Words("Who stands behind Huatai Steel", "华泰钢铁的背后"),
        tuple(Party(*each) for each in NAMED),
        edges,
        findings,
        focus="C2",
        as_of=FIRST + timedelta(days=480),
        simulated=True,
    )


def hostile() -> Exploration:
    """Every text is an attempt to run a script."""
    words = Words(XSS, XSS)
    parties = (Party("<b>&\"'", XSS, "company"), Party(XSS, None, "person"))
    said = {"role": XSS, "about": XSS, "fact": XSS, "source": XSS}
    edges = (Edge("owns", XSS, "<b>&\"'", **exact(0.5), **said),)
    numbers = ((words, XSS),)
    finding = Finding(XSS, words, words, (XSS,), (0,), words, numbers)
    return Exploration(words, parties, edges, (finding,), focus=XSS)


def big(parties: int = 2_000, edges: int = 5_000, seed: int = 4) -> Exploration:
    """A graph of the largest size that a page is meant for: hubs, several kinds, a few years."""
    rng = np.random.default_rng(seed)
    hubs = (parties * rng.random(edges) ** 3).astype(int)
    others = rng.integers(0, parties, edges)
    kinds = rng.choice(["owns", "guarantees", "transfers", "supplies", "office", "uses"], edges)
    days, amounts = rng.integers(0, 900, edges), rng.integers(1, 5_000, edges) * 1_000_000
    made = tuple(
        Edge(
            str(kind),
            f"F{to}",
            f"F{hub}",
            amount_minor=int(amount),
            since=us(int(day)),
            fact=f"f#{row}",
            source="f",
            row=row,
        )
        for row, (kind, hub, to, day, amount) in enumerate(
            zip(kinds, hubs, others, days, amounts, strict=True)
        )
        if hub != to
    )
    nodes = tuple(
        Party(f"F{code}", f"第{code}号贸易有限公司", "company") for code in range(parties)
    )
    return Exploration(Words("Large", "大图"), nodes, made, focus="F0")
