"""The table of benchmarks/README.md about labels over the frames of a video, from what `benchmarks.steady` measured."""

from __future__ import annotations

from typing import Any

from benchmarks.recipes import HERE

RESULTS = {"reader": HERE / "results" / "steady-reader.json", "noise": HERE / "results" / "steady.json"}


def steady_table(results: dict[str, Any]) -> str:
    """The figures by kind of video, what they mean, and where they were measured."""
    rows = [
        "| video | digits | told after: median, worst | later than 0.5 s | never | changes a second | wrong | "
        "false labels, doubts a blank second | cleared after: median, worst |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for kind, figures in results["figures"].items():
        counts = [figures[name] if figures["digits"] else "–" for name in ("digits", "late", "never")]
        blank = figures["blank_seconds"]
        false = f"{figures['false_labels']}, {figures['false_doubts']} ({blank:.0f} s)" if blank else "–"
        rows.append(
            f"| {kind} | {counts[0]} | {seconds(figures['commit'])} | {counts[1]} | {counts[2]} | "
            f"{share(figures['changes'], '.3f')} | {share(figures['wrong'], '.1%')} | {false} | "
            f"{seconds(figures['clear'])} |"
        )
    machine = results["environment"]["machine"]
    return "\n".join(
        [*rows, "", f"{results['videos']} videos of each kind. Measured on {machine}; no time is counted."]
    )


def seconds(values: list[float] | None) -> str:
    return f"{values[0]:.2f}, {values[1]:.2f} s" if values else "–"


def share(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)
