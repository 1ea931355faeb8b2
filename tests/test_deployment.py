"""The image and the compose file, as far as they can be tried without an engine.

Every service of our own is run as a process with its own command, environment and health check; only ports, folders and
the names of other containers are those of this machine.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from packaging.requirements import Requirement

from tests import compose, neo4j_server
from tests.ports import free_port
from tests.source_tree import PACKAGES, ROOT, modules, tracked_files
from tests.test_packaging import LOCK, PYPROJECT

SECRETS = {"YIWEN_API_KEY": "key-of-the-test", "YIWEN_NEO4J_PASSWORD": "password-of-the-test"}
PROJECT = compose.project(SECRETS)
SERVICES: dict[str, dict[str, Any]] = PROJECT["services"]
OWN = sorted(name for name, service in SERVICES.items() if "build" in service)
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
INSTRUCTIONS = re.findall(r"^([A-Z]+) (.+)$", re.sub(r"\\\n", " ", DOCKERFILE), re.MULTILINE)
BIN = Path(sys.executable).parent
HEALTHY_S = 30.0
every_service = pytest.mark.parametrize("name", sorted(SERVICES))
own_service = pytest.mark.parametrize("name", OWN)


# ------------------------------------------------------------ the compose file


def test_the_compose_files_keep_to_the_specification(tmp_path: Path) -> None:
    (override,) = re.findall(r"```yaml\n(services:.+?)```", OPERATIONS, re.DOTALL)
    (tmp_path / "override.yml").write_text(override, encoding="utf-8")
    files = [str(compose.FILE), str(tmp_path / "override.yml")]
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", *files]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_services_are_those_that_are_promised() -> None:
    profiles = {name: service.get("profiles", []) for name, service in SERVICES.items()}
    page = ["ui"] if not _has_command("ui") else []
    always: dict[str, list[str]] = {"api": [], "worker": [], "neo4j": []}
    optional = {"ui": page, "postgres": ["postgres"], "vllm": ["gpu"], "prometheus": ["obs"]}
    assert profiles == always | optional, "with a command `yiwen ui` the service `ui` needs no profile any more"


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_a_missing_secret_stops_everything_and_says_what_to_do(name: str) -> None:
    with pytest.raises(compose.MissingVariableError, match=rf"{name}: put .+ into \.env"):
        compose.project({**SECRETS, name: ""})


def test_no_secret_has_a_default_or_is_written_down() -> None:
    text = compose.FILE.read_text(encoding="utf-8")
    assert re.findall(r"\$\{\w*(?:KEY|PASSWORD|SECRET|TOKEN)\w*(?!\w*:\?)[^}]*\}", text) == ["${POSTGRES_PASSWORD:-}"]
    named = re.findall(r"^\s+\w*(?:KEY|PASSWORD|SECRET|TOKEN|AUTH)\w*: (.+?)(?: #.*)?$", text, re.MULTILINE)
    assert [value for value in named if "${" not in value] == []


@every_service
def test_every_service_can_be_watched_limited_and_ended(name: str) -> None:
    service = SERVICES[name]
    assert {"test", "interval", "timeout", "retries", "start_period"} <= set(service["healthcheck"])
    assert re.fullmatch(r"\d+[gm]", service["deploy"]["resources"]["limits"]["memory"])
    assert service["restart"] == "unless-stopped"
    assert service["logging"]["options"]["max-size"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert re.fullmatch(r"\d+s", service["stop_grace_period"])


def test_the_services_and_ports_of_the_documentation_are_those_of_the_file() -> None:
    rows = re.findall(r"^\| `(\w+)` \|(?: `(\w+)`)? \|[^|]+\| ([\d, ]*)\|$", OPERATIONS, re.MULTILINE)
    told = {name: (profile, re.findall(r"\d+", ports)) for name, profile, ports in rows}
    assert told == {
        name: ("".join(service.get("profiles", [])), [port.split(":")[1] for port in service.get("ports", [])])
        for name, service in SERVICES.items()
    }


@every_service
def test_ports_are_bound_to_this_machine(name: str) -> None:
    assert [port for port in SERVICES[name].get("ports", []) if not port.startswith("127.0.0.1:")] == []


@every_service
def test_images_of_others_have_a_version(name: str) -> None:
    tag = SERVICES[name]["image"].rpartition(":")[2]
    assert re.search(r"\d", tag) or name in OWN


@every_service
def test_volumes_are_declared(name: str) -> None:
    named = [volume.split(":")[0] for volume in SERVICES[name].get("volumes", ())]
    assert [volume for volume in named if not volume.startswith(".") and volume not in PROJECT["volumes"]] == []


@every_service
def test_what_is_waited_for_exists_and_is_healthy(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        assert other in SERVICES
        if SERVICES[other].get("profiles") and SERVICES[other]["profiles"] != SERVICES[name].get("profiles"):
            assert how["required"] is False
        # Answers come from the snapshots where Neo4j is down: the service must not wait for it.
        assert how["condition"] == ("service_started" if (name, other) == ("api", "neo4j") else "service_healthy")


@own_service
def test_own_services_run_as_nobody_in_particular_and_write_to_volumes_only(name: str) -> None:
    service = SERVICES[name]
    assert service["user"] == "10001:10001"
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert any(mount.startswith("/tmp") for mount in service["tmpfs"])
    assert service["build"]["target"] == "cpu"


def test_the_api_has_longer_to_end_than_its_answers() -> None:
    from rag.settings import Settings

    assert int(SERVICES["api"]["stop_grace_period"].removesuffix("s")) > Settings().grace_s + 1


def test_vllm_takes_adapters_as_arguments_of_their_own() -> None:
    adapters = "--lora-modules tcm=/adapters/tcm other=/adapters/other"
    service = compose.project({**SECRETS, "VLLM_ARGUMENTS": adapters})["services"]["vllm"]
    assert compose.arguments(service["command"])[-3:] == adapters.split()
    assert compose.arguments(SERVICES["vllm"]["command"])[0] == "/models/base"
    assert service["deploy"]["resources"]["reservations"]["devices"][0]["capabilities"] == ["gpu"]
    assert "ports" not in service


def test_prometheus_reads_the_services_that_exist() -> None:
    config = PROJECT["configs"]["prometheus"]["content"]
    assert set(re.findall(r'"(\w+):8000"', config)) <= set(SERVICES)


def test_what_operators_are_told_is_missing_is_missing(tmp_path: Path) -> None:
    """Fails when it is there: then the sentence goes, and the page tells how to use it."""
    from api.app import create_app
    from rag.settings import Settings

    metrics = TestClient(create_app(Settings(data_dir=tmp_path))).get("/metrics")
    assert ("`api` has none yet" in OPERATIONS) == (metrics.status_code == 404)
    asks = any(module.imports_from("langchain_openai") for module in modules() if module.package == "rag")
    assert ("Nothing in `api` asks it yet" in OPERATIONS) != asks


# ------------------------------------------------------------ the services as processes


def _has_command(name: str) -> bool:
    done = subprocess.run([BIN / "yiwen", name, "--help"], capture_output=True, check=False)
    return done.returncode == 0


class Deployed:
    """One service as processes of this machine: its command and its health check see the same environment."""

    def __init__(self, name: str, folder: Path, *, api_port: int = 0) -> None:
        self.service = SERVICES[name]
        self.port = free_port()
        self._changes = {
            "http://api:8000": f"http://127.0.0.1:{api_port}",
            "bolt://neo4j:7687": "bolt://127.0.0.1:1",  # nothing is there: it has to do without
            "0.0.0.0": "127.0.0.1",
        }
        given = {key: self._here(value) for key, value in self.service["environment"].items()}
        scratch = folder / "tmp"
        scratch.mkdir(parents=True, exist_ok=True)
        if "YIWEN_DATA_DIR" in given:
            given["YIWEN_DATA_DIR"] = str(folder / "data")
        self.environment = {
            "PATH": f"{BIN}:{os.defpath}", "HOME": str(scratch), "TMPDIR": str(scratch), "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1", **given,
        }  # fmt: skip
        self._folder = folder

    def _here(self, text: str) -> str:
        for there, here in self._changes.items():
            text = text.replace(there, here)
        return re.sub(r"(?<=127\.0\.0\.1:)8(?:000|501)\b(?=/)|^8(?:000|501)$", str(self.port), text)

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """The service, until the end of the block."""
        command = compose.arguments(self.service["command"])
        log = self._folder / f"{self.port}.log"
        with log.open("wb") as said:
            process = subprocess.Popen(
                command, env=self.environment, cwd=self._folder, stdout=said, stderr=subprocess.STDOUT
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()
            process.wait()
            sys.stdout.write(log.read_text(encoding="utf-8"))  # seen if the test fails

    def healthy(self) -> bool:
        """One run of the health check, within its time."""
        command = [self._here(word) for word in compose.health_arguments(self.service)]
        limit = float(self.service["healthcheck"]["timeout"].removesuffix("s"))
        try:
            done = subprocess.run(
                command, env=self.environment, cwd=self._folder, capture_output=True, check=False, timeout=limit
            )
        except subprocess.TimeoutExpired:
            return False
        return done.returncode == 0

    def wait_until_healthy(self) -> None:
        """Raise if it does not become so."""
        deadline = time.monotonic() + HEALTHY_S
        while not self.healthy():
            assert time.monotonic() < deadline, "it never became healthy"
            time.sleep(0.1)


def _end(process: subprocess.Popen[bytes], service: dict[str, Any]) -> int:
    process.send_signal(signal.SIGTERM)
    return process.wait(timeout=float(service["stop_grace_period"].removesuffix("s")))


def test_the_api_serves_is_healthy_and_ends_in_time(tmp_path: Path) -> None:
    api = Deployed("api", tmp_path)
    assert not api.healthy(), "healthy though nothing runs"
    with api.running() as process:
        api.wait_until_healthy()
        with httpx.Client(base_url=f"http://127.0.0.1:{api.port}") as client:
            assert client.get("/readyz").status_code == 503  # no knowledge yet, and healthy all the same
            assert client.post("/v1/kb/jobs", files={"file": ("a.csv", b"x")}).status_code == 401
        assert _end(process, api.service) == 0
    assert not api.healthy()


FACTS = "subject,subject_type,relation,object,object_type,source\n甲病,disease,has_symptom,头晕,symptom,书\n"


@contextmanager
def _deployment(folder: Path, *names: str, **changed: str) -> Iterator[list[httpx.Client]]:
    """Services with a common data folder and `changed` settings (an empty one is left out): clients of those that
    serve. All of them must become healthy, and end in good order."""
    services = [Deployed(name, folder) for name in names]
    with ExitStack() as stack:
        for service in services:
            service.environment |= changed
        processes = [stack.enter_context(service.running()) for service in services]
        for service in services:
            service.wait_until_healthy()
        key = {"X-API-Key": SECRETS["YIWEN_API_KEY"]}
        serving = [service for service, name in zip(services, names, strict=True) if name == "api"]
        addresses = [f"http://127.0.0.1:{service.port}" for service in serving]
        yield [stack.enter_context(httpx.Client(base_url=url, headers=key, timeout=10)) for url in addresses]
        ended = [_end(process, service.service) for process, service in zip(processes, services, strict=True)]
    assert set(ended) == {0}


def _ingest(client: httpx.Client, facts: str = FACTS) -> None:
    """Upload facts as the data set `mine` and wait until they are published."""
    sent = client.post("/v1/kb/jobs", files={"file": ("facts.csv", facts.encode())}, data={"dataset": "mine"})
    assert sent.status_code == 202, sent.text
    assert _ended(client, sent.json()["id"])["state"] == "done"


def test_api_and_worker_bring_a_file_from_upload_to_answer(tmp_path: Path) -> None:
    with _deployment(tmp_path, "api", "worker", YIWEN_NEO4J_URI="") as (client,):
        _ingest(client)
        assert _answer(client, "甲病有什么症状？")["outcome"] == "answered"


@pytest.mark.neo4j
def test_api_worker_and_neo4j_bring_a_file_from_upload_to_answer(
    tmp_path: Path, neo4j_address: neo4j_server.Address
) -> None:
    graph = {"YIWEN_NEO4J_URI": neo4j_address.uri, "YIWEN_NEO4J_PASSWORD": neo4j_address.password}
    with _deployment(tmp_path, "api", "worker", **graph, YIWEN_NEO4J_TIMEOUT_S="10") as (client,):
        _ingest(client)
        answer = _answer(client, "甲病有什么症状？")
    assert (answer["outcome"], answer["degraded"]) == ("answered", [])


@pytest.mark.postgres
def test_replicas_share_the_knowledge_and_the_jobs(tmp_path: Path, postgres_url: str) -> None:
    shared = {"YIWEN_NEO4J_URI": "", "YIWEN_STATE_URL": postgres_url}
    with _deployment(tmp_path, "api", "api", "worker", "worker", **shared) as (one, other):
        _ingest(one)
        assert {reply["kb_version"] for reply in (_answer(one, "甲病？"), _answer(other, "甲病？"))} == {1}
        _ingest(other, FACTS + "甲病,disease,has_symptom,耳鸣,symptom,书\n")
        for client in (one, other):
            seen = _answer(client, "甲病有什么症状？", version=2)
            assert "耳鸣" in seen["text"]
        jobs = [[job["id"] for job in client.get("/v1/kb/jobs").json()["items"]] for client in (one, other)]
        assert jobs[0] == jobs[1]
        assert len(jobs[0]) == 2


def _ended(client: httpx.Client, job: str) -> dict[str, Any]:
    deadline = time.monotonic() + HEALTHY_S
    while (found := client.get(f"/v1/kb/jobs/{job}").json())["state"] in ("queued", "running"):
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return dict(found)


def _answer(client: httpx.Client, question: str, version: int = 1) -> dict[str, Any]:
    """The first answer from `version` or a later one; a service sees a new version after a moment."""
    deadline = time.monotonic() + HEALTHY_S
    while True:
        reply = client.post("/ask", json={"question": question})
        if reply.status_code == 200 and reply.json()["kb_version"] >= version:
            return dict(reply.json())
        assert time.monotonic() < deadline, reply.text
        time.sleep(0.1)


def test_a_worker_whose_queue_cannot_be_read_is_not_healthy(tmp_path: Path) -> None:
    worker = Deployed("worker", tmp_path)
    assert worker.healthy()
    worker.environment["YIWEN_STATE_URL"] = f"sqlite:///{tmp_path}/absent/state.sqlite"
    assert not worker.healthy()


def test_the_page_is_served(tmp_path: Path) -> None:
    if not _has_command("ui"):
        pytest.skip("there is no command `yiwen ui` yet")
    page = Deployed("ui", tmp_path, api_port=free_port())  # no service behind it: it has to say so, not to fail
    with page.running() as process:
        page.wait_until_healthy()
        assert httpx.get(f"http://127.0.0.1:{page.port}/").status_code == 200
        _end(process, page.service)


# ------------------------------------------------------------ the image


def test_both_targets_exist_and_the_small_one_is_the_default() -> None:
    stages = [rest.split(" AS ")[1] for word, rest in INSTRUCTIONS if word == "FROM"]
    assert stages[-2:] == ["gpu", "cpu"]
    bases = [rest.split(" AS ")[0] for word, rest in INSTRUCTIONS if word == "FROM"]
    assert set(bases) - set(stages) == {"${PYTHON_IMAGE}"}


def test_what_runs_is_not_root() -> None:
    users = [rest for word, rest in INSTRUCTIONS if word == "USER"]
    assert users == ["10001:10001"] == [SERVICES["api"]["user"]]
    last_user = max(i for i, (word, _) in enumerate(INSTRUCTIONS) if word == "USER")
    assert "RUN" not in [word for word, _ in INSTRUCTIONS[last_user:]]


def test_the_image_holds_no_secret() -> None:
    assert re.findall(r"(?i)password|secret|token|api_?key", DOCKERFILE.replace("settings or secrets", "")) == []
    assert [rest for word, rest in INSTRUCTIONS if word == "ARG"] == ["PYTHON_IMAGE=python:3.11-slim-bookworm"]


def test_copied_files_exist_and_reach_the_builder() -> None:
    copied = {
        source
        for word, rest in INSTRUCTIONS
        if word == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    }
    assert copied == {*PACKAGES, "docker/cpu.lock", "docker/gpu.lock", "pyproject.toml", "README.md", "LICENSE"}
    assert [name for name in copied if not (ROOT / name).exists()] == []
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    admitted = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert "*" in lines
    assert admitted - {"docker/*.lock"} == {name for name in copied if not name.startswith("docker/")}


def test_the_health_check_of_the_image_is_that_of_the_service() -> None:
    (check,) = [rest for word, rest in INSTRUCTIONS if word == "HEALTHCHECK"]
    assert f'CMD ["python", "-c", "{SERVICES["api"]["healthcheck"]["test"][-1]}"]' in check


def test_everything_is_installed_with_hashes_and_without_looking_up() -> None:
    installs = [rest for word, rest in INSTRUCTIONS if word == "RUN" and "pip install" in rest]
    pinned = "python -m pip install --no-deps --require-hashes -r {}.lock"
    own = "python -m pip install --no-deps --no-build-isolation ."
    assert installs == [pinned.format("cpu"), own, pinned.format("gpu"), own]


def _pins(lock: str) -> dict[str, set[str]]:
    """Name -> pinned versions: one, or one for each range of Python's versions."""
    pins: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)==(\S+)", lock, re.MULTILINE):
        pins.setdefault(name, set()).add(version)
    return pins


