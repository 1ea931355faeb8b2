"""Templates as Jinja texts: the tokenizer's own, those of the reference systems, or one from a file.

All become the same thing and are rendered here, so training renders by the very text that is saved with the model and
serves.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from rag.errors import ConfigurationError, NotFoundError

FILE = Path(__file__).parent / "templates.yaml"
_LISTED = {"prefix", "prompt", "separator", "end", "system", "inside", "history", "always"}
_FOUR = {"description", "prompt_input", "prompt_no_input", "response_split"}
_PLACE = re.compile(r"\{(bos|eos|system|query|turn|instruction|input)\}")
_VALUES = {
    "bos": "bos_token", "eos": "eos_token", "system": "system", "query": "message.content", "turn": "counted.turn",
    "instruction": "message.content", "input": "message.input",
}  # fmt: skip


_PROBE = ({"role": "system", "content": "规则规则"}, {"role": "user", "content": "问题"})
Message = Mapping[str, str]
"""`role` and `content`; `input` for templates that place it."""


@dataclass(frozen=True)
class Template:
    """How messages become text. Each is `{role, content}`, and `{input}` too where `places_input`."""

    name: str
    jinja: str
    places_input: bool = False
    input_fault: str = ""
    """Why rows with an input cannot be rendered; empty if they can."""
    stops: tuple[str, ...] = ()
    """With what a model goes on that does not end its answer: the mark of its end, the head of another question."""


def names() -> list[str]:
    """The packaged templates."""
    return sorted(_packaged())


def template(name: str | None, own: str | None) -> Template:
    """The template of that name or file (`.json` with four keys, `.jinja`); without a name `own`, the tokenizer's.

    Raises ConfigurationError that says what is missing, NotFoundError for a file.
    """
    if name is None:
        if not own:
            raise ConfigurationError(f"the tokenizer has no chat template; set data.template to one of {_all_names()}")
        return Template("of the tokenizer", own)
    if name in _packaged():
        return _made(name, _packaged()[name])
    path = Path(name)
    if path.suffix == ".json":
        return _made(path.stem, _json(path))
    if path.suffix in (".jinja", ".jinja2"):
        return Template(path.stem, _text(path))
    raise ConfigurationError(f"there is no template {name!r}; there are {_all_names()}, or a .json or .jinja file")


def render(tokenizer: Any, template: Template, messages: Sequence[Mapping[str, str]], *, prompt: bool) -> str:  # noqa: ANN401
    """What the template makes of messages; `prompt`: up to where the next answer begins.

    `tokenizer`: one of transformers. Raises ConfigurationError.
    """
    try:
        text: str = tokenizer.apply_chat_template(
            list(messages), chat_template=template.jinja, add_generation_prompt=prompt, tokenize=False
        )
    except Exception as error:  # Jinja templates raise errors of their own choosing
        reason = " ".join(str(error).split())[:200]
        raise ConfigurationError(f"the template {template.name} fails: {reason}") from error
    return text


def prompt_text(tokenizer: Any, template: Template, said: Sequence[tuple[str, str]]) -> str:  # noqa: ANN401
    """The text that is answered, of (role, content), a system message placed as `placed` does.

    Special tokens that a message writes are taken out: they would end its turn. Raises ConfigurationError.
    """
    special = sorted(filter(None, getattr(tokenizer, "all_special_tokens", [])), key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, special)) or "(?!)")
    given = [{"role": role, "content": pattern.sub(" ", content)} for role, content in said]
    return render(tokenizer, template, placed(tokenizer, template, given), prompt=True)


def placed(tokenizer: Any, template: Template, messages: Sequence[Message]) -> list[Message]:  # noqa: ANN401
    """Messages with the system message before the last question where the template refuses or skips it.

    Training and serving both send what this gives. Raises ConfigurationError.
    """
    if not messages or messages[0]["role"] != "system" or places_system(tokenizer, template):
        return list(messages)
    system, rest = messages[0]["content"], [dict(one) for one in messages[1:]]
    last = max((n for n, one in enumerate(rest) if one["role"] == "user"), default=None)
    if last is not None and system.strip():
        rest[last]["content"] = f"{system}\n\n{rest[last]['content']}"
    return list(rest)


def places_system(tokenizer: Any, template: Template) -> bool:  # noqa: ANN401 - of transformers
    """Whether the template shows a system message."""
    try:
        return _PROBE[0]["content"] in render(tokenizer, template, _PROBE, prompt=True)
    except ConfigurationError:
        return False


@lru_cache(maxsize=1)
def _packaged() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def _all_names() -> str:
    return ", ".join(names())


def _json(path: Path) -> Mapping[str, Any]:
    try:
        found = json.loads(_text(path))
    except json.JSONDecodeError as error:
        raise ConfigurationError(f"{path}, line {error.lineno}: not JSON ({error.msg})") from error
    if not isinstance(found, dict):
        raise ConfigurationError(f"{path} holds no object; expected the keys {', '.join(sorted(_FOUR))}")
    return found


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NotFoundError(f"{path} cannot be read ({error}); expected a template") from error


def _made(name: str, given: Mapping[str, Any]) -> Template:
    unknown = sorted(given.keys() - _LISTED - _FOUR)
    if unknown:
        raise ConfigurationError(f"template {name}: unknown keys {', '.join(unknown)}")
    if "prompt" not in given:
        return _four_keys(name, given)
    head = str(given.get("separator", "")) + str(given["prompt"])
    return Template(name, _listed(given), stops=_stops(str(given.get("end", "")), head))


def _stops(end: str, head: str) -> tuple[str, ...]:
    """Of an answer's end mark and the text before another question, what is always the same."""
    lead = _PLACE.split(re.sub(r"\{[be]os\}", "", head))[0]
    line = "\n" if lead.startswith("\n") else ""
    found = (_PLACE.sub("", end).strip(), line + lead.strip())
    return tuple(text for text in found if text.strip())


