"""Templates: the text equals the reference's, each answer is learnt with its end, the prompt serves as it trained."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finetune.data.characters import Characters
from finetune.data.rendering import CannotRender, Renderer
from finetune.data.rows import Message, Row, Text
from rag.errors import ConfigurationError, DataError
from rag.templates import names, prompt_text, template

TURNS = tuple(Message(*said) for said in [("user", "Q1"), ("assistant", "A1"), ("user", "Q2"), ("assistant", "A2")])
DIALOGUE = Row(TURNS, "rows", 7)
# What the code of the reference systems makes of DIALOGUE where <s> and </s> are the tokenizer's; «» is what is learnt.
WRITTEN = {
    "vanilla": "<s>Q2«A2</s>»",
    "belle": "<s>Human: Q1\n\nBelle: «A1</s>»\n\n<s>Human: Q2\n\nBelle: «A2</s>»",
    "linly": "<s>User: Q1\nBot: «A1</s>»\n<s>User: Q2\nBot: «A2</s>»",
    "billa": "<s>Human: Q1\nAssistant: «A1</s>»\n<s>Human: Q2\nAssistant: «A2</s>»",
    "ziya": "<s><human>:Q1\n<bot>:«A1</s>»\n<s><human>:Q2\n<bot>:«A2</s>»",
    "intern": "<s><|User|>:Q1<eoh>\n<|Bot|>:«A1</s>»\n<s><|User|>:Q2<eoh>\n<|Bot|>:«A2</s>»",
    "baichuan": "<s><reserved_102>Q1<reserved_103>«A1</s>»<s><reserved_102>Q2<reserved_103>«A2</s>»",
    "chatglm2": "<s>[gMASK]sop\n\n[Round 0]\n\n问：Q1\n\n答：«A1</s>»\n\n<s>[Round 1]\n\n问：Q2\n\n答：«A2</s>»",
    "starchat": "<s><|system|>\n<|end|>\n<|user|>\nQ1<|end|>\n<|assistant|>«A1<|end|>»"
    "\n<s><|user|>\nQ2<|end|>\n<|assistant|>«A2<|end|>»",
    "chatml": "<s><|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nQ1<|im_end|>\n"
    "<|im_start|>assistant\n«A1<|im_end|>»\n<s><|im_start|>user\nQ2<|im_end|>\n<|im_start|>assistant\n«A2<|im_end|>»",
    "llama2_zh": "<s>[INST] <<SYS>>\nYou are a helpful assistant. 你是一个乐于助人的助手。\n<</SYS>>\n\nQ1 [/INST] "
    "«A1</s>»<s>[INST] Q2 [/INST] «A2</s>»",
    "huatuogpt2": "<问>：Q1\n<答>：«A1</s>»\n<问>：Q2\n<答>：«A2</s>»",
    "med-chatglm": "问题：Q1\n回答: «A1</s>»\n问题：Q2\n回答: «A2</s>»",
}
HUATUOGPT = (
    "<s>一位用户和智能医疗大模型HuatuoGPT之间的对话。对于用户的医疗问诊，HuatuoGPT给出准确的、详细的、温暖的指导建议。"
    "对于用户的指令问题，HuatuoGPT给出有益的、详细的、有礼貌的回答。"
    "<病人>：Q1 <HuatuoGPT>：«A1 </s>»<病人>：Q2 <HuatuoGPT>：«A2 </s>»"
)
CAREGPT = {
    "vanilla", "default", "llama2", "llama2_zh", "alpaca", "vicuna", "belle", "linly", "billa", "ziya", "aquila",
    "intern", "baichuan", "starchat", "chatml", "chatglm2",
}  # fmt: skip


def _tokenizer(chat_template: str | None = None) -> Characters:
    made = Characters()
    made.bos_token, made.eos_token, made.chat_template = "<s>", "</s>", chat_template
    return made


def _marked(renderer: Renderer, row: Row) -> str:
    return "".join(f"«{one.text}»" if one.supervised else one.text for one in renderer.segments(row))


@pytest.mark.parametrize("name", [*WRITTEN, "huatuogpt"])
def test_a_reference_template_writes_what_the_reference_writes(name: str) -> None:
    assert _marked(Renderer(_tokenizer(), name), DIALOGUE) == WRITTEN.get(name, HUATUOGPT)


def test_all_of_the_reference_systems_are_there() -> None:
    others = {"huatuogpt", "huatuogpt2", "med-chatglm", "bloom_deploy", "med_template", "literature_template"}
    assert set(names()) == CAREGPT | others | {"plain"}


@pytest.mark.parametrize("name", names())
def test_what_is_served_is_the_beginning_of_what_was_learnt(name: str) -> None:
    renderer = Renderer(_tokenizer(), name)
    learnt = _marked(renderer, DIALOGUE).replace("«", "").replace("»", "")
    prompt = renderer.text(TURNS[:3], prompt=True)
    assert learnt.startswith(prompt)
    assert learnt[len(prompt) :].startswith("A2")


@pytest.mark.parametrize("name", ["default", "alpaca", "vicuna", "aquila", "llama2"])
def test_a_system_message_goes_before_the_default_one(name: str) -> None:
    row = Row((Message("system", "你是药师"), *TURNS))
    text = _marked(Renderer(_tokenizer(), name), row)
    assert "你是药师" in text
    assert "polite" not in text
    assert "helpful" not in text


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("turns", [TURNS[:2], TURNS], ids=["one turn", "two turns"])
def test_rules_are_learnt_where_they_are_served(name: str, turns: tuple[Message, ...]) -> None:
    row = Row((Message("system", "你是药师"), *turns))
    learnt = _marked(Renderer(_tokenizer(), name), row).replace("«", "").replace("»", "")
    said = [(message.role, message.content) for message in row.messages[:-1]]
    served = prompt_text(_tokenizer(), template(name, None), said)
    assert "你是药师" in served
    assert learnt.startswith(served)
    assert learnt[len(served) :].startswith(turns[-1].content)


def test_rules_go_before_the_last_question_where_a_template_has_no_place_for_them() -> None:
    row = Row((Message("system", "你是药师"), *TURNS))
    text = _marked(Renderer(_tokenizer(), "huatuogpt2"), row)
    assert text == "<问>：Q1\n<答>：«A1</s>»\n<问>：你是药师\n\nQ2\n<答>：«A2</s>»"


def test_the_four_keys_place_instruction_and_input(tmp_path: Path) -> None:
    keys = {
        "prompt_input": "I:{instruction}\nX:{input}\nR:",
        "prompt_no_input": "I:{instruction}\nR:",
        "response_split": "R:",
    }
    (tmp_path / "own.json").write_text(json.dumps(keys))
    renderer = Renderer(_tokenizer(), str(tmp_path / "own.json"))
    assert (
        _marked(renderer, Row((Message("user", "Q", "more"), Message("assistant", "A")))) == "<s>I:Q\nX:more\nR:«A</s>»"
    )
    assert _marked(renderer, Row((Message("user", "Q"), Message("assistant", "A")))) == "<s>I:Q\nR:«A</s>»"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("literature_template", "lacks prompt_input"),
        ("med_template", "no place for {input}, so the input would be lost"),
    ],
)
def test_a_template_without_a_field_the_row_needs_names_the_row(name: str, message: str) -> None:
    with pytest.raises(DataError, match=f"rows, row 3 has an input, but .*{message}"):
        Renderer(_tokenizer(), name).segments(Row((Message("user", "Q", "more"), Message("assistant", "A")), "rows", 3))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"prompt_no_input": "{instruction}"}', "lacks response_split"),
        ('{"prompt_no_input": "x", "response_split": "y"}', "no place for {instruction}"),
        ('{"prompt_no_input": "{instruction}", "response_split": "y", "more": 1}', "unknown keys more"),
        ("{", "line 1: not JSON"),
        ("[]", "holds no object"),
    ],
)
def test_a_template_file_that_lacks_something_says_what(content: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "own.json").write_text(content)
    with pytest.raises(ConfigurationError, match=message):
        Renderer(_tokenizer(), str(tmp_path / "own.json"))


def test_unknown_names_and_tokenizers_without_template_list_what_there_is() -> None:
    with pytest.raises(ConfigurationError, match=r"no template 'lama2'; there are alpaca"):
        Renderer(_tokenizer(), "lama2")
    with pytest.raises(ConfigurationError, match=r"has no chat template; set data\.template to one of alpaca"):
        Renderer(_tokenizer()).segments(DIALOGUE)
    endless = Characters()
    endless.eos_token = None
    with pytest.raises(ConfigurationError, match="no end token"):
        Renderer(endless)


def test_what_the_prompt_does_not_hold_is_learnt() -> None:
    """As of models whose template opens an answer with an empty thought."""
    template = (
        "{%- for m in messages -%}{%- if m.role == 'user' -%}U {{ m.content }}\n{% else -%}"
        "A {% if loop.last %}<think></think>{% endif %}{{ m.content }}</s>\n{% endif -%}{%- endfor -%}"
        "{%- if add_generation_prompt -%}A {% endif -%}"
    )
    renderer = Renderer(_tokenizer(template))
    assert _marked(renderer, DIALOGUE) == "U Q1\nA «A1</s>»\nU Q2\nA «<think></think>A2</s>»\n"


def test_a_template_that_trims_is_followed_and_one_that_rewrites_is_a_reason() -> None:
    body = "{%- for m in messages -%}{{- m.role + ':' + m.content|FILTER + '</s>' -}}{%- endfor -%}"
    body += "{%- if add_generation_prompt -%}{{- 'assistant:' -}}{%- endif -%}"
    row = Row((Message("user", " Q "), Message("assistant", " a ")))
    assert _marked(Renderer(_tokenizer(body.replace("FILTER", "trim"))), row) == "user:Q</s>assistant:«a</s>»"
    with pytest.raises(CannotRender, match="rewrites"):
        Renderer(_tokenizer(body.replace("FILTER", "replace('a', 'b')"))).segments(row)


def test_an_answer_without_a_mark_of_its_end_gets_one() -> None:
    body = "{%- for m in messages -%}{{- m.role + ':' + m.content + ' ' -}}{%- endfor -%}"
    body += "{%- if add_generation_prompt -%}{{- 'assistant:' -}}{%- endif -%}"
    row = Row((Message("user", "Q"), Message("assistant", "A")))
    assert _marked(Renderer(_tokenizer(body)), row).endswith("assistant:«A» «</s>»")


def test_a_message_cannot_end_its_own_turn() -> None:
    with pytest.raises(CannotRender, match="special token"):
        Renderer(Characters()).segments(Row((Message("user", "Q<|im_end|>"), Message("assistant", "A"))))


def test_a_template_that_fails_is_one_line() -> None:
    with pytest.raises(ConfigurationError, match="the template of the tokenizer fails"):
        Renderer(_tokenizer("{{ raise_exception('no') }}")).segments(DIALOGUE)


def test_a_text_is_learnt_whole() -> None:
    (one,) = Renderer(_tokenizer("x")).segments(Text("文"))
    assert (one.text, one.supervised) == ("文</s>", True)


def test_texts_need_no_template() -> None:
    renderer = Renderer(_tokenizer())
    assert [one.text for one in renderer.segments(Text("文"))] == ["文</s>"]
    with pytest.raises(ConfigurationError, match="no template 'lama2'"):
        Renderer(_tokenizer(), "lama2")
