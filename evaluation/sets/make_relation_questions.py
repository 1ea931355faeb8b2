"""Make the relation questions with gold answers: `python evaluation/sets/make_relation_questions.py DATA > OUT.jsonl`.

DATA holds kg/cmekg.jsonl, kg/disease.csv and kg/drug.json. One JSON object a line; README.md states the row. Standard
library and raw.py only. Same data, same bytes.
"""

from __future__ import annotations

import random
import tomllib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from evaluation.sets.raw import LISTS, TRUNCATED, Disease, askable, read_diseases, read_drugs, read_rows, run

T = TypeVar("T")
SEED = 20261128
WORDINGS = Path(__file__).with_name("relation_wordings.toml")
FORWARD_EACH = 14
DRUG_EACH = 8
COUNTS = {"several": 40, "yes_no": 98, "compare": 52, "symptoms": 60, "population": 20, "department": 20}
COUNTS |= {"follow": 50, "switch": 12, "alias": 40, "noise": 42}
TREATMENT = {"治疗": ("治疗方案", "药物治疗")}
MOST_REVERSE = 60
NO_POPULATION = ("所有", "无特", "任何", "暂无", "不详", "均可", "无明", "人群均")
POPULATIONS = ("儿童", "婴幼儿", "老年人", "孕妇", "新生儿", "青少年", "中老年人", "女性")
INFECTIOUS = {"无传染性": "no", "有传染性": "yes"}
INSURED = {"医保疾病": "yes", "非医保疾病": "no"}
FULL_WIDTH = str.maketrans("，？。、", ",?.、")


