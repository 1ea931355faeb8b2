"""GraphML that follows the schema and that other programs open."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import networkx
from lxml import etree

from kg_loader import export_graphml
from rag.domain import Fact, Literal, Passage, PassageKind, Qualifiers, Record
from rag.snapshot import Library
from rag.vocabulary import Relation
from tests.kb import BOOK, disease, generated, publish, small_kb, symptom

SCHEMA = etree.XMLSchema(etree.parse(Path(__file__).parent / "graphml.xsd"))
ODD: list[Record] = [
    Fact(disease("一 种(少见)的<病>&\"'"), Relation.SYMPTOM, symptom("头 晕"), BOOK.id, Qualifiers(severity="重")),
    Fact(disease("甲病"), Relation.CURE_RATE, Literal("约<7>成\n多", "cure_rate"), BOOK.id),
    Passage("第一行\n第二行 ]]> \x0b 完", PassageKind.TEXTBOOK, BOOK.id),
]


def written(folder: Path, records: Sequence[Record]) -> bytes:
    library = Library(folder)
    publish(library, {"test": records})
    file = io.BytesIO()
    export_graphml.write(library.snapshot_folder(1), file)
    return file.getvalue()


def test_the_file_follows_the_schema(tmp_path: Path) -> None:
    document = etree.fromstring(written(tmp_path, [*small_kb(), *ODD]))
    SCHEMA.assertValid(document)


def test_the_schema_of_the_test_refuses_what_is_wrong(tmp_path: Path) -> None:
    text = written(tmp_path, small_kb()).decode()
    for broken in (
        text.replace('target="n', 'target="m', 1),
        text.replace('key="node-name"', 'key="node-nam"', 1),
        text.replace('attr.type="int"', 'attr.type="integer"', 1),
        text.replace('<node id="n', '<node id="n (1) ', 1),
    ):
        assert not SCHEMA.validate(etree.fromstring(broken.encode()))


def test_networkx_opens_it_with_names_types_and_numbers(tmp_path: Path) -> None:
    graph = networkx.read_graphml(io.BytesIO(written(tmp_path, [*small_kb(), *ODD])))
    nodes = {data["id"]: (name, data) for name, data in graph.nodes(data=True)}
    name, migraine = nodes["disease:甲病"]
    assert (migraine["labels"], migraine["name"]) == (":Entity:Disease", "甲病")
    assert nodes[BOOK.id][1]["year"] == 2020
    assert "disease:一 种(少见)的<病>&\"'" in nodes
    found = {(data["label"], graph.nodes[end]["name"]) for _, end, data in graph.out_edges(name, data=True)}
    assert found >= {
        ("HAS_SYMPTOM", "头晕"),
        ("HAS_SYMPTOM", "恶寒"),
        ("CURE_RATE", "约七成"),
        ("CURE_RATE", "约<7>成\n多"),
    }
    severity = [data["severity"] for *_, data in graph.edges(data=True) if "severity" in data]
    assert severity == ["重"]
    (odd,) = [data["text"] for _, data in nodes.values() if data["labels"] == ":Passage" and "]]>" in data["text"]]
    assert odd == "第一行\n第二行 ]]> \ufffd 完"


def test_every_node_and_edge_is_there(tmp_path: Path) -> None:
    records = generated(1, 50)
    graph = networkx.read_graphml(io.BytesIO(written(tmp_path, records)))
    facts = {record.id for record in records if isinstance(record, Fact)}
    assert {data["id"] for *_, data in graph.edges(data=True) if "id" in data} == facts
