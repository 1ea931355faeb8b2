"""Make 200 unanswerable and 200 answerable questions: `python evaluation/sets/make_refusal_questions.py DATA > OUT`.

DATA holds kg/cmekg.jsonl, kg/disease.csv and kg/drug.json, the three files to ingest. README.md states the row.
"""

from __future__ import annotations

import csv
import random
import tomllib
from collections import Counter
from collections.abc import Iterator
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

from evaluation.sets.raw import (
    CSV_COLUMN,
    LISTS,
    LITERALS,
    PLACEHOLDER,
    TRUNCATED,
    Disease,
    askable,
    read_diseases,
    read_drugs,
    read_rows,
    run,
    tidy,
)

SEED = 20261129
HERE = Path(__file__).resolve().parent
DELETED, MISSING, DISEASE_ANSWERABLE, DRUG_ANSWERABLE = 50, 30, 130, 70
WELL_DESCRIBED = 9  # of the 11 fields of a record
NEAR = 0.6
MOST_NEIGHBOURS = 5
# Asked of a deleted disease: what drug monographs and other records do not say of it in passing.
# Bare synonyms of records that stay, though no alias says so: whoever answers from those is right.
SYNONYMS_STAY = frozenset({"高催乳素血症", "霉菌性阴道炎"})
OF_DELETED = ("检查", "所属科室", "治愈率", "治疗周期", "易感人群", "发病部位", "并发症", "相关症状")
OF_MISSING = ("检查", "治愈率", "治疗周期", "并发症", "治疗方案", "发病部位", "费用", "医保")
OUTCOMES = {
    "deleted": ["not_in_kb"],
    "missing_relation": ["not_in_kb", "partial"],
    "invented_drug": ["not_in_kb"],
    "near_miss": ["not_in_kb"],
    "non_medical": ["not_in_kb"],
    "future_price_local": ["not_in_kb", "partial"],
    "prescription": ["not_in_kb", "partial", "need_more_info"],
    "malformed": ["not_in_kb", "need_more_info"],
}


def make(data: Path) -> Iterator[dict[str, Any]]:
    """All rows, numbered; the deleted diseases are asked nothing else."""
    rng = random.Random(SEED)
    diseases = read_diseases(data)
    words = tomllib.loads((HERE / "refusal_wordings.toml").read_text(encoding="utf-8"))
    deleted = choose_deleted(diseases, rng)
    lacking = choose_missing(data, diseases, {d.name for d in deleted}, rng)
    taken = {d.name for d in deleted} | {d.name for d, _ in lacking}
    rows = [
        *(ask_deleted(d, diseases, words, rng) for d in deleted),
        *(ask_missing(d, relation, words, rng) for d, relation in lacking),
        *written(data),
        *answerable_diseases(diseases, taken, words, rng),
        *answerable_drugs(data, words, rng),
    ]
    for number, row in enumerate(rows, start=1):
        yield {"id": f"q{number:03d}", **row}


def own(disease: Disease, relation: str) -> list[str]:
    """What the record itself says of a relation, cleaned."""
    if relation in LISTS:
        return list(disease.lists[relation].kept) if relation in disease.lists else []
    value = disease.literals.get(relation, "")
    return [] if not value or PLACEHOLDER.match(value) or TRUNCATED.search(value) or len(value) > 40 else [value]


def choose_deleted(diseases: dict[str, Disease], rng: random.Random) -> list[Disease]:
    """Well-described diseases whose name no other record bears as an alias or cut off; first those near others."""
    elsewhere = {alias for disease in diseases.values() for alias in disease.aliases} | SYNONYMS_STAY
    cut = tuple(TRUNCATED.sub("", name).rstrip(".") for name in diseases if TRUNCATED.search(name))
    fitting = [
        disease
        for name, disease in sorted(diseases.items())
        if askable(disease)
        and name not in elsewhere
        and not name.startswith(cut)
        and not any(alias in diseases for alias in disease.aliases)
        and sum(bool(own(disease, relation)) for relation in (*LISTS, *LITERALS)) >= WELL_DESCRIBED
    ]
    rng.shuffle(fitting)
    fitting = fitting[: DELETED * 4]
    near = [disease for disease in fitting if neighbours(disease.name, diseases)]
    chosen = (near + [disease for disease in fitting if disease not in near])[:DELETED]
    if len(chosen) < DELETED:
        raise SystemExit(f"only {len(chosen)} well-described diseases, {DELETED} expected")
    return chosen


def neighbours(name: str, diseases: dict[str, Disease]) -> list[str]:
    """Names most like this one, nearest first: they stay and must not answer for it."""
    matcher = SequenceMatcher(autojunk=False)
    matcher.set_seq2(name)
    scored: list[tuple[float, str]] = []
    for other in diseases:
        if other == name or len(set(other) & set(name)) < 2:
            continue
        matcher.set_seq1(other)
        if matcher.quick_ratio() >= NEAR and (ratio := matcher.ratio()) >= NEAR:
            scored.append((-ratio, other))
    return [other for _, other in sorted(scored)[:MOST_NEIGHBOURS]]


