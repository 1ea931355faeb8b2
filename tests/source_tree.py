"""The modules of this project and what each imports, read from the source without importing anything."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("rag", "kg_loader", "finetune", "evaluation", "api", "ui", "yiwen")


@dataclass(frozen=True)
class Module:
    """One source file; `name` is dotted (`rag.graph.sqlite`; a package's `__init__` has the package's name)."""

    name: str
    path: Path

    @property
    def package(self) -> str:
        """The top-level package it is in."""
        return self.name.partition(".")[0]

    @cached_property
    def tree(self) -> ast.Module:
        """Its syntax tree."""
        return ast.parse(self.path.read_text(encoding="utf-8"), str(self.path))

    @cached_property
    def imports(self) -> frozenset[str]:
        """Every module it imports anywhere, lazily or for type checking too; `from a import b` gives `a` and `a.b`."""
        return frozenset(name for node in ast.walk(self.tree) for name in _imported(node, self))

    def imports_from(self, *prefixes: str) -> list[str]:
        """The imports that are one of `prefixes` or lie below one."""
        return sorted(name for name in self.imports if is_below(name, *prefixes))


def is_below(name: str, *prefixes: str) -> bool:
    """Whether the dotted `name` is one of `prefixes` or lies below one."""
    return any(name == prefix or name.startswith(prefix + ".") for prefix in prefixes)


def _imported(node: ast.AST, module: Module) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        base = _absolute(node, module)
        yield base
        yield from (f"{base}.{alias.name}" for alias in node.names)


def _absolute(node: ast.ImportFrom, module: Module) -> str:
    if node.level == 0:
        return node.module or ""
    parts = module.name.split(".")
    if module.path.name != "__init__.py":
        parts.pop()
    parts = parts[: len(parts) - node.level + 1]
    return ".".join([*parts, node.module] if node.module else parts)


def modules() -> list[Module]:
    """Every module of the packages, in a fixed order."""
    paths = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return [Module(_dotted(path), path) for path in paths]


def _dotted(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def tracked_files() -> list[str]:
    """The paths that git tracks, relative to the root of the repository."""
    done = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return sorted(name for name in done.stdout.split("\0") if name and (ROOT / name).exists())
