"""A consult record, and the answer made once more from it.

What a language model writes is not repeatable, everything else here is: the same question, options, version and pieces
of text give the same answer byte for byte. So the pieces are kept, and replaying runs the pipeline with them in the
place of the models. Only the answer's id and times, which name the event, are taken from the record.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from typing import Any, Literal

import orjson

from api.rendering import Json, answer_json
from api.state.consults import Consult
from rag.domain import GenerationRequest, Patient, Pointer, Sex, Turn
from rag.editions import Edition
from rag.errors import DependencyError
from rag.pipeline import Options, Pipeline
from rag.ports import Generator

End = Literal["ended", "failed", "stopped", "cancelled"]
_OF_THE_EVENT = ("answer_id", "timings_ms")


@dataclass
class Tape:
    """What one generator wrote in one answer: the pieces that were taken from it, and how it ended."""

    name: str
    identity: str
    pieces: list[str] = field(default_factory=list)
    end: End = "ended"


class Recorder(Mapping[str, Generator]):
    """The generators of one answer; what they write is also on `tapes`."""

    def __init__(self, generators: Mapping[str, Generator]) -> None:
        self._generators = generators
        self._wrapped: dict[str, Generator] = {}
        self.tapes: list[Tape] = []

    def __getitem__(self, name: str) -> Generator:
        """The same object each time: the pipeline asks whether a generator is the last resort itself."""
        if name not in self._wrapped:
            self._wrapped[name] = _Recorded(name, self._generators[name], self.tapes)
        return self._wrapped[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._generators)

    def __len__(self) -> int:
        return len(self._generators)


class _Recorded:
    def __init__(self, name: str, generator: Generator, tapes: list[Tape]) -> None:
        self.identity = generator.identity
        self._name, self._generator, self._tapes = name, generator, tapes

    def stream(self, request: GenerationRequest, cancel: threading.Event) -> Iterator[str]:
        tape = Tape(self._name, self.identity)
        self._tapes.append(tape)
        try:
            for piece in self._generator.stream(request, cancel):
                tape.pieces.append(piece)
                yield piece
        except GeneratorExit:
            if cancel.is_set():
                tape.pieces.pop()  # it came too late to be read
            raise
        except Exception:
            tape.end = "failed"
            raise
        finally:
            if cancel.is_set() and tape.end != "failed":
                tape.end = "cancelled" if getattr(cancel, "cancelled", True) else "stopped"


class _Played:
    """A tape in the place of its generator."""

    def __init__(self, tape: Tape, cancel: threading.Event) -> None:
        self.identity = tape.identity
        self._tape, self._cancel = tape, cancel

    def stream(self, request: GenerationRequest, cancel: threading.Event) -> Iterator[str]:
        yield from self._tape.pieces
        if self._tape.end == "cancelled":
            self._cancel.set()
        elif self._tape.end != "ended":
            raise DependencyError("as recorded")


def consult_of(question: str, options: Options, tapes: list[Tape], answer: Json, edition: Edition) -> Consult:
    """What to keep of an answer that `edition` gave."""
    asked = {
        "question": question,
        "options": asdict(replace(options, kb_version=edition.pointer.version)),
        "pointer": asdict(edition.pointer),
        "digest": edition.kb.digest,
    }
    program = {"version": metadata.version("yiwen")}
    return Consult(str(answer["answer_id"]), asked, [asdict(tape) for tape in tapes], answer, program)


def pointer_of(consult: Consult) -> Pointer:
    """What was served when it was answered."""
    return Pointer(**consult.asked["pointer"])


def replayed(consult: Consult, pipeline: Pipeline) -> Json:
    """The answer of the record, made anew by `pipeline`, which serves the pointer of the record and nothing else."""
    cancel = threading.Event()
    tapes = [Tape(**tape) for tape in consult.tapes]
    generators: dict[str, Generator] = {tape.name: _Played(tape, cancel) for tape in tapes}
    options = _options(consult.asked["options"])
    asked_for = options.generator or (tapes[0].name if tapes else pipeline.default_generator)
    silent = _Played(Tape(asked_for, str(consult.answer["generator"])), cancel)
    taped = replace(pipeline, generators={asked_for: silent} | generators, default_generator=asked_for)
    events = list(taped.stream(str(consult.asked["question"]), options, cancel))
    answer = answer_json(events[-1].answer, pipeline.editions.current().kb)  # type: ignore[union-attr]  # Finished
    return answer | {key: consult.answer[key] for key in _OF_THE_EVENT}


def differences(consult: Consult, answer: Json) -> list[str]:
    """The fields of `answer` that are not byte for byte those of the record."""
    kept = consult.answer
    return [key for key in {**kept, **answer} if orjson.dumps(kept.get(key)) != orjson.dumps(answer.get(key))]


def _options(kept: Mapping[str, Any]) -> Options:
    patient = kept["patient"]
    if patient is not None:
        named = {name: tuple(patient[name]) for name in ("allergies", "drugs", "conditions")}
        patient = Patient(**{**patient, **named, "sex": Sex(patient["sex"]) if patient["sex"] else None})
    history = tuple(Turn(**turn) for turn in kept["history"])
    return Options(**{**kept, "patient": patient, "history": history})
