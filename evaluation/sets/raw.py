"""Read the raw data files for the evaluation sets, independently of the product.

Only the standard library and nothing of `rag` or `kg_loader`, so that a fault in the product's readers cannot hide
itself in the gold. The rules of cleaning are this module's own; README.md states them.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import io
import json
import re
import unicodedata
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

LISTS = ("相关症状", "并发症", "检查", "药物治疗", "治疗方案", "所属科室", "发病部位")
LITERALS = ("易感人群", "传染性", "治疗周期", "治愈率")
CSV_COLUMN = {
    "相关症状": "symptom",
    "并发症": "complication",
    "检查": "checklist",
    "药物治疗": "drug",
    "治疗方案": "treatment",
    "所属科室": "department",
    "发病部位": "part",
    "易感人群": "age",
    "传染性": "infection",
    "治疗周期": "period",
    "治愈率": "rate",
    "费用": "money",
    "医保": "insurance",
}
DRUG_FIELDS = ("药品类型", "剂型", "适应证", "禁忌证", "注意事项", "不良反应", "用法用量", "药物相互作用")
DRUG_HEADS = (*DRUG_FIELDS, "英文名", "别名", "专家点评", "药动学", "药理作用")

PLACEHOLDER = re.compile(r"^(应该如何用药.*|.*用什么药.*|[>》]+|.*暂无.*|不详|其[他它]|无|[-—\s]*)$")
TRUNCATED = re.compile(r"(\.\.|…)$")
JUNK = re.compile(r"[，,；;。：:？?！!<>*\\|]|\s|、|\d+\s*(天|周|个?月|年|元)|[%％]|[\ue000-\uf8ff\ufffd]|三甲|收费|岁")
# Complications which the source pastes under hundreds of unrelated diseases.
BOILERPLATE = frozenset(
    "脑囊虫病 脑血管瘤 发作性睡病 颅咽管瘤 副鼻窦炎 新生儿泪囊炎 垂体性侏儒症 尿道癌 人流后妇科病".split()
)
SICK_CHARACTER = re.compile(r"^[疒疖痈疽疔痔疣痣癣疝痘疮疥痧癜痢疟癌痛痒]$")
# A name that one can ask about: whole, Chinese, ends like an illness; shifted cells (3个月) and ordinary words do not.
DISEASE_NAME = re.compile(r"^[一-鿿]{3,11}$")
DISEASE_END = re.compile(
    r"([炎病瘤症征肿伤毒癌染折碍疹核疮疝痹疡痣癜癣瘫痫疣疽痈疸痢聋喘血]|[梗坏]死|硬化|结石|综合征|高血压|狭窄|脱垂|畸形|中毒)$"
)
DIGEST_LENGTH = 16


@dataclass(frozen=True, slots=True)
class Objects:
    """What a record's field says once cleaned: `kept` is gold, `ignored` counts neither for nor against an answer."""

    kept: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Disease:
    """One line of cmekg.jsonl: its lists cleaned, its literals as text, and what other rows of disease.csv add."""

    name: str
    aliases: tuple[str, ...]
    lists: Mapping[str, Objects]
    literals: Mapping[str, str]
    also: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def tidy(text: str) -> str:
    """NFKC without blanks at the ends."""
    return unicodedata.normalize("NFKC", text).strip()


def bracketed(text: str) -> bool:
    """Whether every bracket has its partner."""
    return all(text.count(a) == text.count(b) for a, b in ("()", "[]", "《》", "【】", "“”"))


def clean(values: Iterable[str], relation: str, *, name: str = "") -> Objects:
    """Divide a field's objects into gold and ignored by the rules in README.md."""
    kept: dict[str, None] = {}
    ignored: dict[str, None] = {}
    for value in map(tidy, values):
        short = len(value) < 2 and relation != "发病部位" and not SICK_CHARACTER.match(value)
        bad = PLACEHOLDER.match(value) or TRUNCATED.search(value) or JUNK.search(value) or not bracketed(value)
        pasted = relation == "并发症" and value in BOILERPLATE
        (ignored if bad or short or pasted or value == name else kept)[value] = None
    return Objects(tuple(kept), tuple(value for value in ignored if value))


def read_diseases(data: Path) -> dict[str, Disease]:
    """Records of kg/cmekg.jsonl by name; of two lines with one name the first counts."""
    others = read_rows(data)
    diseases: dict[str, Disease] = {}
    with (data / "kg" / "cmekg.jsonl").open(encoding="utf-8") as lines:
        for line in lines:
            record: dict[str, Any] = json.loads(line)
            name = tidy(record["中心词"])
            lists = {key: clean(as_list(record.get(key)), key, name=name) for key in LISTS if record.get(key)}
            literals = {key: tidy(as_list(record[key])[0]) for key in LITERALS if record.get(key)}
            aliases = tuple(dict.fromkeys(map(tidy, as_list(record.get("别名")))))
            diseases.setdefault(
                name, Disease(name, aliases, lists, literals, also(name, lists, literals, others[name]))
            )
    return diseases


