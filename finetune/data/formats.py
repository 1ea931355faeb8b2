"""One reader a form: record -> row. Which columns a form has, and which form a record is of where none is named.

A file that is not what it should be raises DataError that names the place; a row that cannot be learnt from is `Left`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from finetune.data.dialogues import from_history, from_marked, from_messages, from_texts, is_flattened, unflattened
from finetune.data.fields import answer_of, list_of, object_of, shape_of, text_of, text_or_empty, unknown
from finetune.data.records import Record
from finetune.data.rows import ASSISTANT, SYSTEM, USER, AnyRow, Left, Message, Preference, Row, Text, fault_of
from finetune.pairs import ANSWER_KEYS, QUESTION_KEYS
from rag.errors import DataError


@dataclass(frozen=True)
class Columns:
    """Which column holds what; None: there is none. The defaults are Alpaca's."""

    prompt: str | None = "instruction"
    query: str | None = "input"
    response: str | None = "output"
    history: str | None = "history"
    system: str | None = "system"
    messages: str | None = None
    role: str | None = None
    """Of a turn; default: what the form calls it. So is `content`."""
    content: str | None = None
    chosen: str | None = None
    rejected: str | None = None
    optional: frozenset[str] = frozenset({"query", "history", "system"})
    """Those that need not be there: nobody named them."""


ALPACA = Columns()


def read_rows(records: Iterator[Record], source: str, form: str, columns: Columns = ALPACA) -> Iterator[AnyRow | Left]:
    """Rows of the data set `source`; `form` is one of FORMS or `auto`, by which the first record decides.

    DataError for a column that does not exist and for a value of another type, with file and line.
    """
    read = FORMS.get(form)
    unseen = {key for key in ("query", "history", "system") if key not in columns.optional and getattr(columns, key)}
    place = ""
    for record in records:
        place = record.file
        read = read or FORMS[detected(record)]
        value = record.value
        if unseen and isinstance(value, dict):
            unseen -= {key for key in unseen if getattr(columns, key) in value}
        try:
            row = read(record, columns)
        except ValueError as fault:
            yield Left(record.origin, record.number, str(fault))
            continue
        yield _placed(row, record.origin, record.number)
    if unseen and place:
        names = ", ".join(str(getattr(columns, key)) for key in sorted(unseen))
        raise DataError(f"{place}: no row has the column {names}; correct `columns` of {source}")


def detected(record: Record) -> str:
    """The form of a record. Raises DataError that lists them."""
    value = record.value
    if isinstance(value, str):
        return "text"
    if isinstance(value, list):
        return "huatuogpt" if value and str(value[0]).startswith(("问：", "问:")) else "pairs"
    if isinstance(value, dict):
        for form, needed in _SIGNS:
            if all(key in value for key in needed):
                flattened = form == "alpaca" and is_flattened(str(value[needed[0]]))
                return "bentsao" if flattened else form
        if _pair_keys(value) is not None:
            return "pairs"
    raise DataError(
        f"{record.place}: {shape_of(value)}; expected the form {', '.join(FORMS)}, or `columns` that say what is what"
    )


def _placed(row: AnyRow, source: str, number: int) -> AnyRow | Left:
    """The row with its place, or why it is none."""
    if isinstance(row, Row):
        fault = fault_of(row.messages)
        return Left(source, number, fault) if fault else Row(row.messages, source, number)
    if isinstance(row, Preference):
        fault = fault_of((*row.messages, Message(ASSISTANT, row.chosen)))
        fault = fault or (None if row.rejected.strip() else "empty answer")
        fault = fault or ("two answers that are the same" if row.chosen == row.rejected else None)
        return Left(source, number, fault) if fault else _numbered(row, source, number)
    return Text(row.text, source, number) if row.text.strip() else Left(source, number, "empty text")


def _numbered(row: Preference, source: str, number: int) -> Preference:
    return Preference(row.messages, row.chosen, row.rejected, source, number)


# ---------------------------------------------------------------- the forms


def _alpaca(record: Record, columns: Columns) -> AnyRow:
    if columns.response is None and columns.chosen is None:
        return Text(record.value if isinstance(record.value, str) else text_of(record, columns.prompt))
    value = object_of(record)
    history = value.get(columns.history) if columns.history else None
    system, asked = text_or_empty(record, columns.system), text_of(record, columns.prompt)
    question = Message(USER, asked, text_or_empty(record, columns.query))
    turns = unflattened(asked) if is_flattened(asked) else (*from_history(history or ()), question)
    messages = (Message(SYSTEM, system), *turns) if system else turns
    if columns.chosen and columns.rejected:
        return Preference(messages, text_of(record, columns.chosen), text_of(record, columns.rejected))
    answer = value.get(columns.response or "")
    if isinstance(answer, list):
        if len(answer) != 2 or not all(isinstance(one, str) for one in answer):
            raise ValueError("answers that are no two texts")
        return Preference(messages, answer[0], answer[1])
    return Row((*messages, Message(ASSISTANT, text_of(record, columns.response))))


