"""The adapters for LangChain programs."""

from __future__ import annotations

from rag.domain import Answer
from rag.langchain import EvidenceRetriever, answering
from rag.pipeline import Options, Pipeline


def test_documents_are_the_evidence_of_a_search(sample: Pipeline) -> None:
    _, found, _ = sample.search("偏头痛挂什么科", top_k=3)
    documents = EvidenceRetriever(pipeline=sample, top_k=3).invoke("偏头痛挂什么科")
    assert [(d.id, d.page_content) for d in documents] == [(e.id, e.text) for e in found]
    assert documents[0].metadata["title"] == found[0].source.title
    assert documents[0].metadata["kb_version"] == 1


def test_a_runnable_answers_and_composes(sample: Pipeline) -> None:
    chain = answering(sample, Options(detail="full")) | (lambda answer: answer.text)
    assert "神经内科[1]" in chain.invoke("偏头痛挂什么科")
    assert isinstance(answering(sample).batch(["偏头痛挂什么科"])[0], Answer)
