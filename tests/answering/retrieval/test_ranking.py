"""What was told, by what records call it."""

from __future__ import annotations

from pathlib import Path

from kg_loader.ingest import ingest
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build

HEAD = "subject,subject_type,relation,object,object_type,source\n"


def test_a_name_that_few_records_use_stands_for_the_usual_one(tmp_path: Path) -> None:
    """A textbook's 发热 of two syndromes must not hide the diseases of which records say 发烧."""
    common = [f"甲病{n},disease,has_symptom,发烧,symptom,记录" for n in range(40)]
    common += [f"甲病{n},disease,has_symptom,喉痒痒,symptom,记录" for n in range(3)]
    few = ["乙虚证,syndrome,has_symptom,发热,symptom,教材", "丙虚证,syndrome,has_symptom,发热,symptom,教材"]
    others = [f"丁病{n},disease,has_symptom,别的症状{n},symptom,记录" for n in range(30)]
    path = tmp_path / "facts.csv"
    path.write_text(HEAD + "\n".join([*common, *few, *others]) + "\n", encoding="utf-8")
    settings = Settings(_env_file=None, data_dir=tmp_path / "data")
    ingest(Library(settings.data_dir), [path], dataset="facts", settings=settings)
    text = build(settings).ask("发热、喉痒痒是什么病").text
    assert text.startswith("甲病")
    assert "虚证" not in text


def answer_over(tmp_path: Path, rows: list[str], question: str) -> str:
    path = tmp_path / "facts.csv"
    path.write_text(HEAD + "\n".join(rows) + "\n", encoding="utf-8")
    settings = Settings(_env_file=None, data_dir=tmp_path / "data")
    ingest(Library(settings.data_dir), [path], dataset="facts", settings=settings)
    return build(settings).ask(question).text


def test_a_complaint_is_looked_for_by_what_records_call_it_and_counts_once(tmp_path: Path) -> None:
    """A syndrome that a rare name of it stands for, or a disease with two names of it, is no better match."""
    rows = [f"甲病{n},disease,has_symptom,{name},symptom,记录" for n in range(9) for name in ("排尿障碍", "乏力")]
    rows += [f"丁病{n},disease,has_complication,甲病0,disease,记录" for n in range(3)]
    rows += ["乙虚证,syndrome,has_symptom,排尿不畅,symptom,教材"]
    rows += [f"丙病,disease,has_symptom,{name},symptom,记录" for name in ("排尿障碍", "排尿不畅")]
    rows += ["排尿困难,symptom,in_department,泌尿外科,department,记录"]
    text = answer_over(tmp_path, rows, "我排尿困难是什么病")
    assert [name for name in ("甲病0，", "丙病，", "乙虚证，") if name in text][:2] == ["甲病0，", "丙病，"]
    assert text.index("甲病0，") < text.index("丙病，")


def test_the_cause_of_a_complaint_that_is_not_on_record_is_sought_among_illnesses(tmp_path: Path) -> None:
    rows = ["腹痛,disease,in_department,消化内科,department,记录", "阑尾炎,disease,has_symptom,腹痛,symptom,记录"]
    rows += ["阑尾炎,disease,in_department,普外科,department,记录", "胃炎,disease,has_symptom,腹痛,symptom,记录"]
    text = answer_over(tmp_path, rows, "腹痛是怎么回事")
    assert "阑尾炎，相符的症状：腹痛" in text
    assert "不能据此诊断" in text


def test_an_illness_by_name_is_not_taken_for_a_complaint(tmp_path: Path) -> None:
    rows = ["高血压,disease,in_department,心内科,department,记录", "肾炎,disease,has_symptom,高血压,symptom,记录"]
    text = answer_over(tmp_path, rows, "高血压是怎么引起的")
    assert "肾炎，" not in text
    assert "未收录高血压的病因" in text


def test_the_very_name_of_a_record_comes_before_names_that_include_it(tmp_path: Path) -> None:
    rows = [f"甲病{n},disease,has_symptom,{name},symptom,记录" for n in range(3) for name in ("恶心与呕吐", "腹泻")]
    rows += ["乙病,disease,has_symptom,呕吐,symptom,记录", "乙病,disease,has_symptom,腹泻,symptom,记录"]
    rows += [f"丙病{n},disease,has_symptom,耳鸣{n},symptom,记录" for n in range(9)]
    text = answer_over(tmp_path, rows, "呕吐、腹泻是什么病")
    assert text.startswith("乙病，相符的症状：")
    assert "甲病0，相符的症状：" in text