@dataclass(slots=True)
class Maker:
    """The data, the wordings, a seeded random source, and what was asked already."""

    data: Path
    rng: random.Random
    diseases: dict[str, Disease] = field(init=False)
    drugs: dict[str, dict[str, str]] = field(init=False)
    literals: dict[str, dict[str, str]] = field(init=False)
    pool: list[Disease] = field(init=False)
    words: dict[str, Any] = field(init=False)
    asked: set[str] = field(default_factory=set)
    used: Counter[str] = field(default_factory=Counter)
    golds: dict[tuple[str, str], dict[str, list[str]] | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.diseases = read_diseases(self.data)
        self.drugs = read_drugs(self.data)
        self.literals = agreed_literals(self.data)
        self.pool = sorted((d for d in self.diseases.values() if askable(d) and sound(d)), key=lambda d: d.name)
        self.words = tomllib.loads(WORDINGS.read_text(encoding="utf-8"))

    def having(self, *relations: str) -> Callable[[Disease], bool]:
        """Whether a disease's record answers all the relations."""
        return lambda disease: all(self.gold(disease, relation) for relation in relations)

    def gold(self, disease: Disease, relation: str) -> dict[str, list[str]] | None:
        """`gold`, `also` and `ignored` of a relation, or None where the record has nothing to answer with."""
        key = (disease.name, relation)
        if key not in self.golds:
            self.golds[key] = self.read_gold(disease, relation)
        return self.golds[key]

    def read_gold(self, disease: Disease, relation: str) -> dict[str, list[str]] | None:
        """As `gold`, from the record itself."""
        gold: list[str] = []
        also: list[str] = []
        ignored: list[str] = []
        for part in TREATMENT.get(relation, (relation,)):
            if part in LISTS:
                objects = disease.lists.get(part)
                gold += objects.kept if objects else ()
                ignored += objects.ignored if objects else ()
            else:
                value = self.literal(disease, part)
                gold += [value] if value else []
            also += disease.also.get(part, ())
        if not gold:
            return None
        return {"gold": gold, "also": sorted(set(also) - set(gold)), "ignored": ignored}

    def literal(self, disease: Disease, relation: str) -> str:
        """The text of a literal, empty where it is a placeholder, cut off, or contradicted by another row."""
        if relation in ("费用", "医保"):
            return self.literals[relation].get(disease.name, "")
        value = disease.literals.get(relation, "")
        bad = not value or "暂无" in value or "..." in value or len(value) > 40 or value.startswith("根据不同")
        bad = bad or (relation == "易感人群" and any(sign in value for sign in NO_POPULATION))
        bad = bad or (relation in ("治愈率", "治疗周期") and not any(c.isdigit() or c in "终身一二三半" for c in value))
        bad = bad or (relation == "传染性" and contradicted(disease))
        return "" if bad else value

    def draw(self, fits: Callable[[Disease], bool], *, fresh: bool = True) -> Disease:
        """A disease that fits; one not asked about before where there is one."""
        fitting = [d for d in self.pool if fits(d)]
        least = min((self.used[d.name] for d in fitting), default=0)
        chosen = self.pick([d for d in fitting if not fresh or self.used[d.name] == least])
        self.used[chosen.name] += 1
        return chosen

    def pick(self, options: Sequence[T]) -> T:
        """One of the options by the seeded source; none means that the folder is too small."""
        if not options:
            raise SystemExit(f"{self.data}: too few records, none answers the next question")
        return self.rng.choice(options)

    def row(self, kind: str, question: str, **values: object) -> dict[str, Any] | None:
        """A row, or None where the same question was made before."""
        if question in self.asked:
            return None
        self.asked.add(question)
        return {"kind": kind, "question": question, **values}


def sound(disease: Disease) -> bool:
    """Whether the record's cells stand in their own columns (no sums of money or statistics among its lists)."""
    return not any("收费" in v or "发病" in v or "三甲" in v for o in disease.lists.values() for v in o.ignored)


def contradicted(disease: Disease) -> bool:
    """Whether rows of one name say both that it spreads and that it does not."""
    sayings = {disease.literals.get("传染性", ""), *disease.also.get("传染性", ())} - {""}
    harmless = {s for s in sayings if s.startswith(("无", "非", "不"))}
    return bool(harmless) and harmless != sayings


def agreed_literals(data: Path) -> dict[str, dict[str, str]]:
    """费用 and 医保 from disease.csv, of the names whose rows agree."""
    found: dict[str, dict[str, str]] = {"费用": {}, "医保": {}}
    for name, rows in read_rows(data).items():
        for relation, column in (("费用", "money"), ("医保", "insurance")):
            values = {row[column] for row in rows} - {""}
            value = values.pop() if len(values) == 1 else ""
            if value and "暂无" not in value and (relation == "医保" or any(c.isdigit() for c in value)):
                found[relation][name] = value
    return found


def forward(maker: Maker) -> Iterator[dict[str, Any] | None]:
    """One disease, one relation; every wording at least once."""
    for relation, styles in maker.words["forward"].items():
        wordings = [(style, text) for style in ("formal", "people") for text in styles[style]]
        for number in range(max(FORWARD_EACH, len(wordings))):
            style, text = wordings[number % len(wordings)]
            yield forward_row(maker, "forward", relation, style, text)


def forward_row(maker: Maker, kind: str, relation: str, style: str, text: str, **more: object) -> dict[str, Any] | None:
    """Fill a wording with a disease whose record answers it; half of the yes/no literals are not the usual no."""
    balanced = relation in ("传染性", "医保") and maker.rng.random() < 0.5

    def fits(d: Disease) -> bool:
        found = maker.gold(d, relation)
        return bool(found) and not (balanced and found and found["gold"][0] in ("无传染性", "非医保疾病"))

    disease = maker.draw(fits)
    values = maker.gold(disease, relation) or {}
    relations = list(TREATMENT.get(relation, (relation,)))
    question = text.format(d=disease.name)
    return maker.row(kind, question, style=style, entities=[disease.name], relations=relations, **values, **more)


def drugs(maker: Maker) -> Iterator[dict[str, Any] | None]:
    """One drug, one field of its monograph; gold is the field's text as it stands."""
    for name, styles in maker.words["drug"].items():
        wordings = [(style, text) for style in ("people", "formal") for text in styles[style]]
        maker.rng.shuffle(wordings)
        for style, text in wordings[: DRUG_EACH + 4]:
            fitting = [m for m, fields in maker.drugs.items() if answerable_field(m, fields.get(name, ""))]
            drug = maker.pick(sorted(fitting))
            value = maker.drugs[drug][name]
            yield maker.row(
                "drug",
                text.format(m=drug),
                style=style,
                entities=[drug],
                relations=[name],
                gold=[value],
                also=[],
                ignored=[],
            )


def answerable_field(name: str, text: str) -> bool:
    """A whole field under a name of three characters or more that says something of its own."""
    empty = ("尚不明确", "参见", "暂无", "不详", "未见", "无。")
    return len(name) >= 3 and name.isprintable() and len(text) >= 4 and not any(sign in text[:8] for sign in empty)


def several(maker: Maker) -> Iterator[dict[str, Any] | None]:
    """Two relations of one disease; gold of each."""
    keys = list(maker.words["several"].items())
    for number in range(COUNTS["several"]):
        key, texts = keys[number % len(keys)]
        relations = key.split("+")
        disease = maker.draw(maker.having(*relations))
        parts = {relation: maker.gold(disease, relation) for relation in relations}
        text = texts[number // len(keys) % len(texts)]
        yield maker.row(
            "several",
            text.format(d=disease.name),
            style=("formal", "people")[number // len(keys) % len(texts)],
            entities=[disease.name],
            relations=relations,
            parts=parts,
        )


def yes_no(maker: Maker) -> Iterator[dict[str, Any] | None]:
    """True and false in turn; `answer` is yes, no, or not_stated where the source only leaves the object out."""
    table = list(maker.words["yes_no"].items())
    for number in range(COUNTS["yes_no"]):
        relation, part = table[number % len(table)]
        truth = bool(number // len(table) % 2)
        text = maker.rng.choice(part["wordings"])
        if relation in ("传染性", "医保"):
            yield literal_yes_no(maker, relation, truth, text)
        else:
            yield object_yes_no(maker, relation, truth, text)


def literal_yes_no(maker: Maker, relation: str, truth: bool, text: str) -> dict[str, Any] | None:
    """Whether it spreads, whether the insurance pays: the source itself says yes or no."""
    answers = INFECTIOUS if relation == "传染性" else INSURED
    wanted = "yes" if truth else "no"
    disease = maker.draw(lambda d: answers.get(maker.literal(d, relation)) == wanted)
    gold = [maker.literal(disease, relation)]
    question = text.format(d=disease.name)
    return maker.row(
        "yes_no", question, entities=[disease.name], relations=[relation], object=None, answer=wanted, gold=gold
    )


def object_yes_no(maker: Maker, relation: str, truth: bool, text: str) -> dict[str, Any] | None:
    """An object of the record, or one of another record that no row of this name comes near."""
    disease = maker.draw(lambda d: bool(own(d, relation)))
    if truth:
        chosen = maker.rng.choice(own(disease, relation))
    else:
        near = set(disease.lists[relation].ignored) | set(disease.also.get(relation, ())) | set(own(disease, relation))
        other = maker.pick([d for d in maker.pool if own(d, relation)])
        chosen = maker.rng.choice(own(other, relation))
        alike = any(chosen in known or known in chosen for known in near)
        if alike or chosen in disease.aliases or chosen in disease.name or disease.name in chosen:
            return None
    return maker.row(
        "yes_no",
        text.format(d=disease.name, o=chosen),
        entities=[disease.name],
        relations=[relation],
        object=chosen,
        answer="yes" if truth else "not_stated",
        gold=list(own(disease, relation)),
    )


def own(disease: Disease, relation: str) -> tuple[str, ...]:
    """A relation's objects of two characters or more."""
    return tuple(v for v in disease.lists[relation].kept if len(v) >= 2) if relation in disease.lists else ()


def compare(maker: Maker) -> Iterator[dict[str, Any] | None]:
    """Two diseases of one department on one relation; `shared` is what both lists hold."""
    table = list(maker.words["compare"].items())
    for number in range(COUNTS["compare"]):
        relation, texts = table[number % len(table)]
        first = maker.draw(maker.having(relation, "所属科室"))
        second = maker.draw(partial(comparable, maker, first, relation))
        parts = {d.name: maker.gold(d, relation) or {} for d in (first, second)}
        golds = [set(part["gold"]) for part in parts.values()]
        yield maker.row(
            "compare",
            texts[number // len(table) % len(texts)].format(a=first.name, b=second.name),
            entities=[first.name, second.name],
            relations=[relation],
            parts=parts,
            shared=sorted(set.intersection(*golds)),
        )


def comparable(maker: Maker, first: Disease, relation: str, second: Disease) -> bool:
    """Whether the two share a department, and neither name holds the other."""
    home = set(own(first, "所属科室")) & set(own(second, "所属科室"))
    nested = first.name in second.name or second.name in first.name
    return bool(home) and not nested and maker.gold(second, relation) is not None


def reverse(maker: Maker) -> Iterator[dict[str, Any] | None]:
    """From symptoms, from a population and a symptom, from a department and a body part, to diseases."""
    whole = [d for d in maker.diseases.values() if not TRUNCATED.search(d.name)]
    own_names, all_names = ({r: index(whole, r, also=also) for r in LISTS} for also in (False, True))
    for number in range(COUNTS["symptoms"]):
        yield by_symptoms(maker, own_names["相关症状"], all_names["相关症状"], number)
    for number in range(COUNTS["population"]):
        yield by_population(maker, own_names["相关症状"], all_names["相关症状"], number)
    for number in range(COUNTS["department"]):
        yield by_department(maker, own_names, all_names, number)


def index(diseases: Iterable[Disease], relation: str, *, also: bool) -> dict[str, set[str]]:
    """Object -> names of diseases; with `also`, what other rows of the same names say too."""
    under: dict[str, set[str]] = defaultdict(set)
    for disease in diseases:
        kept = disease.lists[relation].kept if relation in disease.lists else ()
        for value in (*kept, *(disease.also.get(relation, ()) if also else ())):
            under[value].add(disease.name)
    return under


def by_symptoms(
    maker: Maker, under: dict[str, set[str]], every: dict[str, set[str]], number: int
) -> dict[str, Any] | None:
    """2-4 symptoms of one record, each of three diseases or more.

    `gold`: every disease with all of them; `partly`: those that lack one of three or four; `also`: with all of them
    only by other rows of the same name.
    """
    size = 2 + number % 3
    seed = maker.draw(lambda d: len([s for s in own(d, "相关症状") if 3 <= len(under[s])]) >= size)
    symptoms = maker.rng.sample([s for s in own(seed, "相关症状") if 3 <= len(under[s])], size)
    counts = Counter(name for symptom in symptoms for name in under[symptom])
    gold = {name for name, n in counts.items() if n == size}
    texts = maker.words["reverse"]["symptoms"]
    return maker.row(
        "reverse_symptoms",
        texts[number % len(texts)].format(s=("、", "，", "，还有", " ")[number % 4].join(symptoms)),
        entities=symptoms,
        relations=["相关症状"],
        gold=sorted(gold),
        also=sorted(set.intersection(*(every[s] for s in symptoms)) - gold),
        partly=sorted(name for name, n in counts.items() if size > 2 and n == size - 1),
        seed_disease=seed.name,
    )


def by_population(
    maker: Maker, under: dict[str, set[str]], every: dict[str, set[str]], number: int
) -> dict[str, Any] | None:
    """A population as recorded, and a symptom of two diseases of it or more."""
    people = POPULATIONS[number % len(POPULATIONS)]
    members = {d.name for d in maker.diseases.values() if d.literals.get("易感人群") == people}
    wider = {d.name for d in maker.diseases.values() if people in d.also.get("易感人群", ())} | members
    fitting = [s for s in sorted(under) if 2 <= len(under[s] & members) <= MOST_REVERSE and 2 <= len(s) <= 8]
    if not fitting:
        return None
    symptom = maker.rng.choice(fitting)
    texts = maker.words["reverse"]["population"]
    gold = under[symptom] & members
    return maker.row(
        "reverse_population",
        texts[number % len(texts)].format(p=people, s=symptom),
        entities=[people, symptom],
        relations=["易感人群", "相关症状"],
        gold=sorted(gold),
        also=sorted((every[symptom] & wider) - gold),
    )


def by_department(
    maker: Maker, own_names: dict[str, dict[str, set[str]]], all_names: dict[str, dict[str, set[str]]], number: int
) -> dict[str, Any] | None:
    """A department and a body part that 3 to 60 records name together."""
    homes, parts = own_names["所属科室"], own_names["发病部位"]
    sizes = {
        (h, p): len(homes[h] & parts[p])
        for h in sorted(homes)
        for p in sorted(parts)
        if len(p) > 1 < len(h) and p != "全身"
    }
    home, part = maker.pick([pair for pair, size in sizes.items() if 3 <= size <= MOST_REVERSE])
    gold = homes[home] & parts[part]
    texts = maker.words["reverse"]["department"]
    return maker.row(
        "reverse_department",
        texts[number % len(texts)].format(k=home, x=part),
        entities=[home, part],
        relations=["所属科室", "发病部位"],
        gold=sorted(gold),
        also=sorted((all_names["所属科室"][home] & all_names["发病部位"][part]) - gold),
    )


def follow(maker: Maker) -> Iterator[dict[str, Any] | None]:
    """Two turns: the second says 它 or nothing at all, or puts another disease in the first one's place."""
    words = maker.words["follow"]
    relations = [key for key in words if key not in ("first", "switch")]
    for number in range(COUNTS["follow"]):
        relation = relations[number % len(relations)]
        disease = maker.draw(maker.having(relation))
        first = maker.rng.choice(words["first"]).format(d=disease.name)
        last = words[relation][number // len(relations) % len(words[relation])]
        yield two_turns(maker, "follow", first, last, disease, relation)
    for number in range(COUNTS["switch"]):
        relation = ("检查", "药物治疗", "所属科室", "治疗周期")[number % 4]
        first_disease = maker.draw(maker.having(relation))
        disease = maker.draw(maker.having(relation))
        asked = maker.rng.choice(maker.words["forward"][relation]["people"]).format(d=first_disease.name)
        yield two_turns(maker, "switch", asked, words["switch"][number % 3].format(b=disease.name), disease, relation)


def two_turns(maker: Maker, kind: str, first: str, last: str, disease: Disease, relation: str) -> dict[str, Any] | None:
    """The question is the last turn; what was said before is `history`."""
    row = maker.row(kind, first + "\n" + last, entities=[disease.name], relations=[relation])
    if row is None:
        return None
    return {**row, "question": last, "history": [first], **(maker.gold(disease, relation) or {})}


def alias(maker: Maker) -> Iterator[dict[str, Any] | None]:
    """Forward questions that name the disease by an alias which is one disease's alone and nobody's own name."""
    owners: dict[str, set[str]] = defaultdict(set)
    for disease in maker.diseases.values():
        for name in disease.aliases:
            owners[name].add(disease.name)
    fitting = [
        (name, maker.diseases[next(iter(of))])
        for name, of in sorted(owners.items())
        if len(of) == 1 and name not in maker.diseases and askable(Disease(name, (), {}, {}))
    ]
    fitting = [
        (name, d) for name, d in fitting if askable(d) and sound(d) and name not in d.name and d.name not in name
    ]
    for number in range(COUNTS["alias"]):
        relation = ("相关症状", "检查", "药物治疗", "所属科室", "并发症", "治愈率", "治疗周期", "易感人群")[number % 8]
        name, disease = maker.pick([(n, d) for n, d in fitting if maker.gold(d, relation)])
        style = ("people", "formal")[number // 8 % 2]
        text = maker.rng.choice(maker.words["forward"][relation][style])
        yield maker.row(
            "alias",
            text.format(d=name),
            style=style,
            entities=[disease.name],
            alias=name,
            relations=[relation],
            **(maker.gold(disease, relation) or {}),
        )


def noise(maker: Maker) -> Iterator[dict[str, Any] | None]:
    """Forward questions as typed in a hurry; `noise` names the change."""
    changes: Sequence[tuple[str, Callable[[str, str], str]]] = (
        ("blank in name", lambda q, n: q.replace(n, n[:2] + " " + n[2:])),
        ("blank around name", lambda q, n: q.replace(n, f" {n} ")),
        ("ideographic blank", lambda q, n: q.replace(n, n + "\u3000")),
        ("no punctuation", lambda q, n: "".join(c for c in q if c not in "，？。、")),
        ("doubled marks", lambda q, n: q.rstrip("？。") + "？？？！"),
        ("ASCII punctuation", lambda q, n: q.translate(FULL_WIDTH)),
        ("line break", lambda q, n: q.replace(n, n + "\n", 1)),
        ("doubled last character", lambda q, n: q.rstrip("？。") + q.rstrip("？。")[-1] * 2),
        ("greeting", lambda q, n: "您好医生我想咨询下" + q + "谢谢"),
        ("quoted name", lambda q, n: q.replace(n, f"“{n}”")),
        ("zero width", lambda q, n: q.replace(n, n[:1] + "\u200b" + n[1:])),
        ("dots", lambda q, n: q.replace(n, n + "……")),
    )
    relations = ("相关症状", "检查", "药物治疗", "所属科室", "治疗周期", "并发症", "治疗方案")
    for number in range(COUNTS["noise"]):
        label, change = changes[number % len(changes)]
        relation = relations[number % len(relations)]
        text = maker.rng.choice(maker.words["forward"][relation]["people"])
        row = forward_row(maker, "noise", relation, "people", text, noise=label)
        if row is not None:
            row["question"] = change(row["question"], row["entities"][0])
        yield row


def make(data: Path) -> Iterator[dict[str, Any]]:
    """All rows, numbered."""
    maker = Maker(data, random.Random(SEED))
    number = 0
    for part in (forward, drugs, several, yes_no, compare, reverse, follow, alias, noise):
        for row in part(maker):
            if row is not None:
                number += 1
                yield {"id": f"r{number:04d}", **row}


if __name__ == "__main__":
    run(__doc__, make)
