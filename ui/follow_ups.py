"""What to ask next: only what the knowledge base has something on."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from yiwen.client import Answer, Client, ServiceError, Unreachable

AT_MOST = 4
_OUTGOING: Mapping[str, str] = {
    "has_symptom": "{name}有什么症状？",
    "treated_with_drug": "{name}吃什么药？",
    "treated_by": "{name}怎么治疗？",
    "needs_examination": "{name}做什么检查？",
    "in_department": "{name}挂什么科？",
    "has_cause": "{name}是什么原因引起的？",
    "prevented_by": "{name}怎么预防？",
    "avoided_food": "{name}不能吃什么？",
    "indicated_for": "{name}有什么作用？",
    "contraindicated_for": "{name}有什么禁忌？",
    "adverse_effect": "{name}有什么不良反应？",
    "interacts_with": "{name}不能和什么一起吃？",
    "dosage": "{name}怎么吃？",
}
_ABOUT = ("disease", "drug", "herb", "formula")


def suggest(client: Client, answer: Answer, asked: Collection[str]) -> list[str]:
    """At most four questions on the first disease or drug of the question; none where the service cannot say."""
    if answer.questions or answer.outcome == "emergency":
        return []
    entity = next((entity for entity in answer.entities if entity.type in _ABOUT), None)
    if entity is None:
        return []
    try:
        found = client.entity(entity.id, limit=1)
    except (ServiceError, Unreachable):
        return []
    recorded = {
        group.relation
        for group in found.groups
        if group.direction == "outgoing" and not _told(answer, found.name, group.label)
    }
    said = {_bare(question) for question in asked}
    questions = (text.format(name=found.name) for relation, text in _OUTGOING.items() if relation in recorded)
    return [question for question in questions if _bare(question) not in said][:AT_MOST]


def _told(answer: Answer, name: str, label: str) -> bool:
    """Whether the answer has quoted such a fact of the entity."""
    return any(citation.quote.startswith(f"{name}的{label}：") for citation in answer.citations)


def _bare(question: str) -> str:
    return question.rstrip("？?。 ")
