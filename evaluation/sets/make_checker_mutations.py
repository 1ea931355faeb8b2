"""Make wrong sentences from the supported ones of checker_sentences.csv, independently of the product.

Usage: python make_checker_mutations.py OUT.jsonl [--seed N] [--dropped DROPPED.jsonl]

Each row keeps its evidence and says one thing more or otherwise than the evidence does; README.md in this folder
states the row format and the kinds. A change that leaves the sentence true is marked with the reason and dropped.
Standard library only and nothing of the product, so that a fault in the product's reading of numbers or names cannot
hide itself here. Same tables, same seed, same bytes.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

HERE = Path(__file__).resolve().parent
SEED = 20261128
KEPT_PER_KIND = {"citation": 1}

NUMBER = re.compile(r"(?<![A-Za-z0-9.*])\d+(?:\.\d+)?(?![\d.]*\d|型)")
RANGE = re.compile(r"(?<![A-Za-z0-9.*])(\d+(?:\.\d+)?)(~|至|到|-| to )(\d+(?:\.\d+)?)")
FIRST_AND_SECOND = re.compile(r"[由从](\d[\d.]*%?)(降至|降到|升至|升到)(\d[\d.]*%?)|from (\d[\d.]*%) (to) (\d[\d.]*%)")
CHINESE_COUNT = re.compile(r"[两二三四五六七八九十]+(?=次|天|周|毫克|年|小时|个月|到)")
CHINESE_DIGITS = {
    "两": "三",
    "二": "三",
    "三": "四",
    "四": "六",
    "五": "七",
    "六": "八",
    "七": "九",
    "八": "六",
    "九": "七",
    "十": "二十",
}
CAUSES = re.compile(
    r"^(?P<a>[^，。、]+?)(?P<cue>可引起|可以诱发|可降低|会降低|会升高|会减弱|可升高)(?P<b>[^，。、]+?)(?P<tail>的[^，。的]+)?。$"
)
COMPARED = re.compile(
    r"(?P<a>[^，。]+)高于(?P<b>[^，。的]+)的|与(?P<c>[^，。]+?)(?:相比|比)，(?P<d>[^，。]+?)(?=使|的|，)"
)
TO_BASE = {
    "mg": ("g", "0.001"),
    "毫克": ("g", "0.001"),
    "μg": ("g", "0.000001"),
    "微克": ("g", "0.000001"),
    "micrograms": ("g", "0.000001"),
    "g": ("g", "1"),
    "克": ("g", "1"),
    "ml": ("l", "0.001"),
    "mL": ("l", "0.001"),
    "L": ("l", "1"),
    "天": ("h", "24"),
    "日": ("h", "24"),
    "days": ("h", "24"),
    "周": ("h", "168"),
    "weeks": ("h", "168"),
    "小时": ("h", "1"),
    "hours": ("h", "1"),
    "分钟": ("h", "0.0166667"),
    "minutes": ("h", "0.0166667"),
}
NEGATED = re.compile(r"(?:没有|不能|不会|未|不|(?:did|was|does) not )(?:见)?$")
QUANTITY = re.compile(
    r"(\d+(?:\.\d+)?)\s?(micrograms|mg|毫克|μg|微克|g|克|mL|ml|L|天|日|days|周|weeks|小时|hours|分钟|minutes)(?![A-Za-z/])"
)


@dataclass(frozen=True)
class Row:
    """A supported sentence and what it rests on."""

    id: str
    topic: str
    sentence: str
    evidence_kind: str
    title: str
    evidence: str

    @property
    def ground(self) -> str:
        """All that may support the sentence."""
        return f"{self.title} {self.evidence}"


@dataclass(frozen=True)
class Change:
    """A mutated sentence; `still_true` is the reason to drop it, or empty."""

    kind: str
    sentence: str
    change: str
    title: str
    evidence: str
    still_true: str = ""


Pairs = list[list[str]]


def replacements(row: Row, kind: str, pairs: Pairs) -> Iterator[Change]:
    """Replace one occurrence of a name or cue at a time."""
    for old, new in pairs:
        for match in re.finditer(re.escape(old), row.sentence):
            if inside_a_longer_cue(row.sentence, match, old, pairs):
                continue
            changed = row.sentence[: match.start()] + new + row.sentence[match.end() :]
            yield Change(kind, changed, f"{old}→{new}", row.title, row.evidence, why_true(row, kind, old, new, changed))


def inside_a_longer_cue(sentence: str, match: re.Match[str], cue: str, pairs: Pairs) -> bool:
    """Say whether the match is part of a longer cue of the table, or of a longer Latin word."""
    start, end = match.span()
    for longer in {old for old, _ in pairs if cue in old and old != cue}:
        if any(start >= found.start() and end <= found.end() for found in re.finditer(re.escape(longer), sentence)):
            return True
    if not cue.isascii():
        return False
    return any(re.fullmatch("[A-Za-z]", beside) for beside in (sentence[:start][-1:], sentence[end : end + 1]))


def why_true(row: Row, kind: str, old: str, new: str, changed: str) -> str:
    """The reason to think that a replacement leaves the sentence true."""
    named = new in row.ground.replace(old, "\0")
    if kind in ("entity", "population") and named and not other_clause(row, old, new):
        return f"the evidence names the other {kind} too"
    if kind == "direction" and NEGATED.search(row.sentence[: difference(row.sentence, changed)]):
        return "that it does not do the one says nothing about the other"
    return ""


def difference(one: str, other: str) -> int:
    """The place of the first character that differs."""
    return next(place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b)


def other_clause(row: Row, old: str, new: str) -> bool:
    """Say whether a number of the sentence stands in a clause about `old` and in none about `new`."""
    clauses = re.split(r"[；;，,]| and ", row.evidence)
    ours = [clause for clause in clauses if old in clause and new not in clause]
    theirs = [clause for clause in clauses if new in clause]
    numbers = set(NUMBER.findall(row.sentence))
    return any(numbers & set(NUMBER.findall(clause)) for clause in ours) and not any(
        numbers & set(NUMBER.findall(clause)) for clause in theirs
    )


def reversals(row: Row) -> Iterator[Change]:
    """Exchange cause and effect, first and second figure, or the two that are compared."""
    if match := CAUSES.match(row.sentence):
        changed = f"{match['b']}{match['cue']}{match['a']}{match['tail'] or ''}。"
        yield Change("reversal", changed, "a→b to b→a", row.title, row.evidence)
    for match in FIRST_AND_SECOND.finditer(row.sentence):
        first, cue, second = (group for group in match.groups() if group)
        yield exchanged(row, match, f"{first} {cue} {second}", first, second)
    if match := COMPARED.search(row.sentence):
        yield exchanged(row, match, "the compared two", *(group for group in match.groups() if group))


def exchanged(row: Row, match: re.Match[str], what: str, first: str, second: str) -> Change:
    """The change that puts each of two pieces of the match in the other's place."""
    swapped = match[0].replace(first, "\0").replace(second, first).replace("\0", second)
    changed = row.sentence[: match.start()] + swapped + row.sentence[match.end() :]
    return Change("reversal", changed, what, row.title, row.evidence)


