"""A model that says no more than that the evidence lacks what was asked: whether to believe it. Pure.

It is taught to say so (`finetune.data.grounded`), and right to where the evidence is about something else. What it says
is not shown, for it cites nothing; believed, it only keeps the extractive generator from reciting that evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.answer.conclusion import relations_of
from rag.domain import Evidence, Intent
from rag.vocabulary import Relation

_SAYS = re.compile(
    r"(?:(?:所给|提供的|现有的?|以上)?证据(?:中)?(?:不足|没有|未|缺少|无法)|证据不足以回答)[^。；;\n]{0,120}[。；;]?"
)
_REMEDIES = frozenset({Relation.DRUG, Relation.TREATMENT, Relation.INDICATION, Relation.EFFICACY})
"""Each of them answers a question for another."""


def says_so(sentences: Sequence[str]) -> bool:
    """Whether there is something, and all of it says that the evidence lacks the answer."""
    return bool(sentences) and all(_SAYS.fullmatch(sentence.strip()) for sentence in sentences)


def may_answer(intent: Intent, evidence: Sequence[Evidence]) -> bool:
    """Whether some evidence may hold the answer, which no model may keep back; in doubt it may.

    It may not where the question names relations and all evidence states others. Texts may hold anything.
    """
    shaped = intent.reverse or intent.comparison or intent.yes_no or intent.guessed or intent.avoids or intent.object
    if shaped or not intent.explicit or not intent.groups:
        return bool(evidence)
    asked = {relation for group in intent.groups for relation in group}
    if asked & _REMEDIES:
        asked |= _REMEDIES
    stated = [relations_of(one) for one in evidence]
    return any(not told or asked.intersection(told) for told in stated)
