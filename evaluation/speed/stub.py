"""Servers for measuring the service itself: one with stub generators, and a bare route to hold it against.

Both are scripts, run as processes of their own, on the same knowledge base. `stub` writes one sentence that holds at
once; `slow` writes one each `EVERY_S` until it is cancelled, for at most a minute.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.errors import YiwenError

EVERY_S = 0.2
GRACE_S = 2.0

_STUB = """
import json, sys, time
from dataclasses import replace
from pathlib import Path
from rag.settings import Settings
from rag.wiring import build

class Stub:
    def __init__(self, identity, pieces, every_s):
        self.identity, self.pieces, self.every_s = identity, pieces, every_s
    def stream(self, request, cancel):
        for number in range(self.pieces):
            if number and cancel.wait(self.every_s):
                return
            yield f"{request.evidence[0].text.rstrip('。')}[1]。"

settings = Settings(
    data_dir=Path(sys.argv[1]), port=0, worker=False, grace_s=float(sys.argv[2]), pointer_poll_s=0.2
)
pipeline = build(settings)
slow = Stub("slow", 1200, float(sys.argv[3]))
pipeline = replace(
    pipeline, generators={"stub": Stub("stub", 1, 0), "slow": slow}, default_generator="stub"
)
"""

SERVICE = (
    _STUB
    + """
from api import server
from api.app import create_app
from api.service import Capacity
app = create_app(settings, pipeline, capacity=Capacity(answers=settings.answers, reattach_s=float(sys.argv[4])))
server.run(app, app.state.service, lambda address: print(address, flush=True))
server.leave()
"""
)

BARE = (
    _STUB
    + """
import logging, statistics
import orjson, uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from starlette.responses import Response
from api.rendering import answer_json
from api.server import listen
from evaluation.speed.asking import mixed_questions
from rag.question.intent import read_intent

edition = pipeline.editions.current()
body = {q: orjson.dumps(answer_json(pipeline.ask(q), edition.kb)) for q in mixed_questions()}

def retrieve(question):
    mentions = edition.linker.link(question)
    edition.retriever.retrieve(question, mentions, read_intent(question, mentions), top_k=settings.top_k)

taken = []
for question in body:
    begin = time.perf_counter()
    retrieve(question)
    taken.append((time.perf_counter() - begin) * 1000)

class Question(BaseModel):
    question: str

app = FastAPI()

@app.post("/v1/ask")
def ask(asked: Question) -> Response:
    retrieve(asked.question)
    return Response(body[asked.question], media_type="application/json")

with listen("127.0.0.1", 0) as bound:
    print(f"http://127.0.0.1:{bound.getsockname()[1]} {statistics.median(taken)}", flush=True)
    uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, http="h11")).run(sockets=[bound])
"""
)


@dataclass(frozen=True)
class Running:
    """A server: where it listens, its process, and for the bare one the p50 of its retrieval in ms."""

    port: int
    process: subprocess.Popen[str]
    retrieval_ms: float = 0.0


@contextmanager
def serving(script: str, data_dir: Path, reattach_s: float = 15.0) -> Iterator[Running]:
    """`script` until the end of the block; an unclaimed answer goes on for `reattach_s`.

    Raises YiwenError if it does not start.
    """
    command = [sys.executable, "-c", script, *map(str, (data_dir, GRACE_S, EVERY_S, reattach_s))]
    process = subprocess.Popen(
        command, cwd=Path(__file__).parents[2], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    try:
        address, *further = process.stdout.readline().split() or [""]
        if not address:
            raise YiwenError(f"the server to measure ended with exit code {process.wait()} before it was ready")
        yield Running(int(address.rpartition(":")[2]), process, *map(float, further))
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def open_files(pid: int) -> int:
    """How many files and sockets a process holds open."""
    return len(os.listdir(f"/proc/{pid}/fd"))