def _sharegpt(record: Record, columns: Columns) -> AnyRow:
    return _with_answers(record, columns, list_of(record, columns.messages or "conversations"), "from", "value")


def _messages(record: Record, columns: Columns) -> AnyRow:
    return _with_answers(record, columns, list_of(record, columns.messages or "messages"), "role", "content")


def _with_answers(record: Record, columns: Columns, talk: Sequence[object], role: str, content: str) -> AnyRow:
    """A dialogue, or one with two answers; `role` and `content` are the form's own words for these."""
    turns = from_messages(talk, columns.role or role, columns.content or content)
    value = object_of(record)
    system = value.get(columns.system or "system")
    if isinstance(system, str) and system and turns and turns[0].role != SYSTEM:
        turns = (Message(SYSTEM, system), *turns)
    chosen, rejected = columns.chosen or "chosen", columns.rejected or "rejected"
    if chosen in value and rejected in value:
        return Preference(turns, answer_of(record, chosen), answer_of(record, rejected))
    return Row(turns)


def _preference(record: Record, columns: Columns) -> AnyRow:
    value = object_of(record)
    if "messages" in value:
        return _messages(record, columns)
    if (columns.messages or "conversations") in value:
        return _sharegpt(record, columns)
    prompt = value.get("prompt")
    if isinstance(prompt, list):
        return _with_answers(record, columns, prompt, "role", "content")
    if isinstance(prompt, str):
        return Preference((Message(USER, prompt),), answer_of(record, "chosen"), answer_of(record, "rejected"))
    named = Columns(columns.prompt, columns.query, None, columns.history, columns.system)
    pair = Columns(**{**vars(named), "chosen": columns.chosen or "chosen", "rejected": columns.rejected or "rejected"})
    return _alpaca(record, columns if columns.response in value else pair)


def _pairs(record: Record, columns: Columns) -> AnyRow:
    if isinstance(record.value, list):
        return Row(from_texts(record.value))
    keys = _pair_keys(object_of(record))
    if keys is None:
        raise unknown(record, f"one of {', '.join(QUESTION_KEYS)} and one of {', '.join(ANSWER_KEYS)}")
    asked, answered = keys
    question = "\n".join(dict.fromkeys(text_of(record, key) for key in asked if record.value[key]))
    return Row((Message(USER, question), Message(ASSISTANT, text_of(record, answered))))


def _pair_keys(value: Mapping[str, object]) -> tuple[list[str], str] | None:
    asked = [key for key in QUESTION_KEYS if key in value]
    answered = next((key for key in ANSWER_KEYS if key in value), None)
    return (asked, answered) if asked and answered else None


def _plain(record: Record, columns: Columns) -> AnyRow:
    if isinstance(record.value, str):
        return Text(record.value)
    return Text(text_of(record, "text" if columns is ALPACA else columns.prompt))


def _huatuogpt(record: Record, columns: Columns) -> AnyRow:
    value = record.value
    if isinstance(value, dict) and "json_dialogue" in value:
        try:
            value = json.loads(text_of(record, "json_dialogue"))
        except json.JSONDecodeError:
            raise ValueError("json_dialogue that is no JSON") from None
    elif isinstance(value, dict):
        value = list_of(record, "data")
    if not isinstance(value, list):
        raise unknown(record, "data, a list of 问：… and 答：…")
    return Row(from_marked(value))


def _huatuogpt2(record: Record, columns: Columns) -> AnyRow:
    return Row((Message(USER, text_of(record, "query")), Message(ASSISTANT, text_of(record, "response"))))


def _med_chatglm(record: Record, columns: Columns) -> AnyRow:
    context = text_of(record, "context").strip()
    for head in ("问题：", "问题:"):
        context = context.removeprefix(head)
    for tail in ("回答:", "回答：", "答案：", "答案:"):
        context = context.removesuffix(tail)
    return Row((Message(USER, context.strip()), Message(ASSISTANT, text_of(record, "target"))))


FORMS: Mapping[str, Callable[[Record, Columns], AnyRow]] = {
    "alpaca": _alpaca,
    "bentsao": _alpaca,
    "sharegpt": _sharegpt,
    "messages": _messages,
    "preference": _preference,
    "pairs": _pairs,
    "text": _plain,
    "huatuogpt": _huatuogpt,
    "huatuogpt2": _huatuogpt2,
    "med-chatglm": _med_chatglm,
}
_SIGNS: Sequence[tuple[str, tuple[str, ...]]] = (
    ("preference", ("chosen", "rejected")),
    ("sharegpt", ("conversations",)),
    ("messages", ("messages",)),
    ("alpaca", ("instruction", "output")),
    ("huatuogpt", ("data",)),
    ("huatuogpt", ("json_dialogue",)),
    ("med-chatglm", ("context", "target")),
    ("huatuogpt2", ("text", "query", "response")),
    ("text", ("text",)),
)
"""Keys that tell a form, first match first."""
