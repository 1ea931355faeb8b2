"""The flattened dialogues that BenTsao published: restored to turns, with the loss on each answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from finetune.data.characters import Characters
from finetune.data.config import DataConfig
from finetune.data.loading import load
from finetune.data.preparing import prepare
from finetune.data.preview import pieces
from finetune.data.rows import Row

pytestmark = pytest.mark.real_data
TURNS = {1: 292, 2: 285, 3: 272, 4: 126, 5: 22, 6: 3}


def test_each_answer_of_the_restored_dialogues_is_learnt(real_data: Path) -> None:
    path = real_data / "sft" / "liver_cancer.json"
    rows = load(str(path)).rows
    assert {n: sum(len(row.answers) == n for row in rows if isinstance(row, Row)) for n in TURNS} == TURNS
    tokenizer = Characters()
    made = prepare(DataConfig((str(path),), cutoff=2048), tokenizer)
    assert not made.losses.rows
    documents = {document.row: document for pack in made.train for document in pack}
    for number, given in enumerate(json.loads(path.read_text(encoding="utf-8"))):
        text = "".join(piece.text if piece.learnt else "\0" for piece in pieces(tokenizer, documents[number]))
        learnt = [part for part in text.split("\0") if part]
        said = [part.partition("<bot>:")[2].strip() for part in given["instruction"].split("<user>:")[1:-1]]
        assert learnt == [f"{answer}<|im_end|>" for answer in (*said, given["output"])]
