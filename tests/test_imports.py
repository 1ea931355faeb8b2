"""Which module may import which (docs/architecture.md), and what a start costs."""

from __future__ import annotations

import ast
import resource
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.source_tree import PACKAGES, ROOT, Module, is_below, modules

MODULES = modules()

MAY_IMPORT: Mapping[str, tuple[str, ...]] = {
    "rag": (),
    "kg_loader": ("rag",),
    "evaluation": ("rag", "kg_loader"),
    "finetune": ("rag", "evaluation"),
    "api": ("rag", "kg_loader"),
    "yiwen": ("rag", "kg_loader", "evaluation", "finetune", "api"),
    "ui": ("yiwen.client",),
}

# The nouns: what each of them may import of ours.
FOUNDATION: Mapping[str, tuple[str, ...]] = {
    "rag.vocabulary": (),
    "rag.errors": (),
    "rag.traditional": (),
    "rag.text": ("rag.traditional",),
    "rag.domain": ("rag.vocabulary",),
    "rag.ports": ("rag.domain", "rag.vocabulary", "rag.errors", "rag.text"),
}

ADAPTERS = ("rag.snapshot", "rag.graph", "rag.embedders", "rag.generators", "rag.langchain")
# The path and its steps: functions over the nouns and ports, so they see neither adapters nor settings.
STEPS = tuple("triage linking question retrieval checking safety answer register withholding pipeline".split())

ONE_MODULE_EACH = ("neo4j", "faiss", "tantivy")
ONLY_IN: Mapping[str, tuple[str, ...]] = {
    "langchain_core": ("rag.generators.chat_model", "rag.langchain"),
    "langchain_openai": ("rag.generators.chat_model", "rag.wiring"),
    "torch": ("rag.embedders", "rag.generators.huggingface", "finetune"),
    "transformers": ("rag.embedders", "rag.generators.huggingface", "finetune"),
    "sentence_transformers": ("rag.embedders", "finetune"),
    "peft": ("rag.generators.huggingface", "finetune"),
    "streamlit": ("ui",),
    "fastapi": ("api",),
    "python_multipart": ("api.uploads",),
    "opentelemetry": ("api.tracing", "api.answering"),
    "sqlalchemy": ("rag.state", "kg_loader.jobs", "api.state"),
    "typer": ("yiwen",),
}

# Never loaded by `import rag` or `yiwen --help`: each is an extra, or slow to import.
SLOW = tuple("neo4j torch transformers langchain_core faiss tantivy fastapi uvicorn numpy sqlite3 sqlalchemy".split())
START_SECONDS = 0.5

every_module = pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)


@every_module
def test_packages_import_only_what_they_may(module: Module) -> None:
    allowed = (module.package, *MAY_IMPORT[module.package])
    ours = [name for name in module.imports if is_below(name, *PACKAGES)]
    if module.package == "ui":  # `import yiwen` alone is how `yiwen.client` is reached
        ours = [name for name in ours if name != "yiwen"]
    assert [name for name in sorted(ours) if not is_below(name, *allowed)] == []


@every_module
def test_libraries_are_imported_only_where_they_belong(module: Module) -> None:
    misplaced = {
        library: found
        for library, places in ONLY_IN.items()
        if (found := module.imports_from(library)) and not is_below(module.name, *places)
    }
    assert misplaced == {}


@every_module
def test_only_settings_read_the_environment(module: Module) -> None:
    if module.name == "rag.settings" or module.package == "ui":
        return
    lines = [node.lineno for node in ast.walk(module.tree) if isinstance(node, ast.expr) and _reads_environment(node)]
    assert lines == [], f"{module.path.relative_to(ROOT)} reads the environment; add a field to rag.settings.Settings"


def _reads_environment(node: ast.expr) -> bool:
    """Whether `node` is os.environ or os.getenv (passing the whole of it to a child process counts too)."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
        return node.attr in ("environ", "environb", "getenv", "getenvb")
    return False


@every_module
def test_environ_is_not_imported_by_name(module: Module) -> None:
    assert module.imports_from("os.environ", "os.getenv") == []


@pytest.mark.parametrize("library", ONE_MODULE_EACH)
def test_a_storage_library_is_known_to_one_module(library: str) -> None:
    users = [module.name for module in MODULES if module.imports_from(library)]
    assert len(users) <= 1, f"{library} is imported by {users}"


@pytest.mark.parametrize("name", FOUNDATION)
def test_the_nouns_import_only_downwards(name: str) -> None:
    module = next(module for module in MODULES if module.name == name)
    assert [found for found in module.imports_from(*PACKAGES) if not is_below(found, *FOUNDATION[name])] == []


@pytest.mark.parametrize("step", STEPS)
def test_steps_know_neither_adapters_nor_settings(step: str) -> None:
    for module in MODULES:
        if is_below(module.name, f"rag.{step}"):
            assert module.imports_from(*ADAPTERS, "rag.settings", "rag.wiring") == []


def test_only_wiring_sees_adapters_and_settings_together() -> None:
    both = [
        module.name
        for module in MODULES
        if module.package == "rag" and module.imports_from(*ADAPTERS) and module.imports_from("rag.settings")
    ]
    assert set(both) <= {"rag.wiring"}


def test_the_client_is_small() -> None:
    for module in MODULES:
        if is_below(module.name, "yiwen.client"):
            own = [name for name in module.imports_from(*PACKAGES) if not is_below(name, "yiwen.client")]
            assert [name for name in own if name != "yiwen"] == []
            foreign = {name.partition(".")[0] for name in module.imports} - sys.stdlib_module_names
            assert foreign <= {"httpx", "pydantic", "yiwen"}


def test_relative_imports_are_resolved(tmp_path: Path) -> None:
    path = tmp_path / "sqlite.py"
    path.write_text("from . import contract\nfrom ..domain import Fact\nimport os.path\n", encoding="utf-8")
    found = Module("rag.graph.sqlite", path).imports
    assert found == {"rag.graph", "rag.graph.contract", "rag.domain", "rag.domain.Fact", "os.path"}


IMPORT_RAG = "import rag"
HELP = (
    "import runpy, sys; sys.argv = ['yiwen', '--help']; runpy.run_module('yiwen', run_name='__main__', alter_sys=True)"
)


@pytest.mark.parametrize("statement", [IMPORT_RAG, HELP], ids=["import rag", "yiwen --help"])
def test_a_start_loads_nothing_slow(statement: str) -> None:
    report = f"import atexit, sys; atexit.register(lambda: print([n for n in {SLOW!r} if n in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-c", f"{report}\n{statement}"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "arguments", [["-c", IMPORT_RAG], ["-m", "yiwen", "--help"]], ids=["import rag", "yiwen --help"]
)
def test_a_start_takes_less_than_half_a_second(arguments: list[str]) -> None:
    best = min(_seconds(arguments) for _ in range(5))
    assert best < START_SECONDS


def _seconds(arguments: list[str]) -> float:
    """CPU time of the child: what else the machine does at the moment is not its fault."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
