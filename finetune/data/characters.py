"""A tokenizer without a vocabulary, one token a character: to look at rows and masks where no model is at hand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from rag.errors import MissingExtraError

CHATML = (
    "{%- for message in messages -%}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' -}}"
    "{%- endfor -%}{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\n' -}}{%- endif -%}"
)
"""The template of most open models."""
_SPECIAL = ("<|im_start|>", "<|im_end|>")
_PIECE = re.compile("|".join(map(re.escape, _SPECIAL)) + r"|.", re.DOTALL)


class Characters:
    """What `finetune.data` uses of a tokenizer of transformers. Ids are code points, special tokens come after them."""

    chat_template: str | None = CHATML
    bos_token: str | None = None
    eos_token: str | None = _SPECIAL[1]
    all_special_tokens: Sequence[str] = _SPECIAL

    def __call__(
        self, texts: Sequence[str], *, add_special_tokens: bool = False, return_offsets_mapping: bool = False
    ) -> Mapping[str, Any]:
        """`input_ids`, and `offset_mapping` if asked, of each text."""
        found = [[(match[0], match.span()) for match in _PIECE.finditer(text)] for text in texts]
        ids = [[_id(piece) for piece, _ in one] for one in found]
        return {"input_ids": ids, "offset_mapping": [[span for _, span in one] for one in found]}

    def convert_ids_to_tokens(self, ids: Sequence[int]) -> list[str]:
        """Texts of tokens."""
        return [chr(one) if one < 0x110000 else _SPECIAL[one - 0x110000] for one in ids]

    def decode(self, ids: Sequence[int]) -> str:
        """The text."""
        return "".join(self.convert_ids_to_tokens(ids))

    def apply_chat_template(
        self,
        messages: Sequence[Mapping[str, str]],
        *,
        chat_template: str | None = None,
        add_generation_prompt: bool = False,
        tokenize: bool = False,
    ) -> str:
        """As transformers renders it."""
        compiled = _compiled(chat_template or self.chat_template or "")
        special = {"bos_token": self.bos_token or "", "eos_token": self.eos_token}
        text: str = compiled.render(messages=messages, add_generation_prompt=add_generation_prompt, **special)
        return text


def _id(piece: str) -> int:
    return ord(piece) if len(piece) == 1 else 0x110000 + _SPECIAL.index(piece)


@lru_cache(maxsize=32)
def _compiled(text: str) -> Any:  # noqa: ANN401 - of jinja2
    try:
        from jinja2.sandbox import ImmutableSandboxedEnvironment
    except ImportError as error:
        raise MissingExtraError("templates need jinja2: pip install 'yiwen[train]'") from error
    return ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True).from_string(text)
