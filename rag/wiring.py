"""Settings -> a pipeline. The only place that knows both the settings and the adapters."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from types import MappingProxyType

from rag.breaker import Breaker
from rag.checking.checker import Checker
from rag.domain import Limits, Pointer
from rag.editions import Edition, Editions
from rag.errors import ConfigurationError
from rag.generators.extractive.generator import ExtractiveGenerator
from rag.generators.stopping import ModelLimits
from rag.graph.bolt import Connection, Server
from rag.graph.drawn import DrawnFacts
from rag.graph.fallback import AnswerGraph
from rag.graph.neo4j import Neo4jGraph
from rag.graph.warming import Served, warm_up
from rag.linking.linker import Linker
from rag.linking.names import Names
from rag.pipeline import FALLBACK, Pipeline
from rag.ports import Embedder, Generator, GraphReader, Reranker
from rag.question.intent_model import IntentModel
from rag.register import Register, Withheld
from rag.retrieval.fusion import Tuning, default_tuning
from rag.retrieval.passages import PassageSearch
from rag.retrieval.retriever import Retriever
from rag.settings import Settings
from rag.snapshot import Library, Snapshot, open_snapshot
from rag.triage.rules import load_rules
from rag.triage.second_look import load_look
from rag.withholding import Withholding

REST_S = 0.003
"""Pause between the steps of opening a version, in which questions get on."""


def build(settings: Settings, *, verify: bool = True) -> Pipeline:
    """Everything that answers questions; opens no version yet."""
    pipeline = _pipeline(settings, open_editions(settings, verify=verify), settings.generator, open_models(settings))
    if settings.generator not in pipeline.generators:
        raise ConfigurationError(
            f"YIWEN_GENERATOR is {settings.generator!r}; the configured ones are: {', '.join(pipeline.generators)} "
            "(YIWEN_CHAT_URL adds chat, YIWEN_LOCAL_MODEL adds local)"
        )
    return pipeline


def pinned(
    settings: Settings, library: Library, pointer: Pointer, embedder: Embedder | None, register: Callable[[], Register]
) -> Pipeline:
    """Answers from one sealed version, published or not, by its snapshot alone and without a model.

    The caller vouches for its files. `embedder`: the one it was built with; another one, or None, leaves the search by
    vectors out. `register` says what is withheld.
    """
    kb = open_snapshot(library.snapshot_folder(pointer.version), verify=False)
    fitting = embedder if embedder is not None and embedder.identity == kb.manifest.embedder else None
    edition = _edition(kb, pointer, fitting, load_tuning(settings.data_dir, pointer.tuning), register)
    return _pipeline(settings, Editions(lambda: pointer, lambda _: edition, lambda *_: pointer), FALLBACK)


def _pipeline(
    settings: Settings, editions: Editions, generator: str, models: Mapping[str, Generator] = MappingProxyType({})
) -> Pipeline:
    rules = load_rules()
    return Pipeline(
        editions=editions,
        generators=Generators({FALLBACK: ExtractiveGenerator()}, models),
        rules=rules,
        limits=Limits(settings.answer_max_chars, settings.evidence_tokens),
        question_max_chars=settings.question_max_chars,
        default_generator=generator,
        timeout_s=settings.request_timeout_s,
        look=load_look(rules),
        intents=IntentModel.load(settings.intent_model) if settings.intent_model else IntentModel.packaged(),
    )


class Generators(Mapping[str, Generator]):
    """Several mappings as one, each looked at when asked: adapters come and go while questions are answered."""

    def __init__(self, *parts: Mapping[str, Generator]) -> None:
        self._parts = parts

    def __getitem__(self, name: str) -> Generator:
        why = None
        for part in self._parts:
            try:
                return part[name]
            except KeyError as error:
                why = error.__cause__ or why
        raise KeyError(name) from why

    def __iter__(self) -> Iterator[str]:
        return chain(*self._parts)

    def __len__(self) -> int:
        return sum(map(len, self._parts))


def open_models(settings: Settings) -> Mapping[str, Generator]:
    """The language models that the settings name, `chat` and `local`; their libraries are imported only then.

    Raises ConfigurationError, MissingExtraError.
    """
    limits = ModelLimits(
        settings.llm_context_tokens,
        settings.llm_answer_tokens,
        settings.llm_first_token_s,
        settings.llm_total_s,
        tuple(filter(None, (settings.llm_stop or "").split("|"))),
    )
    if settings.llm_answer_tokens >= settings.llm_context_tokens:
        raise ConfigurationError(
            f"YIWEN_LLM_ANSWER_TOKENS is {settings.llm_answer_tokens}; expected less than YIWEN_LLM_CONTEXT_TOKENS "
            f"({settings.llm_context_tokens}), which holds the prompt too"
        )
    parts: list[Mapping[str, Generator]] = []
    if settings.chat_url is not None:
        parts.append(_chat(settings, settings.chat_url, limits))
    if settings.local_model is not None:
        parts.append(_local(settings, settings.local_model, limits))
    return Generators(*parts)


def _chat(settings: Settings, url: str, limits: ModelLimits) -> Mapping[str, Generator]:
    """`chat` is the first model of that server, `chat:NAME` each further one; each has a breaker of its own."""
    names = [name.strip() for name in (settings.chat_model or "").split(",") if name.strip()]
    if not names:
        raise ConfigurationError("YIWEN_CHAT_URL is set and YIWEN_CHAT_MODEL is not; name the model of that server")
    from rag.generators.chat_model import ChatModelGenerator, openai_model, server_probe

    probe = server_probe(url, settings.chat_key, limits.first_token_s)
    found: dict[str, Generator] = {}
    for name in names:
        identity = f"chat:{name}" if found else "chat"
        model = openai_model(url, name, settings.chat_key, retries=settings.chat_retries, limits=limits)
        breaker = Breaker(probe, what=f"the model {name} at {url}", instead="the extractive generator answers")
        found[identity] = ChatModelGenerator(model, identity=identity, limits=limits, breaker=breaker)
    return found


def _local(settings: Settings, name: str, limits: ModelLimits) -> Mapping[str, Generator]:
    from rag.generators.huggingface import Loading, LocalModel

    loading = Loading(
        settings.local_dtype,
        int(settings.local_bits),
        settings.local_device,
        settings.local_template,
        settings.local_queue,
    )
    return LocalModel(name, settings.local_adapters, loading=loading, limits=limits)


def open_editions(settings: Settings, *, verify: bool = True) -> Editions:
    """The versions under `settings.data_dir`, opened on demand."""
    library = Library(settings.data_dir)
    live = open_live(settings)

    def load(pointer: Pointer) -> Edition:
        kb = open_snapshot(library.snapshot_folder(pointer.version), verify=verify)
        embedder = load_embedder(kb.manifest.embedder, settings) if kb.manifest.dimension else None
        tuning = load_tuning(settings.data_dir, pointer.tuning)
        rest = partial(time.sleep, REST_S)
        reranker = _cross_encoder(settings.reranker) if settings.reranker else None
        return _edition(kb, pointer, embedder, tuning, library.register.read, live, rest, reranker)

    def locate(version: int, current: Pointer) -> Pointer:
        folder = library.snapshot_folder(version)
        return Pointer(current.revision, version, folder.name, current.tuning)

    def kept(pointer: Pointer) -> bool:
        return (library.snapshots / pointer.snapshot).is_dir()

    if live is None:
        return Editions(library.pointer, load, locate, kept=kept)
    return Editions(
        library.pointer, load, locate, kept=kept, live_graph_down=live.breaker.is_open, on_current=live.serve
    )


def _edition(
    kb: Snapshot,
    pointer: Pointer,
    embedder: Embedder | None,
    tuning: Tuning,
    register: Callable[[], Register],
    live: Live | None = None,
    rest: Callable[[], None] | None = None,
    reranker: Reranker | None = None,
) -> Edition:
    """What answering needs of an open version."""
    names = Names(kb.names(), kb.do_not_merge(), rest=rest)
    retriever = Retriever(kb, kb.graph(), names, PassageSearch(kb, names, embedder, tuning, reranker))
    open_graph = live.of(kb) if live is not None else (lambda withheld, _: kb.graph(withheld))
    return Edition(
        pointer, kb, Linker(names, rest), retriever, Checker(names), tuning, open_graph, Withholding(kb, register)
    )


@dataclass(frozen=True)
class Live:
    """The Neo4j of the settings, shared by all editions, with the breaker that guards it."""

    connection: Connection
    breaker: Breaker
    budget_s: float
    drawn: DrawnFacts
    served: Served

    def serve(self, edition: Edition) -> None:
        """A version has become current: Neo4j may have to read it before questions find it quick."""
        if isinstance(edition.kb, Snapshot):
            self.served.kb, self.served.version = edition.kb.manifest.kb, edition.kb.version
            self.served.withheld = edition.withholding.now
            self.breaker.look()

    def of(self, kb: Snapshot) -> Callable[[Withheld, list[str]], GraphReader]:
        """Per answer: the live graph at this version, the snapshot's own behind it."""
        keep = partial(self.drawn.keep, version=kb.version)

        def open_graph(withheld: Withheld, degraded: list[str]) -> GraphReader:
            graph = Neo4jGraph(self.connection, kb.manifest.kb, kb.version, withheld, keep)
            return AnswerGraph(graph, kb.graph(withheld), self.breaker, budget_s=self.budget_s, degraded=degraded)

        return open_graph


