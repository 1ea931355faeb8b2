"""Answers of a local model alone, without knowledge base: for `yiwen batch` and to look at what training did.

One code path with training: the model's own template, or a rendering given by the caller.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.data.rendering import Renderer
from finetune.data.rows import Message
from finetune.legacy import converted
from finetune.libraries import hush
from finetune.models import fitting, opening
from finetune.saving import check_base
from rag.errors import ConfigurationError, ConflictError, DataError, MissingExtraError
from rag.snapshot.files import storage_errors

try:
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig, GenerationConfig, TextStreamer
except ImportError as error:
    raise MissingExtraError("local models need torch and transformers: pip install 'yiwen[hf]'") from error


@dataclass(frozen=True)
class Decoding:
    """How tokens are chosen. A temperature of 0 takes the most likely one, the same in each run."""

    tokens: int = 512
    """Longest answer."""
    temperature: float = 0.0
    top_p: float = 1.0
    top_k: int = 0
    beams: int = 1
    repetition_penalty: float = 1.0
    seed: int = 0


class Writer:
    """A model with the adapters merged in turn, and its tokenizer."""

    def __init__(
        self,
        model: str,
        adapters: Sequence[Path] = (),
        *,
        bits: int = 16,
        template: str | None = None,
        device: str = "auto",
    ) -> None:
        """`template`: a name or file of `rag.templates`; default: that which the adapter or the model brings.

        Raises ConfigurationError if the model cannot be opened or there is no such template, DataError where an
        adapter does not fit.
        """
        hush()
        self._device = "cuda" if device == "auto" and torch.cuda.is_available() else "cpu"
        own = [folder for folder in adapters if (folder / "tokenizer_config.json").exists()]
        given: dict[str, Any] = {"dtype": "auto"}
        if bits != 16:
            quantised = BitsAndBytesConfig(load_in_8bit=bits == 8, load_in_4bit=bits == 4, bnb_4bit_quant_type="nf4")
            given |= {"quantization_config": quantised, "device_map": self._device}
        with opening(f"the model {model}", model):
            self.tokenizer = AutoTokenizer.from_pretrained(str(own[-1]) if own else model)
            self.model = AutoModelForCausalLM.from_pretrained(model, **given)
        for number, folder in enumerate(adapters):
            check_base(model, folder, adapters[:number])
            with fitting(str(folder)):
                self._add(str(converted(folder)), number, merged=bits == 16)
        if bits == 16:
            self.model.to(self._device)
        self.model.eval()
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token = self.tokenizer.eos_token
        named = template is not None or self.tokenizer.chat_template
        self._renderer = Renderer(self.tokenizer, template) if named else None
        self._stops = self._renderer.template.stops if self._renderer is not None else ()

    def _add(self, folder: str, number: int, *, merged: bool) -> None:
        """One adapter more; beside the others where quantised weights take none into themselves."""
        if merged:
            self.model = PeftModel.from_pretrained(self.model, folder).merge_and_unload(safe_merge=True)
        elif number == 0:
            self.model = PeftModel.from_pretrained(self.model, folder, adapter_name="0")
        else:
            self.model.load_adapter(folder, adapter_name=str(number))
            self.model.base_model.set_adapter([str(n) for n in range(number + 1)])

    def prompt(self, messages: Sequence[Mapping[str, str]]) -> str:
        """The text that a dialogue becomes, as in training. Raises DataError for a model without template."""
        if self._renderer is None:
            raise DataError("the model has no chat template; name one (--template), or give rows with `prompt`")
        given = [Message(one["role"], one["content"], one.get("input", "")) for one in messages]
        try:
            return self._renderer.prompt(given)
        except ConfigurationError as error:
            raise DataError(f"the row cannot be rendered: {error}") from error

    def answer(self, prompt: str, decoding: Decoding, *, show: Callable[[str], None] | None = None) -> str:
        """What the model writes after `prompt`; `show` is given pieces as they are written. DataError if too long."""
        ids = self.tokenizer(prompt, return_tensors="pt", add_special_tokens=False)["input_ids"]
        most = getattr(self.model.config, "max_position_embeddings", None)
        if not ids.shape[1] or (most and ids.shape[1] + decoding.tokens > most):
            raise DataError(f"the prompt has {ids.shape[1]} tokens; expected 1 to {(most or 0) - decoding.tokens}")
        ids = ids.to(self.model.device)
        torch.manual_seed(decoding.seed)
        with torch.inference_mode():
            written = self.model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                generation_config=self._settings(decoding),
                tokenizer=self.tokenizer,
                streamer=_Pieces(self.tokenizer, show) if show is not None else None,
            )
        text: str = self.tokenizer.decode(written[0, ids.shape[1] :], skip_special_tokens=True)
        for stop in self._stops:
            text = text.partition(stop)[0]
        return text.strip()

    def _settings(self, decoding: Decoding) -> GenerationConfig:
        sampled = decoding.temperature > 0 and decoding.beams == 1
        ends = self.model.generation_config.eos_token_id
        chosen = (
            {"temperature": decoding.temperature, "top_p": decoding.top_p, "top_k": decoding.top_k or None}
            if sampled
            else {}
        )
        return GenerationConfig(
            max_new_tokens=decoding.tokens,
            do_sample=sampled,
            num_beams=decoding.beams,
            repetition_penalty=decoding.repetition_penalty,
            eos_token_id=self.tokenizer.eos_token_id if ends is None else ends,
            stop_strings=list(self._stops) or None,
            pad_token_id=self.tokenizer.pad_token_id,
            **chosen,
        )


class _Pieces(TextStreamer):  # type: ignore[misc] # transformers has no types here
    def __init__(self, tokenizer: Any, show: Callable[[str], None]) -> None:  # noqa: ANN401 - of transformers
        super().__init__(tokenizer, skip_prompt=True, skip_special_tokens=True)
        self._show = show

    def on_finalized_text(self, text: str, stream_end: bool = False) -> None:
        """One piece."""
        self._show(text)


@dataclass(frozen=True)
class Done:
    """What `batch` did: rows answered now, those that failed, and those that were there already."""

    answered: int
    failed: int
    kept: int


def batch(
    source: Path,
    out: Path,
    answer: Callable[[Mapping[str, Any]], str],
    *,
    about: Mapping[str, object],
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Done:
    """Answer each row of a file (JSON Lines or an array); a row that fails gets its reason, and the others go on.

    `out` gets `{"row", "id"?, "answer" | "error"}` a line, flushed one by one: begun again with the same `about` (kept
    in `out`.about.json), rows that are answered there are kept. ConflictError if `about` differs, DataError if `source`
    is no such file.
    """
    rows = list(read_rows(source))
    with storage_errors(out):
        kept = _begun(out, source, about)
        answered = failed = 0
        with out.open("a", encoding="utf-8") as file:
            for done, (number, row) in enumerate(rows, start=1):
                progress(done, len(rows))
                if number in kept:
                    continue
                entry = _entry(number, row, answer)
                answered, failed = answered + ("answer" in entry), failed + ("error" in entry)
                file.write(json.dumps(entry, ensure_ascii=False) + "\n")
                file.flush()
    return Done(answered, failed, len(kept))


def read_rows(source: Path) -> Iterator[tuple[int, Mapping[str, Any] | DataError]]:
    """Numbers and objects of JSON Lines or an array; a line that is none is an error of that row."""
    try:
        text = source.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{source} cannot be read ({error}); expected JSON Lines in UTF-8") from error
    if text.lstrip().startswith("["):
        yield from _array(source, text)
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except ValueError as error:
            yield number, DataError(f"line {number} is no JSON ({error})")
            continue
        yield number, row if isinstance(row, dict) else DataError(f"line {number} is no object")


def _array(source: Path, text: str) -> Iterator[tuple[int, Mapping[str, Any] | DataError]]:
    """The objects of one JSON array, numbered from 1."""
    try:
        rows = json.loads(text)
    except ValueError as error:
        raise DataError(
            f"{source} begins as a JSON array and is none ({error}); expected one, or JSON Lines"
        ) from error
    for number, row in enumerate(rows, start=1):
        yield number, row if isinstance(row, dict) else DataError(f"row {number} is no object")


def messages_of(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """From `messages`, `question`, or `instruction` with `input`; an answer at the end, as training rows have, goes.

    DataError if there is none of them.
    """
    if isinstance(row.get("messages"), list):
        found = [one for one in row["messages"] if isinstance(one, dict) and {"role", "content"} <= one.keys()]
        found = found[:-1] if found and found[-1]["role"] == "assistant" else found
        if not found or found[-1]["role"] != "user":
            raise DataError("`messages` must end with a question of the user, or an answer to one")
        return [{"role": str(one["role"]), "content": str(one["content"])} for one in found]
    asked, beside = (row["question"], "") if row.get("question") else (row.get("instruction"), row.get("input"))
    content, more = (str(asked or beside or ""), str(beside or "") if asked else "")
    if not content.strip():
        raise DataError("the row has none of messages, question, instruction, prompt")
    return [{"role": "user", "content": content, "input": more}]


def _entry(
    number: int, row: Mapping[str, Any] | DataError, answer: Callable[[Mapping[str, Any]], str]
) -> dict[str, Any]:
    entry: dict[str, Any] = {"row": number}
    try:
        if isinstance(row, DataError):
            raise row
        entry |= {"id": row["id"]} if "id" in row else {}
        entry["answer"] = answer(row)
    except DataError as error:
        entry["error"] = str(error)
    return entry


def _begun(out: Path, source: Path, about: Mapping[str, object]) -> set[int]:
    """Rows answered before; what failed and a line that was cut off are dropped, to be tried again."""
    note = out.with_name(out.name + ".about.json")
    wanted = json.dumps(dict(about) | {"source": source.name}, ensure_ascii=False, sort_keys=True)
    if not out.exists():
        note.write_text(wanted, encoding="utf-8")
        return set()
    if not note.exists() or note.read_text(encoding="utf-8") != wanted:
        raise ConflictError(f"{out} holds answers of another model, file or decoding; name another file or remove it")
    good = [entry for entry in _lines(out) if "answer" in entry]
    aside = out.with_name(f".{out.name}.tmp")
    aside.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in good), encoding="utf-8")
    os.replace(aside, out)
    return {int(entry["row"]) for entry in good}


def _lines(path: Path) -> Iterable[dict[str, Any]]:
    for _, row in read_rows(path):
        if not isinstance(row, DataError):
            yield dict(row)