def _not_in(pins: dict[str, set[str]], others: dict[str, set[str]]) -> set[str]:
    return {name for name, versions in pins.items() if not versions <= others.get(name, versions)}


@pytest.mark.parametrize(
    ("image", "extras"),
    [("cpu", "cpu postgres ui openai otel"), ("gpu", "gpu hf train quant postgres ui openai otel")],
)
def test_the_pins_of_an_image_satisfy_the_project(image: str, extras: str) -> None:
    text = (ROOT / "docker" / f"{image}.lock").read_text(encoding="utf-8")
    blocks = [block for block in re.split(r"\n(?=\S)", text) if not block.startswith("#")]
    assert [block for block in blocks if "==" not in block or "--hash=sha256:" not in block] == []
    assert "//" not in text
    pins, project = _pins(text), PYPROJECT["project"]
    wanted = [*project["dependencies"], *PYPROJECT["build-system"]["requires"]]
    wanted += [entry for extra in extras.split() for entry in project["optional-dependencies"][extra]]
    for requirement in map(Requirement, wanted):
        if requirement.name != "yiwen":  # one extra names another
            name = re.sub(r"[-_.]+", "-", requirement.name).lower()
            versions = pins.get(name, {"0"})
            assert all(map(requirement.specifier.contains, versions)), f"{requirement}, {versions}: make lock"