def _four_keys(name: str, given: Mapping[str, Any]) -> Template:
    """BenTsao's: one text for questions with an input, one for those without."""
    missing = [key for key in ("prompt_no_input", "response_split") if not isinstance(given.get(key), str)]
    if missing:
        raise ConfigurationError(f"template {name} lacks {', '.join(missing)}; expected {', '.join(sorted(_FOUR))}")
    if "{instruction}" not in given["prompt_no_input"]:
        raise ConfigurationError(f"template {name}: prompt_no_input has no place for {{instruction}}")
    with_input, fault = given.get("prompt_input"), ""
    if not isinstance(with_input, str):
        fault = f"template {name} lacks prompt_input, which rows with an input need"
    elif "{input}" not in with_input:
        fault = f"prompt_input of template {name} has no place for {{input}}, so the input would be lost"
    text = (
        "{%- for message in messages -%}{%- if loop.first -%}{{- bos_token -}}{%- endif -%}"
        "{%- if message.role == 'user' -%}"
        f"{{%- if message.input -%}}{_blocks(with_input or '')}{{%- else -%}}{_blocks(given['prompt_no_input'])}"
        "{%- endif -%}{%- elif message.role == 'assistant' -%}{{- message.content -}}{{- eos_token -}}{%- endif -%}"
        "{%- endfor -%}"
    )
    return Template(name, text, True, fault, _stops("", given["prompt_no_input"]))


def _listed(given: Mapping[str, Any]) -> str:
    """The CareGPT line's, HuatuoGPT's and HuatuoGPT-II's."""
    prefix, prompt = str(given.get("prefix", "")), str(given["prompt"])
    places_system = "{system}" in prefix
    question = _blocks(prompt)
    if given.get("inside"):
        before, _, after = prompt.partition("{query}")
        opening = f"{{%- if counted.turn == 0 -%}}{_blocks(prefix)}{{%- endif -%}}"
        question = _blocks(before) + opening + _blocks("{query}" + after)
        prefix = ""
    first = _blocks(prefix)
    if places_system and prefix and not given.get("always"):
        first = f"{{%- if system -%}}{first}{{%- else -%}}{_blocks('{bos}')}{{%- endif -%}}"
    return (
        "{%- set counted = namespace(turn=0) -%}"
        f"{{%- set system = {json.dumps(given.get('system', ''), ensure_ascii=False)} -%}}"
        "{%- set turns = messages -%}{%- if messages[0].role == 'system' -%}"
        + ("{%- set system = messages[0].content -%}" if places_system else "")
        + "{%- set turns = messages[1:] -%}{%- endif -%}"
        + ("" if given.get("history", True) else _LAST_ONLY)
        + "{%- for message in turns -%}{%- if message.role == 'user' -%}"
        f"{{%- if counted.turn == 0 -%}}{first}{{%- else -%}}{_blocks(str(given.get('separator', '')))}{{%- endif -%}}"
        f"{question}{{%- set counted.turn = counted.turn + 1 -%}}"
        "{%- else -%}{{- message.content -}}" + _blocks(str(given.get("end", "{eos}"))) + "{%- endif -%}{%- endfor -%}"
    )


_LAST_ONLY = "{%- set turns = turns[-2:] if turns[-1].role == 'assistant' else turns[-1:] -%}"


def _blocks(text: str) -> str:
    """Jinja that writes `text`, places such as {query} filled; nothing outside of blocks, so white space is exact."""
    parts = _PLACE.split(text)
    written = [
        f"{{{{- {_VALUES[part] if n % 2 else json.dumps(part, ensure_ascii=False)} -}}}}"
        for n, part in enumerate(parts)
        if part
    ]
    return "".join(written)
