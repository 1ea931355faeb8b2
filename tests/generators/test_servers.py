"""The settings that docs/operations.md gives for servers of others: they parse, make generators, and fit together."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from rag.settings import Settings
from rag.wiring import open_models
from tests.compose import arguments, project
from tests.source_tree import ROOT
from tests.test_deployment import SECRETS

PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
SECTION = PAGE.split("\n## Servers of the OpenAI shape\n")[1].split("\n## ")[0]
BLOCKS = re.findall(r"```sh\n(.*?)```", SECTION, re.DOTALL)
VLLM, LLAMA_CPP, HOSTED = BLOCKS


def settings(block: str, folder: Path) -> Settings:
    (folder / "written.env").write_text(block.partition("# .env\n")[2], encoding="utf-8")
    return Settings(_env_file=folder / "written.env", data_dir=folder)


def words(block: str) -> list[str]:
    return shlex.split(block.partition("# .env\n")[0].replace("\\\n", " "))


@pytest.mark.parametrize("block", BLOCKS, ids=["vllm", "llama.cpp", "hosted"])
def test_the_settings_make_generators(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written = {line.partition("=")[0].removeprefix("YIWEN_").lower() for line in re.findall("^YIWEN_.+", block, re.M)}
    assert written <= set(Settings.model_fields)
    given = settings(block, tmp_path)
    names = (given.chat_model or "").split(",")
    models = open_models(given)
    assert list(models) == ["chat", *(f"chat:{name}" for name in names[1:])]
    assert given.generator in models
    assert given.llm_context_tokens - given.llm_answer_tokens > given.evidence_tokens


def test_vllm_serves_what_is_asked_for(tmp_path: Path) -> None:
    command = words(VLLM)
    named = [word.partition("=")[0] for word in command[command.index("--lora-modules") + 1 :]]
    assert (settings(VLLM, tmp_path).chat_model or "").split(",") == [after(command, "--served-model-name"), *named]
    assert int(after(command, "--max-model-len")) == settings(VLLM, tmp_path).llm_context_tokens
    ours = arguments(project(SECRETS)["services"]["vllm"]["command"])
    assert {"--enable-lora", "--max-lora-rank", "--served-model-name"} <= set(ours) & set(command)


def test_llama_cpp_has_room_for_each_answer(tmp_path: Path) -> None:
    command, given = words(LLAMA_CPP), settings(LLAMA_CPP, tmp_path)
    assert after(command, "--alias") == given.chat_model
    assert int(after(command, "--ctx-size")) // int(after(command, "--parallel")) == given.llm_context_tokens
    assert f":{after(command, '--port')}/v1" in (given.chat_url or "")


def after(command: list[str], flag: str) -> str:
    return command[command.index(flag) + 1]
