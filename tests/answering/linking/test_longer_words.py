"""Names that sentences make by chance, as pieces of longer words."""

from __future__ import annotations

import pytest

from rag.domain import EntityId
from rag.linking.linker import Linker
from rag.linking.longer_words import cut_from_a_word
from rag.linking.names import Names
from rag.ports import NameRow
from rag.vocabulary import EntityType

SYMPTOM, DISEASE, DRUG, HERB = EntityType.SYMPTOM, EntityType.DISEASE, EntityType.DRUG, EntityType.HERB


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("血压低压高是怎么回事", "血压低", SYMPTOM),
        ("枸杞一起泡酒好吗", "起泡", SYMPTOM),
        ("近视怎么恢复视力", "复视", SYMPTOM),
        ("脚掌心疼", "心疼", SYMPTOM),
        ("大腿正面疼", "面疼", SYMPTOM),
        ("免疫缺陷病毒怎么传播", "免疫缺陷病", DISEASE),
        ("猩红斑疹热病传染吗", "红斑", DISEASE),
        ("可定期复查", "可定", DRUG),
        ("晚上感冒发烧", "上感", DISEASE),
        ("这3个月经常熬夜", "月经", SYMPTOM),
        ("抗凝血酶高", "抗凝", EntityType.TREATMENT),
        ("雄激素高吗", "激素", DRUG),
        ("硬化性苔癣", "硬化", SYMPTOM),
        ("小孩肺炎支原抗体阳性", "肺炎", DISEASE),
        ("冰冻肩炎怎么治", "冰冻肩", DISEASE),
        ("尿糖病怎么治", "尿糖", SYMPTOM),
        ("偏头痛热怎么治", "偏头痛", DISEASE),
        ("头孢克林怎么吃", "头孢", DRUG),
        ("红花油对孕妇有害吗", "红花", HERB),
        ("针刺的感觉", "针刺", EntityType.THERAPY),
        ("果糖血症怎么治", "血症", DISEASE),
        ("孩子满月", "子满", DISEASE),
        ("人参果怎么吃", "人参", DRUG),
        ("金银花露管用吗", "金银花", HERB),
        ("六味地黄汤", "地黄", HERB),
        ("麝香风湿胶囊", "麝香", HERB),
        ("脸上有褐色斑点", "色斑", DISEASE),
        ("腿上起红斑点", "红斑", SYMPTOM),
        ("喉咙有异物感", "异物", EntityType.CAUSE),
        ("呛了几口水", "口水", EntityType.BODY_PART),
        ("脚脖子肿", "脖子", EntityType.BODY_PART),
        ("免疫球蛋白多少算高", "球蛋白", EntityType.INDICATOR),
        ("脑肾综合征怎么治", "肾综", DISEASE),
        ("胸锁乳突肌疼", "乳突", EntityType.EXAMINATION),
        ("胃底静脉曲张严重吗", "静脉曲张", DISEASE),
        ("有肝肾阴虚的表现", "肾阴虚", SYMPTOM),
        ("舌头疼", "头疼", SYMPTOM),
        ("姜水泡脚好吗", "水泡", SYMPTOM),
        ("肝大三阳会传染吗", "肝大", SYMPTOM),
        ("药对眼睛有影响吗", "对眼", DISEASE),
        ("靠自身免疫力清除", "自身免疫", EntityType.CAUSE),
        ("去了市肿瘤医院", "肿瘤", DISEASE),
        ("长了花生豆大的痣", "花生", EntityType.FOOD),
        ("小便好似啤酒", "啤酒", EntityType.FOOD),
        ("龙眼核治什么", "龙眼", HERB),
        ("屁股眼疼", "屁股", EntityType.BODY_PART),
        ("先天性甲状腺功能减低症", "甲状腺功能", EntityType.EXAMINATION),
        ("被隐翅虫咬了", "虫咬", EntityType.CAUSE),
        ("严重影响睡眠", "重影", SYMPTOM),
        ("构音和运动障碍", "运动", EntityType.TREATMENT),
        ("β2微球蛋白", "球蛋白", EntityType.INDICATOR),
        ("肝硬化child a级", "child", EntityType.POPULATION),
        ("还有好多疑问", "多疑", SYMPTOM),
        ("小腿肚胀痛", "肚胀痛", SYMPTOM),
        ("麻风疫苗能打吗", "麻风", DISEASE),
        ("密密麻麻疹子", "麻疹", DISEASE),
        ("宫口粘连", "口粘", SYMPTOM),
        ("抽血检查结果", "血检查", EntityType.EXAMINATION),
        ("擦屁股有血", "屁股", EntityType.BODY_PART),
        ("给婴幼儿吃", "幼儿", EntityType.POPULATION),
        ("上幼儿园要查吗", "幼儿", EntityType.POPULATION),
        ("洋地黄中毒", "地黄", HERB),
        ("喝乳酸菌饮料", "乳酸", EntityType.INDICATOR),
        ("尿微白蛋白高", "白蛋白", EntityType.INDICATOR),
        ("胃肠镜检查", "肠镜检查", EntityType.EXAMINATION),
        ("被一种毒虫中毒蛇咬", "中毒", DISEASE),
        ("自发性气胸口痛", "口痛", SYMPTOM),
        ("诊断说切口粘连", "口粘", SYMPTOM),
        ("桡骨小头骨折", "小头", SYMPTOM),
        ("喝了小柴胡能开车吗", "柴胡", HERB),
        ("发现双乳溢乳", "乳溢", DISEASE),
        ("22岁女性病情", "性病", DISEASE),
        ("被蜱虫咬了", "虫咬", EntityType.CAUSE),
        ("氨基酸脱水酶低", "脱水", SYMPTOM),
        ("吞咽反射消失", "咽反射", SYMPTOM),
        ("泌尿结石怎么治", "尿结石", DISEASE),
        ("鼻咽喉癌早期", "咽喉癌", DISEASE),
        ("上呼吸道炎症", "呼吸道炎", DISEASE),
        ("尿白细胞偏高", "白细胞", EntityType.INDICATOR),
        ("后腰突然绞痛", "腰突", DISEASE),
        ("红肿热痛", "热痛", SYMPTOM),
        ("便血鲜红色", "便血鲜红", SYMPTOM),
        ("脾虚湿盛", "脾虚", DISEASE),
        ("肝郁脾虚", "脾虚", DISEASE),
        ("中老年人补钙", "老年人", EntityType.POPULATION),
        ("尾椎骨疼", "骨疼", SYMPTOM),
        ("美沙拉嗪灌肠液", "灌肠", EntityType.TREATMENT),
        ("双歧杆菌三联活菌", "双歧杆菌", EntityType.PATHOGEN),
        ("脑脊液蛋白细胞分离", "脑脊液蛋白", EntityType.INDICATOR),
        ("一名中年男性", "中年", EntityType.POPULATION),
        ("排卵期同房", "排卵", EntityType.INDICATOR),
        ("口腔浆细胞肉瘤", "浆细胞", EntityType.EXAMINATION),
        ("吃蛋白质粉", "蛋白质", EntityType.EXAMINATION),
        ("白带清稀", "白带", SYMPTOM),
        ("阴虚内热", "内热", DISEASE),
        ("月经先期", "月经", SYMPTOM),
        ("血压药能停吗", "血压", EntityType.INDICATOR),
        ("吃减肥药", "减肥", EntityType.TREATMENT),
        ("喝运动饮料", "运动", EntityType.TREATMENT),
        ("EGFR突变".lower(), "egfr", EntityType.INDICATOR),
        ("异型淋巴细胞", "淋巴细胞", EntityType.INDICATOR),
        ("黑线都从肚子上消失了", "上消", DISEASE),
        ("多汗症从肾着手治疗", "肾着", DISEASE),
        ("血液流变性", "变性", DISEASE),
        ("碰触电焊机", "触电", DISEASE),
        ("5例假阳性", "例假", SYMPTOM),
        ("现代文明病", "代文", DRUG),
        ("白带像豆腐渣", "豆腐", EntityType.FOOD),
        ("羊肚菌怎么吃", "羊肚", EntityType.FOOD),
        ("川芎嗪注射液", "川芎", HERB),
        ("黄芪甲苷片", "黄芪", HERB),
        ("琥珀酸美托洛尔", "琥珀", HERB),
        ("门冬天冬氨酸高", "天冬", HERB),
        ("葡萄糖酸锌口服液", "葡萄", EntityType.FOOD),
        ("葡萄球菌感染", "葡萄", EntityType.FOOD),
        ("活血止痛片", "止痛", EntityType.TREATMENT),
        ("下肢运动功能差", "运动", EntityType.TREATMENT),
        ("群众性卫生防疫运动", "运动", EntityType.TREATMENT),
        ("先滴AD还是先补钙".lower(), "ad", DISEASE),
        ("只有个针眼", "针眼", DISEASE),
        ("住在阴冷的房间", "阴冷", DISEASE),
    ],
)
def test_pieces_of_longer_words(text: str, name: str, kind: EntityType) -> None:
    start = text.index(name)
    assert cut_from_a_word(text, start, start + len(name), {kind})


