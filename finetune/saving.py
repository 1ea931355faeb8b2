"""What a run leaves: an adapter with the mark of its base, or a whole model; and its place in the running service."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from finetune.config import Run
from rag.errors import ConflictError, DataError, MissingExtraError, NotFoundError
from rag.generators.adapters import BASE, CONFIG, TEMPLATE, WEIGHTS, fingerprint
from rag.hub import find_model
from rag.snapshot.files import as_os_error, checksum, files_below, storage_errors, sync_file, sync_folder

try:
    from safetensors import SafetensorError
    from transformers.utils import cached_file
except ImportError as error:
    raise MissingExtraError("training needs torch and transformers: pip install 'yiwen[train]'") from error

_WRITING = re.compile(r"os error \d+|No space left|PytorchStreamWriter|inline_container")
ADAPTER, MODEL, START = "adapter", "model", "start"
PICKLED = "adapter_model.bin"
"""How adapters of 2023 kept their weights."""
_ON = "+"
"""Between the fingerprints of a base and of the adapters on it."""


@contextmanager
def disk_errors(place: Path) -> Iterator[None]:
    """As `storage_errors`, also for what the libraries report of a disk as text."""
    with storage_errors(place):
        try:
            yield
        except (SafetensorError, RuntimeError) as error:
            if _WRITING.search(str(error)) is None:
                raise
            raise as_os_error(error, place) from error


def save_result(run: Run, trainer: Any, tokenizer: Any) -> Path:  # noqa: ANN401 - of transformers
    """Writes `adapter/` or `model/` into the run's folder, tokenizer and template beside it; returns the folder."""
    folder = run.out / (ADAPTER if run.train.method == "lora" else MODEL)
    aside = run.out / f".{folder.name}"
    if trainer.is_world_process_zero():
        shutil.rmtree(aside, ignore_errors=True)
    trainer.accelerator.wait_for_everyone()
    model = trainer.accelerator.unwrap_model(trainer.model)
    if keeps_start(run):
        if trainer.is_world_process_zero():
            model.peft_config["default"].init_lora_weights = True  # PEFT refuses two adapters while one says `pissa`
            model.save_pretrained(aside, path_initial_model_for_weight_conversion=str(run.out / START))
    else:
        trainer.save_model(str(aside))
    if trainer.is_world_process_zero():
        tokenizer.save_pretrained(aside)
        (aside / "training_args.bin").unlink(missing_ok=True)  # a pickle that nobody needs to load the result
        if _is_for_a_base(run):
            below = mark(run.model.path, [Path(name) for name in run.model.adapters])
            (aside / BASE).write_text(json.dumps({"fingerprint": below}), encoding="utf-8")
        publish_folder(aside, folder, replace=True)
    return folder


def _is_for_a_base(run: Run) -> bool:
    """Whether there are weights that it was learnt on top of, which a mark can name."""
    return run.train.method == "lora" and run.train.stage != "embed" and run.model.weights == "pretrained"


def mark(base: str, below: Sequence[Path]) -> str:
    """What an adapter is for: the fingerprint of the base, and of each adapter that was merged into it before."""
    sums = [f"{_ON}{checksum(_weights(adapter), sha256=True).sha256[:8]}" for adapter in below]
    return fingerprint(base_folder(base)) + "".join(sums)


def _weights(adapter: Path) -> Path:
    return next((path for name in (WEIGHTS, PICKLED) if (path := adapter / name).is_file()), adapter / WEIGHTS)