def numbers(row: Row, rng: random.Random) -> Iterator[Change]:
    """Ten times or a tenth, two digits exchanged, a range widened, a Chinese count moved."""
    known = {Decimal(number) for number in re.findall(r"\d+(?:\.\d+)?", row.evidence)}
    for match in NUMBER.finditer(row.sentence):
        percent = row.sentence[match.end() : match.end() + 1] == "%"
        for new in dict.fromkeys((shifted(match[0], rng, percent=percent), swapped_digits(match[0]))):
            if new != match[0]:
                changed = row.sentence[: match.start()] + new + row.sentence[match.end() :]
                why = "the evidence has this number" if Decimal(new) in known else same_quantity(row, changed, new)
                yield Change("number", changed, f"{match[0]}→{new}", row.title, row.evidence, why)
    for match in RANGE.finditer(row.sentence):
        new = f"{match[1]}{match[2]}{plain(Decimal(match[3]) * 2)}"
        changed = row.sentence[: match.start()] + new + row.sentence[match.end() :]
        yield Change("number", changed, f"{match[0]}→{new}", row.title, row.evidence)
    for match in CHINESE_COUNT.finditer(row.sentence):
        new = CHINESE_DIGITS[match[0][-1]]
        changed = row.sentence[: match.start()] + new + row.sentence[match.end() :]
        yield Change("number", changed, f"{match[0]}→{new}", row.title, row.evidence)


