"""Reading, templating, tokenising and packing the published data is fast enough on one core: 20,000 rows a minute."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast

from finetune.data.characters import CHATML
from finetune.data.config import DataConfig
from finetune.data.preparing import prepare

pytestmark = [pytest.mark.real_data, pytest.mark.filterwarnings("ignore")]
FILES = ("llama_data.json", "liver_cancer.json", "alpaca_zh_10k.json")


@pytest.mark.timeout(180)
def test_rows_a_minute_on_one_core(real_data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "false")
    files = [str(real_data / "sft" / name) for name in FILES]
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|im_start|>", "<|im_end|>"]
    made.train(files, trainers.BpeTrainer(vocab_size=8000, special_tokens=special, initial_alphabet=alphabet))
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="<|im_end|>")
    tokenizer.chat_template = CHATML
    begin = time.process_time()
    prepared = prepare(DataConfig(tuple(files)), tokenizer)
    seconds = time.process_time() - begin
    rows = sum(origin.rows for origin in prepared.origins)
    assert rows / seconds * 60 >= 20_000, f"{rows:,} rows in {seconds:.1f} s"
    assert prepared.fill >= 0.99
    learnt = sum(len({document.row for document in one}) for one in prepared.train)
    assert learnt + len([one for one in prepared.losses.rows if one.reason.startswith("left out")]) == rows