def as_list(value: str | list[str] | None) -> list[str]:
    """A field is one text, a list of texts or absent."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else value


def read_rows(data: Path) -> dict[str, list[dict[str, str]]]:
    """Rows of kg/disease.csv (GB18030) by tidied name; a folder without the file gives none."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    path = data / "kg" / "disease.csv"
    if path.exists():
        for row in csv.DictReader(io.StringIO(path.read_text(encoding="gb18030"))):
            rows[tidy(row["name"])].append({key: tidy(value or "") for key, value in row.items() if key})
    return rows


def also(
    name: str, lists: Mapping[str, Objects], literals: Mapping[str, str], rows: list[dict[str, str]]
) -> dict[str, tuple[str, ...]]:
    """By relation, what rows of the same name say beyond the record: allowed in an answer, not required."""
    extra: dict[str, tuple[str, ...]] = {}
    for relation in (*LISTS, *LITERALS):
        found: dict[str, None] = {}
        for row in rows:
            cell = row[CSV_COLUMN[relation]].replace("[详细]", " ").strip()
            parts = re.split(r"[\s,]+", cell) if relation in LISTS else [cell]
            found.update(dict.fromkeys(clean(parts, relation, name=name).kept if relation in LISTS else parts))
        own = set(lists[relation].kept) if relation in lists else {literals.get(relation, "")}
        extra[relation] = tuple(value for value in found if value and value not in own)
    return extra


def askable(disease: Disease) -> bool:
    """Whether the name is one that a person could ask about."""
    return bool(DISEASE_NAME.match(disease.name) and DISEASE_END.search(disease.name))


def read_drugs(data: Path) -> dict[str, dict[str, str]]:
    """Monographs of kg/drug.json: name -> field -> text. A text whose first line is a field is no monograph.

    Names that two monographs share are left out.
    """
    drugs: dict[str, dict[str, str]] = {}
    twice: set[str] = set()
    for text in json.loads((data / "kg" / "drug.json").read_text(encoding="utf-8")):
        head, *lines = text.splitlines()
        name = tidy(head)
        if not name or name.partition(":")[0] in DRUG_HEADS:
            continue
        fields: dict[str, str] = {}
        last = ""
        for line in lines:
            key, colon, value = line.partition(":")
            if colon and key.strip() in DRUG_HEADS:
                last = key.strip()
                fields.setdefault(last, value.strip())
            elif last:
                fields[last] += "\n" + line
        if name in drugs:
            twice.add(name)
        drugs[name] = fields
    return {name: fields for name, fields in drugs.items() if name not in twice}


def read_abstracts(data: Path) -> dict[str, str]:
    """Distinct abstracts of the literature/csl*.jsonl files by `digest`."""
    texts: dict[str, str] = {}
    for path in sorted((data / "literature").glob("csl*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                text = record.get("abst") or record.get("content") or ""
                texts.setdefault(digest(text), text)
    return texts


def read_articles(data: Path) -> dict[str, dict[str, Any]]:
    """Articles of literature/pubmedqa_dev.json by PMID."""
    articles: dict[str, dict[str, Any]] = json.loads((data / "literature" / "pubmedqa_dev.json").read_text("utf-8"))
    return articles


def digest(text: str) -> str:
    """First 16 hexadecimal digits of the SHA-256 of the text without any white space."""
    return hashlib.sha256(re.sub(r"\s+", "", text).encode()).hexdigest()[:DIGEST_LENGTH]


def run(description: str | None, make: Callable[[Path], Iterable[Mapping[str, Any]]]) -> None:
    """The command line of every script here: rows made from the data folder, one JSON object a line, to stdout."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("data", type=data_folder, help="folder that holds kg/ and literature/")
    for row in make(parser.parse_args().data):
        print(json.dumps(row, ensure_ascii=False))


def data_folder(text: str) -> Path:
    """A folder with the files read here, or one line that says what is missing."""
    path = Path(text)
    missing = [name for name in ("kg/cmekg.jsonl", "kg/disease.csv", "kg/drug.json") if not (path / name).is_file()]
    if missing:
        raise argparse.ArgumentTypeError(f"{text} has no {', '.join(missing)}")
    return path


def known_names(data: Path) -> set[str]:
    """Every name in cmekg.jsonl and drug.json: of diseases, their aliases, the objects of lists, and drugs."""
    names: set[str] = set()
    for disease in read_diseases(data).values():
        names.update((disease.name, *disease.aliases))
        for objects in disease.lists.values():
            names.update(objects.kept)
    for name, fields in read_drugs(data).items():
        names.update((name, *map(tidy, re.split("[；;]", fields.get("别名", "")))))
    return names - {""}