def shifted(number: str, rng: random.Random, *, percent: bool) -> str:
    """Ten times or a tenth, but no percentage over 100 and no tenth of a whole number that is not one itself."""
    up, down = Decimal(number) * 10, Decimal(number) / 10
    if percent:
        return plain(up if up <= 100 and rng.random() < 0.5 else down)
    if "." not in number and down != down.to_integral_value():
        return plain(up)
    return plain(up if rng.random() < 0.5 else down)


def plain(number: Decimal) -> str:
    """The number without an exponent or trailing zeros after the point."""
    return format(number.normalize(), "f")


def swapped_digits(number: str) -> str:
    """Exchange the first two neighbouring digits that differ and keep the length; else the number itself."""
    for place in range(len(number) - 1):
        one, two = number[place], number[place + 1]
        if one.isdigit() and two.isdigit() and one != two and not (place == 0 and two == "0"):
            return number[:place] + two + one + number[place + 2 :]
    return plain(Decimal(number) + 2) if len(number) == 1 else number


def same_quantity(row: Row, changed: str, number: str) -> str:
    """The reason to drop a change after which the quantity stands in the evidence under another unit."""
    evidence = quantities(row.evidence)
    new = [value for value, text in quantities(changed).items() if text == number]
    return "the evidence has this quantity in another unit" if any(value in evidence for value in new) else ""


def quantities(text: str) -> dict[tuple[str, Decimal], str]:
    """Amounts in a base unit (g, l or h) and the number each is written with."""
    found = {}
    for match in QUANTITY.finditer(text):
        unit, factor = TO_BASE[match[2]]
        found[unit, (Decimal(match[1]) * Decimal(factor)).normalize()] = match[1]
    return found


def units(row: Row, pairs: Pairs) -> Iterator[Change]:
    """Change the unit after a number."""
    for old, new in pairs:
        for match in re.finditer(
            rf"(?<=[\d两]){re.escape(old)}(?![A-Za-z/])|(?<=\d ){re.escape(old)}(?![A-Za-z/])", row.sentence
        ):
            changed = row.sentence[: match.start()] + new + row.sentence[match.end() :]
            extra = set(quantities(changed)) - set(quantities(row.sentence))
            true = bool(extra) and extra <= set(quantities(row.evidence))
            why = "the evidence has this quantity in another unit" if true else ""
            yield Change("unit", changed, f"{old}→{new}", row.title, row.evidence, why)


def foreign_objects(row: Row, pool: Mapping[str, list[str]], rng: random.Random) -> Iterator[Change]:
    """Replace one object of a fact by an object of the same relation that another subject has."""
    label, objects = objects_of(row)
    for old in (name for name in objects if name in row.sentence):
        strangers = [
            name
            for name in pool.get(label, [])
            if name not in row.evidence and not bigrams(name) & bigrams(row.evidence)
        ]
        if strangers:
            new = rng.choice(strangers)
            changed = row.sentence.replace(old, new, 1)
            yield Change("object", changed, f"{old}→{new}", row.title, row.evidence)


def objects_of(row: Row) -> tuple[str, list[str]]:
    """The relation's label and the objects of an evidence line such as 偏头痛的症状：畏光、恶心."""
    if row.evidence_kind != "fact" or "：" not in row.evidence:
        return "", []
    head, tail = row.evidence.split("：", 1)
    return head.rsplit("的", 1)[-1], tail.split("、")


def other_citations(row: Row, rows: list[Row]) -> Iterator[Change]:
    """Cite another evidence on the same topic: the most alike one that lacks something the sentence says."""
    others = {other.ground: other for other in rows if other.topic == row.topic and other.ground != row.ground}
    ranked = sorted(others.values(), key=lambda other: (-len(bigrams(other.ground) & bigrams(row.sentence)), other.id))
    for other in ranked[:2]:
        said = bigrams(row.sentence) & bigrams(row.ground)
        shared = len(said & bigrams(other.ground)) / len(said)
        why = "the other evidence may say it too" if shared > 0.7 else ""
        yield Change("citation", row.sentence, f"evidence of {other.id}", other.title, other.evidence, why)


