"""Embedders and rerankers of sentence-transformers, with tiny models made here."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sentence_transformers import CrossEncoder, SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizerFast

from kg_loader.ingest import ingest
from rag.embedders.cross_encoder import CrossEncoderReranker
from rag.embedders.sentence_transformer import SentenceTransformerEmbedder
from rag.errors import ConfigurationError
from rag.retrieval.fusion import Tuning, default_tuning
from rag.settings import Settings
from rag.snapshot import Library
from rag.wiring import build

TEXTS = ["布洛芬可以缓解偏头痛发作", "阑尾炎需要尽早手术", "流感疫苗可以预防流感"]


def _bert(folder: Path, labels: int | None) -> Path:
    folder.mkdir()
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(set("".join(TEXTS)))]
    (folder / "vocab.txt").write_text("\n".join(words), encoding="utf-8")
    BertTokenizerFast(vocab=str(folder / "vocab.txt")).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=1, num_attention_heads=2, intermediate_size=64,
        max_position_embeddings=128, num_labels=labels or 1,
    )  # fmt: skip
    model = BertModel(config) if labels is None else BertForSequenceClassification(config)
    model.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("embedder")
    base = Transformer(str(_bert(folder / "base", None)))
    SentenceTransformer(modules=[base, Pooling(32)], prompts={"query": "问", "passage": ""}).save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def reranker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reranker")
    CrossEncoder(str(_bert(folder / "base", 1))).save_pretrained(str(folder / "model"))
    return folder / "model"


def test_vectors_have_length_one_and_queries_their_prompt(embedder: Path) -> None:
    model = SentenceTransformerEmbedder(str(embedder))
    passages = model.encode(TEXTS, kind="passage")
    assert passages.shape == (3, model.dimension) == (3, 32)
    assert passages.dtype == np.float32
    assert np.linalg.norm(passages, axis=1) == pytest.approx(1)
    assert not np.allclose(model.encode(TEXTS, kind="query"), passages)
    assert model.encode([], kind="query").shape == (0, 32)
    assert model.identity == f"sentence-transformers:{embedder}"


def test_relevance_is_between_0_and_1_and_the_same_again(reranker: Path) -> None:
    model = CrossEncoderReranker(str(reranker))
    scores = model.scores("偏头痛怎么缓解", TEXTS)
    assert scores.shape == (3,)
    assert scores.dtype == np.float32
    assert (scores >= 0).all()
    assert (scores <= 1).all()
    assert model.scores("偏头痛怎么缓解", TEXTS[::-1])[::-1] == pytest.approx(scores, abs=1e-5)
    assert model.scores("偏头痛怎么缓解", []).shape == (0,)


def test_what_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    for kind in (CrossEncoderReranker, SentenceTransformerEmbedder):
        with pytest.raises(ConfigurationError, match="cannot be opened"):
            kind(str(tmp_path / "nothing"))
    with pytest.raises(ConfigurationError, match="gives 2 numbers for a pair; expected one"):
        CrossEncoderReranker(str(_bert(tmp_path / "two", 2)))


def test_both_answer_from_a_knowledge_base(embedder: Path, reranker: Path, tmp_path: Path) -> None:
    rows = [{"text": text, "kind": "conclusion", "source": f"研究{n}"} for n, text in enumerate(TEXTS)]
    (tmp_path / "p.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    settings = Settings(_env_file=None, data_dir=tmp_path / "kb", embedder=str(embedder), reranker=str(reranker))
    ingest(Library(settings.data_dir), [tmp_path / "p.jsonl"], settings=settings)
    edition = build(settings).editions.current()
    packaged = default_tuning()
    on = Tuning(packaged.weights, {**packaged.thresholds, "rerank.zh": 1.0})
    arms = edition.retriever.search.arms("偏头痛怎么缓解", ())
    assert {name for name, _ in arms["dense"]} == {p.id for p in edition.kb.scan("passage")}  # type: ignore[union-attr]
    found = replace(edition.retriever.search, tuning=on).passages("偏头痛怎么缓解", (), top_k=3)
    read = CrossEncoderReranker(str(reranker)).scores("偏头痛怎么缓解", [found[0].text])
    assert found[0].arms["rerank"] == pytest.approx(float(read[0]), abs=1e-5)
