"""Administrative divisions as company names write them, with the codes of GB/T 2260.

A province has two digits, a prefecture two more, a county two more; a county-level city that names
often start with is listed, others are read by nobody as a region and stay part of the trade name.
Source: GB/T 2260, the list of the Ministry of Civil Affairs; kept by hand, prefectures complete.
"""

from dataclasses import dataclass
from functools import cache

_PROVINCES = """
11北京市 12天津市 13河北省 14山西省 15内蒙古自治区 21辽宁省 22吉林省 23黑龙江省 31上海市 32江苏省
33浙江省 34安徽省 35福建省 36江西省 37山东省 41河南省 42湖北省 43湖南省 44广东省 45广西壮族自治区
46海南省 50重庆市 51四川省 52贵州省 53云南省 54西藏自治区 61陕西省 62甘肃省 63青海省
64宁夏回族自治区 65新疆维吾尔自治区 71台湾省 81香港特别行政区 82澳门特别行政区
"""
_PREFECTURES = """
13 01石家庄 02唐山 03秦皇岛 04邯郸 05邢台 06保定 07张家口 08承德 09沧州 10廊坊 11衡水
14 01太原 02大同 03阳泉 04长治 05晋城 06朔州 07晋中 08运城 09忻州 10临汾 11吕梁
15 01呼和浩特 02包头 03乌海 04赤峰 05通辽 06鄂尔多斯 07呼伦贝尔 08巴彦淖尔 09乌兰察布
21 01沈阳 02大连 03鞍山 04抚顺 05本溪 06丹东 07锦州 08营口 09阜新 10辽阳 11盘锦 12铁岭 13朝阳
21 14葫芦岛
22 01长春 02吉林 03四平 04辽源 05通化 06白山 07松原 08白城
23 01哈尔滨 02齐齐哈尔 03鸡西 04鹤岗 05双鸭山 06大庆 07伊春 08佳木斯 09七台河 10牡丹江 11黑河
23 12绥化
32 01南京 02无锡 03徐州 04常州 05苏州 06南通 07连云港 08淮安 09盐城 10扬州 11镇江 12泰州 13宿迁
33 01杭州 02宁波 03温州 04嘉兴 05湖州 06绍兴 07金华 08衢州 09舟山 10台州 11丽水
34 01合肥 02芜湖 03蚌埠 04淮南 05马鞍山 06淮北 07铜陵 08安庆 10黄山 11滁州 12阜阳 13宿州 15六安
34 16亳州 17池州 18宣城
35 01福州 02厦门 03莆田 04三明 05泉州 06漳州 07南平 08龙岩 09宁德
36 01南昌 02景德镇 03萍乡 04九江 05新余 06鹰潭 07赣州 08吉安 09宜春 10抚州 11上饶
37 01济南 02青岛 03淄博 04枣庄 05东营 06烟台 07潍坊 08济宁 09泰安 10威海 11日照 13临沂 14德州
37 15聊城 16滨州 17菏泽
41 01郑州 02开封 03洛阳 04平顶山 05安阳 06鹤壁 07新乡 08焦作 09濮阳 10许昌 11漯河 12三门峡 13南阳
41 14商丘 15信阳 16周口 17驻马店
42 01武汉 02黄石 03十堰 05宜昌 06襄阳 07鄂州 08荆门 09孝感 10荆州 11黄冈 12咸宁 13随州
43 01长沙 02株洲 03湘潭 04衡阳 05邵阳 06岳阳 07常德 08张家界 09益阳 10郴州 11永州 12怀化 13娄底
44 01广州 02韶关 03深圳 04珠海 05汕头 06佛山 07江门 08湛江 09茂名 12肇庆 13惠州 14梅州 15汕尾
44 16河源 17阳江 18清远 19东莞 20中山 51潮州 52揭阳 53云浮
45 01南宁 02柳州 03桂林 04梧州 05北海 06防城港 07钦州 08贵港 09玉林 10百色 11贺州 12河池 13来宾
45 14崇左
46 01海口 02三亚 03三沙 04儋州
51 01成都 03自贡 04攀枝花 05泸州 06德阳 07绵阳 08广元 09遂宁 10内江 11乐山 13南充 14眉山 15宜宾
51 16广安 17达州 18雅安 19巴中 20资阳
52 01贵阳 02六盘水 03遵义 04安顺 05毕节 06铜仁
53 01昆明 03曲靖 04玉溪 05保山 06昭通 07丽江 08普洱 09临沧
54 01拉萨 02日喀则 03昌都 04林芝 05山南 06那曲
61 01西安 02铜川 03宝鸡 04咸阳 05渭南 06延安 07汉中 08榆林 09安康 10商洛
62 01兰州 02嘉峪关 03金昌 04白银 05天水 06武威 07张掖 08平凉 09酒泉 10庆阳 11定西 12陇南
63 01西宁 02海东
64 01银川 02石嘴山 03吴忠 04固原 05中卫
65 01乌鲁木齐 02克拉玛依 04吐鲁番 05哈密
71 01台北 02高雄 03新北 04桃园 05台中 06台南 07新竹
"""
_AREAS = """
2224延边朝鲜族自治州 4228恩施土家族苗族自治州 4331湘西土家族苗族自治州 5132阿坝藏族羌族自治州
5133甘孜藏族自治州 5134凉山彝族自治州 5223黔西南布依族苗族自治州 5226黔东南苗族侗族自治州
5227黔南布依族苗族自治州 5323楚雄彝族自治州 5325红河哈尼族彝族自治州 5326文山壮族苗族自治州
5328西双版纳傣族自治州 5329大理白族自治州 6229临夏回族自治州 6523昌吉回族自治州
6528巴音郭楞蒙古自治州 6540伊犁哈萨克自治州 6531喀什地区 1522兴安盟 1525锡林郭勒盟 1529阿拉善盟
2327大兴安岭地区
"""
_COUNTIES = """
110105朝阳区 110106丰台区 110108海淀区 110101东城区 110102西城区 310115浦东新区 310115浦东
310104徐汇区 310112闵行区 310114嘉定区 310117松江区 310118青浦区 310120奉贤区 310107普陀区
310101黄浦区 310106静安区 120116滨海新区 320214新吴区 320281江阴市 320282宜兴市 320581常熟市
320582张家港市 320583昆山市 320583昆山 320585太仓市 320681启东市 320682如皋市 320684海门市
321181丹阳市 321281兴化市 321282靖江市 320505虎丘区 320507相城区 320506吴中区 320509吴江区
330106西湖区 330108滨江区 330109萧山区 330110余杭区 330203海曙区 330282慈溪市 330281余姚市
330382乐清市 330381瑞安市 330481海宁市 330482平湖市 330483桐乡市 330681诸暨市 330683嵊州市
330782义乌市 330782义乌 330783东阳市 330784永康市 331081温岭市 331082临海市 350211集美区
350581石狮市 350582晋江市 350583南安市 350181福清市 370211黄岛区 370281胶州市 370282即墨市
370281胶州 370681龙口市 370783寿光市 370781青州市 370882兖州市 410122中牟县 410181巩义市
420106武昌区 420103江汉区 420111洪山区 430181浏阳市 440305南山区 440304福田区 440306宝安区
440307龙岗区 440303罗湖区 440106天河区 440104越秀区 440113番禺区 440118增城区 440605南海区
440606顺德区 440606顺德 440605南海 510104锦江区 510107武侯区 510181都江堰市 500112渝北区
500103渝中区 500107九龙坡区 610113雁塔区 610112未央区 610104莲湖区 210211甘井子区 230103南岗区
520103云岩区 530102五华区 650102天山区 450103青秀区 130108裕华区
"""
_ENGLISH = {
    "inner mongolia": 150000,
    "neimenggu": 150000,
    "tibet": 540000,
    "hong kong": 810000,
    "hongkong": 810000,
    "macau": 820000,
    "macao": 820000,
    "taiwan": 710000,
    "shaanxi": 610000,
    "shanxi": 140000,
    "taipei": 710100,
    "kaohsiung": 710200,
    "xiamen": 350200,
    "canton": 440100,
    "chongqing": 500000,
    "peking": 110000,
    "harbin": 230100,
    "urumqi": 650100,
    "lhasa": 540100,
    "hohhot": 150100,
    "china": 0,
    "prc": 0,
}
_LATIN_OTHERWISE = ("陕西", "厦门", "重庆", "内蒙古", "西藏", "香港", "澳门", "台湾", "哈尔滨")
_ENDS = ("特别行政区", "壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "省", "市")


@dataclass(frozen=True)
class Region:
    """A division.

    Attributes:
        code: Six digits of GB/T 2260; the last two 00 for a prefecture, four for a province.
        name: As the list writes it.
        spellings: Every way a company name may start with it, in simplified characters.
    """

    code: int
    name: str
    spellings: tuple[str, ...]


@cache
def regions() -> tuple[Region, ...]:
    """All divisions that are read, provinces first."""
    found = []
    for entry in _PROVINCES.split():
        name = entry[2:]
        short = next(name.removesuffix(end) for end in _ENDS if name.endswith(end))
        spellings = {name, short, f"{short}省" if name.endswith("省") else name}
        found.append(Region(int(entry[:2]) * 10_000, name, tuple(sorted(spellings))))
    for line in _PREFECTURES.strip().splitlines():
        province, *entries = line.split()
        for entry in entries:
            code, short = int(province + entry[:2]) * 100, entry[2:]
            # 吉林 alone is the province.
            both = (f"{short}市",) if short == "吉林" else (f"{short}市", short)
            found.append(Region(code, f"{short}市", both))
    found.extend(Region(int(e[:4]) * 100, e[4:], (e[4:],)) for e in _AREAS.split())
    found.extend(Region(int(e[:6]), e[6:], (e[6:],)) for e in _COUNTIES.split())
    return tuple(found)


def english_regions() -> dict[str, int]:
    """Names in Latin letters that are not the pinyin, with their codes; 0 for the country."""
    return dict(_ENGLISH)


def plain_pinyin(name: str) -> bool:
    """Whether the pinyin of each character in turn, first readings, spells the region."""
    return not name.startswith(_LATIN_OTHERWISE)


def compatible(one: int, other: int) -> bool:
    """Whether two codes can be one place: equal, unknown (0), or one within the other."""
    if not one or not other or one == other:
        return True
    if one // 10_000 != other // 10_000:
        return False
    one, other = one % 10_000, other % 10_000
    if not one or not other:
        return True
    return one // 100 == other // 100 and (one % 100 == 0 or other % 100 == 0)