def test_complaints_do_not_answer_for_an_illness_that_is_not_known(tmp_path: Path) -> None:
    rows = ["腹泻,disease,needs_examination,便常规,examination,记录", "胃炎,disease,has_symptom,腹泻,symptom,记录"]
    rows += ["十二指肠类癌,disease,needs_examination,肠镜,examination,记录"]
    text = answer_over(tmp_path, rows, "有腹泻的症状，怀疑患有十二指肠类癌综合征，要做什么检查")
    assert "便常规" not in text
    assert "“综合征”，二者不能互相代替" in text


def test_of_who_is_pregnant_what_only_pregnant_women_have_comes_first(tmp_path: Path) -> None:
    rows = [f"绦虫病,disease,has_symptom,{name},symptom,记录" for name in ("恶心", "头晕", "乏力")]
    rows += [f"妊娠剧吐,disease,has_symptom,{name},symptom,记录" for name in ("恶心", "乏力")]
    rows += [f"产后血晕,disease,has_symptom,{name},symptom,记录" for name in ("恶心", "头晕", "乏力")]
    rows += [f"丙病{n},disease,has_symptom,耳鸣{n},symptom,记录" for n in range(40)]
    text = answer_over(tmp_path, rows, "怀孕三个月，恶心、头晕、乏力是怎么回事")
    assert text.startswith("妊娠剧吐，")
    assert "绦虫病，" in text


def test_feeling_cold_is_no_shaking_chill(tmp_path: Path) -> None:
    rows = [f"甲病{n},disease,has_symptom,{name},symptom,记录" for n in range(9) for name in ("怕冷", "乏力")]
    rows += [f"乙病{n},disease,has_symptom,{name},symptom,记录" for n in range(99) for name in ("寒战", "乏力")]
    rows += ["丙虚证,syndrome,has_symptom,畏寒,symptom,教材"]
    text = answer_over(tmp_path, rows, "畏寒乏力是什么病")
    assert "怕冷[" in text
    assert "寒战[" not in text


def test_an_illness_called_by_the_complaint_does_not_lack_it(tmp_path: Path) -> None:
    rows = ["失眠,disease,has_symptom,噩梦,symptom,记录", "甲病,disease,has_symptom,失眠,symptom,记录"]
    rows += [f"丁病{n},disease,has_symptom,别的症状{n},symptom,记录" for n in range(9)]
    text = answer_over(tmp_path, rows, "失眠、噩梦是什么病")
    assert "失眠，相符的症状：噩梦" in text
    assert "失眠（失眠）" not in text


def test_more_is_asked_for_where_one_complaint_was_told_under_two_names(tmp_path: Path) -> None:
    rows = [f"甲病,disease,has_symptom,{name},symptom,记录" for name in ("胃疼", "胃痛")]
    rows += [f"丁病{n},disease,has_symptom,别的症状{n},symptom,记录" for n in range(9)]
    assert "只识别到一个症状" in answer_over(tmp_path, rows, "胃疼是什么病")


def test_the_tests_in_a_story_do_not_answer_for_an_illness_that_is_not_known(tmp_path: Path) -> None:
    rows = ["腹痛,disease,treated_by,热敷,treatment,记录", "胃炎,disease,has_symptom,腹痛,symptom,记录"]
    rows += [
        "急性髓性白血病,disease,treated_by,化疗,treatment,记录",
        "胃炎,disease,needs_examination,血常规,examination,记录",
    ]
    text = answer_over(tmp_path, rows, "突发腹痛，查血常规，提示M3型急性髓性白血病，请问治疗方案是什么")
    assert "热敷" not in text
    assert "化疗" not in text


def test_what_kind_of_thing_it_is_does_not_answer_for_it(tmp_path: Path) -> None:
    rows = ["肿瘤,disease,has_symptom,闭经,symptom,记录", "脑膜瘤,disease,has_symptom,头痛,symptom,记录"]
    text = answer_over(tmp_path, rows, "发现有一个肿瘤，病理是脑膜瘤，这种肿瘤有什么症状")
    assert "头痛" in text
    assert "闭经" not in text


def test_what_is_asked_of_a_germ_is_told_of_its_infection(tmp_path: Path) -> None:
    rows = ["幽门螺杆菌感染,disease,caused_by_pathogen,幽门螺杆菌,pathogen,记录"]
    rows += ["幽门螺杆菌感染,disease,treated_by,药物治疗,treatment,记录"]
    assert "幽门螺杆菌感染的治疗方案包括：药物治疗" in answer_over(tmp_path, rows, "幽门螺杆菌怎么治")


