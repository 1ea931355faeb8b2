"""Settings -> a pipeline. The only place that knows both the settings and the adapters."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from rag.checking import Checker
from rag.domain import Limits, Pointer
from rag.editions import Edition, Editions
from rag.errors import ConfigurationError
from rag.fusion import Tuning, default_tuning
from rag.generators.extractive import ExtractiveGenerator
from rag.linking import Linker, Names
from rag.pipeline import Pipeline
from rag.ports import Embedder
from rag.retrieval import Retriever
from rag.settings import Settings
from rag.snapshot import Library, open_snapshot
from rag.triage import load_rules


def build(settings: Settings, *, verify: bool = True) -> Pipeline:
    """Everything that answers questions; opens no version yet."""
    generators = {"extractive": ExtractiveGenerator()}
    return Pipeline(
        editions=open_editions(settings, verify=verify),
        generators=generators,
        rules=load_rules(),
        limits=Limits(settings.answer_max_chars, settings.evidence_tokens),
        question_max_chars=settings.question_max_chars,
        default_generator=settings.generator,
        timeout_s=settings.request_timeout_s,
    )


def open_editions(settings: Settings, *, verify: bool = True) -> Editions:
    """The versions under `settings.data_dir`, opened on demand."""
    library = Library(settings.data_dir)

    def load(pointer: Pointer) -> Edition:
        kb = open_snapshot(library.snapshot_folder(pointer.version), verify=verify)
        names = Names(kb.names(), kb.do_not_merge())
        tuning = load_tuning(settings.data_dir, pointer.tuning)
        embedder = load_embedder(kb.manifest.embedder, settings) if kb.manifest.dimension else None
        retriever = Retriever(kb, kb.graph(), names, embedder, tuning)
        return Edition(pointer, kb, Linker(names), retriever, Checker(names), tuning)

    def locate(version: int, current: Pointer) -> Pointer:
        folder = library.snapshot_folder(version)
        return Pointer(current.revision, version, folder.name, current.tuning)

    return Editions(library.pointer, load, locate)


def load_tuning(data_dir: Path, name: str | None) -> Tuning:
    """A stored tuning by its content name, or the packaged one; one that cannot be read: ConfigurationError."""
    if name is None:
        return default_tuning()
    path = data_dir / "kb" / "tuning" / f"{name}.json"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: the tuning cannot be read ({error}); run `yiwen eval tune` again") from error
    return Tuning.from_json(text)


@lru_cache(maxsize=2)
def _static(folder: Path | None) -> Embedder:
    from rag.embedders.static import StaticEmbedder

    return StaticEmbedder.load(folder)


def load_embedder(identity: str, settings: Settings) -> Embedder:
    """The embedder that `settings` names; a snapshot built with another identity raises ConfigurationError."""
    embedder = configured_embedder(settings)
    if embedder.identity != identity:
        raise ConfigurationError(
            f"this version was indexed with {identity}, the configured embedder is {embedder.identity}; "
            "set YIWEN_EMBEDDER to the former or run `yiwen kb reindex`"
        )
    return embedder


def configured_embedder(settings: Settings) -> Embedder:
    """`static` is the packaged embedding; a folder with a static layout; else a sentence-transformers model."""
    if settings.embedder == "static":
        return _static(None)
    if (Path(settings.embedder) / "config.json").is_file() and not (Path(settings.embedder) / "modules.json").is_file():
        return _static(Path(settings.embedder))
    from rag.embedders.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(settings.embedder)
