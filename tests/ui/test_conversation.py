"""What goes along with the next question, and what is exported."""

from __future__ import annotations

import json

from ui.conversation import Exchange, as_json, as_markdown, body_of, exchanges_of, turns, untold
from yiwen.client import Answer, Citation, Message, Patient, SafetyWarning, Source, Triage

SOURCE = Source(
    id="s:1", title="甲病指南", year=2020, grade="guideline", grade_label="临床指南", url="https://a.example/"
)
CITATION = Citation(n=1, evidence_id="f:1", kind="fact", quote="头晕", span=(0, 2), source=SOURCE)


def answer(text: str = "甲病的症状有：头晕[1]。", **changes: object) -> Answer:
    fields: dict[str, object] = {
        "answer_id": "a", "outcome": "answered", "text": text, "citations": (CITATION,), "entities": (), "warnings": (),
        "triage": Triage(red_flag=False), "questions": (), "dropped": (), "kb_version": 3, "revision": 4,
        "generator": "extractive", "degraded": (), "verdict": None, "rewritten": None, "label": "AI 生成",
        "disclaimer": "不能代替医生。", "timings_ms": {},
    }  # fmt: skip
    return Answer.model_validate(fields | changes)


def exchange(**changes: object) -> Exchange:
    made = Exchange("甲病有什么症状？", Patient(age=30), state="answered", answer=answer(**changes))  # type: ignore[arg-type]
    return made


def test_warnings_for_which_the_text_has_no_room_are_listed() -> None:
    warnings = [SafetyWarning(kind="caution", text=f"{name}慎用。", evidence_ids=("f:9",)) for name in ("甲药", "乙药")]
    asked = exchange(text="注意：甲药慎用[1]。\n另有1条用药警示，见警示列表。", warnings=tuple(warnings))
    assert asked.answer is not None
    assert untold(asked.answer) == warnings[1:]
    assert "### 警示列表（其余 1 条）\n\n- 乙药慎用。 `f:9`" in as_markdown([asked], "zh")
    assert untold(answer()) == []


def test_only_what_was_answered_goes_along() -> None:
    stopped = Exchange("乙病？", state="stopped", text="一半")
    assert [turn.content for turn in turns([exchange(), stopped])] == ["甲病有什么症状？", "甲病的症状有：头晕[1]。"]


def test_a_stored_conversation_is_what_it_was() -> None:
    again = answer("甲病挂内科[1]。")
    cut = answer("甲病", degraded=("cancelled",))
    said: list[tuple[str, str, Answer | None]] = [
        ("user", "甲病？", None), ("user", "甲病？", None), ("assistant", again.text, again), ("user", "乙病？", None),
        ("user", "丙病？", None), ("assistant", "甲病", cut),
    ]  # fmt: skip
    messages = [Message.model_validate({"role": r, "content": c, "answer": a, "created": ""}) for r, c, a in said]
    found = exchanges_of(messages)
    assert [(e.question, e.state) for e in found] == [
        ("甲病？", "answered"),
        ("乙病？", "stopped"),
        ("丙病？", "stopped"),
    ]
    assert [evidence.text for evidence in found[0].evidence] == ["头晕"]
    assert found[2].text == "甲病"
    assert all(e.kept for e in found)


def test_only_a_question_that_reached_the_service_is_replaced() -> None:
    assert not Exchange("甲病？").again().instead
    assert Exchange("甲病？", answer_id="a").again().again().instead
    assert Exchange("甲病？", answer_id="a").kept


def test_asking_again_asks_the_same_generator() -> None:
    assert Exchange("甲病？", generator="chat").again().generator == "chat"


def test_the_history_is_bounded() -> None:
    assert len(turns([exchange() for _ in range(60)])) == 20


def test_markdown_has_label_note_and_sources() -> None:
    text = as_markdown([exchange(rewritten="甲病的症状")], "zh")
    for part in (
        "AI 生成",
        "不能代替医生",
        "理解为：甲病的症状",
        "头晕[1]",
        "甲病指南（2020，临床指南）",
        "f:1",
        "https://a.example/",
    ):
        assert part in text


def test_an_unfinished_answer_is_exported_as_such() -> None:
    stopped = Exchange("乙病？", state="stopped", text="第一句[1]。\n")
    assert "已停止" in as_markdown([stopped], "zh")
    assert "第一句" in as_markdown([stopped], "zh")
    assert json.loads(as_json([stopped], "en"))["exchanges"][0]["state"] == "stopped"


def test_json_holds_the_answers_as_they_came() -> None:
    document = json.loads(as_json([exchange()], "zh"))
    assert document["label"] == "AI 生成"
    assert "不能代替医生" in document["disclaimer"]
    (row,) = document["exchanges"]
    assert Answer.model_validate(row["answer"]) == answer()
    assert row["patient"]["age"] == 30


def test_the_action_of_a_red_flag_is_not_said_twice() -> None:
    flagged = answer("立即拨打120。\n没有资料。", triage=Triage(red_flag=True, action="立即拨打120。"))
    assert body_of(flagged) == "没有资料。"
    assert body_of(answer()) == answer().text
