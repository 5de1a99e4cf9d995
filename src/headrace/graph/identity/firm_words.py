"""The words company names are built from: legal forms, lines of business, kinds of branch.

A name is region + trade name + line of business + legal form (企业名称登记管理规定 of 2020,
article 6).
"""

from dataclasses import dataclass
from enum import IntEnum
from functools import cache


class Form(IntEnum):
    """Legal form of a party, as its name says it."""

    UNKNOWN = 0
    LIMITED = 1
    JOINT_STOCK = 2
    PARTNERSHIP = 3
    SOLE_TRADER = 4
    COOPERATIVE = 5
    FACTORY = 6
    COMPANY = 7


@dataclass(frozen=True)
class FirmName:
    """One name in parts.

    Attributes:
        region: Code of the division, six digits; 0 where the name says none.
        trade: The trade name (字号), folded; empty where only its sound is known.
        sound: Pinyin of the trade name without tones.
        businesses: Words for the line of business, the last first; English ones of an English name.
        form: Legal form.
        branch: What makes it a branch, office or outlet of its head office; empty for the head.
    """

    region: int
    trade: str
    sound: str
    businesses: tuple[str, ...]
    form: Form
    branch: str


FORMS: dict[str, Form] = {
    **dict.fromkeys(("有限责任公司", "责任有限公司", "有限公司", "有限责任"), Form.LIMITED),
    **dict.fromkeys(("股份有限责任公司", "股份有限公司", "股份公司", "股份"), Form.JOINT_STOCK),
    "股份有限": Form.JOINT_STOCK,
    **dict.fromkeys(("特殊普通合伙企业", "特殊普通合伙", "普通合伙企业"), Form.PARTNERSHIP),
    **dict.fromkeys(("普通合伙", "有限合伙企业", "有限合伙", "合伙企业"), Form.PARTNERSHIP),
    **dict.fromkeys(("合伙企业有限合伙", "合伙企业普通合伙"), Form.PARTNERSHIP),
    **dict.fromkeys(("个体工商户", "个体户", "个体"), Form.SOLE_TRADER),
    **dict.fromkeys(("农民专业合作社", "专业合作社", "合作社", "合作联社"), Form.COOPERATIVE),
    **dict.fromkeys(("总厂", "厂"), Form.FACTORY),
    **dict.fromkeys(("总公司", "公司"), Form.COMPANY),
}
"""Endings of names in simplified characters without brackets; (股) and (有) are read as well."""

ENGLISH_FORMS: dict[str, Form] = {
    **dict.fromkeys(("limited", "ltd", "llc"), Form.LIMITED),
    **dict.fromkeys(("company", "co", "corporation", "corp", "inc", "incorporated"), Form.COMPANY),
    **dict.fromkeys(("plc", "jsc"), Form.JOINT_STOCK),
    **dict.fromkeys(("lp", "llp", "partnership"), Form.PARTNERSHIP),
    "cooperative": Form.COOPERATIVE,
    "factory": Form.FACTORY,
    "works": Form.FACTORY,
}

BRANCHES = (
    *("分公司", "分店", "分厂", "分行", "支行", "分理处", "营业部", "营业所", "办事处", "代表处"),
    *("项目部", "门店", "分部", "分院", "分校", "分所", "支公司", "储蓄所", "服务部"),
)
"""Endings of the names of parts that are not parties of their own right."""

ENGLISH_BRANCHES = ("branch", "office", "representative")

