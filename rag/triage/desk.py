"""`头晕挂什么科`: what the desk at the entrance would say, out of the table `desk.yaml`. Pure but for reading it once.

The graph ranks departments by the diseases it holds, rare ones among them; a complaint is taken to one first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import yaml

from rag.domain import Intent, Mention
from rag.errors import ConfigurationError
from rag.question.population import Person
from rag.text import normalise
from rag.vocabulary import Relation

_CHILD_UNDER = 14
_TABLE = "desk.yaml"
_WIDE = {"内科", "全科医学科"}
"""Departments that tell nothing of a disease."""
_CLAUSE = re.compile("[；。]")
_DEPARTMENT = re.compile("[^先看（()）或、，]{1,7}科")


@dataclass(frozen=True)
class Desk:
    """`complaints`: normalised name -> what to say; `child` is said of children."""

    complaints: Mapping[str, str]
    child: str
    source: str

    def direct(self, intent: Intent, mentions: Sequence[Mention], person: Person) -> str | None:
        """Where to go with what is named, if a department is asked for or what to do about one complaint.

        None where the table does not say.
        """
        said: dict[str, str] = {}
        for mention in (m for m in mentions if m.present):
            for say in self._of(mention):
                said.setdefault(say, mention.surface)
        vague = intent.reverse and len(said) == 1 and len(mentions) == 1
        if not said or not (_asks_where(intent) or vague):
            return None
        return f"导诊提示：{self.child if _is_young(person) else _joined([*said.items()])}（{self.source}）"

    def departments(self, mentions: Sequence[Mention], person: Person) -> frozenset[str]:
        """Names of the departments that see such complaints first, of a child also its own; empty if not known."""
        said = [say for m in mentions if m.present for say in self._of(m)]
        first = {name for say in said for name in _DEPARTMENT.findall(_CLAUSE.split(say)[0])} - _WIDE
        return frozenset(first | {"儿科"} if first and _is_young(person) else first)

    def _of(self, mention: Mention) -> list[str]:
        """By the words of the question, else by the names they stand for."""
        names = (normalise(mention.surface), *(c.name for c in mention.candidates))
        return [self.complaints[name] for name in names if name in self.complaints][:1]


def _joined(told: Sequence[tuple[str, str]]) -> str:
    """What to say, and which complaint it is for where there are several."""
    return "".join(f"{complaint}：{say}" for say, complaint in told) if len(told) > 1 else told[0][0]


def _is_young(person: Person) -> bool:
    return person.age is not None and person.age < _CHILD_UNDER


def _asks_where(intent: Intent) -> bool:
    """A department is asked for, and not by an overview or a comparison."""
    return intent.explicit and not intent.comparison and Relation.DEPARTMENT in intent.relations


@cache
def load_desk() -> Desk:
    """The packaged table. Raises ConfigurationError where it does not fit."""
    table = yaml.safe_load((files("rag.triage") / _TABLE).read_text(encoding="utf-8"))
    complaints: dict[str, str] = {}
    for row in table["complaints"]:
        for name in map(normalise, row["names"]):
            if name in complaints:
                raise ConfigurationError(f"{_TABLE}: {name} stands twice; remove one")
            complaints[name] = row["say"]
    return Desk(complaints, table["child"], table["source"])