def open_live(settings: Settings) -> Live | None:
    """None unless `settings.neo4j_uri` is set; nothing is connected yet. Raises ConfigurationError."""
    server = live_server(settings, settings.neo4j_timeout_s)
    if server is None:
        return None
    connection, served = Connection(server), Served()
    return Live(
        connection,
        Breaker(partial(warm_up, server, served), connection.renew),
        settings.neo4j_timeout_s,
        DrawnFacts(settings.data_dir),
        served,
    )


def live_server(settings: Settings, timeout_s: float) -> Server | None:
    """The Neo4j that the settings name."""
    if settings.neo4j_uri is None:
        return None
    password = settings.neo4j_password.get_secret_value() if settings.neo4j_password else ""
    return Server(settings.neo4j_uri, settings.neo4j_user, password, settings.neo4j_database, timeout_s)


def load_tuning(data_dir: Path, name: str | None) -> Tuning:
    """A stored tuning by its content name, or the packaged one; one that cannot be read: ConfigurationError."""
    if name is None:
        return default_tuning()
    path = data_dir / "kb" / "tuning" / f"{name}.json"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path}: the tuning cannot be read ({error}); run `yiwen eval tune` again") from error
    stored, packaged = Tuning.from_json(text), default_tuning()
    return Tuning(stored.weights, {**packaged.thresholds, **stored.thresholds})


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
    return _sentence_transformer(settings.embedder)


@lru_cache(maxsize=1)
def _sentence_transformer(name: str) -> Embedder:
    """One for all versions: opening a model takes seconds."""
    from rag.embedders.sentence_transformer import SentenceTransformerEmbedder

    return SentenceTransformerEmbedder(name)


@lru_cache(maxsize=1)
def _cross_encoder(name: str) -> Reranker:
    """One for all versions."""
    from rag.embedders.cross_encoder import CrossEncoderReranker

    return CrossEncoderReranker(name)
