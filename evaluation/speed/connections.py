"""Many connections to one server from one thread: plain HTTP/1.1, so that the asker costs less than the answer."""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field


@dataclass
class Tally:
    """Milliseconds of every reply by its status; `failed`: connections that broke."""

    milliseconds: dict[int, list[float]] = field(default_factory=dict)
    failed: int = 0
    seconds: float = 0.0

    def add(self, status: int, milliseconds: float) -> None:
        """One reply."""
        self.milliseconds.setdefault(status, []).append(milliseconds)

    def rate(self, status: int = 200) -> float:
        """Replies of this status a second."""
        return len(self.milliseconds.get(status, ())) / self.seconds

    @property
    def counts(self) -> Counter[int]:
        """Replies by status."""
        return Counter({status: len(times) for status, times in self.milliseconds.items()})


def request(path: str, body: dict[str, object] | None = None, *, accept: str = "*/*", method: str = "") -> bytes:
    """The bytes of a request; POST where there is a body."""
    content = json.dumps(body).encode() if body is not None else b""
    head = f"{method or ('POST' if body is not None else 'GET')} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: {accept}"
    if body is not None:
        head += f"\r\nContent-Type: application/json\r\nContent-Length: {len(content)}"
    return head.encode() + b"\r\n\r\n" + content


async def reply(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and the body of a reply with a length. Raises ConnectionError, IncompleteReadError."""
    status, headers = await head(reader)
    return status, headers, await reader.readexactly(int(headers.get("content-length", 0)))


async def head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    """Status and headers; the body is still to be read."""
    lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines[1:] if line)
    return int(lines[0].split()[1]), {name.lower(): value.strip() for name, _, value in pairs}


async def events(reader: asyncio.StreamReader) -> AsyncIterator[tuple[str, str]]:
    """Name and data of each server-sent event of a chunked reply whose head was read, until it ends."""
    text = ""
    while size := int((await reader.readline()).strip() or b"0", 16):
        text += (await reader.readexactly(size + 2))[:-2].decode("utf-8", "replace")
        *whole, text = text.split("\n\n")
        for block in whole:
            fields = dict(line.split(": ", 1) for line in block.split("\n") if ": " in line and line[0] != ":")
            if "event" in fields:
                yield fields["event"], fields.get("data", "")


async def ask_all(
    port: int, questions: Iterator[str], *, connections: int, seconds: float = 1e9, most: int = 0, every_s: float = 0.0
) -> Tally:
    """Ask on so many connections at once, each again when it is answered or, with `every_s`, at its own pace.

    Until `seconds` are over, or `most` questions were sent.
    """
    tally, begin, sent = Tally(), time.perf_counter(), 0

    async def one(number: int) -> None:
        nonlocal sent
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        due = begin + every_s * number / connections
        try:
            while time.perf_counter() - begin < seconds and not (most and sent >= most):
                if every_s:
                    await asyncio.sleep(max(0.0, due - time.perf_counter()))
                    due = max(due + every_s, time.perf_counter())
                sent += 1
                asked = time.perf_counter()
                writer.write(request("/v1/ask", {"question": next(questions)}))
                status, _, _ = await reply(reader)
                tally.add(status, (time.perf_counter() - asked) * 1000)
        except (OSError, EOFError):
            tally.failed += 1
        finally:
            writer.close()

    await asyncio.gather(*(one(number) for number in range(connections)))
    tally.seconds = time.perf_counter() - begin
    return tally


async def watch(port: int, path: str, every_s: float, stop: asyncio.Event) -> list[float]:
    """Milliseconds of one GET after the other until `stop`."""
    taken = []
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while not stop.is_set():
        asked = time.perf_counter()
        writer.write(request(path))
        await reply(reader)
        taken.append((time.perf_counter() - asked) * 1000)
        await asyncio.sleep(every_s)
    writer.close()
    return taken
