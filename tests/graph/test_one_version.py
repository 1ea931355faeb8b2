"""No answer mixes versions: a reader that pauses inside its query, between the look at the version and the facts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, LiteralString

import pytest

from kg_loader import mirror
from rag.domain import Condition
from rag.errors import StaleGraphError
from rag.graph.bolt import Connection, Row
from rag.graph.neo4j import Neo4jGraph
from rag.graph.queries import READY, STILL_READY
from rag.snapshot.layout import Manifest
from rag.vocabulary import Relation
from tests.graph.live import connected, published
from tests.kb import disease, has_symptom, small_kb, symptom
from tests.neo4j_server import Address

pytestmark = [pytest.mark.neo4j, pytest.mark.timeout(300)]
# Counting is all that a query can do to pass the time; nothing after it is read before it has ended.
PAUSE: LiteralString = """
CALL () { UNWIND range(1, $pause) AS a UNWIND range(1, 1000) AS b WITH a, b WHERE a = -b RETURN count(*) AS never }
"""
COUNTED = 12_000


class Pausing(Connection):
    """Sends every query with a pause behind its first look; `looks_again` False takes the second look out."""

    looks_again = True

    def read(self, query: LiteralString, parameters: Mapping[str, Any], *, timeout_s: float | None = None) -> list[Row]:
        assert query.count(READY) == 1
        query = query.replace(READY, f"{READY}{PAUSE}")
        if not self.looks_again:
            assert query.count(STILL_READY) == 1
            query = query.replace(STILL_READY, "")
        return super().read(query, {**parameters, "pause": COUNTED}, timeout_s=60)


@pytest.fixture
def pausing(neo4j_address: Address) -> Pausing:
    return Pausing(connected(neo4j_address).server)


READS: dict[str, Callable[[Neo4jGraph], object]] = {
    "neighbourhood": lambda graph: graph.neighbourhood({disease("甲病"): [Relation.SYMPTOM]}, limit_each=500).outgoing,
    "rank_subjects": lambda graph: graph.rank_subjects(Relation.SYMPTOM, [symptom("头晕")], limit=50),
    "subjects_meeting": lambda graph: graph.subjects_meeting(
        [Condition(Relation.SYMPTOM, (symptom("头晕"),))], limit=50
    ),
    "paths": lambda graph: graph.paths(disease("甲病"), disease("乙病"), max_hops=2, limit=50),
}


def while_paused(read: Callable[[], object], act: Callable[[], object]) -> object:
    """What `read` gives or raises, `act` having been done while it pauses."""
    found: list[object] = []

    def run() -> None:
        try:
            found.append(read())
        except StaleGraphError as error:
            found.append(error)

    reader = threading.Thread(target=run)
    reader.start()
    time.sleep(0.25)
    act()
    assert reader.is_alive(), "the pause was too short for this machine"
    reader.join()
    return found[0]


@pytest.mark.parametrize("name", READS)
def test_a_query_during_which_the_graph_moved_gives_nothing(
    connection: Connection, pausing: Pausing, tmp_path: Path, name: str
) -> None:
    first, second, bring = _two_versions(connection, tmp_path)
    read = READS[name]
    graph = Neo4jGraph(pausing, first.kb, first.version)
    expected = read(graph)  # also compiles the query, so that a move comes while it runs and not before
    assert isinstance(while_paused(lambda: read(graph), lambda: bring(second)), StaleGraphError)

    bring(first)
    pausing.looks_again = False
    assert read(graph) == expected
    mixed = while_paused(lambda: read(graph), lambda: bring(second))
    assert not isinstance(mixed, StaleGraphError)
    assert mixed != expected, "without the second look a reader of the first version is given facts of the second"


def test_away_and_back_again_is_noticed(connection: Connection, pausing: Pausing, tmp_path: Path) -> None:
    first, second, bring = _two_versions(connection, tmp_path)
    graph = Neo4jGraph(pausing, first.kb, first.version)
    READS["neighbourhood"](graph)

    def away_and_back() -> None:
        bring(second)
        bring(first)

    assert isinstance(while_paused(lambda: READS["neighbourhood"](graph), away_and_back), StaleGraphError)


def _two_versions(
    connection: Connection, folder: Path
) -> tuple[Manifest, Manifest, Callable[[Manifest], mirror.Mirrored]]:
    library, first = published(folder, small_kb())
    library, second = published(
        folder, [*(record for record in small_kb() if "乙病" not in repr(record)), has_symptom("甲病", "新症")]
    )
    mirror.bring(connection, library, first)
    return first, second, lambda manifest: mirror.bring(connection, library, manifest)
