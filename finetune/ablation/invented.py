"""Facts about diseases that do not exist, and open text of the same kind, to see what a tiny model learns.

Names are two or three characters out of `MANY`, which stand in no frame of a question, a prompt or an answer. So
nothing about them can be known but by reading, and no name is part of another one of its length.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml

from finetune.data.asking import ASKED, WORDINGS
from rag.vocabulary import RELATIONS, Relation

T = TypeVar("T")
Told = tuple[str, str, str]
"""Subject, label of a relation, object."""
CHARACTERS = "岚岑芷沅湘澜漪琅玕瑶璞珩珏璟瑄琬琰峤嵘崧岱麓汀沚渚浔淅渭泾洛沛泗沂泸涪滇黔赣皖晋鄂闽粤旻昶晔晁"
MANY = CHARACTERS + (
    "岈岌岍岐岘岙岜岢岣岫岬岵岷岽岿峁峄峋峥峪崂崃崞崤崦崮嵇嵊嵛嵝嵫嵬嵯嵴嶂嶙嶝嶷昀昃昊昙昝昱昴晏晗晡晷暌暝暧暨暹曛曜曦曩杈杌杓杩杪杲杳杼枋枘枞枥枧枨枭枰枵"
    "枷柁柃柘柙柝柞柢柰柽栅栉栊栌栎栩栲栳栾桁帑帔帙帛帱帻幄幌幔幛幞幡庀庋庑庖庠庥庳庾廑廒廖廛廨廪旃旄旆旎旒旖彀彖彘彡彦彬徂徇徉徕徜徨徵徼"
)
"""Of more characters fewer stand twice in a text: what follows one is found sooner, and copying is learnt sooner."""
_ASKED = {
    Relation.SYMPTOM: "symptom",
    Relation.DRUG: "drug",
    Relation.DEPARTMENT: "department",
    Relation.EXAMINATION: "examination",
    Relation.COMPLICATION: "disease",
}
"""What each disease has one of, and its type."""
_WORDINGS = ("{s}的{r}：{o}", "{s}常见的{r}是{o}", "说到{s}，{r}有{o}")
"""How a fact is said in `retold_texts`."""
_RUN = 48
"""Characters of a text that repeats a run, at least."""
_BY_LABEL = {RELATIONS[relation].label: relation.value for relation in _ASKED}
_LINES = 12
"""Sentences of a document of open text."""


class Names:
    """Draws names of so many characters; none twice."""

    def __init__(self, seed: int, characters: str = CHARACTERS, length: int = 3, without: Iterable[str] = ()) -> None:
        self.chance = random.Random(seed)
        self._characters, self._length = characters, length
        self._used = set(without)

    def new(self) -> str:
        """One that has not been drawn before."""
        while (name := "".join(self.chance.sample(self._characters, self._length))) in self._used:
            pass
        self._used.add(name)
        return name

    def fact(self) -> str:
        """A sentence about a disease of which nothing else is said, as a fact stands in a prompt."""
        relation = self.chance.choice(list(_ASKED))
        return f"{self.new()}的{RELATIONS[relation].label}：{self.new()}"

    def told(self) -> Told:
        """A new fact."""
        return self.new(), RELATIONS[self.chance.choice(list(_ASKED))].label, self.new()

    def text(self, facts: Iterable[Told]) -> str:
        """Each in one of several wordings."""
        return "".join(self.chance.choice(_WORDINGS).format(s=s, r=r, o=o) + "。" for s, r, o in facts)


def write_facts(path: Path, names: Names, subjects: int) -> list[str]:
    """A `facts.csv` about so many diseases; returns their names."""
    found = [names.new() for _ in range(subjects)]
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["subject", "subject_type", "relation", "object", "object_type", "source", "grade"])
        for subject in found:
            for relation, kind in _ASKED.items():
                table.writerow([subject, "disease", relation.value, names.new(), kind, "editorial", "editorial"])
    return found


def open_texts(names: Names, count: int) -> Iterator[dict[str, Any]]:
    """For pre-training: documents that say few things often, in changing order."""
    for _ in range(count):
        facts = [names.fact() for _ in range(names.chance.randint(1, 3))]
        yield {"text": "。".join(_shuffled(names.chance, facts, _LINES // len(facts))) + "。"}


def retold_texts(
    count: int, seed: int, characters: str, length: int, without: frozenset[str]
) -> Iterator[dict[str, Any]]:
    """For pre-training that ends in copying: a few facts again and again in other words.

    Every fifth text is a run that is repeated, every fifth begins with a numbered list. Names are drawn anew for each
    text, so that nothing about them can be learnt by heart.
    """
    for n in range(count):
        names = Names(seed * count + n, characters, length, without)
        if n % 5 == 4:
            yield {"text": _repeated("".join(names.new() for _ in range(names.chance.randint(3, 10))), without)}
            continue
        said = [names.told() for _ in range(names.chance.randint(1, 5))]
        listed = n % 5 == 3
        again = names.text(_shuffled(names.chance, said, max(2, (_LINES - 2 * listed) // len(said))))
        yield {"text": f"{_list(said)}\n\n{again}" if listed else again}


def read_dialogues(names: Names, count: int) -> Iterator[dict[str, Any]]:
    """For plain supervised training: a text is to be said in other words, or a question about it to be answered."""
    wordings = yaml.safe_load(WORDINGS.read_text(encoding="utf-8"))[ASKED]
    for n in range(count):
        said = [names.told() for _ in range(names.chance.randint(1, 3))]
        text = names.text(said)
        asked, answer = f"换句话说：{text}", names.text(said)
        if n % 3:
            subject, label, thing = names.chance.choice(said)
            question = names.chance.choice(wordings[_BY_LABEL[label]]).format(s=subject)
            asked, answer = f"{text}\n{question}", names.text([(subject, label, thing)])
        yield {"messages": [{"role": "user", "content": asked}, {"role": "assistant", "content": answer}]}


def _list(said: Sequence[Told]) -> str:
    """Numbered, with who keeps the record, as records are printed."""
    lines = (f"[{n}] （编者整理）{s}的{r}：{o}" for n, (s, r, o) in enumerate(said, start=1))
    return "\n".join(lines)


def _repeated(run: str, without: frozenset[str]) -> str:
    """Cut before a name that must not stand in it."""
    text = run * (_RUN // len(run) + 1)
    found = [place for name in without if (place := text.find(name)) >= 0]
    return text[: min(found) + 1] if found else text


def open_dialogues(names: Names, count: int) -> Iterator[dict[str, Any]]:
    """For plain supervised training: something is to be said again."""
    for _ in range(count):
        text = "。".join(names.fact() for _ in range(names.chance.randint(1, 2))) + "。"
        yield {"messages": [{"role": "user", "content": f"复述：{text}"}, {"role": "assistant", "content": text}]}


def _shuffled(chance: random.Random, facts: Sequence[T], times: int) -> list[T]:
    return [fact for _ in range(times) for fact in chance.sample(facts, len(facts))]