def test_whether_it_is_inherited_asks_for_no_illness_that_has_it(tmp_path: Path) -> None:
    rows = ["偏头痛,disease,in_department,神经内科,department,记录", "甲病,disease,has_symptom,偏头痛,symptom,记录"]
    text = answer_over(tmp_path, rows, "偏头痛会遗传吗")
    assert "甲病" not in text
    assert "未收录偏头痛的病因" in text


def test_complaints_do_not_answer_for_an_illness_that_is_listed_among_complaints_too(tmp_path: Path) -> None:
    rows = ["腹胀,disease,treated_by,热敷,treatment,记录", "胃炎,disease,has_symptom,腹胀,symptom,记录"]
    rows += [
        "消化性溃疡,disease,treated_by,抑酸治疗,treatment,记录",
        "甲病,disease,has_symptom,消化性溃疡,symptom,记录",
    ]
    text = answer_over(tmp_path, rows, "出现腹胀等症状，检查显示消化性溃疡。治疗方案是什么")
    assert "抑酸治疗" in text
    assert "热敷" not in text


def test_a_germ_beside_an_illness_is_asked_of_the_illness(tmp_path: Path) -> None:
    rows = ["幽门螺杆菌感染,disease,needs_examination,血清抗体,examination,记录"]
    rows += ["十二指肠溃疡,disease,needs_examination,内镜,examination,记录"]
    rows += ["幽门螺杆菌感染,disease,caused_by_pathogen,幽门螺杆菌,pathogen,记录"]
    text = answer_over(tmp_path, rows, "十二指肠溃疡有幽门螺杆菌，做哪些检查")
    assert "内镜" in text
    assert "血清抗体" not in text


def test_a_complaint_of_a_part_that_no_record_has_is_sought_as_one_of_that_part(tmp_path: Path) -> None:
    """A point of acupuncture is indicated for 手痛; no record of a disease lists it, but pain, and the hand."""
    rows = ["甲穴,acupoint,indicated_for,手痛,symptom,教材"]
    rows += ["腱鞘炎,disease,has_symptom,疼痛,symptom,记录", "腱鞘炎,disease,affects_body_part,手部,body_part,记录"]
    rows += ["胃癌,disease,has_symptom,疼痛,symptom,记录", "胃癌,disease,affects_body_part,胃,body_part,记录"]
    text = answer_over(tmp_path, rows, "手痛是什么病")
    assert "腱鞘炎" in text
    assert "胃癌" not in text


def test_a_complaint_of_a_part_is_sought_as_that_of_what_it_belongs_to(tmp_path: Path) -> None:
    rows = ["甲穴,acupoint,indicated_for,脚麻,symptom,教材", "乙病,disease,has_symptom,四肢麻木,symptom,记录"]
    text = answer_over(tmp_path, rows, "脚麻是什么病")
    assert "乙病，相符的症状：四肢麻木" in text


def test_what_it_is_of_a_complaint_is_asked_as_the_illness_behind_it(tmp_path: Path) -> None:
    """A list of diagnoses holds 晨僵 too, and knows nothing of it."""
    rows = ["晨僵,disease,coded_as,M25.6,literal,编码", "类风湿关节炎,disease,has_symptom,晨僵,symptom,记录"]
    rows += ["类风湿关节炎,disease,in_department,风湿免疫科,department,记录"]
    text = answer_over(tmp_path, rows, "手指晨僵是什么病")
    assert "类风湿关节炎，相符的症状：晨僵" in text


def test_what_an_illness_is_asks_for_no_illness_behind_it(tmp_path: Path) -> None:
    rows = ["高血压,disease,in_department,心内科,department,记录", "肾炎,disease,has_symptom,高血压,symptom,记录"]
    text = answer_over(tmp_path, rows, "高血压是什么病")
    assert "心内科" in text
    assert "肾炎" not in text


def test_a_wider_name_stands_in_only_for_what_no_record_has(tmp_path: Path) -> None:
    """豆腐渣样白带 tells more than 白带增多, however many list the latter; 尿色深 is recorded by one of its names."""
    rows = [f"甲病{n},disease,has_symptom,白带增多,symptom,记录" for n in range(12)]
    rows += ["乙病,disease,has_symptom,豆腐渣样白带,symptom,记录", "丙病,disease,has_symptom,尿黄似浓茶,symptom,记录"]
    answer = answer_over(tmp_path, rows, "豆腐渣样白带是什么病")
    assert answer.startswith("乙病，相符的症状：豆腐渣样白带")
    assert "甲病" not in answer
    assert answer_over(tmp_path, rows, "尿色深是什么病").startswith("丙病")