@pytest.mark.parametrize(
    ("text", "name", "kind"),
    [
        ("血压低怎么办", "血压低", SYMPTOM),
        ("脚上起泡了", "起泡", SYMPTOM),
        ("大量出血压迫止血", "出血", SYMPTOM),
        ("服用替比夫定期间", "替比夫定", DRUG),
        ("抹激素行吗", "激素", DRUG),
        ("月经常推迟", "月经", SYMPTOM),
        ("晚上上火", "上火", DISEASE),
        ("疼痛性质", "疼痛", SYMPTOM),
        ("诊断为血症", "血症", DISEASE),
        ("癫痫病怎么治", "癫痫", DISEASE),
        ("肝腹水症怎么治", "肝腹水", SYMPTOM),
        ("发热病人", "发热", SYMPTOM),
        ("关节痛热敷", "关节痛", DISEASE),
        ("头孢拌酒", "头孢", DRUG),
        ("肺炎球菌疫苗", "肺炎球菌疫苗", DRUG),
        ("针灸对面瘫有效吗", "面瘫", DISEASE),
        ("吃人参果然上火", "人参", DRUG),
        ("买当归花多少钱", "当归", HERB),
        ("喝山药汤好吗", "山药", HERB),
        ("黄芪和当归片", "黄芪", HERB),
        ("灵芝孢子粉", "灵芝", HERB),
        ("额头疼", "头疼", SYMPTOM),
        ("右眼白内障", "白内障", DISEASE),
        ("脸上有色斑", "色斑", DISEASE),
        ("肾阴虚吃什么", "肾阴虚", SYMPTOM),
        ("小腿静脉曲张", "静脉曲张", DISEASE),
        ("糖尿病病情加重", "糖尿病", DISEASE),
        ("查出肝肿瘤医院让手术", "肝肿瘤", DISEASE),
        ("就像平时喝啤酒一样", "啤酒", EntityType.FOOD),
        ("吃花生大便干", "花生", EntityType.FOOD),
        ("屁股疼", "屁股", EntityType.BODY_PART),
        ("被虫咬了", "虫咬", EntityType.CAUSE),
        ("蚊虫咬了", "虫咬", EntityType.CAUSE),
        ("气胸口服什么药", "气胸", DISEASE),
        ("利尿白蛋白怎么用", "白蛋白", EntityType.INDICATOR),
        ("转氨酶高", "转氨酶", EntityType.INDICATOR),
        ("尿蛋白高", "尿蛋白", EntityType.INDICATOR),
        ("葡萄糖怎么打", "葡萄糖", DRUG),
        ("吃黄芪酸不酸", "黄芪", HERB),
        ("晚期AD怎么护理".lower(), "ad", DISEASE),
        ("每天运动一小时", "运动", EntityType.TREATMENT),
        ("反复发热", "反复发热", SYMPTOM),
        ("运动诱发电位", "诱发电位", EntityType.EXAMINATION),
        ("怎么止痛", "止痛", EntityType.TREATMENT),
    ],
)
def test_names_that_stand_by_themselves(text: str, name: str, kind: EntityType) -> None:
    start = text.index(name)
    assert not cut_from_a_word(text, start, start + len(name), {kind})


