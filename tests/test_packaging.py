"""What is shipped: dependencies with reasons, pins with hashes, packages with their data, a small base install."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from packaging.requirements import Requirement

from tests.source_tree import PACKAGES, ROOT, tracked_files

PYPROJECT_TEXT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PYPROJECT: dict[str, Any] = tomllib.loads(PYPROJECT_TEXT)
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")

MEGABYTE = 1_000_000
BASE_INSTALL_LIMIT = 400 * MEGABYTE
EXTRAS = {"cpu", "gpu", "ui", "hf", "train", "quant", "postgres", "openai", "otel", "dev"}


def test_every_dependency_has_its_reason() -> None:
    block = PYPROJECT_TEXT.split("\ndependencies = [\n", 1)[1].split("\n]\n", 1)[0]
    for line in block.splitlines():
        assert re.fullmatch(r' +"[^"]+", +# \S.{8,}', line), f"no reason given: {line}"


def test_extras_are_those_of_the_design() -> None:
    assert set(PYPROJECT["project"]["optional-dependencies"]) == EXTRAS


def test_the_two_builds_of_faiss_are_declared_as_a_conflict() -> None:
    assert [{"extra": "cpu"}, {"extra": "gpu"}] in PYPROJECT["tool"]["uv"]["conflicts"]


def test_every_pin_has_hashes_and_no_host_is_named() -> None:
    assert "//" not in LOCK
    assert "--index" not in LOCK
    pins = [pin for pin in re.split(r"\n(?=\S)", LOCK) if not pin.startswith("#")]
    assert [pin for pin in pins if "==" not in pin or "--hash=sha256:" not in pin] == []


def test_the_lock_satisfies_the_project() -> None:
    pinned = {_canonical(name): version for name, version in re.findall(r"^(\S+)==(\S+)", LOCK, re.MULTILINE)}
    extras = PYPROJECT["project"]["optional-dependencies"]
    for text in [*PYPROJECT["project"]["dependencies"], *extras["cpu"], *extras["dev"]]:
        requirement = Requirement(text)
        name = _canonical(requirement.name)
        assert name in pinned, f"{name} is not in requirements.lock: make lock"
        assert requirement.specifier.contains(pinned[name]), f"{requirement} but pinned {pinned[name]}: make lock"


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_the_lock_holds_no_deep_learning_framework() -> None:
    assert re.findall(r"^(?:torch|transformers|nvidia-\S+|faiss-gpu)==", LOCK, re.MULTILINE) == []


def test_packages_are_listed_one_by_one() -> None:
    listed = PYPROJECT["tool"]["setuptools"]["packages"]["find"]["include"]
    assert sorted(listed) == sorted(pattern for name in PACKAGES for pattern in (name, f"{name}.*"))


def test_every_folder_of_source_is_a_package() -> None:
    folders = {PurePosixPath(name).parent for name in _tracked_in_packages() if name.endswith(".py")}
    assert sorted(str(folder) for folder in folders if not (ROOT / folder / "__init__.py").exists()) == []


def test_every_kind_of_data_file_is_shipped() -> None:
    patterns = PYPROJECT["tool"]["setuptools"]["package-data"]["*"]
    shipped = {".py", ".md"} | {PurePosixPath(pattern).suffix for pattern in patterns}
    assert [name for name in _tracked_in_packages() if PurePosixPath(name).suffix not in shipped] == []


def _tracked_in_packages() -> Iterator[str]:
    return (name for name in tracked_files() if name.split("/")[0] in PACKAGES and name.count("/"))


def test_a_wheel_holds_every_tracked_file_of_the_packages(tmp_path: Path) -> None:
    pytest.importorskip("pip", reason="the environment was made without pip")
    source = tmp_path / "source"
    for name in [*_tracked_in_packages(), "pyproject.toml", "README.md", "LICENSE"]:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*command, "--wheel-dir", str(tmp_path), str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    (wheel,) = tmp_path.glob("yiwen-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        shipped = set(archive.namelist())
    wanted = {name for name in _tracked_in_packages() if not name.endswith(".md")}
    assert wanted - shipped == set()
    assert not [name for name in shipped if name.startswith("tests/")]


def test_the_base_install_is_small_and_has_no_torch() -> None:
    project = PYPROJECT["project"]
    found = _closure([*project["dependencies"], *project["optional-dependencies"]["cpu"]])
    assert "torch" not in found
    total = sum(_installed_bytes(package) for package in found.values())
    assert total < BASE_INSTALL_LIMIT, f"{total / MEGABYTE:.0f} MB"


def _closure(roots: list[str]) -> dict[str, Distribution]:
    """The installed distributions that `roots` pull in on this machine, by canonical name."""
    found: dict[str, Distribution] = {}
    open_texts = [(text, "") for text in roots]
    while open_texts:
        text, extra = open_texts.pop()
        requirement = Requirement(text)
        name = _canonical(requirement.name)
        if name in found or (requirement.marker and not requirement.marker.evaluate({"extra": extra})):
            continue
        try:
            found[name] = distribution(name)
        except PackageNotFoundError:
            pytest.fail(f"{name} is not installed: make setup")
        for extra in ("", *requirement.extras):
            open_texts += [(child, extra) for child in found[name].requires or ()]
    return found


def _installed_bytes(package: Distribution) -> int:
    paths = (Path(str(package.locate_file(entry))) for entry in package.files or ())
    return sum(path.stat().st_size for path in paths if path.is_file())


def test_the_change_log_names_the_version() -> None:
    headings = re.findall(r"^## \[(.+?)\]", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert PYPROJECT["project"]["version"] in headings


def test_the_licence_is_the_full_text() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Version 2.0, January 2004" in text
    assert "END OF TERMS AND CONDITIONS" in text