def choose_missing(
    data: Path, diseases: dict[str, Disease], taken: set[str], rng: random.Random
) -> list[tuple[Disease, str]]:
    """Records with seven fields or more that lack one, in every row of the name too."""
    rows = read_rows(data)
    names = sorted(name for name, d in diseases.items() if askable(d) and name not in taken)
    rng.shuffle(names)
    found: list[tuple[Disease, str]] = []
    for name in names:
        disease = diseases[name]
        if sum(bool(own(disease, r)) for r in (*LISTS, *LITERALS)) < WELL_DESCRIBED - 2:
            continue
        used = Counter(relation for _, relation in found)
        for relation in sorted(OF_MISSING, key=lambda r: used[r]):
            if used[relation] <= MISSING // len(OF_MISSING) and silent(disease, relation, rows.get(name, [])):
                found.append((disease, relation))
                break
        if len(found) == MISSING:
            return found
    raise SystemExit(f"only {len(found)} records that lack a relation, {MISSING} expected")


def silent(disease: Disease, relation: str, rows: list[dict[str, str]]) -> bool:
    """Whether neither the record nor any row of the name says anything there, be it cut off or dirty."""
    if any(row[CSV_COLUMN[relation]].replace("[详细]", "").strip() for row in rows):
        return False
    objects = disease.lists.get(relation)
    texts = (*objects.kept, *objects.ignored) if objects else (disease.literals.get(relation, ""),)
    return not any(text and not PLACEHOLDER.match(text) for text in texts)


def ask(disease: str, relation: str, words: dict[str, Any], rng: random.Random) -> str:
    """The relation of the disease in one of the wordings."""
    return str(rng.choice(words["disease"][relation])).format(d=disease)


def unanswerable(category: str, question: str, **values: object) -> dict[str, Any]:
    """A row that must not be answered."""
    return {"answerable": False, "category": category, "question": question, "outcomes": OUTCOMES[category], **values}


def ask_deleted(
    disease: Disease, diseases: dict[str, Disease], words: dict[str, Any], rng: random.Random
) -> dict[str, Any]:
    """A disease that the runner deletes from all files before it asks."""
    relation = rng.choice([r for r in OF_DELETED if own(disease, r)])
    question = ask(disease.name, relation, words, rng)
    near = neighbours(disease.name, diseases)
    return unanswerable("deleted", question, entity=disease.name, relation=relation, delete=disease.name, near=near)


def ask_missing(disease: Disease, relation: str, words: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """A relation that the record lacks; `present` are those it holds, none of which answers."""
    question = ask(disease.name, relation, words, rng)
    present = [r for r in (*LISTS, *LITERALS) if own(disease, r)]
    return unanswerable("missing_relation", question, entity=disease.name, relation=relation, present=present)


def written(data: Path) -> Iterator[dict[str, Any]]:
    """The hand-written questions; a name among them that the data knows after all stops the script."""
    folder = data / "kg"
    text = "".join((folder / name).read_text(encoding="utf-8") for name in ("cmekg.jsonl", "drug.json"))
    text += (folder / "disease.csv").read_text(encoding="gb18030")
    with (HERE / "unanswerable_questions.csv").open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            if row["name"] and (row["name"] in text or tidy(row["name"]) in text):
                raise SystemExit(f"unanswerable_questions.csv: the data holds {row['name']}; choose another name")
            near = row["neighbours"].split(";") if row["neighbours"] else []
            yield unanswerable(row["category"], row["question"], entity=row["name"] or None, near=near)


def answerable_diseases(
    diseases: dict[str, Disease], taken: set[str], words: dict[str, Any], rng: random.Random
) -> Iterator[dict[str, Any]]:
    """Relations that the record holds, every wording twice or more; gold as in the relation questions."""
    pool = sorted(name for name, disease in diseases.items() if askable(disease) and name not in taken)
    rng.shuffle(pool)
    relations = [relation for relation in words["disease"] if relation not in ("费用", "医保")]
    made = 0
    for name in pool:
        relation = relations[made % len(relations)]
        disease = diseases[name]
        gold = own(disease, relation)
        if not gold:
            continue
        question = words["disease"][relation][made // len(relations) % 4].format(d=name)
        ignored = list(disease.lists[relation].ignored) if relation in disease.lists else []
        also = list(disease.also.get(relation, ()))
        yield answerable("disease", question, name, relation, gold, also, ignored)
        made += 1
        if made == DISEASE_ANSWERABLE:
            return
    raise SystemExit(f"only {made} answerable questions about diseases, {DISEASE_ANSWERABLE} expected")


def answerable_drugs(data: Path, words: dict[str, Any], rng: random.Random) -> Iterator[dict[str, Any]]:
    """Fields of monographs that say something; gold is the text."""
    drugs = read_drugs(data)
    pool = sorted(name for name in drugs if len(name) >= 3)
    rng.shuffle(pool)
    fields = list(words["drug"])
    made = 0
    for name in pool:
        field = fields[made % len(fields)]
        text = drugs[name].get(field, "")
        if len(text) < 6 or any(sign in text[:8] for sign in ("尚不明确", "参见", "不详", "暂无", "未见", "无。")):
            continue
        question = words["drug"][field][made // len(fields) % 4].format(m=name)
        yield answerable("drug", question, name, field, [text], [], [])
        made += 1
        if made == DRUG_ANSWERABLE:
            return
    raise SystemExit(f"only {made} answerable questions about drugs, {DRUG_ANSWERABLE} expected")


def answerable(
    category: str, question: str, entity: str, relation: str, gold: list[str], also: list[str], ignored: list[str]
) -> dict[str, Any]:
    """A row that the knowledge base can answer."""
    values = {"entity": entity, "relation": relation, "gold": gold, "also": also, "ignored": ignored}
    return {"answerable": True, "category": category, "question": question, "outcomes": ["answered"], **values}


if __name__ == "__main__":
    run(__doc__, make)
