"""Make the relation questions with gold answers: `python evaluation/sets/make_relation_questions.py DATA > OUT.jsonl`.

DATA holds kg/cmekg.jsonl, kg/disease.csv and kg/drug.json. One JSON object a line; README.md states the row. Standard
library and modules of this folder only. Same data, same bytes.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from evaluation.sets.raw import Disease, askable, run
from evaluation.sets.relation_maker import TREATMENT, Maker, own, sound
from evaluation.sets.relation_reverse import reverse

SEED = 20261128
FORWARD_EACH = 14
DRUG_EACH = 8
COUNTS = {"several": 40, "yes_no": 98, "compare": 52}
COUNTS |= {"follow": 50, "switch": 12, "alias": 40, "noise": 42}
INFECTIOUS = {"无传染性": "no", "有传染性": "yes"}
INSURED = {"医保疾病": "yes", "非医保疾病": "no"}
FULL_WIDTH = str.maketrans("，？。、", ",?.、")


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
