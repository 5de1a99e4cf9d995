"""Where definitions of the reports are from, whether the authors read them, and names in them."""

from headrace.pack import Text
from headrace.workflows.supervision import Cited

RULES_2018 = Cited(
    Text(
        "CBRC notice of 2018 on small firms: limits of one borrower up to 10 million yuan; loans "
        "and borrowers grow, bad loans and cost are kept in check (银监办发〔2018〕29号)",
        "《关于2018年推动银行业小微企业金融服务高质量发展的通知》（银监办发〔2018〕29号）："
        "单户授信1000万元及以下，两增两控",
    )
)
CLASSES_2023 = Cited(
    Text(
        "Measures for the Risk Classification of Financial Assets of Commercial Banks, order 1 of "
        "2023, in force from 2023-07-01",
        "《商业银行金融资产风险分类办法》（2023年第1号令，2023年7月1日起施行）",
    )
)
EXPOSURES_2018 = Cited(
    Text(
        "Measures for the Management of Large Exposures of Commercial Banks, order 1 of 2018: a "
        "client up to 15 %, a group of connected clients up to 20 % of Tier 1 net capital",
        "《商业银行大额风险暴露管理办法》（2018年第1号令）：单一客户不超过一级资本净额的15%，"
        "一组关联客户不超过20%",
    )
)
CATALOGUE_2025 = Cited(
    Text(
        "Catalogue of Projects Supported by Green Finance (2025), Yin Fa [2025] 132, in force "
        "from 2025-10-01; special statistics of green loans, Yin Fa [2019] 326",
        "《绿色金融支持项目目录（2025年版）》（银发〔2025〕132号，2025年10月1日起施行）；"
        "绿色贷款专项统计制度（银发〔2019〕326号）",
    )
)
PCAF = Cited(
    Text(
        "PCAF Part A, 2nd edition (2022), business loans: outstanding / (equity + debt) x "
        "emissions",
        "PCAF 标准 A 部分第二版（2022）企业贷款：贷款余额 ÷（权益＋债务）× 企业排放量",
    ),
    was_read=True,
)
LOAN_USES = Cited(
    Text(
        "People's Bank statistics of loans by use: high-tech firms and technology small firms by "
        "the lists that name them",
        "人民银行金融机构贷款投向统计：高新技术企业、科技型中小企业以名录认定为准",
    )
)
CATEGORIES = {
    "高新技术企业": "High-tech firms",
    "科技型中小企业": "Technology small and medium firms",
    "专精特新中小企业": "Specialised small and medium firms",
    "专精特新“小巨人”企业": "Specialised “little giant” firms",
    "创新型中小企业": "Innovative small and medium firms",
    "国家技术创新示范企业": "National demonstration firms of technical innovation",
    "制造业单项冠军企业": "Single-product champions of manufacturing",
    "节能降碳产业": "Energy saving and carbon reduction",
    "环境保护产业": "Environmental protection",
    "资源循环利用产业": "Recycling of resources",
    "清洁能源产业": "Clean energy",
    "能源绿色低碳转型": "Green and low-carbon energy transition",
    "生态保护修复和利用": "Protection, restoration and use of ecosystems",
    "基础设施绿色升级": "Green upgrade of infrastructure",
    "绿色服务": "Green services",
    "绿色贸易": "Green trade",
    "绿色消费": "Green consumption",
}
"""English of the lists of technology firms and of the fields of the green catalogue."""


def category_text(name: str) -> Text:
    """What a category of the sheet of marks is called; one that we do not know, by its own name."""
    english = CATEGORIES.get(name)
    return Text(name, name) if english is None else Text(f"{english} ({name})", name)