def names(*rows: tuple[str, str]) -> Linker:
    return Linker(Names([NameRow(name, EntityId(entity), "name") for name, entity in rows]))


def linked(linker: Linker, text: str) -> list[str]:
    return [mention.surface for mention in linker.link(text) if not mention.modifier]


@pytest.mark.parametrize(
    "text",
    [
        "血管平滑肌增生", "神经母细胞", "羊水指数高", "幽门杆菌引起的胃病", "幽门医院", "动静脉内瘘",
        "神经舌骨囊肿", "血管液化", "心脑血管症状", "静脉酶谱", "血管间隙变窄", "神经发育慢",
        "静脉口流脓", "血管占位", "神经退化", "颈内静脉闭塞", "肝静脉阻塞", "静脉滴注", "神经后压榨感",
    ],
)  # fmt: skip
def test_a_part_of_the_body_that_begins_another_name(text: str) -> None:
    assert not linked(names(*((part, f"body_part:{part}") for part in ("血管", "神经", "羊水", "幽门", "静脉"))), text)


def test_a_part_of_the_body_that_begins_with_the_last_character() -> None:
    linker = names(("下消", "disease:下消"), ("消化道", "body_part:消化道"), ("体脂", "indicator:体脂"))
    assert linked(linker, "下消化道造影") == ["消化道"]
    assert linked(linker, "下消怎么治") == ["下消"]
    assert linked(linker, "体脂化验") == ["体脂"]