def check_base(base: str, adapter: Path, below: Sequence[Path] = ()) -> None:
    """Raises DataError where the adapter's mark names neither `base` nor it with the adapters `below` merged in.

    NotFoundError for a folder that is no adapter; a name on the hub raises what `find_model` raises.
    """
    if not adapter.exists():
        find_model(str(adapter))
    elif not (adapter / CONFIG).is_file():
        raise NotFoundError(f"{adapter} is no adapter: it has no {CONFIG}; a run leaves one in its folder `adapter`")
    if not (adapter / BASE).exists():
        return
    wanted = _marked(adapter)
    plain = fingerprint(base_folder(base))
    if wanted in (plain, mark(base, below)):
        return
    named = json.loads((adapter / CONFIG).read_bytes()).get("base_model_name_or_path")
    if wanted.startswith(plain + _ON):
        raise DataError(
            f"{adapter} was learnt on top of another adapter ({wanted}); name that one before it, as model.adapters of "
            "its run does"
        )
    raise DataError(f"{adapter} was made for {named} ({wanted}), not for {base} ({plain}); name that base")


def _marked(adapter: Path) -> str:
    return str(json.loads((adapter / BASE).read_bytes())["fingerprint"])


def keeps_start(run: Run) -> bool:
    """Whether the adapter's first values are needed at the end: PiSSA changes the base, its difference does not."""
    return run.train.method == "lora" and run.lora.pissa and run.lora.start is None


def save_start(run: Run, model: Any) -> None:  # noqa: ANN401 - a PEFT model
    """Keeps the adapter as it was before the first step."""
    shape = model.peft_config["default"]
    shape.init_lora_weights = True
    model.save_pretrained(run.out / START)
    shape.init_lora_weights = "pissa"


def base_folder(name: str) -> Path:
    """Where the files of a model lie: the folder itself, or the hub's cache."""
    return Path(name) if Path(name).is_dir() else Path(str(cached_file(name, "config.json"))).parent


def licence_of(base: str) -> str:
    """As the base's own card states it."""
    card = base_folder(base) / "README.md"
    head = card.read_text(encoding="utf-8", errors="replace")[:4000] if card.is_file() else ""
    stated = [line.partition(":")[2].strip() for line in head.splitlines() if line.startswith("license:")]
    return stated[0] if stated else ""


def publish_folder(aside: Path, folder: Path, *, replace: bool = False) -> None:
    """Moves a finished folder to its place, its files on the disk. ConflictError if there is one already."""
    with storage_errors(folder):
        for name in files_below(aside):
            os.chmod(aside / name, aside.stat().st_mode & 0o666)  # safetensors leaves weights to their owner alone
            sync_file(aside / name)
        if folder.exists():
            if not replace:
                raise ConflictError(f"{folder} exists already; name another folder or remove it")
            old = folder.with_name(f".{folder.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            os.replace(folder, old)
            os.replace(aside, folder)
            shutil.rmtree(old)
        else:
            os.replace(aside, folder)
        sync_folder(folder.parent)


def check_name(name: str) -> None:
    """Raises DataError where the service could not call an adapter so."""
    if not name or name != Path(name).name or name.startswith("."):
        raise DataError(f"{name!r} is no name of an adapter; expected one without slashes and leading dot")


def register_adapter(adapter: Path, folder: Path, name: str) -> Path:
    """Puts an adapter into the folder of a running service, which takes it up with the next answer.

    Raises DataError if it is none that the service loads.
    """
    missing = [part for part in (CONFIG, WEIGHTS) if not (adapter / part).is_file()]
    if missing:
        raise DataError(f"{adapter} lacks {', '.join(missing)}; expected a LoRA adapter (see `yiwen adapter import`)")
    check_name(name)
    if (adapter / BASE).exists() and _ON in _marked(adapter):
        raise DataError(
            f"{adapter} was learnt on top of another adapter, and the service puts one on the base; merge both in turn "
            "(`yiwen merge FIRST SECOND --base BASE --out FOLDER`) and serve the result as YIWEN_LOCAL_MODEL"
        )
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
        aside = folder / f".{name}.{os.getpid()}"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir()
        for part in (CONFIG, WEIGHTS, BASE, TEMPLATE):
            if (adapter / part).exists():
                shutil.copyfile(adapter / part, aside / part)
        publish_folder(aside, folder / name, replace=True)
    return folder / name
