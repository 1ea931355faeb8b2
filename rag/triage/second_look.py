"""The second look of the triage: a small learnt classifier for what the rules have no words for. Deterministic.

People describe emergencies without the words of a textbook (`筷子夹不住，半边脸没表情`); a table of words does not see
that, a classifier over character n-grams does. It is part of the triage: it runs before anything can fail, knows
nothing of knowledge bases, and no generator, cache or history touches it. Made by `finetune/triage.py`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import as_file, files
from typing import Any

import yaml

from rag.classifier import Classifier
from rag.domain import Patient, Triage
from rag.errors import ConfigurationError
from rag.text import normalise
from rag.triage.rules import first_aid, triage
from rag.triage.table import TriageRules

NONE = "none"
"""The label of what needs no emergency action."""
UNCLEAR = "unclear"
"""The category of an emergency that may be one of several."""
_TABLE, _MODEL = "second_look.yaml", "triage_model.safetensors"
_INFANT_MONTHS = 24
_INFANT = "infant_fever"
_YOUNG = 0.25
_BESIDE_FEVER = 0.1
"""Probability of anything else from which the fever of an older child is an emergency."""
_MONTHS_OLD = re.compile(
    r"(?<!怀孕)(?<!孕)(?<![0-9.])(?:[4-9]|1[0-9]|2[0-9]|[四五六七八九十]|十[一二三四五六七八])个多?半?月(?!前|后|以|没)|"
    r"(?<![0-9.])(?:[1-9][0-9]?|[一二两三四五六七八九十])岁"
)
_NEWBORN = re.compile(r"[0-9一二三四五六七八九十]天|周大|新生儿|刚出生|刚生|满月|月子|[1-3一二两三]个多?月")


@dataclass(frozen=True)
class SecondLook:
    """`verdicts` has one for each label but `none`, and `UNCLEAR`.

    `alarm` and `doubt` are probabilities of any emergency; `clear` is the share of it that one label must have to be
    named: advice for the wrong organ is worse than advice for none. Where none is, it takes `alarm_unclear` to speak:
    a little of everything is what long harmless stories hold.
    """

    classifier: Classifier
    verdicts: Mapping[str, Triage]
    alarm: float
    doubt: float
    clear: float
    alarm_unclear: float

    def reconsider(self, question: str, patient: Patient | None, first: Triage) -> Triage:
        """The rules' verdict; a red flag of its own where they saw none; none where they surely saw a ghost."""
        shares = self.classifier.probabilities(described(patient) + question)
        emergency = 1.0 - shares[NONE]
        if first.red_flag:
            return first if emergency >= self.doubt else Triage()
        if emergency < self.alarm:
            return first
        label = max(shares.keys() - {NONE}, key=lambda label: (shares[label], label))
        if label == _INFANT and _older(question, patient):
            return self.verdicts[UNCLEAR] if emergency - shares[label] >= _BESIDE_FEVER else first
        if shares[label] >= self.clear * emergency:
            return self.verdicts[label]
        return self.verdicts[UNCLEAR] if emergency >= self.alarm_unclear else first


def _older(question: str, patient: Patient | None) -> bool:
    """Whether three months or more are told of a child's age: fever alone is no emergency then."""
    if patient is not None and patient.age is not None:
        return patient.age >= _YOUNG
    text = normalise(question)
    return bool(_MONTHS_OLD.search(text)) and not _NEWBORN.search(text)


def assess(question: str, patient: Patient | None, rules: TriageRules, look: SecondLook | None) -> Triage:
    """The verdict of the rules, then of the second look if there is one; first aid where neither sees a red flag."""
    first = triage(question, patient, rules)
    verdict = look.reconsider(question, patient, first) if look is not None else first
    return verdict if verdict.red_flag else first_aid(question, patient, rules)


def described(patient: Patient | None) -> str:
    """What is known of the patient, as people would say it before their question; empty if nothing."""
    if patient is None:
        return ""
    parts = []
    if patient.age is not None:
        months = round(patient.age * 12)
        parts.append(f"{months}个月的宝宝" if months < _INFANT_MONTHS else f"{round(patient.age)}岁")
    if patient.pregnant:
        parts.append("孕妇")
    if patient.drugs:
        parts.append(f"吃{'、'.join(patient.drugs)}的")
    return "，".join(parts) + "，" if parts else ""


def load_look(rules: TriageRules) -> SecondLook:
    """The packaged model and table. Raises ConfigurationError where they do not fit each other or the rules."""
    with as_file(files("rag.triage") / _MODEL) as path:
        classifier = Classifier.load(path)
    table: dict[str, Any] = yaml.safe_load((files("rag.triage") / _TABLE).read_text(encoding="utf-8"))
    categories = table["categories"]
    if set(categories) != {*classifier.labels, UNCLEAR} - {NONE}:
        raise ConfigurationError(f"{_TABLE} and {_MODEL} name different categories; train the model again")
    known = {rule.id: rule for rule in rules.rules}
    verdicts = {}
    for name, row in categories.items():
        if "rule" in row and row["rule"] not in known:
            raise ConfigurationError(f"{_TABLE}: {name}: there is no rule {row['rule']!r} in triage.yaml")
        action, label = (
            (known[row["rule"]].action, known[row["rule"]].label) if "rule" in row else (row["action"], row["label"])
        )
        verdicts[name] = Triage(True, row.get("rule", name), action, label)
    return SecondLook(
        classifier, verdicts, *(float(table[name]) for name in ("alarm", "doubt", "clear", "alarm_unclear"))
    )
