"""A known name at the end of a longer one that is not known."""

from __future__ import annotations

import pytest

from rag.domain import EntityId
from rag.linking.linker import Linker
from rag.linking.longer_names import NameEndings, unknown_beginning
from rag.linking.names import Names
from rag.ports import NameRow

KNOWN = ("恶性淋巴瘤", "小肠恶性淋巴瘤", "肌腱炎", "肺损伤", "肺炎", "克雷白杆菌肺炎", "手足口病", "卵巢早衰",
         "前列腺炎", "结核病", "高血压", "糖尿病", "骨折", "锁骨骨折", "偏头痛", "腺瘤", "川崎病", "非典")  # fmt: skip
ENDINGS = NameEndings(KNOWN)


@pytest.mark.parametrize(
    ("before", "name", "part"),
    [
        ("我家狗", "肺炎", "狗"),
        ("怕狗", "糖尿病", ""),
        ("洗头", "糖尿病", ""),
        ("大肠", "恶性淋巴瘤", "大肠"),
        ("旋转带", "肌腱炎", "旋转带"),
        ("电子烟", "肺损伤", "电子烟"),
        ("怀疑是嗜血杆菌", "肺炎", "嗜血杆菌"),
        ("我这年纪会得距骨", "骨折", "距骨"),
        ("孩子得了重型", "手足口病", "重型"),
        ("患有成人型", "川崎病", "成人型"),
        ("广泛耐药", "结核病", "广泛耐药"),
        ("乳头状", "腺瘤", "乳头状"),
        ("男性", "卵巢早衰", "男性"),
        ("女人的", "前列腺炎", ""),
    ],
)
def test_what_stands_before_belongs_to_the_name(before: str, name: str, part: str) -> None:
    assert unknown_beginning(before, name, ENDINGS) == part


@pytest.mark.parametrize(
    "before",
    ["", "请问", "我妈得了", "头一回看", "大夫开单查", "接送孩子碰到", "想确定是不是", "目前", "有多少", "网上查",
     "治疗", "两个月前", "宝宝", "担心", "3个月的孩子", "最近经常", "的", "哪类人"],
)  # fmt: skip
@pytest.mark.parametrize("name", ["肺炎", "骨折", "高血压", "手足口病"])
def test_words_that_questions_begin_with_do_not(before: str, name: str) -> None:
    assert unknown_beginning(before, name, ENDINGS) == ""


def test_the_linker_marks_the_shorter_name_and_not_the_neighbour_in_a_list() -> None:
    linker = Linker(Names(NameRow(name, EntityId(f"disease:{name}"), "name") for name in KNOWN))

    def modifiers(question: str) -> dict[str, str]:
        return {m.surface: m.modifier for m in linker.link(question)}

    assert modifiers("大肠恶性淋巴瘤有哪些症状") == {"恶性淋巴瘤": "大肠"}
    assert modifiers("小肠恶性淋巴瘤有哪些症状") == {"小肠恶性淋巴瘤": ""}
    assert modifiers("高血压糖尿病怎么治") == {"高血压": "", "糖尿病": ""}
    assert modifiers("娃是非典型川崎病，一般治多久") == {"非典": "型", "川崎病": "非典型"}


@pytest.mark.parametrize(
    ("question", "modifier"),
    [
        ("超声提示慢性肺损伤", "慢性"),
        ("有了多发性腺瘤", "多发性"),
        ("头晕和转移性腺瘤", "转移性"),
        ("一名儿童肺损伤要住院吗", ""),
        ("一位男性偏头痛怎么治", ""),
        ("儿童肺损伤要住院吗", "儿童"),
        ("克雷白杆菌感染症怎么治", ""),
        ("结核症怎么治", "症"),
    ],
)
def test_what_is_said_beside_a_name_is_told_from_its_modifier(question: str, modifier: str) -> None:
    known = [*KNOWN, "克雷白杆菌感染", "结核"]
    linker = Linker(Names([NameRow(name, EntityId(f"disease:{name}"), "name") for name in known]))
    (mention,) = [m for m in linker.link(question) if m.surface in known]
    assert mention.modifier == modifier
