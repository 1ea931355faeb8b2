"""Documentation that cannot drift: layout, targets, commands, settings and links are compared with the project.

`python -m tests.test_docs` prints what `.env.example` must hold.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from rag.settings import Settings
from tests.source_tree import ROOT, tracked_files
from yiwen.reference import commands

README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
MARKDOWN = [name for name in tracked_files() if name.endswith(".md")]

ENV_HEAD = """\
# Every setting, with its default. Copy to `.env` in the folder where `yiwen` is started and uncomment what you change.
# Arguments go before the environment, the environment before `.env`, `.env` before the defaults.
"""
# A folder of the machine where somebody wrote the text.
HOST_PATH = re.compile(r"(?<![\w.~/])/(?:work|farm|root|home|Users|mnt|data\d*)/\w")


def rendered_env_example() -> str:
    """`.env.example` as the settings have it: description, then the variable with its default, commented out."""
    blocks = [
        f"\n# {field.description}\n#YIWEN_{name.upper()}={_default(field)}\n"
        for name, field in Settings.model_fields.items()
    ]
    return ENV_HEAD + "".join(blocks)


def _default(field: FieldInfo) -> str:
    """The default as an environment variable writes it; empty where it is computed or absent."""
    value = field.default
    if field.default_factory is not None or value is None or isinstance(value, SecretStr):
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_every_setting_is_described() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_example_settings_are_the_settings() -> None:
    written = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert written == rendered_env_example(), "run `make env-example`"


def test_the_example_uncommented_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text(rendered_env_example().replace("\n#YIWEN_", "\nYIWEN_"), encoding="utf-8")
    defaults = Settings()
    monkeypatch.chdir(tmp_path)
    assert Settings() == defaults


def _block_after(heading: str) -> str:
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return section.split("```", 2)[1].split("\n", 1)[1]


def test_the_layout_names_every_top_level_file_and_folder() -> None:
    listed = {line.split()[0] for line in _block_after("Layout").splitlines() if line and not line[0].isspace()}
    present = {f"{name.split('/')[0]}/" if "/" in name else name for name in tracked_files()}
    assert listed == present


def test_every_make_target_has_a_help_line() -> None:
    phony = set(" ".join(re.findall(r"^\.PHONY: (.+)$", MAKEFILE, re.MULTILINE)).split())
    targets = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))
    helped = set(re.findall(r"^([a-z][\w-]*):[^\n]*  ## \w", MAKEFILE, re.MULTILINE))
    assert phony == targets == helped


def test_make_targets_in_the_documentation_exist() -> None:
    targets = set(re.findall(r"^([a-z][\w-]*):", MAKEFILE, re.MULTILINE))
    for name in MARKDOWN:
        text = (ROOT / name).read_text(encoding="utf-8")
        named = set(re.findall(r"(?:`|^)make ([a-z][\w-]*)", text, re.MULTILINE))
        assert named <= targets, f"{name} names make targets that do not exist"


@pytest.mark.parametrize("name", MARKDOWN)
def test_tests_named_in_the_documentation_exist(name: str) -> None:
    there = [path for path in tracked_files() if path.startswith("tests/")]
    named = set(re.findall(r"`((?:[\w/]+/)?test_\w+\.py)`", (ROOT / name).read_text(encoding="utf-8")))
    missing = {one for one in named if not any(path == one or path.endswith(f"/{one}") for path in there)}
    assert missing == set(), name


def _commands() -> list[tuple[str, ...]]:
    """The `yiwen` commands that README shows, at most a group and its command: ("kb", "versions")."""
    shown = re.findall(r"(?:`|^|^\$ |bin/)yiwen ([a-z]+)(?: ([a-z]+)(?=[\s`]))?", README, re.MULTILINE)
    groups = {"kb", "eval", "train"}
    return sorted({(first, second) if first in groups and second else (first,) for first, second in shown})


@pytest.mark.parametrize("command", _commands(), ids=" ".join)
def test_commands_in_the_readme_exist(command: tuple[str, ...]) -> None:
    """That each has a help, tests/yiwen/test_reference.py says."""
    assert command in {path[: len(command)] for path, _ in commands()}


@pytest.mark.parametrize("name", MARKDOWN)
def test_links_resolve(name: str) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", (ROOT / name).read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        file, _, anchor = target.partition("#")
        path = (ROOT / name).parent / file if file else ROOT / name
        assert path.exists(), f"{name}: {target}"
        if anchor:
            assert anchor in _anchors(path), f"{name}: {target}"


def _anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("name", MARKDOWN)
def test_no_text_names_a_folder_of_somebodys_machine(name: str) -> None:
    found = HOST_PATH.findall((ROOT / name).read_text(encoding="utf-8"))
    assert found == []


if __name__ == "__main__":
    sys.stdout.write(rendered_env_example())
