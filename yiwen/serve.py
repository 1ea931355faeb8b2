"""`yiwen serve` and `yiwen demo`."""

from __future__ import annotations

import socket
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from rag.errors import CorruptSnapshotError
from yiwen import pages
from yiwen.options import DataDir, Host, Port, load_settings, quiet
from yiwen.output import Progress, progress, say

if TYPE_CHECKING:
    from rag.settings import Settings
    from rag.snapshot import Library

DEMO_FOLDER = Path(".yiwen") / "demo"
DEMO_DATASET = "sample"
DEMO_QUESTION = "2型糖尿病怎么治疗？"
"""Both a list of facts and a conclusion from the literature of the sample answer it."""
_SAMPLE_FILES = ("facts.csv", "aliases.csv", "do_not_merge.csv", "passages.jsonl")
_PORTS_TRIED = 50


def serve(context: typer.Context, host: Host = None, port: Port = None, data_dir: DataDir = None) -> None:
    """Serve the REST API until Ctrl-C."""
    from api.app import serve as run
    from api.server import leave

    run(load_settings(context, data_dir, host=host, port=port), lambda address: say(f"listening on {address}"))
    leave()


def demo(
    context: typer.Context,
    once: Annotated[bool, typer.Option("--once", help="Stop after the answer.")] = False,
    port: Port = None,
    data_dir: DataDir = None,
) -> None:
    """Ingest the packaged sample, answer one question, then serve the API and the pages until Ctrl-C.

    Everything is written to .yiwen/demo in the working folder unless YIWEN_DATA_DIR or --data-dir says otherwise.
    """
    from rag.pipeline import Options
    from rag.wiring import build
    from yiwen.ask import show_answer

    settings = _demo_settings(context, data_dir, port)
    try:
        _ingest_sample(context, settings)
    except CorruptSnapshotError as error:
        again = f"{settings.data_dir} holds nothing but the demo, delete it and run `yiwen demo` again"
        raise CorruptSnapshotError(f"{error}; or, if {again}") from error
    say(f"问：{DEMO_QUESTION}", "bold")
    show_answer(build(settings), DEMO_QUESTION, Options(top_k=settings.top_k))
    if not once:
        _serve_demo(settings)


def _demo_settings(context: typer.Context, data_dir: Path | None, port: int | None) -> Settings:
    settings = load_settings(context, data_dir, port=port)
    if "data_dir" in settings.model_fields_set:
        return settings
    return load_settings(context, DEMO_FOLDER.absolute(), port=port)


def _ingest_sample(context: typer.Context, settings: Settings) -> None:
    """Bring the sample in; where nothing changed this only compares, which takes a fraction of a second."""
    from kg_loader.ingest import ingest
    from rag.snapshot import Library

    library = Library(settings.data_dir)
    sample = resources.files("kg_loader") / "sample"
    with resources.as_file(sample) as folder, progress(quiet(context)) as show:
        report = ingest(
            library, [folder / name for name in _SAMPLE_FILES], dataset=DEMO_DATASET,
            settings=settings, progress=show,
        )  # fmt: skip
        _follow_embedder(library, settings, show)
    kinds = report.loaded_by_kind
    state = "未变" if report.unchanged else "新发布"
    held = f"{kinds.get('fact', 0)} 条图谱事实，{kinds.get('passage', 0)} 条文献结论"
    say(f"示例知识库：版本 {report.version}（{state}），{held}；位于 {settings.data_dir}", "dim")
    say()


def _follow_embedder(library: Library, settings: Settings, show: Progress) -> None:
    """Rebuild the indexes of a demo that was made with another embedder than this program's."""
    from kg_loader import versions as kb
    from kg_loader.embedding import embedder_for

    manifest, embedder = kb.info(library).manifest, embedder_for(settings)
    made_with = manifest.embedder if manifest.dimension else None
    if made_with != (embedder.identity if embedder else None):
        kb.reindex(library, settings, embedder=embedder, progress=show)


def _serve_demo(settings: Settings) -> None:
    from api.app import serve as run

    port = free_port(settings.host, settings.port)
    if port != settings.port:
        say(f"端口 {settings.port} 已被占用，改用 {port}。")
    settings = settings.model_copy(update={"port": port})
    if not pages.available():
        run(settings, lambda address: _addresses(address, "未安装；pip install 'yiwen[ui]'"))
        return
    page = free_port(settings.host, pages.PAGE_PORT)
    with pages.page_beside(f"http://{_host_in_url(settings.host)}:{port}", settings.host, page):
        run(settings, lambda address: _addresses(address, f"http://{_host_in_url(settings.host)}:{page}"))


def _host_in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def free_port(host: str, first: int) -> int:
    """`first` or the next port that can be listened on; `first` where none of the next 50 can, which then fails."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in range(first, min(first + _PORTS_TRIED, 65536)):
        try:
            socket.create_server((host, port), family=family).close()
        except OSError:
            continue
        return port
    return first


def _addresses(address: str, page: str) -> None:
    say()
    say(f"API 已启动：{address}", "bold")
    say(f"网页：{page}", "bold")
    body = f'{{"question": "{DEMO_QUESTION}"}}'
    say(f"  提问      curl -s {address}/ask -H 'Content-Type: application/json' -d '{body}'")
    say(f"  接口说明  {address}/openapi.json")
    say(f"  知识库    {address}/v1/kb/versions")
    say("按 Ctrl-C 停止。")
