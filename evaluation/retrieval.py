"""Is the right passage found? Recall, MRR@10 and nDCG@10 of each arm and of their fusion, with paired bootstrap.

Each question set brings a knowledge base of its own, made from raw files by the product's own ingestion into a
temporary folder. Only the passage text is indexed unless said otherwise, so a question can never find itself.
"""

from __future__ import annotations

import csv
import json
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

from evaluation.collections import Collection, read_collection, write_passages
from evaluation.metrics import Difference, ndcg, paired_bootstrap, recall_at, reciprocal_rank
from kg_loader.ingest import ingest
from rag.domain import Passage
from rag.editions import Edition
from rag.retrieval.fusion import Tuning, fuse_languages
from rag.retrieval.passages import CANDIDATE_PASSAGES
from rag.settings import Settings
from rag.snapshot import Library
from rag.text import Language, language_of, normalise, tokens
from rag.wiring import open_editions

ARMS = ("bm25", "bm25+concepts", "other language", "dense", "fused")
ARM_NAMES = {"sparse": "bm25+concepts", "graph": "other language", "dense": "dense"}
TOP = 10
_SETS_FOLDER = Path(__file__).parent / "sets"
Hits = list[tuple[str, float]]


@dataclass(frozen=True)
class QuestionSet:
    """Questions with the ids of the passages that answer each, and the files their knowledge base is made of."""

    name: str
    language: Language
    files: tuple[str, ...]
    questions: Callable[[Path, Mapping[str, Passage], Mapping[str, str]], list[tuple[str, frozenset[str]]]]
    fields: tuple[str, ...] = ("text",)
    prepare: Callable[[Path, Path], list[Path]] | None = None
    """Writes what is ingested instead of `files`, from the data folder into a temporary one."""
    format: str = "qa-jsonl"
    """Of what `prepare` writes."""


@dataclass(frozen=True)
class ArmHits:
    """What was found for one question, best first: by plain BM25, by each arm of the product; and what is relevant."""

    question: str
    relevant: frozenset[str]
    plain: Hits
    arms: Mapping[str, Hits]

    def fused(self, weights: Mapping[str, float]) -> Hits:
        """As the product fuses them."""
        return [(name, score) for name, score, _ in fuse_languages(self.arms, weights)]


@dataclass
class Row:
    """The measures of one arm on one set, one value a question."""

    recall_1: list[float] = field(default_factory=list)
    recall_10: list[float] = field(default_factory=list)
    mrr_10: list[float] = field(default_factory=list)
    ndcg_10: list[float] = field(default_factory=list)

    def add(self, hits: Hits, relevant: frozenset[str]) -> None:
        """Judge one question."""
        found = [name for name, _ in hits]
        self.recall_1.append(float(bool(relevant.intersection(found[:1]))))
        self.recall_10.append(recall_at(found, relevant, TOP))
        self.mrr_10.append(reciprocal_rank(found, relevant, TOP))
        self.ndcg_10.append(ndcg(found, relevant, TOP))

    def means(self) -> dict[str, float]:
        """The mean of each measure."""
        return {name: round(sum(values) / len(values), 4) for name, values in vars(self).items()}


@dataclass(frozen=True)
class SetReport:
    """One set: a row for each arm, and how much the last gains over the first."""

    name: str
    questions: int
    rows: Mapping[str, Row]

    def gain(self, measure: str = "mrr_10", before: str = "bm25", after: str = "fused") -> Difference:
        """Paired bootstrap of `after` over `before`."""
        return paired_bootstrap(getattr(self.rows[before], measure), getattr(self.rows[after], measure))

    def summary(self) -> dict[str, object]:
        """For a JSON document."""
        gain = self.gain()
        return {
            "set": self.name,
            "questions": self.questions,
            "arms": {arm: row.means() for arm, row in self.rows.items()},
            "fused_over_bm25_mrr_10": [round(gain.mean, 4), round(gain.low, 4), round(gain.high, 4)],
        }


# ---------------------------------------------------------------- the sets


