"""The service under traffic: `python -m evaluation.speed.traffic SECONDS ASKS FILE...` prints one JSON document.

A service with stub generators and a bare route, each a process, on one knowledge base: throughput in turn, first event,
gaps in many streams while the pointer moves, four times the load that it can take, stopping, memory, the end.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

from evaluation.speed.asking import mixed_questions
from evaluation.speed.connections import Tally, ask_all, events, head, reply, request, watch
from evaluation.speed.figures import percentile
from evaluation.speed.process import memory_mb
from evaluation.speed.stub import BARE, EVERY_S, GRACE_S, SERVICE, Running, open_files, serving
from evaluation.speed.swaps import publish_versions
from kg_loader.versions import activate
from rag.snapshot import Library

CONNECTIONS, OVERLOAD = 64, 4
_SSE = "text/event-stream"
_WARM = 300
_KNOWN = "2型糖尿病有什么症状？"
_SLOW = {"question": _KNOWN, "generator": "slow", "detail": "full"}


def _questions() -> Iterator[str]:
    return cycle(mixed_questions())


async def throughput(service: Running, bare: Running, seconds: float) -> dict[str, Any]:
    """Answers a second of both, in turn; the first turn warms."""
    rates: dict[int, list[float]] = {service.port: [], bare.port: []}
    for turn in range(4):
        for port in (service.port, bare.port) if turn % 2 else (bare.port, service.port):
            tally = await ask_all(port, _questions(), connections=CONNECTIONS, seconds=seconds if turn else 1.0)
            if turn:
                rates[port].append(tally.rate())
    ours, theirs = rates[service.port], rates[bare.port]
    return {"ours": ours, "bare": theirs, "ratio": [a / b for a, b in zip(ours, theirs, strict=True)]}


async def first_event(service: Running, times: int) -> list[float]:
    """Milliseconds to the first event of a stream, one asked after the other."""
    taken = []
    for question, _ in zip(_questions(), range(times), strict=False):
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        asked = time.perf_counter()
        writer.write(request("/v1/ask", {"question": question}, accept=_SSE))
        await head(reader)
        seen = [time.perf_counter() async for _ in events(reader)]  # to its end, or the next one would wait for it
        taken.append((seen[0] - asked) * 1000)
        writer.close()
    return taken


async def _follow(service: Running, gaps: list[float], ids: list[str]) -> str:
    """One slow stream to its end: what its gaps between sentences are beyond the generator's own; the last event."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(request("/v1/ask", dict(_SLOW), accept=_SSE))
    await head(reader)
    last, name = 0.0, ""
    async for name, data in events(reader):
        now = time.perf_counter()
        if name == "meta":
            ids.append(json.loads(data)["answer_id"])
        elif name == "token":
            if last:
                gaps.append((now - last - EVERY_S) * 1000)
            last = now
    writer.close()
    return name


async def _stop(service: Running, answer_id: str) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(request(f"/v1/answers/{answer_id}", method="DELETE"))
    await reply(reader)
    writer.close()


async def streams(service: Running, library: Library, seconds: float) -> dict[str, Any]:
    """Many streams at once, in the middle the pointer goes to another version and back; then all are stopped."""
    gaps: list[float] = []
    ids: list[str] = []
    running = [asyncio.ensure_future(_follow(service, gaps, ids)) for _ in range(CONNECTIONS)]
    while len(ids) < CONNECTIONS and not any(stream.done() for stream in running):
        await asyncio.sleep(0.05)  # one that has told no id yet could not be stopped below
    await asyncio.sleep(seconds / 2)
    for version in (2, 1):
        await asyncio.to_thread(activate, library, version)
        await asyncio.sleep(seconds / 4)
    begin = time.perf_counter()
    await asyncio.gather(*(_stop(service, answer) for answer in ids))
    last = await asyncio.gather(*running)
    stopped = time.perf_counter() - begin
    return {
        "gaps": len(gaps), "gap_p99_ms": percentile(gaps, 0.99), "longest_gap_ms": max(gaps),
        "stopped_s": stopped, "ended": sorted(set(last)),
    }  # fmt: skip


