"""The static embedding: its arithmetic against a naive one, its folder, what a broken folder says."""

from __future__ import annotations

import json
import math
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.embedders.static import StaticEmbedder, StaticModel
from rag.errors import DataError, MissingExtraError, NotFoundError
from rag.text import TEXT_VERSION, tokens

WORDS = ("头", "痛", "头痛", "发", "热", "发热", "aspirin", "5")
TEXTS = st.text(alphabet="头痛发热 aspirin5。，", max_size=30)


def example(exponent: float = 0.5) -> StaticModel:
    rows = np.random.default_rng(3).standard_normal((len(WORDS), 6)).astype(np.float32)
    return StaticModel(WORDS, rows, exponent, {"seed": 3})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model")
    example().save(path)
    return path


@pytest.fixture(scope="module")
def embedder(folder: Path) -> StaticEmbedder:
    return StaticEmbedder.load(folder)


@settings(deadline=None)
@given(texts=st.lists(TEXTS, max_size=8))
def test_a_text_is_the_normalised_weighted_sum_of_its_tokens(embedder: StaticEmbedder, texts: list[str]) -> None:
    model = example()
    vectors = embedder.encode(texts, kind="query")
    assert vectors.shape == (len(texts), 6)
    assert vectors.dtype == np.float32
    for text, vector in zip(texts, vectors, strict=True):
        known = Counter(token for token in tokens(text) if token in WORDS)
        total = sum((model.rows[WORDS.index(t)] * math.sqrt(n) for t, n in known.items()), np.zeros(6))
        expected = total / np.linalg.norm(total) if known else total
        np.testing.assert_allclose(vector, expected, atol=0.03)


def test_rows_have_length_1_or_are_zeros(embedder: StaticEmbedder) -> None:
    lengths = np.linalg.norm(embedder.encode(["头痛", "unknown words", "", "发热5"], kind="passage"), axis=1)
    assert lengths == pytest.approx([1, 0, 0, 1])


def test_no_texts_give_an_empty_table(embedder: StaticEmbedder) -> None:
    assert embedder.encode([], kind="query").shape == (0, 6)


def test_a_text_has_the_same_vector_alone_and_among_thousands(embedder: StaticEmbedder) -> None:
    many = embedder.encode(["头痛发热" * 20] * 200 + ["aspirin 5", "", "发热"], kind="passage")
    np.testing.assert_allclose(many[200], embedder.encode(["aspirin 5"], kind="passage")[0], atol=1e-6)
    assert not many[201].any()


def test_the_same_model_has_the_same_identity_and_another_has_another(tmp_path: Path) -> None:
    one, two = example().save(tmp_path / "a"), example().save(tmp_path / "b")
    assert one == two == StaticEmbedder.load(tmp_path / "a").identity
    assert example(exponent=1.0).save(tmp_path / "c") != one


def test_a_missing_folder_names_the_files_expected(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"vocabulary\.txt"):
        StaticEmbedder.load(tmp_path / "nowhere")


@pytest.mark.parametrize("name", ["config.json", "vocabulary.txt", "vectors.safetensors"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\x00\xff" * 100])
def test_a_damaged_file_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    example().save(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match="yiwen train embed"):
        StaticEmbedder.load(tmp_path)


def test_a_flipped_bit_is_refused(tmp_path: Path) -> None:
    example().save(tmp_path)
    path = tmp_path / "vectors.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="describes"):
        StaticEmbedder.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"format": 9}, "format 1"),
        ({"text_version": TEXT_VERSION + 1}, "text version"),
        ({"dimension": "6"}, "dimension"),
        ({"dimension": 7}, "describes"),
    ],
)
def test_a_config_that_does_not_fit_is_refused(tmp_path: Path, change: dict[str, object], message: str) -> None:
    example().save(tmp_path)
    path = tmp_path / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    with pytest.raises(DataError, match=message):
        StaticEmbedder.load(tmp_path)


@pytest.mark.seconds
def test_the_packaged_model_is_small_and_loads_fast() -> None:
    started = time.process_time()
    embedder = StaticEmbedder.load()
    assert time.process_time() - started < 1.5
    assert embedder.identity.startswith("static-")
    folder = Path(__file__).parents[2] / "rag" / "embedders" / "assets"
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 8_000_000


def test_the_packaged_model_knows_what_belongs_together() -> None:
    embedder = StaticEmbedder.load()
    query = embedder.encode(["血压高要注意什么"], kind="query")[0]
    near, far = embedder.encode(["高血压患者应低盐饮食，按时服用降压药。", "骨折后需要石膏固定。"], kind="passage")
    assert query @ near > query @ far


def test_a_missing_extra_is_named() -> None:
    try:
        import sentence_transformers  # noqa: F401
    except ImportError:
        from rag.embedders.sentence_transformer import SentenceTransformerEmbedder

        with pytest.raises(MissingExtraError, match=r"yiwen\[hf\]"):
            SentenceTransformerEmbedder("any/model")
    else:
        pytest.skip("the extra hf is installed")
