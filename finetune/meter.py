"""How fast a run is: real tokens a second, share of the hardware's peak, memory, time left; in every line of the log.

Counts come from shapes, which the host knows, so nothing waits for the GPU between two lines.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.errors import DataError, MissingExtraError

try:
    import torch
    from transformers import TrainerCallback
except ImportError as error:
    raise MissingExtraError("training needs torch and transformers: pip install 'yiwen[train]'") from error

LOG, PLOT = "log.jsonl", "loss.png"
PEAK_TFLOPS = {"H200": 989.0, "H100": 989.0, "H800": 989.0, "A100": 312.0, "A800": 312.0, "L40S": 362.0, "4090": 165.0}
"""Dense bf16 of the data sheets, by a part of the device's name."""
GIB = 1 << 30
_MANY = 30
"""Points of a plot from which a smoothed line says more than it hides."""


@dataclass(frozen=True)
class Work:
    """Floating-point operations that a token costs; a multiplication and an addition are two."""

    matmul_parameters: int
    """Of all linear layers, embeddings left out."""
    head_parameters: int
    """Of the language-model head, which runs at supervised positions only."""
    full: bool
    """Whether weights get gradients (3 passes) or only pass them on (2)."""

    def flops(self, tokens: int, supervised: int) -> float:
        """Of one forward and backward pass; recomputation does not count, attention is below 1 % in short documents."""
        passes = 6.0 if self.full else 4.0
        return passes * (self.matmul_parameters * tokens + self.head_parameters * supervised)


def work_of(model: Any, *, full: bool) -> Work:  # noqa: ANN401 - a model
    """Counts the parameters of linear layers, those of adapters included."""
    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    head_size = _elements(head.weight) if head is not None else 0
    sizes = [
        _elements(module.weight)
        for module in model.modules()
        if isinstance(module, torch.nn.Linear) and module is not head
    ]
    return Work(sum(sizes), head_size, full)


def _elements(weight: Any) -> int:  # noqa: ANN401 - a parameter, perhaps of packed 4-bit values
    state = getattr(weight, "quant_state", None)
    return math.prod(state.shape) if state is not None else weight.numel()


def peak_flops(device: torch.device) -> float | None:
    """Of one device, per second; None where its data sheet is not known here."""
    if device.type != "cuda":
        return None
    name = torch.cuda.get_device_name(device)
    return next((peak * 1e12 for part, peak in PEAK_TFLOPS.items() if part in name), None)


class Meter(TrainerCallback):  # type: ignore[misc] # transformers has no types here
    """Counts batches, adds its figures to each log entry, and writes entries as JSON Lines."""

    def __init__(self, folder: Path, work: Work, device: torch.device, ranks: int = 1) -> None:
        self._path, self._work, self._device, self._ranks = folder / LOG, work, device, ranks
        self._peak = peak_flops(device)
        self.tokens = self.supervised = 0
        self.seconds = 0.0
        """Spent in steps so far, evaluation and saving left out."""
        self._at_log = (0, 0, 0.0)
        self._begin: float | None = None
        self._started = time.monotonic()
        self._first_step = 0

    def count(self, tokens: int, supervised: int) -> None:
        """One micro-batch of this rank."""
        self.tokens += tokens
        self.supervised += supervised

    def on_train_begin(self, args: Any, state: Any, control: Any, **_: object) -> None:  # noqa: ANN401 - as the base
        """Takes the time; entries after the step a run resumes from are written again."""
        self._started, self._first_step = time.monotonic(), state.global_step
        if state.is_world_process_zero:
            cut_log(self._path, state.global_step)
        if self._device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self._device)

    def on_step_begin(self, args: Any, state: Any, control: Any, **_: object) -> None:  # noqa: ANN401 - as the base
        """The time before the first micro-batch of a step."""
        self._begin = self._begin or time.monotonic()

    def figures(self, step: int, steps: int) -> dict[str, float]:
        """Since the last call: `tokens_per_s` of all ranks, `mfu`, `peak_gib`, and `left_s` until the last step."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        now = time.monotonic()
        self.seconds += now - self._begin if self._begin is not None else 0.0
        self._begin = None
        tokens, supervised, seconds = self.tokens, self.supervised, self.seconds
        passed = max(seconds - self._at_log[2], 1e-9)
        flops = self._work.flops(tokens - self._at_log[0], supervised - self._at_log[1])
        rate = (tokens - self._at_log[0]) / passed
        self._at_log = (tokens, supervised, seconds)
        found = {
            "tokens": tokens * self._ranks,
            "tokens_per_s": round(rate * self._ranks, 1),
            "tflops_per_device": round(flops / passed / 1e12, 3),
            "elapsed_s": round(now - self._started, 1),
            "left_s": round((now - self._started) / max(step - self._first_step, 1) * (steps - step), 1),
            "peak_gib": round(peak_memory(self._device) / GIB, 2),
        }
        return found | ({"mfu": round(flops / passed / self._peak, 4)} if self._peak else {})

    def sums(self) -> dict[str, float]:
        """Of all ranks, since this process began."""
        tokens, seconds = self.tokens * self._ranks, max(self.seconds, 1e-9)
        return {
            "tokens": tokens,
            "supervised_tokens": self.supervised * self._ranks,
            "seconds": round(self.seconds, 2),
            "tokens_per_s": round(tokens / seconds, 1),
        }

    def pause(self) -> None:
        """Saving and judging begin: their time is none of the steps'."""
        if self._begin is not None:
            self.seconds += time.monotonic() - self._begin
            self._begin = None

    def write(self, entry: Mapping[str, object]) -> None:
        """Appends a line."""
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(finite(entry), ensure_ascii=False) + "\n")
            file.flush()


