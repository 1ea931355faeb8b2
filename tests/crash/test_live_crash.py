"""Killed between seal, mirror and flip, or inside the mirror: the old version serves, the same command finishes."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kg_loader.ingest import ingest
from kg_loader.live_verify import compare_graphs
from kg_loader.mirror import Sizes
from kg_loader.verify import verify
from rag import wiring
from rag.graph.bolt import Connection
from rag.settings import Settings
from rag.snapshot import Library
from rag.snapshot.layout import read_manifest
from tests.crash.forking import Forking
from tests.graph.live import connected
from tests.kb import settings_for
from tests.neo4j_server import Address

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(300), pytest.mark.usefixtures("unclaimed")]
HEAD = "subject,subject_type,relation,object,object_type,source\n"
SUBJECTS, SYMPTOMS = 75, 300
MANY = SUBJECTS * SYMPTOMS
"""More rows than go in one transaction."""
FOREIGN = "MATCH (n:Theirs)-[r]->(m) RETURN n.name, labels(n), type(r), properties(r), m.name, labels(m)"


def facts_file(path: Path, subjects: int, symptoms: int, mark: str) -> Path:
    rows = (f"病{mark}{s},disease,has_symptom,症{n}号,symptom,书\n" for s in range(subjects) for n in range(symptoms))
    path.write_text(HEAD + "甲病,disease,has_symptom,头晕,symptom,书\n" + "".join(rows), encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("files")
    assert Sizes().one_transaction < MANY
    return {
        "old": facts_file(folder / "old.csv", 3, 5, "旧"),
        "few": facts_file(folder / "few.csv", 5, 5, "新"),
        "many": facts_file(folder / "many.csv", SUBJECTS, SYMPTOMS, "新"),
    }


@pytest.fixture(scope="session")
def digests(files: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What ingestions that nothing disturbs end with."""
    found = {}
    for name in ("few", "many"):
        settings = settings_for(tmp_path_factory.mktemp(name))
        library = Library(settings.data_dir)
        for file in (files["old"], files[name]):
            report = ingest(library, [file], dataset="x", settings=settings)
        found[name] = report.digest
    return found


class Place:
    """A knowledge base at its first version in a folder and in Neo4j, beside data of somebody else."""

    def __init__(self, settings: Settings, connection: Connection, forked: Forking, old: Path) -> None:
        self.settings, self.connection, self.forked = settings, connection, forked
        self.library = Library(settings.data_dir)
        ingest(self.library, [old], dataset="x", settings=settings)
        with connection.writing() as transaction:
            transaction.run("CREATE (:Theirs:Entity {name: 'a'})-[:HAS_SYMPTOM {id: 1}]->(:Theirs {name: 'b'})", {})
        self.foreign = connection.read(FOREIGN, {})

    def ended(self, file: Path, point: str, nth: int, kill_after: float | None = None) -> int:
        """How a process ended that ingests a file and kills itself at a point, or is killed after so many seconds."""
        assert self.settings.neo4j_uri is not None
        assert self.settings.neo4j_password is not None
        environment = {
            "YIWEN_TERMS": "false", "YIWEN_EMBEDDER": "none", "YIWEN_NEO4J_URI": self.settings.neo4j_uri,
            "YIWEN_NEO4J_PASSWORD": self.settings.neo4j_password.get_secret_value(),
        }  # fmt: skip
        deed = ("ingest", self.settings.data_dir, file, point, nth)
        return self.forked.ended(*deed, kill_after=kill_after, environment=environment)

    def killed(self, file: Path, point: str, nth: int) -> bool:
        return self.ended(file, point, nth) == -signal.SIGKILL

    def served(self) -> int:
        """The version that answers, whole and unmixed."""
        pointer = self.library.pointer()
        assert pointer is not None
        for version in self.library.folders():
            assert verify(self.library, version).ok, "a version that can be listed is complete"
        pipeline = wiring.build(self.settings)
        answer = pipeline.ask("甲病有哪些症状？")
        assert "头晕" in answer.text
        assert answer.kb_version == pointer.version
        for mark, version in (("旧", 1), ("新", 2)):
            known = pipeline.ask(f"病{mark}1有哪些症状？")
            assert bool(known.citations) == (version == pointer.version), "facts of one version only"
        return pointer.version

    def finish(self, file: Path, digest: str) -> None:
        """The same command again ends where an undisturbed one would, in both graphs, and nothing is there twice."""
        report = ingest(self.library, [file], dataset="x", settings=self.settings)
        assert (report.digest, report.version) == (digest, 2)
        assert self.served() == 2
        manifest = read_manifest(self.library.snapshot_folder(2))
        found = compare_graphs(self.connection, self.library, manifest)
        assert (found.problems, found.edits, found.digest) == ((), (), found.live_digest)
        query = "MATCH (:Entity {kb: $kb})-[r]->(:Entity) RETURN count(r)"
        assert self.connection.read(query, {"kb": manifest.kb})[0][0] == manifest.counts["fact"], "nothing twice"
        assert self.connection.read(FOREIGN, {}) == self.foreign
        assert not self.library.staging.exists()


@pytest.fixture
def connection(neo4j_address: Address) -> Iterator[Connection]:
    with closing(connected(neo4j_address)) as found:
        yield found


@pytest.fixture
def place(
    neo4j_address: Address, connection: Connection, forked: Forking, files: dict[str, Path], tmp_path: Path
) -> Place:
    settings = settings_for(
        tmp_path / "data", neo4j_uri=neo4j_address.uri, neo4j_password=neo4j_address.password, neo4j_timeout_s=20
    )
    return Place(settings, connection, forked, files["old"])


POINTS = [
    *((point, 1, "few") for point in ("seal.manifest", "seal.renamed", "mirror.compared", "mirror.ready",
                                      "flip.checked", "flip.remembered", "flip.renamed")),
    ("mirror.syncing", 1, "many"), ("mirror.batch", 1, "many"), ("mirror.batch", 3, "many"),
]  # fmt: skip


@pytest.mark.parametrize(("point", "nth", "name"), POINTS)
def test_killed_at_a_named_point(
    place: Place, files: dict[str, Path], digests: dict[str, str], point: str, nth: int, name: str
) -> None:
    assert place.killed(files[name], point, nth), f"{point} was never reached"
    assert place.served() == (2 if point == "flip.renamed" else 1)
    place.finish(files[name], digests[name])


def kill_at_random(place: Place, file: Path, digest: str, rng: random.Random) -> None:
    place.ended(file, "none", 1, kill_after=rng.uniform(0.0, 6.0))
    assert place.served() in (1, 2)
    place.finish(file, digest)


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_random(place: Place, files: dict[str, Path], digests: dict[str, str], seed: int) -> None:
    kill_at_random(place, files["many"], digests["many"], random.Random(seed))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 120))
def test_killed_at_random_often(place: Place, files: dict[str, Path], digests: dict[str, str], seed: int) -> None:
    kill_at_random(place, files["many"], digests["many"], random.Random(seed))
