"""Every setting, with its unit and default. Nothing else reads the environment.

Precedence: arguments, environment (`YIWEN_...`), `.env` in the working folder, defaults. Unknown keys in `.env` that
begin with `YIWEN_` are errors.
"""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


def default_data_dir() -> Path:
    """Where the product writes when nobody says otherwise: `~/.local/share/yiwen`."""
    return Path.home() / ".local" / "share" / "yiwen"


class Settings(BaseSettings):
    """The whole configuration of a process; immutable."""

    model_config = SettingsConfigDict(
        env_prefix="YIWEN_", env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    data_dir: Path = Field(default_factory=default_data_dir, description="folder of everything the product writes")
    host: str = Field("127.0.0.1", description="address the service binds to")
    port: int = Field(8000, ge=0, le=65535, description="port of the service")
    embedder: str = Field(
        "static", description="`static` (packaged), a static folder, or a sentence-transformers path/id"
    )
    reranker: str | None = Field(
        None,
        description="cross-encoder (path/id) that reads the best passages again, where `eval tune` found a gain; "
        "empty: none",
    )
    intent_model: Path | None = Field(
        None, description="classifier of intents made by `yiwen train intent`, asked where no rule speaks; empty: none"
    )
    generator: str = Field(
        "extractive",
        description="default generator: extractive, chat, chat:NAME, local or local:ADAPTER, as configured below",
    )
    chat_url: str | None = Field(None, description="a server of the OpenAI shape, such as http://127.0.0.1:8000/v1")
    chat_model: str | None = Field(
        None, description="name of the model there; further ones, such as adapters, after commas: chat:NAME"
    )
    chat_key: SecretStr | None = Field(None, description="key for that server")
    chat_retries: int = Field(2, ge=0, description="how often a request is sent again before its answer begins")
    local_model: str | None = Field(None, description="folder or hub name of a causal language model to load here")
    local_adapters: Path | None = Field(None, description="folder of LoRA adapters for it; looked at for each question")
    local_dtype: Literal["auto", "bfloat16", "float16", "float32"] = Field(
        "auto", description="of its weights; auto: as they were saved"
    )
    local_bits: Literal["16", "8", "4"] = Field("16", description="8 and 4 load it quantised (extra `quant`)")
    local_device: str = Field("auto", description="auto, cpu, cuda, cuda:1 ...")
    local_template: str = Field(
        "own",
        description="own: that of the adapter or model; else plain, a name such as huatuogpt, a .json or .jinja file",
    )
    local_queue: int = Field(8, ge=0, description="answers that may wait for it; further ones are extractive")
    llm_context_tokens: int = Field(8192, ge=512, description="prompt and answer of a language model together")
    llm_answer_tokens: int = Field(1024, ge=16, description="the answer alone")
    llm_first_token_s: float = Field(10.0, gt=0, description="a language model silent for longer is given up")
    llm_total_s: float = Field(60.0, gt=0, description="one that writes for longer is given up")
    llm_stop: str | None = Field(None, description="texts that end its answer, separated by |")
    dense_index: Literal["auto", "sq8", "ivf", "hnsw"] = Field("auto", description="FAISS index; auto: sq8 up to 200k")
    terms: bool = Field(True, description="assert the packaged Chinese-English terms in a new knowledge base")
    top_k: int = Field(8, ge=1, le=50, description="passages shown to the generator")
    question_max_chars: int = Field(2000, ge=1, description="longer questions are refused")
    answer_max_chars: int = Field(400, ge=80, description="length of a short answer")
    evidence_tokens: int = Field(3000, ge=200, description="token budget of the evidence in a prompt")
    request_timeout_s: float = Field(30.0, gt=0, description="deadline of one answer")
    answers: int = Field(64, ge=1, le=1024, description="answers written at once; 64 more may wait, others get a 503")
    body_max_bytes: int = Field(65536, ge=1024, description="larger request bodies are refused")
    pointer_poll_s: float = Field(0.5, gt=0, description="how often a server looks for a new version")
    keep_versions: int = Field(5, ge=2, description="versions that `kb prune` spares")
    max_rejects: int = Field(1000, ge=0, description="ingestion stops above this many broken rows")
    gate_file: Path | None = Field(None, description="questions that every ingestion asks before and after (the gate)")
    gate: str | None = Field(
        None, description="what may change in their answers, such as 10% or outcome; empty: report"
    )
    state_url: SecretStr | None = Field(
        None,
        description="database of jobs, keys and conversations, such as postgresql+psycopg://...; "
        "empty: state.sqlite in the data folder",
    )
    worker: bool = Field(True, description="`yiwen serve` runs a worker for ingestion jobs beside itself")
    worker_nice: int = Field(10, ge=0, le=19, description="how much an ingestion job yields to everything else")
    jobs_folder: Path | None = Field(None, description="folder whose files jobs may name by path; empty: uploads only")
    jobs_keep_days: int = Field(30, ge=1, description="finished jobs and their uploads are removed after this")
    conversations_keep_days: int = Field(
        180, ge=1, description="conversations unused for so long, and feedback so old, are deleted"
    )
    reports_folder: Path | None = Field(
        None, description="folder of reports of `yiwen eval NAME --json`; empty: reports in the data folder"
    )
    record_answers: bool = Field(
        False, description="keep each question, the patient, and what generators wrote, for `yiwen replay`"
    )
    records_keep_days: int = Field(30, ge=1, description="such records are deleted after this")
    upload_max_bytes: int = Field(200_000_000, ge=1024, description="larger uploads are refused")
    api_key: SecretStr | None = Field(None, description="a key with every scope; when set, writing routes require one")
    require_key: bool = Field(False, description="programs on the same machine need a key too; others always do")
    rate_per_minute: int = Field(600, ge=0, description="requests a minute for each key and each address; 0: no limit")
    rate_burst: int = Field(100, ge=1, description="as many of them may come at once")
    neo4j_uri: str | None = Field(None, description="address of the live graph, such as bolt://127.0.0.1:7687")
    neo4j_user: str = Field("neo4j", description="user of the live graph")
    neo4j_password: SecretStr | None = Field(None, description="password of that user")
    neo4j_database: str | None = Field(None, description="database of the live graph; empty: the server's default")
    neo4j_timeout_s: float = Field(0.8, gt=0, description="what one answer may wait for it in all")
    pubmed_url: str = Field(
        "https://eutils.ncbi.nlm.nih.gov/entrez/eutils", description="E-utilities server of `yiwen fetch pubmed`"
    )
    pubmed_email: str | None = Field(None, description="your address, which NCBI asks users of that server to name")
    pubmed_api_key: SecretStr | None = Field(None, description="NCBI API key: 10 requests a second instead of 3")
    cors_origins: str = Field("", description="origins of web pages that may call the service, separated by commas")
    grace_s: float = Field(10.0, ge=1, description="how long running answers may go on when the service is stopped")
    log_format: Literal["text", "json"] = Field("text", description="lines of the log of the service")
    log_questions: bool = Field(False, description="write question text to the log")
    otel_url: str | None = Field(
        None, description="OpenTelemetry collector that gets traces by HTTP, such as http://127.0.0.1:4318; empty: none"
    )
