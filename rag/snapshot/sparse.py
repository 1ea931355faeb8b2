"""The word index of a snapshot (tantivy): BM25 over our own terms, and the entities each passage mentions.

Terms come from `rag.text.tokens`, never from tantivy's analysers or its query parser: a document is its terms joined
by spaces, a query is built term by term, so nothing in a question has syntax. A snapshot starts from hard links to the
files of the one before; tantivy only adds files and replaces `meta.json` by renaming, so the older folder stays whole.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import tantivy

from rag.domain import EntityId
from rag.snapshot.files import as_os_error, link_or_copy
from rag.snapshot.layout import corrupt
from rag.snapshot.mentions import indexed_parts
from rag.snapshot.schema import id_of_key
from rag.snapshot.vectors import Column, Keys, read_column
from rag.text import Language, language_of, tokens

_HEAP = 64 << 20
_QUEUED = 16 << 20
"""Characters added between two commits: the writer takes 10,000 documents into its queue, however long they are."""
_REBUILD_SHARE = 0.2
"""Above this share of changed passages a fresh index is smaller, and its statistics carry no deleted documents."""


def _schema() -> tantivy.Schema:
    builder = tantivy.SchemaBuilder()
    builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
    builder.add_text_field("text", tokenizer_name="whitespace", index_option="freq")
    builder.add_text_field("concept", tokenizer_name="raw", index_option="freq")
    builder.add_text_field("language", tokenizer_name="raw", index_option="basic")
    return builder.build()


# ---------------------------------------------------------------- building


def build(
    folder: Path,
    connection: sqlite3.Connection,
    fields: Sequence[str],
    *,
    old: tuple[Path, Column] | None,
    progress: Callable[[int, int], None],
) -> int:
    """Write the index; `old` is the folder and the document hashes of the version before. Documents written."""
    now = read_column(connection, "document")
    stale, wanted = (old[1].beyond(now), now.beyond(old[1])) if old else (now.passages, now.passages)
    if old is None or len(stale) + len(wanted) > _REBUILD_SHARE * max(1, len(now.passages)):
        stale, wanted = now.passages[:0], now.passages
        folder.mkdir()
    else:
        _adopt(old[0], folder)
    documents = _documents(connection, fields, wanted)
    try:
        _write(folder, stale, _counted(documents, len(wanted), progress))
    except ValueError as error:
        raise as_os_error(error, folder) from error
    _tidy(folder)
    return len(wanted)


def _write(folder: Path, stale: Keys, documents: Iterable[tuple[tantivy.Document, int]]) -> None:
    """Commits whenever enough is waiting to be indexed; a folder that changes in nothing is left as it is."""
    index = tantivy.Index(_schema(), path=str(folder))
    writer = index.writer(heap_size=_HEAP, num_threads=1)
    for key in map(int, stale):
        writer.delete_documents_by_term("id", id_of_key("p", key))
    changed, waiting = len(stale) > 0, 0
    for document, characters in documents:
        writer.add_document(document)
        changed, waiting = True, waiting + characters
        if waiting > _QUEUED:
            writer.commit()  # returns when all is indexed
            changed, waiting = False, 0
    if changed:
        writer.commit()
    writer.wait_merging_threads()


def _counted(
    documents: Iterator[tuple[tantivy.Document, int]], total: int, progress: Callable[[int, int], None]
) -> Iterator[tuple[tantivy.Document, int]]:
    for done, document in enumerate(documents, start=1):
        yield document
        if done % 500 == 0 or done == total:
            progress(done, total)


def _adopt(old: Path, folder: Path) -> None:
    folder.mkdir()
    for path in old.iterdir():
        if path.name in {"meta.json", ".managed.json"}:
            shutil.copyfile(path, folder / path.name)
        elif not path.name.endswith(".lock"):
            link_or_copy(path, folder / path.name)


def has_leftovers(folder: Path) -> bool:
    """Whether the index may still hold words of documents that were taken out: tantivy marks them until it merges."""
    segments = json.loads((folder / "meta.json").read_bytes())["segments"]
    used = {str(segment["segment_id"]).replace("-", "") for segment in segments}
    stray = [path for path in folder.iterdir() if path.suffix and path.suffix not in (".json", ".lock")]
    return any(segment["deletes"] is not None for segment in segments) or any(
        path.name.partition(".")[0] not in used for path in stray
    )


def _tidy(folder: Path) -> None:
    """Locks of the writer are no part of the index."""
    for path in folder.glob("*.lock"):
        path.unlink()


def _documents(
    connection: sqlite3.Connection, fields: Sequence[str], wanted: Keys
) -> Iterator[tuple[tantivy.Document, int]]:
    """Each document with the characters of its terms."""
    concepts = "SELECT e.id FROM mention m JOIN entity e ON e.pk = m.entity WHERE m.passage = ? ORDER BY e.id"
    passage = "SELECT title, question, text FROM passage WHERE pk = ?"
    for key in map(int, wanted):
        parts = connection.execute(passage, (key,)).fetchone()
        document, characters = tantivy.Document(), 0
        document.add_text("id", id_of_key("p", key))
        for part in indexed_parts(fields, *parts):
            terms = " ".join(tokens(part))
            document.add_text("text", terms)
            characters += len(terms)
        document.add_text("language", language_of(parts[-1]))
        for (entity,) in connection.execute(concepts, (key,)):
            document.add_text("concept", entity)
        yield document, characters


# ---------------------------------------------------------------- reading


class SparseIndex:
    """The word index, read only; safe for use by several threads."""

    def __init__(self, folder: Path) -> None:
        self._index = self._open(folder)
        self._searcher = self._index.searcher()
        self._schema = self._index.schema

    def _open(self, folder: Path) -> tantivy.Index:
        """Tantivy takes a lock beside the index even to read it; in a folder that cannot be written it gets links."""
        try:
            return tantivy.Index.open(str(folder))
        except ValueError as error:
            if "Lockfile" not in str(error):
                raise corrupt(folder, f"it cannot be opened ({error})") from error
        links = tempfile.mkdtemp(prefix="yiwen-sparse-")
        weakref.finalize(self, shutil.rmtree, links, ignore_errors=True)
        for path in folder.iterdir():
            if not path.name.endswith(".lock"):
                Path(links, path.name).symlink_to(path.absolute())
        return tantivy.Index.open(links)

    @property
    def count(self) -> int:
        """Documents held."""
        return self._searcher.num_docs

    def mentioning(self, concept: EntityId) -> int:
        """How many documents mention an entity; those that were taken out count until segments are merged."""
        return int(self._searcher.doc_freq("concept", concept))

    def search(
        self,
        terms: Sequence[str] | Mapping[str, float],
        concepts: Sequence[EntityId],
        limit: int,
        concept_boost: float,
        language: Language | None,
    ) -> list[tuple[str, float]]:
        """(passage id, BM25 of the weighted terms + boost x BM25 of the distinct concepts), best first, ties by id."""
        weights = terms if isinstance(terms, Mapping) else dict.fromkeys(terms, 1.0)
        clauses = [tantivy.Query.boost_query(self._term("text", term, "freq"), w) for term, w in weights.items()]
        if concept_boost > 0:
            boosted = (self._term("concept", entity, "freq") for entity in dict.fromkeys(concepts))
            clauses += [tantivy.Query.boost_query(query, concept_boost) for query in boosted]
        if not clauses or limit < 1:
            return []
        query = tantivy.Query.boolean_query([(tantivy.Occur.Should, clause) for clause in clauses])
        if language is not None:
            written_in = tantivy.Query.const_score_query(self._term("language", language, "basic"), 0.0)
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, written_in)])
        hits = self._searcher.search(query, limit=limit, count=False).hits
        found = [(str(self._searcher.doc(address)["id"][0]), float(score)) for score, address in hits]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def _term(self, field: str, value: str, option: str) -> tantivy.Query:
        return tantivy.Query.term_query(self._schema, field, value, index_option=option)
