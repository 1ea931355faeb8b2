"""Whether a Chinese abstract is about human medicine: decided from its own words and the packaged term file.

An entity must be named: a term of the packaged file, or a word built like the name of an illness, an operation or an
imaging method. Abstracts whose aim is growing, extracting, assaying, managing or teaching are left out even if they
name one, unless their conclusion speaks of patients.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ahocorasick_rs import AhoCorasick, Implementation

from kg_loader.sources.terms import term_rows
from rag.text import is_han
from rag.vocabulary import EntityType

_OPENING = 90
_ILLNESS = re.compile(
    r"[\u4e00-\u9fff]{1,6}(?:炎|癌|肿瘤|瘤|肉瘤|淋巴瘤|综合征|梗[死塞]|出血|结石|骨折|硬化|衰竭|功能不全|缺损"
    r"|畸形|狭窄|哮喘|糖尿病|高血压"
    r"|贫血|白血病|结核|抑郁症?|失眠|卒中|缺血|心病|肾病|肝病|肺病|眼病|痹|疝|脱垂|突出症|龋病?|患龋"
    r"|错\S{0,4}牙?合|前突|后缩|无牙颌|牙列|扭伤|烧伤|创面|血栓"
    r"|脑病|麻痹|瘫|癫痫|痴呆|中毒|早搏|房颤|心律失常|心绞痛|流感|感冒|肺炎|肝炎|梅毒|疱疹|妊娠|不孕|早产|流产"
    r"|耳鸣|耳聋|听障|眩晕|头痛|发热|高热"
    r"|感染|耐药|过敏|休克|昏迷|晕厥|疼痛|痛风|水肿|积液|囊肿|息肉|增生|脂血症|肥胖|骨质疏松|关节病|肠梗阻"
    r"|肠套叠|精神分裂症|成瘾|近视|青光眼|白内障)"
    r"|HIV|AIDS|艾滋病|COPD|乙肝|丙肝|HBV|血糖|血脂|血压|牙本质|根管|种植体|牙周|正畸|下颌|上颌|颌骨|义齿"
    r"|修复体|粘接|充填|窝沟|氟斑牙"
)
_CLINICAL = re.compile(
    r"患者|病人|患儿|病例|临床|疗效|治疗|手术|术[前中后]|诊断|预后|诊治|护理|健康|儿童|预防|防治|死亡率|发病率|患病率|产妇"
    r"|孕妇|新生儿|胎儿|婴幼儿"
    r"|CT|MRI?|MR\b|超声|PET|影像|造影|扫描|成像|大鼠|小鼠|家兔|犬|裸鼠|细胞|抗肿瘤|抗凝|抗炎|抑菌|镇痛|镇静"
    r"|免疫|吸收|药动学|血浆|胃|注射液|胶囊|汤"
    r"|HIV|HBV|病[毒史]|[细病]菌|抗菌|医院|暴露|流行|疫苗|接种|吸烟|营养|牙|颌|口腔|听力|睡眠|骨|肌|动脉|静脉"
    r"|神经|血管|器官|移植"
)
_OTHER_AIM = re.compile(
    r"水稻|小麦|玉米|大豆|油菜|棉花|马铃薯|芝麻|向日葵|蔬菜|植株|土壤|栽培|育种|种子|萌发|再生条件|果实|饲料"
    r"|肉鸡|蛋鸡|奶牛|仔猪|养殖|兽|病虫害|农药|残留"
    r"|挥发油|最佳树脂|提取工艺|工艺条件|制备工艺|澄清工艺|工艺(?:的)?优|优[化选].{0,16}(?:工艺|提取|制备|条件)"
    r"|含量测定|质量标准|质量控制|测定.{0,30}含量|含量的方法|指纹图谱"
    r"|化学成分|挥发性成分|单糖组成|分离纯化|饮片|药材(?:的)?(?:质量|鉴[别定]|产地)|药师|药学服务|药房"
    r"|药品(?:流通|价格|采购|监管|广告|零售)|医药(?:制造|产业|企业|行业|电子商务|市场|专利)"
    r"|财政|卫生资源|卫生投入|新农合|医疗保险|医改|医患关系|社区卫生服务(?:效率|机构|中心)|医疗机构(?:之间"
    r"|管理)|卫生(?:人力|政策|服务效率)|绩效|教学|培训|课程|继续教育|心理健康教育"
    r"|核心自我评价|篮球|体育|运动员|游泳|军队|表情|磁性纳米粒子|上网|PACS|微机系统|专利|知识产权"
)
_METHODS = re.compile("方法|资料")
_NEVER = re.compile(
    r"医患(?:纠纷|关系|矛盾)|救济制度|管理系统|电子病历|水稻|小麦|土壤|栽培|养殖|种苗|作物|农药|废水|降解菌"
)
_PATIENTS = re.compile(r"患者|病人|患儿|疗效|预后|并发症|发病")


_REMEDY = re.compile(
    r"[\u4e00-\u9fff](?:霉素|沙星|西林|硝唑|他汀|普利|沙坦|洛尔|地平|双肽|皂苷钠|碱|肝素|激素|注射液|胶囊|汤"
    r"|口服液|散|丸)|抗菌药物|抗生素|化疗|放疗"
    r"|[^声]CT|MRI|PET|超声|造影|血管成像|磁敏感|螺旋|内[镜窥]|腹腔镜|介入|移植|输血|麻醉|穿刺|栓塞|消融"
    r"|冠[脉状]|骨密度|撕裂|家系|突变"
    r"|剖宫产|切口|手卫生|医院感染|羊水|听力|软骨|骨髓|心[肌室]|肝毒性|肾毒性|ADR|不良反应"
)


@lru_cache(maxsize=1)
def _terms() -> AhoCorasick:
    """Chinese names of illnesses in the packaged term file; names of drugs and tests are those of chemistry too."""
    ill = [row for row in term_rows() if row["type"] in (EntityType.DISEASE, EntityType.SYMPTOM)]
    names = {name for row in ill for name in (row["entity"], row["name"]) if len(name) > 1 and is_han(name[0])}
    return AhoCorasick(sorted(names), implementation=Implementation.ContiguousNFA)


def names_entity(text: str) -> bool:
    """True where `text` holds a packaged term or a word shaped like the name of an illness."""
    return any(pattern.search(text) for pattern in (_ILLNESS, _REMEDY)) or bool(_terms().find_matches_as_indexes(text))


def is_medical(conclusion: str, abstract: str) -> bool:
    """True where the conclusion speaks of illness, diagnosis or treatment of people, or of an experiment for them."""
    opening = abstract[:_OPENING]
    if _NEVER.search(opening) or _NEVER.search(conclusion):
        return False
    about_patients = _PATIENTS.search(conclusion) is not None
    aim = _METHODS.split(opening)[0]
    if _OTHER_AIM.search(aim) or _OTHER_AIM.search(conclusion):
        return about_patients and names_entity(conclusion)
    if about_patients and names_entity(abstract):
        return True
    return names_entity(f"{opening} {conclusion}") and _CLINICAL.search(f"{opening} {conclusion}") is not None
