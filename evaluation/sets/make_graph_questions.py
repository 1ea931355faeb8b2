"""Make graph questions with gold answers from the raw disease records, independently of the product.

Usage: python make_graph_questions.py DATA_FOLDER OUT.jsonl [--seed N]

Reads DATA_FOLDER/kg/cmekg.jsonl (one JSON object a line: 中心词 and lists or strings by relation) and writes one
JSON object a line; README.md in this folder states the row format. Standard library only and nothing of the
product, so that a fault in the product's reader cannot hide itself in the gold. Same data, same bytes.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import random
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
SEED = 20240607
QUOTA = {
    "相关症状": 40,
    "并发症": 36,
    "检查": 40,
    "药物治疗": 44,
    "治疗": 40,
    "治疗方案": 20,
    "所属科室": 36,
    "发病部位": 24,
    "易感人群": 24,
    "传染性": 28,
    "治疗周期": 24,
    "治愈率": 28,
}
REVERSE_QUOTA = 132
STYLES = ("plain", "colloquial", "case")
LISTS = ("相关症状", "并发症", "检查", "药物治疗", "治疗方案", "所属科室", "发病部位")
LITERALS = ("易感人群", "传染性", "治疗周期", "治愈率")
ONE_CHARACTER_OK = ("发病部位",)

PLACEHOLDER = re.compile(r"^(应该如何用药？用什么药？|>+|暂无.*|[-—\s]*)$")
TRUNCATED = re.compile(r"(\.\.\.|…)$")
SANE_NAME = re.compile(r"^[A-Za-z0-9]{0,4}[一-鿿][一-鿿A-Za-z0-9]{1,11}$")
ORDINARY = re.compile(r"^[一-鿿A-Za-z0-9ⅠⅡⅢⅣⅤ-]{2,24}$")
DURATION = re.compile(r"\d个月|\d天|终身")
# Ends of words that name a disease; keeps shifted cells (3个月, 开合, 水逆) and everyday words out of the sample.
DISEASE_END = re.compile(
    r"[炎病瘤症征肿伤毒癌染折碍疹核疮疝痹]$"
    r"|[疡痣癜癣瘫痫疣疽痈疸痢聋虚风喘]$"
    r"|[梗坏]死$|硬化$|结石$|骨折$"
)
CATCHABLE_END = re.compile(r"[炎病瘤症征癌疹疮癣疣]$")
# Objects nobody could defend as a fact of the relation: prices, percentages, cut brackets, notes, private-use signs.
DISPUTED = re.compile(
    r"[%％:：;；。，,、!！?？<>*＊\\…]|—|--|\d{3,}|[\ue000-\uf8ff]"
    r"|三甲|收费|请阅读|岁|人群|男性|女性"
)
# Complications that the source repeats under hundreds of unrelated diseases (a fault of its pages).
BOILERPLATE = {
    "脑囊虫病",
    "脑血管瘤",
    "发作性睡病",
    "颅咽管瘤",
    "副鼻窦炎",
    "新生儿泪囊炎",
    "垂体性侏儒症",
    "尿道癌",
    "人流后妇科病",
}
LITERAL_OK = {
    "易感人群": re.compile(r"^(?!无)[^.…]{2,40}$"),
    "传染性": re.compile(r"^[^.…]{3,20}$"),
    "治疗周期": re.compile(r"^(?!.*(元|医院))[^.…]*[\d一二两三半终长][^.…]{0,20}$"),
    "治愈率": re.compile(r"^(?!0)[^…]{2,40}$"),
}
# Words that make two names different diseases: an alias may not add or lose one against its disease.
FEATURES = re.compile(
    r"[0-9ⅠⅡⅢⅣⅤⅥ一二三四甲乙丙丁戊]|[急慢左右高低亢减内外上下前后干湿寒热阴阳非]"
    r"|原发|继发|良性|恶性|先天|后天|获得"
    r"|小儿|新生儿|婴|儿童|青|老年|妊娠|孕|产|男|女|糖尿病"
)


@dataclass(frozen=True)
class Record:
    """One disease: its name, its aliases, and cleaned objects by relation (order kept, no duplicates)."""

    name: str
    aliases: tuple[str, ...]
    objects: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Lexicon:
    """Every name in the data: what may be mistaken for the thing a question asks about."""

    diseases: frozenset[str]
    aliases: Counter[str]
    symptoms: frozenset[str]


def clean(value: object) -> tuple[str, ...]:
    """Return the objects of one field without placeholders, truncated names and duplicates."""
    items = value if isinstance(value, list) else [value] if isinstance(value, str) else []
    stripped = (str(item).strip() for item in items)
    return tuple(dict.fromkeys(i for i in stripped if i and not PLACEHOLDER.match(i) and not TRUNCATED.search(i)))


def read_records(path: Path) -> list[Record]:
    """Read the records whose own name is whole, in file order."""
    records = []
    for line in path.read_text(encoding="utf-8-sig").splitlines():
        if not line.strip():
            continue
        raw: dict[str, Any] = json.loads(line)
        name = str(raw.get("中心词", "")).strip()
        if name and not TRUNCATED.search(name):
            objects = {key: clean(raw.get(key)) for key in (*LISTS, *LITERALS)}
            records.append(Record(name, clean(raw.get("别名")), objects))
    return records


def lexicon_of(records: list[Record]) -> Lexicon:
    """Collect names, aliases (counted by how many diseases state them) and symptoms."""
    return Lexicon(
        frozenset(r.name for r in records),
        Counter(a for r in records for a in r.aliases),
        frozenset(s for r in records for s in r.objects["相关症状"]),
    )


def balanced(text: str) -> bool:
    """Say whether round brackets, of either width, pair up."""
    return text.count("(") == text.count(")") and text.count("（") == text.count("）")


def gold_of(record: Record, intent: str) -> tuple[str, ...]:
    """Return the gold objects, or nothing where the record's list is open to dispute."""
    if intent == "治疗":
        parts = [gold_of(record, key) for key in ("治疗方案", "药物治疗")]
        return tuple(dict.fromkeys(itertools.chain.from_iterable(parts))) if all(parts) else ()
    objects = record.objects[intent]
    if intent in LITERALS:
        return tuple(o for o in objects if LITERAL_OK[intent].match(o) and balanced(o))
    return () if any(disputed(o, intent, record.name) for o in objects) else objects


