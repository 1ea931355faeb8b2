"""Real files in, versions out: what changes, what is counted, what is refused."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from kg_loader import versions as kb
from kg_loader.ingest import ingest
from kg_loader.report import IngestReport
from kg_loader.sources.format import Item
from rag.domain import Rejected, Skipped
from rag.errors import CorruptSnapshotError, DataError, NotFoundError, StorageError, TooManyRejectsError, UsageError
from rag.snapshot import Library
from rag.snapshot.layout import RECORDS, read_manifest
from rag.vocabulary import EntityType
from tests.kb import (
    BOOK,
    HashEmbedder,
    disease,
    entity,
    generated,
    has_symptom,
    opened,
    publish,
    settings_for,
    small_kb,
    symptom,
)

HEADER = "subject,subject_type,relation,object,object_type,source\n"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(tmp_path / "data")


def facts_csv(folder: Path, rows: list[str], name: str = "facts.csv") -> Path:
    path = folder / name
    path.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


def run(library: Library, *files: Path, **options: object) -> IngestReport:
    return ingest(library, files, settings=settings_for(library.data_dir), **options)  # type: ignore[arg-type]


def symptoms_of(library: Library, name: str) -> set[str]:
    found = opened(library).graph().neighbourhood({disease(name): ()}, limit_each=99)
    return {fact.object_text for fact in found.outgoing}


# ---------------------------------------------------------------- what an ingestion changes


def test_a_file_becomes_a_version(library: Library, tmp_path: Path) -> None:
    path = facts_csv(tmp_path, ["甲病,disease,症状,头晕,symptom,一本书", "甲病,disease,症状,恶寒,symptom,一本书"])
    report = run(library, path)
    assert (report.version, report.unchanged) == (1, False)
    assert report.loaded_by_kind["fact"] == 2
    assert symptoms_of(library, "甲病") == {"头晕", "恶寒"}
    assert opened(library).manifest.datasets == ("facts",)


def test_again_is_unchanged(library: Library, tmp_path: Path) -> None:
    path = facts_csv(tmp_path, ["甲病,disease,症状,头晕,symptom,一本书"])
    first, second = run(library, path), run(library, path)
    assert second.unchanged
    assert (second.version, second.digest, second.loaded) == (first.version, first.digest, first.loaded)
    assert len(library.versions()) == 1
    assert not library.staging.exists()


def test_a_changed_row_is_the_only_change(library: Library, tmp_path: Path) -> None:
    rows = [f"病{n},disease,症状,症{n},symptom,一本书" for n in range(50)]
    run(library, facts_csv(tmp_path, rows))
    rows[7] = "病7,disease,症状,新症,symptom,一本书"
    report = run(library, facts_csv(tmp_path, rows))
    assert report.added["fact"] == report.removed["fact"] == 1
    assert symptoms_of(library, "病7") == {"新症"}
    assert symptom("症7") not in opened(library).entities([symptom("症7")]), "nobody names it any more"


def test_the_file_of_a_version_holds_no_byte_of_what_it_left_out(library: Library, tmp_path: Path) -> None:
    gone, kept, broken = "去年的症状", "头晕", "坏行里的话"
    rows = [f"甲病,disease,症状,{gone},symptom,一本书", f"甲病,disease,症状,{kept},symptom,一本书", f"甲病,{broken}"]
    for version, content in ((1, rows), (2, rows[1:])):
        run(library, facts_csv(tmp_path, content), max_rejects=1)
        held = (library.snapshot_folder(version) / RECORDS).read_bytes()
        found = [text.encode() in held for text in (gone, kept, broken)]
        assert found == [version == 1, True, False]


def test_append_keeps_what_was_there(library: Library, tmp_path: Path) -> None:
    run(library, facts_csv(tmp_path, ["甲病,disease,症状,头晕,symptom,一本书"]))
    more = facts_csv(tmp_path, ["甲病,disease,症状,恶寒,symptom,一本书"], "more.csv")
    report = run(library, more, dataset="facts", append=True)
    assert report.removed == {}
    assert symptoms_of(library, "甲病") == {"头晕", "恶寒"}
    run(library, more, dataset="facts")
    assert symptoms_of(library, "甲病") == {"恶寒"}


def test_a_record_lives_while_any_data_set_asserts_it(library: Library) -> None:
    fact = has_symptom("甲病", "头晕")
    publish(library, {"a": [BOOK, fact], "b": [BOOK, fact]})
    publish(library, {"a": []})
    assert symptoms_of(library, "甲病") == {"头晕"}
    assert opened(library).datasets(fact.id) == ["b"]
    publish(library, {"b": []})
    snapshot = opened(library)
    assert [list(snapshot.scan(kind)) for kind in ("entity", "fact", "source")] == [[], [], []]


def test_two_spellings_of_one_entity(library: Library) -> None:
    upper, lower = entity(EntityType.DISEASE, "covid"), entity(EntityType.DISEASE, "covid")
    object.__setattr__(upper, "name", "COVID")
    publish(library, {"a": [lower]})
    publish(library, {"b": [upper]})
    assert opened(library).entities([lower.id])[lower.id].name == "COVID", "the smallest by code point"
    publish(library, {"b": []})
    assert opened(library).entities([lower.id])[lower.id].name == "covid"


def test_names_of_a_later_data_set_are_found_in_earlier_passages(library: Library) -> None:
    publish(library, {"a": small_kb()})
    snapshot = opened(library)
    (key,) = snapshot.about([disease("甲病")], limit_each=5)
    rest = entity(EntityType.TREATMENT, "卧床休养")
    publish(library, {"b": [rest]})
    assert rest.id in opened(library).mentions([key])[key]
    assert opened(library).search_sparse([], concepts=[rest.id], limit=5)[0][0] == key
    assert snapshot.search_sparse([], concepts=[rest.id], limit=5) == [], "the older version is untouched"


def test_vectors_and_words_of_unchanged_passages_are_reused(library: Library) -> None:
    class Counting(HashEmbedder):
        encoded = 0

        def encode(self, texts, *, kind):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            self.encoded += len(texts)
            return super().encode(texts, kind=kind)

    embedder = Counting()
    publish(library, {"a": generated(1, 40)}, embedder=embedder)
    publish(library, {"b": generated(2, 1)}, embedder=embedder)
    assert embedder.encoded == 41
    assert opened(library).index_sizes == {"sparse": 41, "dense": 41}
    publish(library, {"b": [BOOK]}, embedder=embedder)
    assert opened(library).index_sizes == {"sparse": 40, "dense": 40}
    publish(library, {"c": [BOOK, has_symptom("甲", "乙")]}, embedder=embedder)
    old, new = (library.snapshot_folder(version) / "dense.faiss" for version in (3, 4))
    assert old.stat().st_ino == new.stat().st_ino, "nothing changed in it: one file under two names"
    assert embedder.encoded == 41


def test_the_terms_data_set_comes_first_in_a_new_knowledge_base(library: Library, tmp_path: Path) -> None:
    path = facts_csv(tmp_path, ["甲病,disease,症状,头晕,symptom,一本书"])
    ingest(library, [path], settings=settings_for(library.data_dir, terms=True))
    assert opened(library).manifest.datasets == ("facts", "terms")


# ---------------------------------------------------------------- counts and refusals


def test_skips_and_rejects_are_counted_and_written(library: Library) -> None:
    fact, skipped = has_symptom("甲病", "头晕"), Skipped("placeholder")
    items: list[Item] = [BOOK, fact, fact, skipped, skipped, Rejected("x.csv", 7, "too few columns", "raw text")]
    report = publish(library, {"x": items})
    assert report.skipped == {"placeholder": 2, "duplicate": 1}
    assert report.rejected == {"too few columns": 1}
    assert report.rejects_file is not None
    (line,) = report.rejects_file.read_text(encoding="utf-8").splitlines()
    assert json.loads(line) == {
        "dataset": "x", "file": "x.csv", "line": 7, "reason": "too few columns", "raw": "raw text",
    }  # fmt: skip


def test_every_item_is_counted_once(library: Library) -> None:
    items = [*small_kb(), *small_kb(), Skipped("x"), Rejected("f", 1, "y", "")]
    report = publish(library, {"x": items}, batch=3)
    evidence = report.loaded_by_kind["fact"] + report.loaded_by_kind["passage"]
    assert evidence == report.skipped["duplicate"] == 7
    assert report.loaded == len(small_kb())


def test_a_fact_without_its_source_is_rejected(library: Library) -> None:
    report = publish(library, {"x": [has_symptom("甲病", "头晕"), BOOK, has_symptom("乙病", "头晕")]})
    assert report.rejected == {"its source is not stated before it in this data set": 1}
    assert symptoms_of(library, "乙病") == {"头晕"}


def test_what_is_appended_may_rest_on_a_source_stated_before(library: Library) -> None:
    publish(library, {"x": [BOOK]})
    fact, other = has_symptom("甲病", "头晕"), replace(BOOK, title="从未提到的书")
    report = publish(library, {"x": [fact, fact, has_symptom("乙病", "头晕", other)]}, append=True, batch=2)
    assert (report.loaded_by_kind["fact"], report.skipped) == (1, {"duplicate": 1})
    assert report.rejected == {"its source is not stated before it in this data set": 1}
    assert (symptoms_of(library, "甲病"), symptoms_of(library, "乙病")) == ({"头晕"}, set())


def test_too_many_rejects_publish_nothing_also_when_tried_again(library: Library) -> None:
    items: list[Item] = [BOOK, *(Rejected("x.csv", n, "broken", "") for n in range(5))]
    for _ in range(2):
        with pytest.raises(TooManyRejectsError, match=r"more than 4 rows .* --max-rejects; rejected rows: .*\.jsonl"):
            publish(library, {"x": items}, max_rejects=4)
        assert library.pointer() is None
    assert publish(library, {"x": items}, max_rejects=5).version == 1


def test_files_that_are_no_files(library: Library, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="a pipe or a device; write it to a file first"):
        run(library, tmp_path / "pipe", format="facts-csv")
    with pytest.raises(UsageError, match="a folder; name the files in it"):
        run(library, tmp_path, format="facts-csv")
    with pytest.raises(NotFoundError, match="no such file"):
        run(library, tmp_path / "missing.csv")
    assert library.pointer() is None


def test_usage(library: Library, tmp_path: Path) -> None:
    path = facts_csv(tmp_path, ["甲病,disease,症状,头晕,symptom,一本书"])
    with pytest.raises(UsageError, match="no files"):
        run(library)
    with pytest.raises(UsageError, match="no format 'facts'; expected one of cmekg"):
        run(library, path, format="facts")
    with pytest.raises(UsageError, match="cannot name a data set"):
        run(library, path, dataset="a\nb")
    with pytest.raises(UsageError, match="cannot index abstract; expected some of title, question, text"):
        run(library, path, indexed_fields=["abstract"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_data_folder_is_one_line(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="permission denied; set YIWEN_DATA_DIR"):
        publish(Library(tmp_path / "data"), {"x": small_kb()})
    tmp_path.chmod(0o700)


def test_a_data_folder_below_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(StorageError, match="cannot write"):
        publish(Library(tmp_path / "file"), {"x": small_kb()})


def test_a_named_encoding_counts_for_guessing_the_format_too(library: Library, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    row = "偏頭痛,disease,has_symptom,頭痛,symptom,教材\n"
    path.write_bytes((HEADER + row).encode("big5"))
    with pytest.raises(DataError, match="--encoding"):
        run(library, path)
    assert run(library, path, encoding="big5").loaded_by_kind["fact"] == 1


@pytest.mark.parametrize("name", ["records.sqlite", "vectors.npy"])
def test_damage_is_not_carried_into_the_next_version(library: Library, name: str) -> None:
    publish(library, {"x": small_kb()}, embedder=HashEmbedder())
    path = library.snapshot_folder(1) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 4
    path.write_bytes(content)
    with pytest.raises(CorruptSnapshotError, match=f"{name}: its checksum"):
        publish(library, {"y": generated(1, 3)})
    with pytest.raises(CorruptSnapshotError, match=f"{name}: its checksum"):
        kb.reindex(library, settings_for(library.data_dir))
    with pytest.raises(CorruptSnapshotError, match=f"{name}: its checksum"):
        kb.diff(library, 1, 1)
    assert list(library.folders()) == [1]


def test_all_files_of_a_version_may_be_read_by_the_same_users(library: Library) -> None:
    publish(library, {"x": small_kb()})
    folder = library.snapshot_folder(1)
    modes = {(folder / name).stat().st_mode for name in read_manifest(folder).files}
    assert len(modes) == 1


# ---------------------------------------------------------------- a data set that would nearly vanish


def many(count: int) -> list[str]:
    return [f"病{n},disease,症状,症{n},symptom,一本书" for n in range(count)]


def test_a_file_cut_short_does_not_empty_its_data_set(library: Library, tmp_path: Path) -> None:
    whole = run(library, facts_csv(tmp_path, many(60)))
    for rows in (many(3), [*many(2), "broken,row"], []):
        with pytest.raises(DataError, match=r"'facts' would go from 181 records to \d+.*--allow-shrink") as caught:
            run(library, facts_csv(tmp_path, rows))
        assert ("rejected rows: " in str(caught.value)) == ("broken,row" in rows)
        assert library.pointer() is not None
        assert opened(library).manifest.digest == whole.digest
    assert run(library, facts_csv(tmp_path, many(3)), allow_shrink=True).version == 2
    assert symptoms_of(library, "病2") == {"症2"}


def test_what_may_shrink(library: Library, tmp_path: Path) -> None:
    run(library, facts_csv(tmp_path, many(60)))
    assert run(library, facts_csv(tmp_path, many(31))).version == 2, "half of it is left"
    assert run(library, facts_csv(tmp_path, many(3)), append=True).unchanged, "nothing is taken away"
    run(library, facts_csv(tmp_path, many(9), "small.csv"))
    assert run(library, facts_csv(tmp_path, many(1), "small.csv")).version == 4, "of a few rows anybody may drop most"