def finite(entry: Mapping[str, object]) -> dict[str, object]:
    """JSON has no NaN: such a number is written as text."""
    return {k: str(v) if isinstance(v, float) and not math.isfinite(v) else v for k, v in entry.items()}


def peak_memory(device: torch.device) -> int:
    """Bytes: of the device, or of this process on a CPU."""
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def cut_log(path: Path, step: int) -> None:
    """Drops entries after `step`, and a line that was cut off."""
    kept = [entry for entry in read_log(path) if int(entry.get("step", 0)) <= step] if path.exists() and step else []
    aside = path.with_name(f".{path.name}.tmp")
    aside.write_text("".join(json.dumps(entry, ensure_ascii=False) + "\n" for entry in kept), encoding="utf-8")
    os.replace(aside, path)


def read_log(path: Path) -> list[dict[str, Any]]:
    """The entries of a log; a last line that was cut off is left out."""
    entries = []
    lines = path.read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines, start=1):
        try:
            entries.append(json.loads(line))
        except ValueError:
            if number < len(lines):
                raise DataError(f"{path}:{number} is no JSON; expected one object a line") from None
    return entries


def plot(
    entries: Sequence[Mapping[str, Any]], path: Path, *, unit: str = "nats a token", smoothing: float = 0.9
) -> bool:
    """Draws training and evaluation loss over steps; False where matplotlib is missing or there is nothing to draw."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    series = {name: [(e["step"], e[name]) for e in entries if _number(e.get(name))] for name in ("loss", "eval_loss")}
    if not any(series.values()):
        return False
    axes = (figure := Figure(figsize=(7, 4), layout="constrained")).add_subplot()
    for name, points in series.items():
        if points:
            steps, values = zip(*points, strict=True)
            axes.plot(
                steps, values, label=name, alpha=0.4 if name == "loss" else 1.0, marker="." * (len(points) < _MANY)
            )
    if len(series["loss"]) >= _MANY:
        steps, values = zip(*series["loss"], strict=True)
        axes.plot(steps, _smooth(values, smoothing), label=f"loss, smoothed {smoothing:g}")
    axes.set_xlabel("step")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel(f"loss, {unit}" if unit else "loss")
    axes.legend()
    axes.grid(alpha=0.3)
    aside = path.with_name(f".{path.name}")
    figure.savefig(aside, dpi=120, format="png")
    os.replace(aside, path)
    return True


def _number(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def _smooth(values: Sequence[float], weight: float) -> list[float]:
    """Exponential moving average, corrected for its start."""
    mean, smoothed = 0.0, []
    for number, value in enumerate(values, start=1):
        mean = weight * mean + (1 - weight) * value
        smoothed.append(mean / (1 - weight**number))
    return smoothed
