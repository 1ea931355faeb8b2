"""`yiwen ingest`: files in, a new version out, or a report that nothing changed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from kg_loader import mirror, recovery
from kg_loader.archives import unpacked
from kg_loader.audit import AUDIT_VERSION, Found, auditing
from kg_loader.collecting import collector_off
from kg_loader.curation import merge_retractions, newly_retracted
from kg_loader.embedding import embedder_for
from kg_loader.gate import Gate, GateReport, compare, gate_of
from kg_loader.plan import Input, Plan, identify
from kg_loader.publish import fields_named, flip_to, new_kb_id, sealed_already
from kg_loader.report import IngestReport, report_on
from kg_loader.sealing import Build, Previous, Progress, Sealing, silent
from kg_loader.sources import FORMATS, Facts, Item, ReadContext, guess_format, yiwen_records
from kg_loader.sources.mapped import NAME as MAPPED
from kg_loader.sources.table_map import parse_map
from kg_loader.staging import BATCH, Staging
from rag.domain import Pointer
from rag.errors import DataError, UsageError
from rag.pipeline import Pipeline
from rag.ports import Embedder
from rag.register import Register
from rag.settings import Settings
from rag.snapshot.files import storage_errors
from rag.snapshot.layout import FIELDS, RECORDS, Manifest, read_manifest
from rag.snapshot.library import Library, unobserved
from rag.snapshot.snapshot import check_files
from rag.text import TEXT_VERSION
from rag.wiring import pinned

TERMS = "terms"
TERMS_FILE = Path(__file__).parent / "sample" / "terms.csv"
REVIEWS = "reviews"
"""The data set of what people decided about findings; `kg_loader/reviewing.py` writes it."""
_DATASET_MAX = 100


def ingest(
    library: Library,
    files: Sequence[Path],
    *,
    dataset: str | None = None,
    format: str | None = None,
    encoding: str | None = None,
    table_map: str | None = None,
    append: bool = False,
    settings: Settings,
    max_rejects: int | None = None,
    gate: str | None = None,
    gate_file: Path | None = None,
    allow_shrink: bool = False,
    progress: Progress = silent,
    reached: Callable[[str], None] = unobserved,
    embedder: Embedder | None = None,
    indexed_fields: Sequence[str] | None = None,
) -> IngestReport:
    """Make the data sets assert exactly what `files` hold (with `append`: that too), and publish.

    Archives count as the files in them. `dataset` None: each file's stem. `table_map`: the text of the map that says
    what the columns of the files are (format `mapped`). `embedder` None: the one that the settings name.
    `indexed_fields` None: as in the current version. `allow_shrink`: a data set may lose most of its records. `gate`
    (what may change in the answers to the questions in `gate_file`) and the file None: as the settings say.

    Raises NotFoundError, DataError (also for a data set that would shrink), TooManyRejectsError, LockedError,
    ConflictError, GateError, StorageError, LiveGraphError (Neo4j is configured and does not answer); nothing was
    published then.
    """
    if not files:
        raise UsageError("no files were given; name at least one file to ingest")
    with library.writing(), unpacked(files) as members:
        inputs = inputs_of(members, dataset, format, encoding, table_map)
        recovery.recover(library, settings, progress=progress)
        job = Ingestion.begin(library, settings, embedder, indexed_fields, progress, reached)
        known = job.previous.manifest.datasets if job.previous else ()
        job = replace(job, gate=gate_of(settings, {*known, *(one.dataset for one in inputs)}, gate, gate_file))
        limit = settings.max_rejects if max_rejects is None else max_rejects
        plan = job.plan(inputs, append=append)
        return job.run(plan, read_file, max_rejects=limit, allow_shrink=allow_shrink)


def read_file(source: Input) -> Iterator[Item | Facts]:
    """What one input states, by the reader of its format."""
    return FORMATS[source.format].stated(Path(source.path), context_of(source))


def context_of(source: Input) -> ReadContext:
    """How an input is read."""
    return ReadContext(source.dataset, source.encoding, table_map=source.table_map)


def inputs_of(
    files: Iterable[Path], dataset: str | None, format: str | None, encoding: str | None, table_map: str | None
) -> list[Input]:
    """Files with all that says how they are read. Raises UsageError, NotFoundError, DataError."""
    if table_map is not None:
        if format not in (None, MAPPED):
            raise UsageError(f"--map is for the format {MAPPED}, given --format {format}; leave one of them out")
        format = MAPPED
        parse_map(table_map, "the map")
    elif format == MAPPED:
        raise UsageError(f"the format {MAPPED} needs a map; name it with --map FILE (docs/data.md shows one)")
    return [item for path in files for item in _inputs(path, dataset, format, encoding, table_map)]


def _inputs(
    path: Path, dataset: str | None, format: str | None, encoding: str | None, table_map: str | None
) -> list[Input]:
    """One file is one input, but an export holds several data sets: it is read for each, or for the one named."""
    found = _input(path, dataset, format, encoding, table_map)
    if found.format != yiwen_records.NAME:
        if found.dataset == REVIEWS:
            raise UsageError(f"{REVIEWS!r} is the data set of releases; name another one with --dataset")
        return [found]
    held = yiwen_records.datasets(path, encoding)
    if dataset is not None and dataset not in held:
        raise UsageError(
            f"{path} holds the data sets {', '.join(held)}, not {dataset}; without --dataset all are taken"
        )
    return [replace(found, dataset=name) for name in (held if dataset is None else [dataset])]


def _input(path: Path, dataset: str | None, format: str | None, encoding: str | None, table_map: str | None) -> Input:
    name = dataset if dataset is not None else path.stem
    if not name.isprintable() or not name.strip() or len(name) > _DATASET_MAX:
        raise UsageError(f"{name!r} cannot name a data set; expected 1 to {_DATASET_MAX} printable characters")
    if format is not None and format not in FORMATS:
        raise UsageError(f"there is no format {format!r}; expected one of {', '.join(FORMATS)}")
    found = identify(path, name, format or "", encoding, table_map)
    return found if format else Input(**{**vars(found), "format": guess_format(path, encoding)})


@dataclass(frozen=True)
class Ingestion:
    """One ingestion: the version it starts from, how the next one is built, who watches."""

    library: Library
    settings: Settings
    pointer: Pointer | None
    previous: Previous | None
    build: Build
    progress: Progress
    reached: Callable[[str], None]
    gate: Gate | None = None

    @classmethod
    def begin(
        cls,
        library: Library,
        settings: Settings,
        embedder: Embedder | None,
        indexed_fields: Sequence[str] | None,
        progress: Progress,
        reached: Callable[[str], None],
    ) -> Ingestion:
        """Look at the current version. Raises CorruptSnapshotError, and what `embedder_for` raises."""
        pointer = library.pointer()
        library.register.read()  # a damaged one stops the work before it begins
        previous = None
        fields: tuple[str, ...] = FIELDS
        if pointer is not None:
            folder = library.snapshot_folder(pointer.version)
            previous = Previous(folder, read_manifest(folder))
            check_files(folder, previous.manifest)  # damage must not be carried into the next version and sealed there
            fields = previous.manifest.indexed_fields
        if indexed_fields is not None:
            fields = fields_named(indexed_fields)
        build = Build(embedder or embedder_for(settings), settings.dense_index, fields)
        return cls(library, settings, pointer, previous, build, progress, reached)

    def base_records(self) -> Path | None:
        """The records that staging starts from."""
        return self.previous.folder / RECORDS if self.previous else None

    def plan(self, inputs: list[Input], *, append: bool) -> Plan:
        """A new knowledge base asserts the packaged terms first, unless the caller brings a data set of that name.

        An export is a whole knowledge base: nothing is put beside it.
        """
        brought = any(item.dataset == TERMS or item.format == yiwen_records.NAME for item in inputs)
        if self.previous is None and self.settings.terms and not brought:
            inputs = [identify(TERMS_FILE, TERMS, "aliases-csv", None), *inputs]
        base = f"{self.pointer.version} {self.previous.manifest.digest}" if self.pointer and self.previous else "none"
        return Plan(base, tuple(inputs), append)

    def run(
        self,
        plan: Plan,
        read: Callable[[Input], Iterable[Item | Facts]],
        *,
        max_rejects: int,
        allow_shrink: bool = False,
        batch: int = BATCH,
    ) -> IngestReport:
        """Stage what `read` gives for every input, then publish. The caller holds the lock."""
        with Staging.open(self.library.staging, plan, self.base_records()) as staging:
            try:
                for number, source in enumerate(plan.inputs):
                    progress = partial(self._loading, Path(source.path).name)
                    staging.load(
                        number, read(source), max_rejects=max_rejects, batch=batch,
                        progress=progress, erased=self.library.register.read().tombstones, reached=self.reached,
                    )  # fmt: skip
                if not allow_shrink:
                    _require_size(staging)
            except DataError as error:
                rejects = _write_rejects(self.library, staging)
                raise (type(error)(f"{error}; rejected rows: {rejects}", rejects) if rejects else error) from error
            with storage_errors(self.library.root):
                return self.finish(staging)

    def _loading(self, name: str, done: int) -> None:
        self.progress(name, done, 0)

    def finish(self, staging: Staging) -> IngestReport:
        """Settle, and publish if anything changed."""
        change = staging.settle(self.reached)
        records = staging.checkpoint()
        with auditing(records) as found:
            with collector_off():
                digest = staging.writer.digest()
            rejects = _write_rejects(self.library, staging)
            current = self._current(digest)
            manifest, gate = (current, None) if current else self._publish(records, digest, found)
        report = report_on(staging, manifest, rejects, change, gate, unchanged=current is not None)
        staging.discard()
        self.reached("ingest.tidied")
        return report

    def _current(self, digest: str) -> Manifest | None:
        """The current version, if it holds this content, indexed as asked for and audited by the rules of today."""
        manifest = self.previous.manifest if self.previous else None
        if manifest is None or manifest.text_version != TEXT_VERSION or manifest.audit_version != AUDIT_VERSION:
            return None
        same = (manifest.digest, manifest.indexed_fields) == (digest, self.build.indexed_fields)
        return manifest if same else None

    def _publish(self, records: Path, digest: str, found: Iterator[Found]) -> tuple[Manifest, GateReport | None]:
        """Flip to a new version, or to the one that a crashed run of this command had sealed."""
        parent = self.previous.manifest.version if self.previous else None
        manifest = sealed_already(self.library, digest, parent, self.build) or self._seal(records, digest, found)
        folder = self.library.snapshot_folder(manifest.version)
        gate = self._pass_gate(manifest, folder)
        with storage_errors(self.library.root):
            merge_retractions(self.library, folder / RECORDS, self.base_records())
            self.reached("register.merged")
        mirror.follow(self.settings, self.library, manifest, progress=self.progress, reached=self.reached)
        flip_to(self.library, manifest, self.pointer, self.reached)
        return manifest, gate

    def _pass_gate(self, manifest: Manifest, folder: Path) -> GateReport | None:
        """Ask the gate's questions; a version that is refused goes, and nothing outside has heard of it.

        Staging stays: the same command with other limits goes on from there, any other command discards it.
        """
        if self.gate is None:
            return None
        self.progress("gate", 0, 0)
        register = self.library.register.read().with_retractions(newly_retracted(folder / RECORDS, self.base_records()))
        new = Pointer(0, manifest.version, manifest.folder_name, self.pointer.tuning if self.pointer else None)
        report = compare(
            partial(self._pinned, self.pointer, self.library.register.read) if self.pointer else None,
            partial(self._pinned, new, lambda: register),
            self.gate,
        )
        self.reached("gate.asked")
        if report.refusals():
            self.library.remove(manifest.version)
        report.require()
        return report

    def _pinned(self, pointer: Pointer, register: Callable[[], Register]) -> Pipeline:
        return pinned(self.settings, self.library, pointer, self.build.embedder, register)

    def _seal(self, records: Path, digest: str, found: Iterator[Found]) -> Manifest:
        sealing = Sealing(self.library, self.build, self.previous, progress=self.progress, reached=self.reached)
        kb = self.previous.manifest.kb if self.previous else new_kb_id()
        return sealing.seal(records, kb, digest, found)


def _require_size(staging: Staging) -> None:
    """A file cut short, or with another export's header, must not empty a data set by itself."""
    for name, before, after in staging.shrinking():
        raise DataError(
            f"the data set {name!r} would go from {before:,} records to {after:,}, nothing was published; "
            "look whether the file is whole, give other data a --dataset of its own, or say --allow-shrink"
        )


def _write_rejects(library: Library, staging: Staging) -> Path | None:
    """Write the broken rows to `<data_dir>/rejects`; None if there are none."""
    if staging.rejected_count() == 0:
        return None
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    name = "".join(c if c.isalnum() or c in "-_." else "_" for c in staging.plan.inputs[-1].dataset)
    path = library.rejects / f"{name}-{stamp}.jsonl"
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8") as file:
            for dataset, source, line, reason, raw in staging.rejects():
                row = {"dataset": dataset, "file": source, "line": line, "reason": reason, "raw": raw}
                file.write(json.dumps(row, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())
    return path
