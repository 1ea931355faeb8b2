"""Our answers for programs built on LangChain: a retriever of evidence, and a runnable that answers.

retriever = EvidenceRetriever(pipeline=build(Settings()))
documents = retriever.invoke("偏头痛吃什么药？")
answer = answering(pipeline).invoke("偏头痛吃什么药？")
"""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from pydantic import Field

from rag.domain import Answer, Evidence
from rag.pipeline import Options, Pipeline

_DEFAULTS = Options()


class EvidenceRetriever(BaseRetriever):
    """Facts and passages for a question, best first; each document's id opens the evidence in the knowledge base."""

    pipeline: Any
    """A `rag.pipeline.Pipeline`; typed so, pydantic would read into its fields."""
    top_k: int = Field(8, ge=1, le=50)
    """Of the graph and of the passages, each."""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        edition, found, _ = self.pipeline.search(query, top_k=self.top_k)
        return [_document(evidence, edition.pointer.version) for evidence in found]


def answering(pipeline: Pipeline, options: Options = _DEFAULTS) -> Runnable[str, Answer]:
    """Question -> the whole checked `rag.domain.Answer`."""

    def ask(question: str) -> Answer:
        return pipeline.ask(question, options)

    return RunnableLambda(ask, name="yiwen")


def _document(evidence: Evidence, version: int) -> Document:
    source = evidence.source
    return Document(
        id=evidence.id,
        page_content=evidence.text,
        metadata={
            "score": evidence.score,
            "kb_version": version,
            "source": source.id,
            "title": source.title,
            "year": source.year,
            "grade": str(source.grade),
            "url": source.url,
        },
    )
