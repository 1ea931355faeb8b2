"""`yiwen ask` and `yiwen chat`: questions answered in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yiwen.options import DataDir, Json, load_settings
from yiwen.output import document, say

if TYPE_CHECKING:
    from rag.domain import Patient, Turn
    from rag.pipeline import Options, Pipeline

_STDIN = "-"
_STDIN_MAX = 1 << 20
_TURNS = 20


class SexOption(StrEnum):
    """Values of `--sex`."""

    FEMALE = "female"
    MALE = "male"


class Detail(StrEnum):
    """Values of `--detail`."""

    SHORT = "short"
    FULL = "full"


Age = Annotated[float | None, typer.Option(min=0, max=150, help="Age of the patient in years.")]
SexOf = Annotated[SexOption | None, typer.Option("--sex", help="Sex of the patient.")]
Pregnant = Annotated[bool | None, typer.Option("--pregnant/--not-pregnant", help="Whether the patient is pregnant.")]
Allergies = Annotated[list[str] | None, typer.Option("--allergy", metavar="NAME", help="An allergy; may be repeated.")]
Drugs = Annotated[list[str] | None, typer.Option("--drug", metavar="NAME", help="A drug taken; may be repeated.")]
Conditions = Annotated[
    list[str] | None, typer.Option("--condition", metavar="NAME", help="A known condition; may be repeated.")
]
Version = Annotated[int | None, typer.Option("--kb-version", min=1, help="Answer from an older version.")]
DetailOf = Annotated[Detail, typer.Option("--detail", help="How much to say.")]
TopK = Annotated[int | None, typer.Option(min=1, max=50, help="Passages to look at (YIWEN_TOP_K).")]
Everything = Annotated[bool, typer.Option("--citations", help="List every citation with its quote and id.")]


def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(help="The question; `-` reads it from stdin.")],
    kb_version: Version = None,
    detail: DetailOf = Detail.SHORT,
    top_k: TopK = None,
    age: Age = None,
    sex: SexOf = None,
    pregnant: Pregnant = None,
    allergy: Allergies = None,
    drug: Drugs = None,
    condition: Conditions = None,
    all_citations: Everything = False,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Answer one question with citations."""
    from rag.pipeline import Options
    from rag.wiring import build

    settings = load_settings(context, data_dir)
    text = sys.stdin.read(_STDIN_MAX) if question == _STDIN else question
    options = Options(
        patient=patient_of(age, sex, pregnant, allergy, drug, condition),
        kb_version=kb_version,
        top_k=top_k or settings.top_k,
        detail=detail.value,
    )
    show_answer(build(settings), text, options, as_json=as_json, all_citations=all_citations)


def chat(
    context: typer.Context,
    kb_version: Version = None,
    detail: DetailOf = Detail.SHORT,
    age: Age = None,
    sex: SexOf = None,
    pregnant: Pregnant = None,
    allergy: Allergies = None,
    drug: Drugs = None,
    condition: Conditions = None,
    model: Annotated[
        str | None, typer.Option(metavar="MODEL", help="Talk to this model alone, without knowledge base and checks.")
    ] = None,
    adapter: Annotated[
        list[Path] | None, typer.Option(metavar="FOLDER", help="With --model: LoRA adapters, merged in turn.")
    ] = None,
    template: Annotated[
        str | None, typer.Option(metavar="NAME", help="With --model: as data.template; default: what they bring.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Ask in turns; `clear` forgets the earlier ones, `exit` or Ctrl-D ends."""
    if model is not None:
        from yiwen.models import talk

        talk(model, adapter or [], _lines(), template)
        return
    from rag.errors import QuestionRejected
    from rag.pipeline import Options
    from rag.wiring import build

    settings = load_settings(context, data_dir)
    pipeline = build(settings)
    patient = patient_of(age, sex, pregnant, allergy, drug, condition)
    history: tuple[Turn, ...] = ()
    for line in _lines():
        if line == "clear":
            history = ()
            say("已忘记之前的对话。")
            continue
        options = Options(patient, history, kb_version, top_k=settings.top_k, detail=detail.value)
        try:
            history = (*history, *show_answer(pipeline, line, options))[-_TURNS:]
        except QuestionRejected as error:
            typer.echo(f"yiwen: {error}", err=True)


def patient_of(
    age: float | None,
    sex: SexOption | None,
    pregnant: bool | None,
    allergies: list[str] | None,
    drugs: list[str] | None,
    conditions: list[str] | None,
) -> Patient | None:
    """The patient, or None where nothing was said."""
    from rag.domain import Patient, Sex

    found = Patient(
        age, Sex(sex.value) if sex else None, pregnant, tuple(allergies or ()), tuple(drugs or ()),
        tuple(conditions or ()),
    )  # fmt: skip
    return found if found != Patient() else None


def show_answer(
    pipeline: Pipeline, question: str, options: Options, *, as_json: bool = False, all_citations: bool = False
) -> tuple[Turn, Turn]:
    """Ask, print, and give the two turns that this was."""
    from api.rendering import answer_json
    from rag.domain import Turn
    from yiwen.printing import print_answer

    question = question.encode("utf-8", "replace").decode()  # bytes of the command line that were no UTF-8
    answer = pipeline.ask(question, options)
    if as_json:
        document(answer_json(answer, pipeline.editions.at(answer.kb_version).kb))
    else:
        print_answer(answer, all_citations=all_citations)
    return Turn("user", question), Turn("assistant", answer.text)


def _lines() -> Iterator[str]:
    """Lines typed or piped in, without blank ones, up to `exit` or the end."""
    prompt = ""
    if sys.stdin.isatty():
        import readline  # noqa: F401 - gives `input` editing and a history

        prompt = "问> "
        say("输入问题；clear 清除对话，exit 或 Ctrl-D 结束。")
    while True:
        try:
            line = input(prompt).strip()
        except EOFError:
            return
        if line in ("exit", "quit", "退出"):
            return
        if line:
            yield line