def test_images_hold_what_was_tested() -> None:
    tested, cpu = _pins(LOCK), _pins((ROOT / "docker" / "cpu.lock").read_text(encoding="utf-8"))
    gpu = _pins((ROOT / "docker" / "gpu.lock").read_text(encoding="utf-8"))
    assert _not_in(cpu, tested) == _not_in(gpu, cpu) == set(), "make lock"
    assert not {"pytest", "mypy", "hypothesis", "torch", "faiss-gpu"} & set(cpu)
    assert "faiss-cpu" not in gpu


@pytest.mark.long
def test_the_install_lines_make_a_program_that_works(tmp_path: Path) -> None:
    """What the target `cpu` does, in a clean environment with nothing but what the builder gets."""
    source, environment = tmp_path / "source", tmp_path / "environment"
    for name in tracked_files():
        if name.split("/")[0] in {*PACKAGES, "pyproject.toml", "README.md", "LICENSE"}:
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    shutil.copy(ROOT / "docker" / "cpu.lock", source)
    lines = [rest for word, rest in INSTRUCTIONS if word == "RUN" and "gpu" not in rest and "useradd" not in rest]
    path = {**os.environ, "PATH": f"{environment / 'bin'}:{os.environ['PATH']}", "PIP_NO_CACHE_DIR": "1"}
    for line in dict.fromkeys(lines):
        command = line.replace("/opt/yiwen", str(environment))
        subprocess.run(command, shell=True, check=True, cwd=source, env=path)
    shutil.rmtree(source)
    bare = {"PATH": f"{environment / 'bin'}:{os.defpath}", "HOME": str(tmp_path), "YIWEN_DATA_DIR": str(tmp_path / "d")}
    done = subprocess.run(
        ["yiwen", "demo", "--once"], env=bare, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert "AI 生成" in done.stdout
    subprocess.run(["yiwen", "doctor"], env=bare, cwd=tmp_path, check=True)
    subprocess.run([environment / "bin" / "python", "-m", "pip", "check"], env=bare, check=True)