def disputed(item: str, intent: str, subject: str) -> bool:
    """Say whether a reader could rightly refuse this object, so that the whole question would be unfair."""
    short = len(item) < 2 and intent not in ONE_CHARACTER_OK
    boilerplate = intent == "并发症" and item in BOILERPLATE
    odd = len(item) > 24 or not balanced(item) or bool(DISPUTED.search(item))
    return short or boilerplate or odd or item == subject


def sane(name: str) -> bool:
    """Say whether a name is 2-12 characters of Chinese, with letters or digits, and ends like a disease."""
    return bool(SANE_NAME.match(name)) and bool(DISEASE_END.search(name))


def fair_alias(record: Record, lexicon: Lexicon) -> str | None:
    """Return an alias that names this disease and nothing else, neither broader nor of another kind."""
    for alias in record.aliases:
        own = lexicon.aliases[alias] == 1 and alias not in lexicon.diseases and alias not in lexicon.symptoms
        shaped = len(alias) >= 3 and sane(alias) and not re.search(r"[A-Za-z]$", alias)
        if not (own and shaped) or set(FEATURES.findall(alias)) != set(FEATURES.findall(record.name)):
            continue
        if not any(alias in name for name in lexicon.diseases):
            return alias
    return None


def strange_names(question: str, asked: list[str], names: Callable[[str], bool]) -> bool:
    """Say whether the question holds a known name (2-14 characters) that is not inside one of the names asked."""
    masked = question
    for name in sorted(asked, key=len, reverse=True):
        masked = masked.replace(name, "\n" * len(name))
    crossing = ((i, j) for i in range(len(question)) for j in range(i + 2, min(i + 15, len(question) + 1)))
    return any(names(question[i:j]) and set(masked[i:j]) != {"\n"} for i, j in crossing)


