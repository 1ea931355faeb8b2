"""Hard negatives: passages that the search of a knowledge base finds for a question and that are not its answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from finetune.data.leakage import comparable
from rag.retrieval.fusion import fuse_languages
from rag.settings import Settings
from rag.text import language_of
from rag.wiring import open_editions


class Miner:
    """Searches as the service does: names linked, every arm, the fusion of the version."""

    def __init__(self, kb: Path, settings: Settings | None = None) -> None:
        """Opens the current version under the data folder `kb`, otherwise as `settings` (default: the environment) say.

        NotReadyError if there is none, ConfigurationError if it was indexed with another embedder.
        """
        given = settings or Settings()
        self._edition = open_editions(given.model_copy(update={"data_dir": kb})).current()

    def negatives(self, question: str, answers: Iterable[str], *, skip: int, wanted: int) -> list[str]:
        """At most `wanted` texts in the order they are found, the first `skip` that are no answer passed over.

        A passage that holds one of `answers`, or is held by it, is taken for the answer itself.
        """
        right = [comparable(answer) for answer in answers]
        other = [text for text in self._found(question) if not _same(comparable(text), right)]
        return other[skip : skip + wanted]

    def _found(self, question: str) -> Iterator[str]:
        edition = self._edition
        arms = edition.retriever.search.arms(question, edition.linker.link(question))
        fused = fuse_languages(arms, edition.tuning.weights[language_of(question)])
        passages = edition.kb.passages([name for name, *_ in fused])
        texts = (passages[name].text for name, *_ in fused if name in passages)
        return iter(dict.fromkeys(texts))


def _same(text: str, answers: Iterable[str]) -> bool:
    return any(text in answer or answer in text for answer in answers)