def test_several_complaints_are_taken_to_the_departments_of_each(tmp_path: Path) -> None:
    rows = [
        f"{name},disease,has_symptom,{one},symptom,记录"
        for name in ("甲出血", "乙焦虑障碍")
        for one in ("焦虑", "心慌")
    ]
    rows += [
        "甲出血,disease,in_department,消化内科,department,记录",
        "乙焦虑障碍,disease,in_department,精神科,department,记录",
    ]
    rows += [f"丙病{n},disease,has_complication,甲出血,disease,记录" for n in range(9)]
    text = answer_over(tmp_path, rows, "焦虑心慌")
    assert text.index("乙焦虑障碍") < text.index("甲出血")


def test_illnesses_mostly_of_chinese_medicine_come_after_their_equals(tmp_path: Path) -> None:
    rows = [f"{name},disease,has_symptom,{one},symptom,记录" for name in ("痰甲", "乙石症") for one in ("头晕", "眼花")]
    rows += [f"痰甲,disease,in_department,{home},department,记录" for home in ("中医科", "中医综合", "呼吸内科")]
    rows += ["乙石症,disease,in_department,五官科,department,记录"]
    rows += [f"丙病{n},disease,has_complication,痰甲,disease,记录" for n in range(9)]
    text = answer_over(tmp_path, rows, "头晕眼花")
    assert text.index("乙石症") < text.index("痰甲")


def test_what_to_do_about_a_complaint_without_a_remedy_leads_to_the_illnesses_behind_it(tmp_path: Path) -> None:
    """A list of diagnoses holds 胃胀病 as another name of nothing that is described."""
    rows = ["胃胀,disease,coded_as,K30.x,literal,编码", "慢性胃炎,disease,has_symptom,胃胀,symptom,记录"]
    rows += ["慢性胃炎,disease,in_department,消化内科,department,记录"]
    text = answer_over(tmp_path, rows, "胃胀怎么办")
    assert "慢性胃炎，相符的症状：胃胀" in text
    assert "消化内科" in text


def test_a_complaint_told_of_somebody_is_met_with_what_it_may_be(tmp_path: Path) -> None:
    rows = [f"甲病{n},disease,has_symptom,健忘,symptom,记录" for n in range(3)]
    text = answer_over(tmp_path, rows, "我妈七十岁了，最近老是健忘，出门也会走错")
    assert "甲病0，相符的症状：健忘" in text


def test_a_suspicion_is_met_with_the_record_of_the_illness(tmp_path: Path) -> None:
    rows = ["生长痛,disease,has_symptom,腿痛,symptom,记录", "生长痛,disease,in_department,儿科,department,记录"]
    rows += ["丙病,disease,has_symptom,腿痛,symptom,记录"]
    text = answer_over(tmp_path, rows, "儿子13岁腿痛，是不是生长痛")
    assert "生长痛的常见症状有：腿痛" in text
    assert "不能据此诊断" in text


def test_a_name_of_one_record_hides_no_other_name(tmp_path: Path) -> None:
    rows = ["甲罕见病,disease,has_symptom,腰疼,symptom,记录"]
    rows += [f"乙病{n},disease,has_symptom,腰痛,symptom,记录" for n in range(4)]
    rows += [f"丙病{n},disease,has_complication,乙病0,disease,记录" for n in range(3)]
    rows += [f"丁病{n},disease,has_symptom,耳鸣{n},symptom,记录" for n in range(9)]
    text = answer_over(tmp_path, rows, "腰疼了半个月，坐久了更疼，是什么病")
    assert text.startswith("乙病0，相符的症状：腰痛")
    assert "甲罕见病，相符的症状：腰疼" in text


def test_the_same_pain_told_once_more_is_no_pain_anywhere(tmp_path: Path) -> None:
    rows = [f"乙病{n},disease,has_symptom,头痛,symptom,记录" for n in range(3)]
    rows += [f"甲病{n},disease,has_symptom,疼痛,symptom,记录" for n in range(3)]
    rows += [f"丁病{n},disease,has_symptom,耳鸣{n},symptom,记录" for n in range(9)]
    text = answer_over(tmp_path, rows, "头痛三天了，晚上更疼，是什么病")
    assert "乙病0，相符的症状：头痛" in text
    assert "甲病" not in text