def bigrams(text: str) -> set[str]:
    """Han character pairs, Latin words of four letters or more, and numbers."""
    words = re.findall(r"[A-Za-z]{4,}|\d[\d.]*", text)
    return {text[i : i + 2] for i in range(len(text) - 1) if not text[i : i + 2].isascii()} | set(words)


def mutations(
    rows: list[Row], tables: Mapping[str, Pairs], labels: list[str], seed: int
) -> Iterator[tuple[Row, Change]]:
    """Every change of every row, those that leave it true included; the random choices depend on row and seed only."""
    pool: dict[str, list[str]] = {label: [] for label in labels}
    for row in {row.evidence: row for row in rows}.values():
        label, objects = objects_of(row)
        pool.get(label, []).extend(objects)
    true = {(row.sentence, row.evidence) for row in rows}
    for row in rows:
        rng = random.Random(f"{seed}-{row.id}")
        for change in changes(row, rows, tables, pool, rng):
            if (change.sentence, change.evidence) in true:
                change = Change(**{**change.__dict__, "still_true": "another supported sentence says the same"})
            yield row, change


def changes(
    row: Row, rows: list[Row], tables: Mapping[str, Pairs], pool: Mapping[str, list[str]], rng: random.Random
) -> Iterator[Change]:
    """Every change of one row."""
    for kind in ("entity", "polarity", "direction", "population", "relation"):
        if kind != "relation" or row.evidence_kind == "fact" or "不良反应" in row.sentence:
            yield from replacements(row, kind, tables[kind])
    yield from replacements(row, "unit", tables["interval"])
    yield from reversals(row)
    yield from numbers(row, rng)
    yield from units(row, tables["unit"])
    yield from foreign_objects(row, pool, rng)
    yield from other_citations(row, rows)


def chosen(found: list[tuple[Row, Change]], seed: int) -> Iterator[dict[str, str]]:
    """At most two changes of a kind (one citation) for each sentence, at random, in the order they were found."""
    groups: dict[tuple[str, str], list[Change]] = {}
    seen: set[tuple[str, str]] = set()
    for row, change in found:
        if (change.sentence, change.evidence) not in seen:
            seen.add((change.sentence, change.evidence))
            groups.setdefault((row.id, change.kind), []).append(change)
    for (base, kind), group in groups.items():
        rng = random.Random(f"{seed}-{base}-{kind}")
        places = sorted(rng.sample(range(len(group)), min(KEPT_PER_KIND.get(kind, 2), len(group))))
        for number, change in enumerate((group[place] for place in places), 1):
            yield {
                "id": f"{base}-{kind}-{number}",
                "base": base,
                "mutation": kind,
                "change": change.change,
                "sentence": change.sentence,
                "title": change.title,
                "evidence": change.evidence,
            }


def read_rows(path: Path) -> list[Row]:
    """The supported sentences."""
    with path.open(encoding="utf-8", newline="") as handle:
        names = ("id", "topic", "sentence", "evidence_kind", "title", "evidence")
        return [Row(*(row[name] for name in names)) for row in csv.DictReader(handle, strict=True)]


def write_lines(path: Path, rows: list[dict[str, str]]) -> None:
    """Write one JSON object a line."""
    with path.open("w", encoding="utf-8", newline="\n") as out:
        out.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def main() -> int:
    """Write the wrong sentences; say how many of each kind were kept and why others were dropped."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("out", type=Path, help="JSON Lines file to write")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--dropped", type=Path, help="write what stayed true, with the reason, to this file")
    options = parser.parse_args()
    tables = tomllib.loads((HERE / "checker_swaps.toml").read_text(encoding="utf-8"))
    found = list(mutations(read_rows(HERE / "checker_sentences.csv"), tables, tables.pop("objects"), options.seed))
    kept = list(chosen([(row, change) for row, change in found if not change.still_true], options.seed))
    write_lines(options.out, kept)
    dropped = [(row, change) for row, change in found if change.still_true]
    if options.dropped:
        write_lines(options.dropped, [{"base": row.id, **change.__dict__} for row, change in dropped])
    sys.stdout.write(f"kept {len(kept)}: {dict(Counter(row['mutation'] for row in kept))}\n")
    sys.stdout.write(f"dropped as still true {len(dropped)}: {dict(Counter(c.still_true for _, c in dropped))}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