def forward_rows(
    records: list[Record], lexicon: Lexicon, templates: dict[str, Any], seed: int
) -> Iterator[dict[str, Any]]:
    """Yield forward questions, one disease at most once, styles and templates in turn."""
    used: set[str] = set()
    for intent, quota in QUOTA.items():
        rng = random.Random(f"{seed} {intent}")
        pool = [r for r in records if sane(r.name) and gold_of(r, intent)]
        rng.shuffle(pool)
        if intent == "传染性":  # nine in ten read 无传染性: take half from the others
            rare = [r for r in pool if r.objects[intent] != ("无传染性",)][: quota // 2]
            pool = rare + [r for r in pool if r.objects[intent] == ("无传染性",)]
        yield from fill(intent, quota, pool, used, lexicon, templates[intent], rng)


def fits(template: str, name: str) -> bool:
    """Say whether the sentence stays natural: one "gets" an illness, not a fracture; a grown-up has no 小儿 disease."""
    caught = "得" not in template or bool(CATCHABLE_END.search(name))
    return caught and not (re.search(r"小[^儿]|老.|单位|我", template) and re.search(r"儿|婴|童|早产", name))


def fill(
    intent: str,
    quota: int,
    pool: list[Record],
    used: set[str],
    lexicon: Lexicon,
    templates: dict[str, list[str]],
    rng: random.Random,
) -> Iterator[dict[str, Any]]:
    """Yield `quota` questions of one relation; every ninth names its disease by an alias."""
    turns = {style: itertools.cycle(rng.sample(texts, len(texts))) for style, texts in templates.items()}

    def known(text: str) -> bool:
        return text in lexicon.diseases or lexicon.aliases[text] > 0

    made = 0
    while made < quota:
        by_alias = made % 9 == 4
        style = STYLES[made % 3 if made % 9 != 4 else 1 + made // 9 % 2]
        template = next(turns[style])
        for record in pool:
            name = fair_alias(record, lexicon) if by_alias else record.name
            if record.name in used or name is None or not fits(template, name):
                continue
            question = template.format(d=name)
            if strange_names(question, [name], known):
                continue
            used.add(record.name)
            made += 1
            yield {
                "id": f"gf-{intent}-{made:03d}",
                "kind": "forward",
                "style": style,
                "intent": intent,
                "question": question,
                "disease": record.name,
                "via_alias": by_alias,
                **({"alias": name} if by_alias else {}),
                "gold": list(gold_of(record, intent)),
            }
            break
        else:
            raise SystemExit(f"no disease left for relation {intent}, template {template}: the data are too few")


def ranking(symptoms: list[str], holders: dict[str, list[str]], total: int) -> list[dict[str, Any]]:
    """Rank every disease by the sum of ln(total / df) over the asked symptoms it has; ties by name.

    Returns the first 50 and whatever ties with rank 10, as {"disease", "score", "matched"}.
    """
    idf = {s: math.log(total / len(holders[s])) for s in symptoms}
    matched: dict[str, list[str]] = {}
    for symptom in symptoms:
        for disease in holders[symptom]:
            matched.setdefault(disease, []).append(symptom)
    rows = [{"disease": d, "score": round(math.fsum(idf[s] for s in m), 6), "matched": m} for d, m in matched.items()]
    rows.sort(key=lambda row: (-float(str(row["score"])), str(row["disease"])))
    tenth = rows[min(9, len(rows) - 1)]["score"]
    return [row for rank, row in enumerate(rows) if rank < 50 or row["score"] == tenth]


def reverse_rows(
    records: list[Record], lexicon: Lexicon, templates: dict[str, list[str]], seed: int
) -> Iterator[dict[str, Any]]:
    """Yield symptom questions: 2-4 symptoms of one disease, each under two diseases or more, one of them common."""
    rng = random.Random(f"{seed} reverse")
    holders: dict[str, list[str]] = {}
    for record in records:
        for symptom in record.objects["相关症状"]:
            holders.setdefault(symptom, []).append(record.name)
    total = sum(1 for r in records if r.objects["相关症状"])
    turns = {style: itertools.cycle(rng.sample(texts, len(texts))) for style, texts in templates.items()}
    pool = [r for r in records if sane(r.name)]
    rng.shuffle(pool)
    made = 0
    for record in pool:
        symptoms = draw_symptoms(record, holders, 2 + made // 3 % 3, rng)
        if not symptoms:
            continue
        style = STYLES[made % 3]
        question = next(turns[style]).format(s=join(symptoms, style, rng))
        gold = ranking(symptoms, holders, total)
        if strange_names(
            question, symptoms, lambda t: t in lexicon.symptoms or t in lexicon.diseases or lexicon.aliases[t] > 0
        ) or not fair_ranking(gold):
            continue
        made += 1
        yield {
            "id": f"gr-{made:03d}",
            "kind": "reverse",
            "style": style,
            "intent": "诊断",
            "question": question,
            "symptoms": symptoms,
            "seed_disease": record.name,
            "gold": gold,
        }
        if made == REVERSE_QUOTA:
            return
    raise SystemExit(f"only {made} of {REVERSE_QUOTA} symptom questions could be made: the data are too few")


def draw_symptoms(record: Record, holders: dict[str, list[str]], count: int, rng: random.Random) -> list[str]:
    """Draw plain symptom names of a disease; empty if it has too few or none is common (20 diseases or more)."""
    fit = [
        s
        for s in record.objects["相关症状"]
        if re.fullmatch(r"[一-鿿]{2,8}", s) and len(holders[s]) >= 2 and not re.search(r"[与和及伴或有]", s)
    ]
    if len(fit) < count:
        return []
    drawn = rng.sample(fit, count)
    nested = any(a != b and a in b for a in drawn for b in drawn)
    return [] if nested or max(len(holders[s]) for s in drawn) < 20 else drawn


def join(symptoms: list[str], style: str, rng: random.Random) -> str:
    """Join symptoms as the style would: with 和 in prose, with spaces or commas in short queries."""
    if style == "colloquial":
        return rng.choice([" ", "、", "，"]).join(symptoms)
    return "、".join(symptoms[:-1]) + rng.choice(["和", "以及", "、"]) + symptoms[-1]


def fair_ranking(gold: list[dict[str, Any]]) -> bool:
    """Say whether at least ten diseases match and none of the first ten (with ties) has a junk name."""
    if len(gold) < 10:
        return False
    tenth = gold[9]["score"]
    first = [str(row["disease"]) for row in gold if row["score"] >= tenth]
    return all(ORDINARY.match(name) and not DURATION.search(name) for name in first)


def main() -> int:
    """Write the questions and say how many of each kind, style and relation."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("data", type=Path, help="folder that holds kg/cmekg.jsonl")
    parser.add_argument("out", type=Path, help="JSON Lines file to write")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    source = options.data / "kg" / "cmekg.jsonl"
    if not source.is_file():
        parser.error(f"{source} is not a file; give the folder that holds kg/cmekg.jsonl")
    templates = tomllib.loads((HERE / "graph_templates.toml").read_text(encoding="utf-8"))
    records = read_records(source)
    lexicon = lexicon_of(records)
    rows = [
        *forward_rows(records, lexicon, templates, options.seed),
        *reverse_rows(records, lexicon, templates["诊断"], options.seed),
    ]
    with options.out.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    for key in ("kind", "style", "intent"):
        sys.stdout.write(f"{key}: {dict(Counter(row[key] for row in rows))}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