async def overload(service: Running, peak: float, seconds: float) -> dict[str, Any]:
    """Four times as many questions a second as it can answer, each connection at its own pace."""
    connections = CONNECTIONS * OVERLOAD
    stop = asyncio.Event()
    watching = asyncio.ensure_future(watch(service.port, "/healthz", 0.05, stop))
    tally = await ask_all(
        service.port, _questions(), connections=connections, seconds=seconds, every_s=connections / (OVERLOAD * peak)
    )
    stop.set()
    health = await watching
    refused = tally.milliseconds.get(503, [0.0])
    return {
        "offered": sum(tally.counts.values()) / tally.seconds / peak, "goodput": tally.rate() / peak,
        "refused": len(refused), "refused_p99_ms": percentile(refused, 0.99),
        "health_p99_ms": percentile(health, 0.99), "statuses": dict(tally.counts), "broken": tally.failed,
    }  # fmt: skip


async def dropped(service: Running, patience_s: float) -> float:
    """Seconds from leaving a stream until nothing is written any more."""
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(request("/v1/ask", dict(_SLOW), accept=_SSE))
    await head(reader)
    async for name, _ in events(reader):
        if name == "token":
            break
    writer.close()
    begin = time.perf_counter()
    while await _in_flight(service) and time.perf_counter() - begin < patience_s:
        await asyncio.sleep(0.05)
    return time.perf_counter() - begin


async def _in_flight(service: Running) -> float:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    writer.write(request("/metrics"))
    _, _, text = await reply(reader)
    writer.close()
    lines = text.decode().splitlines()
    return float(next(line for line in lines if line.startswith("yiwen_answers_in_flight ")).split()[1])


async def memory(service: Running, asks: int) -> dict[str, Any]:
    """Memory and open files after `asks` questions / before them."""
    pid = service.process.pid
    await ask_all(service.port, _questions(), connections=CONNECTIONS, most=max(_WARM, asks // 5))
    await asyncio.sleep(0.5)
    before, files = memory_mb(pid, "RssAnon") or 1.0, open_files(pid)
    tally = await ask_all(service.port, _questions(), connections=CONNECTIONS, most=asks)
    await asyncio.sleep(0.5)
    after = memory_mb(pid, "RssAnon") or 1.0
    return {"statuses": dict(tally.counts), "growth": after / before, "mb": after, "files": open_files(pid) - files}


async def ending(service: Running) -> dict[str, Any]:
    """SIGTERM while streams are written and questions asked: how the streams end, and when the process."""
    gaps: list[float] = []
    running = [asyncio.ensure_future(_follow(service, gaps, [])) for _ in range(16)]
    asking = asyncio.ensure_future(ask_all(service.port, _questions(), connections=8, seconds=GRACE_S + 3))
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    await asyncio.sleep(1.0)
    begin = time.perf_counter()
    service.process.send_signal(signal.SIGTERM)
    await asyncio.sleep(0.1)
    try:
        writer.write(request("/readyz"))
        ready, _, _ = await reply(reader)
    except (OSError, EOFError):
        ready = 0  # closed at once
    code = await asyncio.to_thread(service.process.wait, 30)
    took = time.perf_counter() - begin
    writer.close()
    tally: Tally = await asking
    return {
        "exit_s": took, "code": code, "ready": ready, "ended": sorted(set(await asyncio.gather(*running))),
        "statuses": dict(tally.counts),
    }  # fmt: skip


async def measure(data_dir: Path, seconds: float, asks: int, reattach_s: float = 15.0) -> dict[str, Any]:
    """Everything, on a knowledge base of at least two versions, 1 and 2."""
    library = Library(data_dir)
    with serving(SERVICE, data_dir, reattach_s) as service:
        with serving(BARE, data_dir) as bare:
            found: dict[str, Any] = {"throughput": await throughput(service, bare, min(seconds, 8.0))}
            first = await first_event(service, 200)
            found["first_event_ms"], found["retrieval_ms"] = percentile(first, 0.5), bare.retrieval_ms
        peak = max(found["throughput"]["ours"])
        found["streams"] = await streams(service, library, max(2.0, min(seconds, 10.0)))
        found["overload"] = await overload(service, peak, seconds)
        found["dropped_s"] = await dropped(service, 30.0)
        found["memory"] = await memory(service, asks)
        found["ending"] = await ending(service)
        return found


def run(files: list[Path], seconds: float, asks: int, reattach_s: float = 15.0) -> dict[str, Any]:
    """As `measure`, on versions published from `files` for it."""
    with tempfile.TemporaryDirectory(prefix="yiwen-traffic-") as name:
        publish_versions(Path(name), files, 2)
        activate(Library(Path(name)), 1)
        return asyncio.run(measure(Path(name), seconds, asks, reattach_s))


if __name__ == "__main__":
    duration, number, *names = sys.argv[1:]
    sys.stdout.write(json.dumps(run([Path(name) for name in names], float(duration), int(number))))
