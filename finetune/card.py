"""Model cards: from what, on which data, under which licences, how it was checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_WRITES = (
    "text-generation",
    "Answers are no medical advice. Let this model write within `yiwen`, where every sentence is checked against cited "
    "evidence; alone it states wrong doses and invents facts as any language model does.",
)
_EMBEDS = (
    "sentence-similarity",
    "Vectors of questions and passages for search; measure them on your own questions (`yiwen eval retrieval`).",
)
"""What models are for, as the hub calls it, and what to mind."""
_TITLES = 5
"""Sources that a line of licences names; `record.json` has them all."""
_FIGURES = ("stage", "method", "steps", "loss", "eval_loss", "accuracies", "margins", "accuracy", "reward")


def run_card(base: str, record: Mapping[str, Any], licence: str) -> str:
    """Markdown of what a run leaves; `record` is that of the run."""
    embeds = record.get("report", {}).get("stage") == "embed"
    task, notice = _EMBEDS if embeds else _WRITES
    return _card("Result of a run", base, licence, _run(record), [record], task=task, notice=notice)


def model_card(
    base: str, adapters: Sequence[tuple[str, Mapping[str, Any], str]], checks: Mapping[str, Any], licence: str
) -> str:
    """Markdown of a merged model. `adapters`: name, record of its run (empty if unknown), sha256 of its weights."""
    lines: list[str] = []
    for number, (name, record, sha256) in enumerate(adapters, start=1):
        lines += ["", f"## Adapter {number}: {name}", "", f"sha256 of its weights: `{sha256}`", *_run(record)]
    lines += ["", "## Check", "", f"Saved as {checks['dtype']}. Logits against the model with adapters:", ""]
    lines += ["| | relative difference |", "|---|---|"]
    lines += [f"| merged, 32 bits | {checks['in_memory']:.2g} |", f"| saved and loaded | {checks['saved']:.2g} |"]
    lines += ["", f"The most likely token is the same at {checks['same_choice']:.1%} of the positions."]
    return _card("Merged model", base, licence, lines, [record for _, record, _ in adapters])


def _card(
    title: str,
    base: str,
    licence: str,
    lines: Sequence[str],
    records: Sequence[Mapping[str, Any]],
    *,
    task: str = _WRITES[0],
    notice: str = _WRITES[1],
) -> str:
    head = ["---", f"base_model: {base}", f"pipeline_tag: {task}", "---", "", f"# {title}", "", notice]
    head += ["", f"Base: `{base}`" + (f", licence {licence}" if licence else ", licence not stated in its folder")]
    end = ["", "## Licences", "", "The result is bound by all of these:", "", f"- base: {licence or 'not stated'}"]
    data = [one for record in records for one in (*record.get("earlier", ()), *record.get("data", ()))]
    end += dict.fromkeys(f"- data {one['name']}: {one['licence'] or 'not stated'}" for one in data)
    end += dict.fromkeys(line for one in data for line in _quoted(one))
    return "\n".join([*head, *lines, *end]) + "\n"


def _quoted(data: Mapping[str, Any]) -> list[str]:
    """A line for each licence of the sources that the rows quote."""
    lines = []
    for licence, titles in data.get("quoted", {}).items():
        more = f" and {len(titles) - _TITLES} more" if len(titles) > _TITLES else ""
        lines.append(
            f"- quoted in data {data['name']}: {licence or 'not stated'} ({'; '.join(titles[:_TITLES])}{more})"
        )
    return lines


def _run(record: Mapping[str, Any]) -> list[str]:
    if not record:
        return ["", "How it was trained is not known: there is no `record.json` beside it."]
    report = record.get("report", {})
    shown = [f"{name} {_short(report[name])}" for name in _FIGURES if report.get(name) is not None]
    packages = ", ".join(f"{name} {version}" for name, version in record.get("versions", {}).items())
    lines = ["", f"Training: {', '.join(shown) or 'not finished'}. Packages: {packages}."]
    lines += ["", *_table(record["data"])] if record.get("data") else []
    if record.get("earlier"):
        lines += ["", "Base and first adapter had learnt from:", "", *_table(record["earlier"])]
    return lines


def _table(data: Iterable[Mapping[str, Any]]) -> list[str]:
    rows = [f"| {d['name']} | {d['rows']:,} | {d['licence'] or 'not stated'} | `{d['sha256']}` |" for d in data]
    return ["| data | rows | licence | sha256 |", "|---|---|---|---|", *rows]


def _short(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