def _pubmedqa(
    data: Path, passages: Mapping[str, Passage], pmids: Mapping[str, str]
) -> list[tuple[str, frozenset[str]]]:
    articles = json.loads((data / "literature" / "pubmedqa_dev.json").read_text(encoding="utf-8"))
    by_pmid = {pmid: frozenset({name}) for name, pmid in pmids.items()}
    return [(article["QUESTION"], by_pmid[pmid]) for pmid, article in articles.items() if pmid in by_pmid]


def _pubmedqa_zh(
    data: Path, passages: Mapping[str, Passage], pmids: Mapping[str, str]
) -> list[tuple[str, frozenset[str]]]:
    by_pmid = {pmid: frozenset({name}) for name, pmid in pmids.items()}
    with (_SETS_FOLDER / "pubmedqa_zh.csv").open(encoding="utf-8", newline="") as file:
        return [(row["question"], by_pmid[row["pmid"]]) for row in csv.DictReader(file) if row["pmid"] in by_pmid]


def _consult(data: Path, passages: Mapping[str, Passage], pmids: Mapping[str, str]) -> list[tuple[str, frozenset[str]]]:
    lines = (data / "qa" / "consult_qa.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines if line.strip()]
    return _by_answer([(str(row["questions"]), str(row["answers"])) for row in rows], passages)


LLAMA_ROWS = 4000


def _llama_pairs(data: Path) -> list[tuple[str, str]]:
    """The first distinct answers with their questions."""
    pairs: dict[str, str] = {}
    for line in (data / "sft" / "llama_data.json").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        pairs.setdefault(str(row["output"]), str(row["instruction"]))
        if len(pairs) == LLAMA_ROWS:
            break
    return [(question, answer) for answer, question in pairs.items()]


def _prepare_llama(data: Path, folder: Path) -> list[Path]:
    path = folder / "llama.jsonl"
    rows = ({"questions": question, "answers": answer} for question, answer in _llama_pairs(data))
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return [path]


def _llama(data: Path, passages: Mapping[str, Passage], pmids: Mapping[str, str]) -> list[tuple[str, frozenset[str]]]:
    return _by_answer(_llama_pairs(data), passages)


def _by_answer(pairs: Sequence[tuple[str, str]], passages: Mapping[str, Passage]) -> list[tuple[str, frozenset[str]]]:
    """Each question with every passage whose text is its answer."""
    by_text: dict[str, set[str]] = {}
    for name, passage in passages.items():
        by_text.setdefault(normalise(passage.text), set()).add(name)
    wanted = [(question, by_text.get(normalise(answer))) for question, answer in pairs]
    return [(question, frozenset(found)) for question, found in wanted if found]


_CSL = tuple(
    f"literature/{name}_abstracts_{part}.jsonl"
    for name, parts in (
        ("csl", ("dev_few_all", "test", "test_public")),
        ("csldcp", ("dev_few_all", "test", "test_public", "train")),
    )
    for part in parts
)
SETS = (
    QuestionSet("pubmedqa", "en", ("literature/pubmedqa_dev.json",), _pubmedqa),
    QuestionSet("pubmedqa-product", "en", ("literature/pubmedqa_dev.json",), _pubmedqa, ("title", "question", "text")),
    QuestionSet("consult", "zh", ("qa/consult_qa.jsonl",), _consult),
    QuestionSet("llama", "zh", ("sft/llama_data.json",), _llama, prepare=_prepare_llama),
    QuestionSet("pubmedqa-zh", "zh", ("literature/pubmedqa_dev.json", *_CSL), _pubmedqa_zh),
)


def set_of(name: str, found: Collection) -> QuestionSet:
    """A question set of others; the id of each passage is its locator."""

    def prepare(_: Path, folder: Path) -> list[Path]:
        path = folder / "collection.jsonl"
        write_passages(found, path)
        return [path]

    def questions(_: Path, passages: Mapping[str, Passage], __: Mapping[str, str]) -> list[tuple[str, frozenset[str]]]:
        held = {passage.locator: key for key, passage in passages.items()}
        asked = ((text, frozenset(held[key] for key in wanted if key in held)) for text, wanted in found.asked())
        return [(text, wanted) for text, wanted in asked if wanted]

    language = language_of(" ".join(list(found.questions.values())[:100]))
    return QuestionSet(name, language, (), questions, prepare=prepare, format="passages")


class EvaluationBase(AbstractContextManager["EvaluationBase"]):
    """A knowledge base of some raw files in a temporary folder, gone afterwards."""

    def __init__(self, data: Path, wanted: QuestionSet, settings: Settings) -> None:
        self._data, self._set, self._settings = data, wanted, settings
        self._folder = tempfile.TemporaryDirectory(prefix="yiwen-eval-")
        self.edition: Edition

    def __enter__(self) -> EvaluationBase:
        settings = self._settings.model_copy(update={"data_dir": Path(self._folder.name)})
        prepare = self._set.prepare
        made = prepare(self._data, Path(self._folder.name)) if prepare else None
        files = made or [self._data / name for name in self._set.files]
        try:
            ingest(
                Library(settings.data_dir),
                files,
                format=self._set.format if made else None,
                settings=settings,
                indexed_fields=self._set.fields,
                max_rejects=100_000,
            )
            self.edition = open_editions(settings).current()
        except BaseException:  # `__exit__` is not called when entering fails
            self._folder.cleanup()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._folder.cleanup()

    def questions(self) -> list[tuple[str, frozenset[str]]]:
        """Questions and the ids of their passages."""
        kb = self.edition.kb
        passages = {p.id: p for p in kb.scan("passage") if isinstance(p, Passage)}
        sources = kb.sources({p.source for p in passages.values()})
        pmids = {name: sources[p.source].pmid or "" for name, p in passages.items()}
        return self._set.questions(self._data, passages, {name: pmid for name, pmid in pmids.items() if pmid})


def collect(base: EvaluationBase) -> list[ArmHits]:
    """What every arm finds for every question of a set."""
    edition = base.edition
    kb, retriever = edition.kb, edition.retriever
    found = []
    for question, relevant in base.questions():
        plain = kb.search_sparse(tokens(question), concepts=[], limit=CANDIDATE_PASSAGES)
        found.append(ArmHits(question, relevant, plain, retriever.search.arms(question, edition.linker.link(question))))
    return found


def judge(name: str, hits: Sequence[ArmHits], weights: Mapping[str, float]) -> SetReport:
    """Every arm on one set."""
    rows = {arm: Row() for arm in ARMS}
    for hit in hits:
        ranked = {"bm25": hit.plain, "fused": hit.fused(weights)}
        ranked |= {name: hit.arms.get(arm, []) for arm, name in ARM_NAMES.items()}
        for arm, row in rows.items():
            row.add(ranked.get(arm, []), hit.relevant)
    return SetReport(name, len(hits), rows)


def run(data: Path, settings: Settings, tuning: Tuning, names: Sequence[str] = ()) -> list[SetReport]:
    """Measure the named sets (all if none is named) whose files exist under `data`; `KIND=PATH` names one of others."""
    given = [set_of(*read_collection(name)) for name in names if "=" in name]
    reports = []
    for wanted in (*SETS, *given):
        if wanted not in given and (
            (names and wanted.name not in names) or not all((data / name).is_file() for name in wanted.files)
        ):
            continue
        with EvaluationBase(data, wanted, settings) as base:
            reports.append(judge(wanted.name, collect(base), tuning.weights[wanted.language]))
    return reports


def gains(before: Sequence[SetReport], after: Sequence[SetReport]) -> dict[str, dict[str, Difference]]:
    """MRR@10 of the vectors' arm and of the fusion, by set: `after` less `before`, paired by question."""
    earlier = {report.name: report for report in before}
    return {
        report.name: {
            arm: paired_bootstrap(earlier[report.name].rows[arm].mrr_10, report.rows[arm].mrr_10)
            for arm in ("dense", "fused")
        }
        for report in after
    }


def markdown(reports: Sequence[SetReport]) -> str:
    """A table of all arms and sets."""
    lines = ["| set | questions | arm | recall@1 | recall@10 | MRR@10 | nDCG@10 |", "|---|---|---|---|---|---|---|"]
    for report in reports:
        for arm, row in report.rows.items():
            cells = " | ".join(f"{value:.4f}" for value in row.means().values())
            lines.append(f"| {report.name} | {report.questions} | {arm} | {cells} |")
        gain = report.gain()
        lines.append(
            f"| {report.name} | | fused - bm25 (MRR@10) | {gain.mean:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}] | | | |"
        )
    return "\n".join(lines) + "\n"
