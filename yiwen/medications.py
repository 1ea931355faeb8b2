"""`yiwen check`: what the knowledge base holds against a list of drugs for a patient."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from yiwen.ask import Age, Allergies, Conditions, Drugs, Pregnant, SexOf, Version, patient_of
from yiwen.failures import PARTIAL
from yiwen.options import DataDir, Json, load_settings
from yiwen.output import document, say

if TYPE_CHECKING:
    from rag.editions import Edition
    from rag.linking.medicines import Medicine
    from rag.safety.hazards import Hazard
    from rag.safety.levels import Level
    from rag.safety.medications import Report

_LISTED = 20


def check(
    context: typer.Context,
    names: Annotated[list[str], typer.Argument(metavar="NAME...", help="Drugs, herbs, formulas or foods by name.")],
    kb_version: Version = None,
    age: Age = None,
    sex: SexOf = None,
    pregnant: Pregnant = None,
    allergy: Allergies = None,
    drug: Drugs = None,
    condition: Conditions = None,
    data_dir: DataDir = None,
    as_json: Json = False,
) -> None:
    """Check drugs against each other and for a patient, the gravest first.

    Exit code 0 whatever was found, 7: some names are unknown, 3: all are. No record is not safety.
    """
    from api.rendering import report_json
    from rag.errors import NotFoundError
    from rag.wiring import build

    patient = patient_of(age, sex, pregnant, allergy, drug, condition)
    pipeline = build(load_settings(context, data_dir))
    edition, report, degraded = pipeline.check([_readable(name) for name in names], patient, kb_version=kb_version)
    if as_json:
        document(report_json(report, edition, degraded))
    else:
        _print(report, edition, degraded)
    unknown = "、".join(medicine.given for medicine in report.unknown)
    if unknown and not report.medicines:
        raise NotFoundError(f"none of the names is known to the knowledge base: {unknown}; nothing was checked")
    if unknown:
        typer.echo(f"yiwen: not checked, for the knowledge base does not know them: {unknown}", err=True)
        raise typer.Exit(PARTIAL)


def _readable(name: str) -> str:
    return name.encode("utf-8", "replace").decode()  # bytes of the command line that were no UTF-8


def _print(report: Report, edition: Edition, degraded: tuple[str, ...]) -> None:
    from rag.domain import LABEL
    from rag.safety.warnings import DISCLAIMER

    for line, style in _lines(report):
        say(line, style)
    say()
    missing = f" · 降级：{'、'.join(degraded)}" if degraded else ""
    say(f"用药核查 · {LABEL} · 知识库版本 {edition.pointer.version}{missing}", "dim")
    say(DISCLAIMER, "dim")


def _lines(report: Report) -> Iterator[tuple[str, str]]:
    """Lines with their style: findings, unknown names, what has no record, sources."""
    from rag.safety.medications import NO_RECORD, NOT_SAFE

    checked = "、".join(_medicine(medicine, report) for medicine in report.medicines) or "（无）"
    patient = "、".join(concern.label for concern in report.concerns)
    yield f"核查：{checked}{f'；患者：{patient}' if patient else ''}", "bold"
    numbers = {key: n for n, key in enumerate(report.evidence, start=1)}
    for hazard in report.hazards:
        yield _hazard_line(hazard, numbers), _style(hazard.level)
    for medicine in report.unknown:
        near = "、".join(dict.fromkeys(candidate.name for candidate in medicine.near))
        yield f"未识别：{medicine.given}{f'（相近的名称：{near}）' if near else ''}，未核查。", "yellow"
    silent = [f"{'与'.join(one.drugs)}{f'与{one.about}' if one.about else ''}" for one in report.unrecorded]
    if silent:
        more = f"等{len(silent)}组" if len(silent) > _LISTED else ""
        yield f"{NO_RECORD}：{'；'.join(silent[:_LISTED])}{more}。{NOT_SAFE}", ""
    elif not report.hazards:
        yield f"{NO_RECORD}。{NOT_SAFE}", ""
    yield from _sources(report)


def _medicine(medicine: Medicine, report: Report) -> str:
    """A name, and what it was taken for where that is something else."""
    names = [report.names.get(entity, entity) for entity in medicine.entities]
    others = "、".join(dict.fromkeys(name for name in names if name != medicine.given))
    return f"{medicine.given}（{others}）" if others else medicine.given


def _hazard_line(hazard: Hazard, numbers: dict[str, int]) -> str:
    from rag.safety.levels import LEVEL_LABELS

    marks = "".join(f"[{numbers[key]}]" for key in hazard.evidence_ids if key in numbers)
    return f"【{LEVEL_LABELS[hazard.level]}】{hazard.because}：{hazard.text.rstrip('。')}{marks}。"


def _style(level: Level) -> str:
    from rag.safety.levels import Level

    return "bold red" if level in (Level.CONTRAINDICATED, Level.MAJOR) else "yellow"


def _sources(report: Report) -> Iterator[tuple[str, str]]:
    from rag.answer.rendering import source_line

    if report.evidence:
        yield "", ""
        yield "出处", "bold"
    for n, evidence in enumerate(report.evidence.values(), start=1):
        yield f"[{n}] {source_line(evidence.source)} {evidence.id}", ""
