"""Question sets of others, as they are published: passages, questions, and which passages answer which question.

BEIR folders (corpus.jsonl, queries.jsonl, qrels/*.tsv), BioASQ golden files, KUAKE-QTR and CHIP-STS. Their passages are
ingested as they are into a knowledge base of their own, by `evaluation.retrieval`.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import DataError, NotFoundError, UsageError
from rag.text import clean


@dataclass(frozen=True)
class Collection:
    """`texts` by passage id, `questions` by question id, and for each question the ids of relevant passages."""

    texts: Mapping[str, str]
    questions: Mapping[str, str]
    relevant: Mapping[str, frozenset[str]]

    def asked(self) -> Iterator[tuple[str, frozenset[str]]]:
        """Questions with at least one relevant passage that is there."""
        for key, question in self.questions.items():
            found = self.relevant.get(key, frozenset()) & self.texts.keys()
            if found and clean(question):
                yield question, frozenset(found)


def read_collection(named: str) -> tuple[str, Collection]:
    """The name and content of `KIND=PATH`. Raises UsageError, NotFoundError, DataError (with file and line)."""
    kind, given, path = named.partition("=")
    if not given or kind not in READERS:
        raise UsageError(f"--set {named}: expected KIND=PATH with KIND one of {', '.join(READERS)}")
    if not Path(path).exists():
        raise NotFoundError(f"{path}: no such file or folder; --set {kind}=PATH names what is to be read")
    found = READERS[kind](Path(path))
    if not any(found.asked()):
        raise DataError(f"{path}: no question has a passage that answers it; is it of the kind {kind}?")
    return f"{kind} {Path(path).name}", found


def read_beir(folder: Path) -> Collection:
    """A BEIR folder; the first of test.tsv, dev.tsv and the others in `qrels`; a score above 0 is relevant."""
    lists = sorted((folder / "qrels").glob("*.tsv"), key=lambda p: (p.stem != "test", p.stem != "dev", p.stem))
    if not lists:
        raise NotFoundError(f"{folder / 'qrels'}: holds no .tsv file; expected a BEIR folder")
    texts = {
        _field(row, "_id", where): f"{row.get('title') or ''} {_field(row, 'text', where)}".strip()
        for where, row in _lines(folder / "corpus.jsonl")
    }
    questions = {
        _field(row, "_id", where): _field(row, "text", where) for where, row in _lines(folder / "queries.jsonl")
    }
    relevant: dict[str, set[str]] = defaultdict(set)
    with lists[0].open(encoding="utf-8", newline="") as file:
        for number, cells in enumerate(csv.reader(file, delimiter="\t"), start=1):
            if number == 1 and cells[:1] == ["query-id"]:
                continue
            if len(cells) != 3 or not cells[2].lstrip("-").isdigit():
                raise DataError(f"{lists[0]}, line {number}: {cells!r:.80}; expected query-id, corpus-id, score")
            if int(cells[2]) > 0:
                relevant[cells[0]].add(cells[1])
    return Collection(texts, questions, {key: frozenset(found) for key, found in relevant.items()})


def read_bioasq(path: Path) -> Collection:
    """A golden file: its snippets are the passages, a question's own snippets answer it."""
    texts: dict[str, str] = {}
    questions: dict[str, str] = {}
    relevant: dict[str, frozenset[str]] = {}
    content = _json(path)
    rows = content.get("questions") if isinstance(content, dict) else None
    for number, row in enumerate(_rows(path, rows), start=1):
        where = f"{path}, question {number}"
        name = _field(row, "id", where)
        questions[name] = _field(row, "body", where)
        own = [f"{_field(s, 'document', where)} {_field(s, 'text', where)}" for s in row.get("snippets", [])]
        texts |= {key: key.partition(" ")[2] for key in own}
        relevant[name] = frozenset(own)
    return Collection(texts, questions, relevant)


LEAST_LABEL = 2
"""Of KUAKE-QTR's labels 0 to 3: mostly or wholly the same matter."""


def read_kuake_qtr(path: Path) -> Collection:
    """Titles are the passages; those labelled `LEAST_LABEL` or higher for a query answer it."""
    return _pairs(path, "query", "title", LEAST_LABEL)


def read_chip_sts(path: Path) -> Collection:
    """The second questions are the passages; one labelled 1 asks the same as the first."""
    return _pairs(path, "text1", "text2", 1)


def _pairs(path: Path, asked: str, told: str, least: int) -> Collection:
    texts: dict[str, str] = {}
    questions: dict[str, str] = {}
    relevant: dict[str, set[str]] = defaultdict(set)
    for number, row in enumerate(_rows(path, _json(path)), start=1):
        where = f"{path}, record {number}"
        question, text, label = (_field(row, key, where) for key in (asked, told, "label"))
        if label not in ("0", "1", "2", "3"):
            continue  # KUAKE-QTR holds a few without a label
        questions[question], texts[text] = question, text
        if int(label) >= least:
            relevant[question].add(text)
    return Collection(texts, questions, {key: frozenset(found) for key, found in relevant.items()})


READERS: Mapping[str, Callable[[Path], Collection]] = {
    "beir": read_beir,
    "bioasq": read_bioasq,
    "kuake-qtr": read_kuake_qtr,
    "chip-sts": read_chip_sts,
}


def write_passages(found: Collection, path: Path) -> None:
    """The texts as `passages.jsonl`, the id of each as its locator."""
    with path.open("w", encoding="utf-8") as file:
        for key, text in found.texts.items():
            row = {"text": text, "kind": "conclusion", "source": "evaluation set", "locator": key}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def _lines(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(file and line, object) of a JSON Lines file."""
    if not path.is_file():
        raise NotFoundError(f"{path}: no such file; expected a BEIR folder")
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            where = f"{path}, line {number}"
            if line.strip():
                try:
                    row = json.loads(line)
                except ValueError as error:
                    raise DataError(f"{where}: not JSON ({error})") from error
                if not isinstance(row, dict):
                    raise DataError(f"{where}: {line.strip()!r:.60}; expected a JSON object")
                yield where, row


def _json(path: Path) -> object:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read as JSON ({error})") from error


def _rows(path: Path, content: object) -> list[Mapping[str, Any]]:
    if not isinstance(content, list) or not all(isinstance(row, dict) for row in content):
        raise DataError(f"{path}: expected a list of JSON objects")
    return content


def _field(row: Mapping[str, Any], key: str, where: str) -> str:
    value = row.get(key)
    if not isinstance(value, str | int):
        raise DataError(f"{where}: {key} is {value!r:.60}; expected a text")
    return str(value)