def test_a_folk_name_that_ends_a_product() -> None:
    rows = [NameRow("夏枯草", EntityId("herb:夏枯草"), "name"), NameRow("益母", EntityId("herb:夏枯草"), "synonym")]
    linker = Linker(Names(rows))
    assert not linked(linker, "吃了八珍益母胶囊")
    assert linked(linker, "益母的功效") == ["益母"]


def test_another_spelling_of_a_piece_is_a_piece_too() -> None:
    assert linked(names(("面痛", "symptom:面痛")), "大腿正面疼") == []
    assert linked(names(("头痛", "symptom:头痛")), "这部电影看得我头疼") == []


def test_a_complaint_that_is_only_like_an_illness() -> None:
    linker = names(("垂体瘤", "disease:垂体瘤"), ("咳嗽", "symptom:咳嗽"))
    assert "咳嗽" not in linked(linker, "垂体瘤样咳嗽")
    assert "咳嗽" in linked(linker, "这样咳嗽怎么办")


def test_a_type_makes_another_illness_of_what_is_a_complaint_too() -> None:
    linker = names(
        ("皮炎", "disease:皮炎"), ("皮炎", "symptom:皮炎"), ("头痛", "disease:头痛"), ("头痛", "symptom:头痛")
    )
    assert linked(linker, "得了线状皮炎") == []
    assert linked(linker, "得了皮炎") == ["皮炎"]
    assert linked(linker, "爆炸样头痛") == ["头痛"]
    assert linked(linker, "夜间型头痛") == []


def test_a_part_of_the_body_is_no_disease_unless_two_lists_say_so() -> None:
    linker = names(
        ("直肠", "disease:直肠"), ("直肠", "body_part:直肠"),
        ("磨牙", "disease:磨牙"), ("磨牙", "symptom:磨牙"), ("磨牙", "body_part:磨牙"),
    )  # fmt: skip
    assert [c.entity for c in linker.names.candidates("直肠")] == ["body_part:直肠"]
    assert {c.type for c in linker.names.candidates("磨牙")} == {DISEASE, EntityType.BODY_PART}


@pytest.mark.parametrize("word", ["氏病", "血病", "突发", "蓝色", "换药", "口气", "iii", "母亲", "缓解症状"])
def test_everyday_words_and_ends_of_names_never_link_alone(word: str) -> None:
    assert linked(names((word, f"disease:{word}")), f"{word}怎么办") == []


def test_a_slip_is_no_particle() -> None:
    assert linked(names(("耳朵背", "symptom:耳朵背")), "耳朵被虫子咬了") == []


def test_a_herb_in_the_name_of_a_fruit_or_a_nut_is_none() -> None:
    linker = names(("红花", "herb:红花"), ("香果", "herb:川芎"))
    assert linked(linker, "红花生米能吃吗") == []
    assert linked(linker, "百香果的籽能吃吗") == []
    assert linked(linker, "孕妇能吃红花吗") == ["红花"]


def test_no_illness_of_the_mind_is_no_lack_of_seed() -> None:
    assert cut_from_a_word("家族无精神疾病史", 2, 4, {DISEASE})
    assert not cut_from_a_word("无精怎么治", 0, 2, {DISEASE})


def test_a_part_of_the_body_in_a_joint_or_a_likeness_is_none() -> None:
    linker = names(("关节", "body_part:关节"), ("大便", "body_part:粪便"), ("背部", "body_part:背部"))
    assert linked(linker, "指间关节对称") == []
    assert linked(linker, "果酱样大便") == []
    assert linked(linker, "胸背部撕裂感") == []
    assert linked(linker, "怎样大便通畅") == ["大便"]


def test_a_root_is_no_nerve_and_plasma_is_what_something_is_measured_in() -> None:
    linker = names(
        ("神经", "body_part:神经"), ("血浆", "body_part:血浆"), ("血浆", "drug:血浆"), ("白蛋白", "indicator:白蛋白")
    )
    assert linked(linker, "压迫神经根") == []
    assert linked(linker, "血浆白蛋白20") == ["白蛋白"]
    assert linked(linker, "输血浆") == ["血浆"]


def test_a_discharge_from_elsewhere_is_no_womans() -> None:
    rows = [NameRow("白带异常", EntityId("symptom:白带异常"), "name")]
    linker = Linker(Names([*rows, NameRow("黄色分泌物", EntityId("symptom:白带异常"), "colloquial")]))
    assert linked(linker, "宝宝眼睛有黄色分泌物") == []
    assert linked(linker, "下面有黄色分泌物") == ["黄色分泌物"]
