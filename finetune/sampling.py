"""The sampling curve of a run by priority: which share each data set has as the run goes on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from finetune.data.mixing import Schedule, expected_shares

SAMPLING = "sampling.png"
_PARTS = 30


def plot_sampling(schedule: Schedule, path: Path) -> bool:
    """Draws the counted shares as dots over the law's lines; False where matplotlib is missing."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        return False
    parts = min(_PARTS, len(schedule))
    counted = schedule.curve(parts)
    shares = counted / counted.sum(axis=1, keepdims=True)
    middles = (np.arange(parts) + 0.5) / parts
    law = np.array([expected_shares(schedule.sources, float(middle)) for middle in middles])
    axes = (figure := Figure(figsize=(7, 4), layout="constrained")).add_subplot()
    for number, source in enumerate(schedule.sources):
        (line,) = axes.plot(middles, law[:, number], label=f"{source.name} (priority {source.priority:g})")
        axes.plot(middles, shares[:, number], "o", markersize=3, color=line.get_color())
    axes.set(
        xlabel="part of an epoch",
        ylabel="share of the rows",
        ylim=(-0.02, 1.02),
        title="lines: the law; dots: this run",
    )
    axes.legend()
    figure.savefig(path, dpi=120)
    return True