_BUSINESSES = """
贸易=trading,trade 商贸=trading,trade,commerce 经贸=trading,trade 工贸=trading,trade
外贸=trading,trade 进出口=import,export 国际贸易=trading,trade,international
科技=technology,technologies,tech 技术=technology,technologies,tech
科学技术=technology,technologies,tech 网络科技=network,technology 信息技术=information,technology
信息科技=information,technology 信息=information 网络=network 电子=electronics,electronic
电子科技=electronic,technology 电子商务=commerce 电器=appliance,appliances
电气=electric,electrical 电力=power 电源=power 半导体=semiconductor 光电=optoelectronics
软件=software 通信=communication,communications 通讯=communication,communications 数据=data
智能=intelligent 智能科技=intelligent,technology 机器人=robot,robotics 自动化=automation
机械=machinery 机械制造=machinery 设备=equipment 机电=electromechanical 机电设备=equipment
模具=mould,mold 轴承=bearing 五金=hardware 五金制品=hardware 塑料=plastics,plastic
塑胶=plastics,plastic 橡胶=rubber 化工=chemical,chemicals 化学=chemical,chemicals 新材料=materials
材料=materials,material 建材=building 建筑材料=building 钢铁=steel 钢材=steel 金属=metal
金属制品=metal 铝业=aluminium,aluminum 铜业=copper 矿业=mining 煤业=coal 煤炭=coal 石油=petroleum
石化=petrochemical 天然气=gas 能源=energy 新能源=energy 环保=environmental 环保科技=environmental
环境=environment 水务=water 建设=construction 建筑=construction 建筑工程=construction
建设工程=construction 工程=engineering 装饰=decoration 装饰工程=decoration 园林=landscape
市政=municipal 置业=property 房地产=estate 房地产开发=estate 地产=estate 物业=property
物业管理=property 开发=development 投资=investment 投资管理=investment 投资中心=investment
投资控股=holding,holdings 控股=holding,holdings 创业投资=venture 资产管理=asset 资本=capital
基金=fund 股权投资=equity 融资租赁=leasing 租赁=leasing 担保=guarantee 融资担保=guarantee
小额贷款=microcredit 保险=insurance 证券=securities 银行=bank 信托=trust 期货=futures
保理=factoring 商业保理=factoring 供应链=supplychain 供应链管理=supplychain 物流=logistics
货运=freight 运输=transport,transportation 国际物流=logistics 航运=shipping 海运=shipping
快递=express 仓储=warehousing,storage 港口=port 航空=aviation 汽车=automobile,auto,motor
汽车销售=automobile,auto 汽车零部件=auto,parts 汽车服务=auto 零部件=parts 配件=parts
船舶=ship,shipbuilding 重工=industry,industries 工业=industry,industries
实业=industry,industries,industrial 产业=industry,industries 集团=group 发展=development
国际=international 企业管理=management 企业=enterprise,enterprises 管理=management 咨询=consulting
管理咨询=consulting 商务=business 商务咨询=consulting 服务=service,services 人力资源=resources
劳务=labour,labor 广告=advertising 传媒=media 文化=culture,cultural 文化传媒=culture,media
文化传播=culture 影视=film 教育=education 教育科技=education 培训=training 体育=sports
旅游=travel,tourism 旅行社=travel 酒店=hotel 酒店管理=hotel 餐饮=catering 餐饮管理=catering
食品=food,foods 饮料=beverage 酒业=liquor,wine 粮油=grain 农业=agriculture,agricultural
农业科技=agriculture 农牧=farming 种业=seed 养殖=breeding 水产=aquatic 生物=biological,biotech
生物科技=biotechnology,biotech 生物技术=biotechnology,biotech
医药=pharmaceutical,pharmaceuticals,pharma 制药=pharmaceutical,pharmaceuticals,pharma
药业=pharmaceutical,pharmaceuticals,pharma 医疗=medical 医疗器械=medical,device 医疗科技=medical
健康=health 健康科技=health 大药房=pharmacy 医院=hospital 纺织=textile,textiles
纺织品=textile,textiles 服装=garment,garments,clothing 服饰=apparel,clothing 制衣=garment,garments
鞋业=shoes,footwear 家具=furniture 家居=home 木业=wood,timber 纸业=paper 包装=packaging
印刷=printing 玩具=toy,toys 工艺品=crafts 珠宝=jewelry,jewellery 化妆品=cosmetics 日用品=commodity
百货=department 超市=supermarket 商行=store 商店=shop 商场=mall 便利店=convenience 门市部=outlet
经营部=outlet 批发部=wholesale 工作室=studio 餐厅=restaurant 饭店=restaurant 茶业=tea
陶瓷=ceramics,ceramic 玻璃=glass 水泥=cement 混凝土=concrete 仪器=instrument,instruments
仪表=instruments 精密=precision 精密机械=precision 制造=manufacturing 制品=products
加工=processing 安装=installation 安防=security 保安=security 消防=fire 检测=testing 设计=design
测绘=surveying 研究院=institute 研究所=institute 会计师事务所=accounting 律师事务所=law
中心=center,centre 线缆=cable 电缆=cable 电池=battery 光伏=photovoltaic,solar 风电=wind
照明=lighting 阀门=valve 液压=hydraulic 泵业=pump 股权投资基金=fund 动力=power 生态=ecology
生态农业=ecology 特钢=steel 化纤=fiber,fibre 印染=dyeing 皮革=leather 电梯=elevator 装备=equipment
系统=systems,system 资源=resources 商业=commercial 用品=articles 公路=highway 出版=publishing
控制=control 新材=materials 合金=alloy 节能=energysaving 数字=digital 精工=precision 高科=hightech
智慧=smart 电机=motor 电路=circuit,circuits 数码=digital 连锁=chain 金融=financial,finance
部件=components 娱乐=entertainment 创意=creative 激光=laser 传动=transmission 科学=science
黄金=gold 路桥=bridge 轮胎=tire,tyre 光学=optical,optics 重型=heavy 特种=special 基因=gene
互联=internet 乳业=dairy 电工=electrical 热电=thermal 气体=gases 农化=agrochemical 燃气=gas
数控=cnc 牧业=husbandry 机器=machine 安全=safety 饰件=trim 精机=precision 重机=heavy
发电=generation 林业=forestry 集成=integration 铁路=railway 营销=marketing 风机=fan
交通=communications 钛业=titanium 煤电=coal 传感=sensor 导航=navigation 焊接=welding 啤酒=brewery
管业=pipe 水利=hydro 机床=machinetool 管道=pipeline 纤维=fiber 自控=control 器材=apparatus
涂料=coatings 机场=airport 游戏=games 锅炉=boiler 电影=film 电视=television 工具=tools
生化=biochemical 体检=checkup 开关=switch 电线=wire
"""


@cache
def businesses() -> dict[str, tuple[str, ...]]:
    """Words for a line of business, with the English words that stand for them."""
    entries = (entry.split("=") for entry in _BUSINESSES.split())
    known = {word: tuple(english.split(",")) for word, english in entries}
    return {word: english for word, english in known.items() if not _made_of(word, known)}


def _made_of(word: str, known: dict[str, tuple[str, ...]]) -> bool:
    """Whether a word is two or more others, 国际贸易 of 国际 and 贸易: those are compared."""
    cuts = range(2, len(word) - 1)
    return any(
        word[:cut] in known and (word[cut:] in known or _made_of(word[cut:], known)) for cut in cuts
    )
