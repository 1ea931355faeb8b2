"""The model card of a merged model: from what, on which data, under which licences, how it was checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_NOTICE = (
    "Answers are no medical advice. Let this model write within `yiwen`, where every sentence is checked against cited "
    "evidence; alone it states wrong doses and invents facts as any language model does."
)


def model_card(
    base: str, adapters: Sequence[tuple[str, Mapping[str, Any], str]], checks: Mapping[str, Any], licence: str
) -> str:
    """Markdown. `adapters`: name, record of its run (empty if unknown) and sha256 of its weights, in their order."""
    licences = _licences(licence, adapters)
    lines = ["---", f"base_model: {base}", "pipeline_tag: text-generation", "---", "", "# Merged model", "", _NOTICE]
    lines += ["", f"Base: `{base}`" + (f", licence {licence}" if licence else ", licence not stated in its folder")]
    for number, (name, record, sha256) in enumerate(adapters, start=1):
        lines += ["", f"## Adapter {number}: {name}", "", f"sha256 of its weights: `{sha256}`", *_run(record)]
    lines += ["", "## Check", "", f"Saved as {checks['dtype']}. Logits against the model with adapters:", ""]
    lines += ["| | relative difference |", "|---|---|"]
    lines += [f"| merged, 32 bits | {checks['in_memory']:.2g} |", f"| saved and loaded | {checks['saved']:.2g} |"]
    lines += ["", f"The most likely token is the same at {checks['same_choice']:.1%} of the positions."]
    lines += ["", "## Licences", "", "The result is bound by all of these:", "", *[f"- {one}" for one in licences]]
    return "\n".join(lines) + "\n"


def _run(record: Mapping[str, Any]) -> list[str]:
    if not record:
        return ["", "How it was trained is not known: there is no `record.json` beside it."]
    report = record.get("report", {})
    shown = [f"{name} {report[name]}" for name in ("stage", "method", "steps", "loss", "eval_loss") if report.get(name)]
    packages = ", ".join(f"{name} {version}" for name, version in record.get("versions", {}).items())
    lines = ["", f"Training: {', '.join(shown) or 'not finished'}. Packages: {packages}.", ""]
    if record.get("data"):
        lines += ["| data | rows | licence | sha256 |", "|---|---|---|---|"]
    return lines + [
        f"| {one['name']} | {one['rows']:,} | {one['licence'] or 'not stated'} | `{one['sha256']}` |"
        for one in record.get("data", ())
    ]


def _licences(base: str, adapters: Sequence[tuple[str, Mapping[str, Any], str]]) -> list[str]:
    found = [f"base: {base or 'not stated'}"]
    for _, record, _ in adapters:
        found += [f"data {one['name']}: {one['licence'] or 'not stated'}" for one in record.get("data", ())]
    return list(dict.fromkeys(found))
