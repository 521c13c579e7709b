"""The tables of results/reading.json, for benchmarks/README.md and docs/reading.md."""

from __future__ import annotations

from typing import Any

from benchmarks.recipes import HERE

RESULTS = HERE / "results" / "reading.json"
TITLES = {
    "shipped": "locator + namer (shipped)",
    "A": "A: components, a network trained on MNIST",
    "B": "B: components, a network trained on rendered marks, with none",
}
_COLUMNS = ("F1", "precision", "recall", "exact", "F1 each page the same", "F1 without other handwriting", "names")
_KEYS = ("f1", "precision", "recall", "exact", "macro_f1", "f1_without_others", "named")


def reading_tables(figures: dict[str, Any]) -> str:
    """All tables: readers side by side on rendered pages and on photos, the shipped one by condition, and speed."""
    kinds = ", ".join(figures["compared"]["kinds"])
    first = next(iter(figures["readers"].values()))
    parts = [
        f"Rendered pages ({kinds}; {first['rendered']['photos']} pages, {first['rendered']['digits']:,} digits):",
        _readers(figures["readers"], "rendered"),
    ]
    if "photos" in first:
        count, digits = first["photos"]["photos"], first["photos"]["digits"]
        fewer = first["photos_without_largest"]
        parts += [
            f"Photos and scans by strangers ({count}, {digits} digits; {figures['photos']}; never trained on):",
            _readers(figures["readers"], "photos"),
            f"The same without the one of most digits ({fewer['photos']}, {fewer['digits']} digits):",
            _readers(figures["readers"], "photos_without_largest"),
        ]
    return "\n\n".join(
        [*parts, _names_note(), _unseen(figures["shipped"]), _groups(figures["shipped"]), _speed(figures)]
    )


def front_table(figures: dict[str, Any]) -> str:
    """What a user wants to know of the shipped reader."""
    shipped, entry = figures["shipped"], figures["readers"]["shipped"]
    rows = ["| pages | digits | F1 | exact | names given true boxes |", "| --- | --- | --- | --- | --- |"]

    def row(name: str, score: dict[str, Any]) -> None:
        shares = " | ".join(_percent(score[key]) for key in ("f1", "exact", "named"))
        rows.append(f"| {name} ({score['photos']}) | {score['digits']:,} | {shares} |")

    for group in shipped["groups"]:
        if group["kind"] == "dirt":
            row(f"rendered, dirt {group['name']}", group)
    for kind in ("paper", "ink", "light", "negative"):
        members = [group for group in shipped["groups"] if group["kind"] == f"unseen {kind}"]
        if members:
            row(f"rendered, {kind} never trained on", _together(members))
    if "photos" in entry:
        row(f"photos by strangers, {figures['photos']}", entry["photos"])
    return "\n".join(rows) + "\n\n" + _unseen(shipped)


def _together(groups: list[dict[str, Any]]) -> dict[str, Any]:
    """The pages of several groups as one."""
    total = {
        name: sum(group[name] for group in groups) for name in ("photos", "digits", "marks", "right", "exact_photos")
    }
    named = sum(group["named"] * group["digits"] for group in groups if group["digits"])
    return total | {
        "f1": 2 * total["right"] / max(1, total["digits"] + total["marks"]),
        "exact": total["exact_photos"] / total["photos"],
        "named": named / max(1, total["digits"]),
    }


def _readers(readers: dict[str, Any], on: str) -> str:
    rows = [f"| reader | {' | '.join(_COLUMNS)} |", f"| --- |{' --- |' * len(_COLUMNS)}"]
    for name, entry in readers.items():
        cells = " | ".join(_percent(entry[on][key]) for key in _KEYS)
        rows.append(f"| {TITLES.get(name, f'locator + `{name}`')} | {cells} |")
    return "\n".join(rows)


def _names_note() -> str:
    return (
        "Per cent. *names* is how many digits the network names rightly when it is given their true boxes; *exact* how "
        "many pages have no mistake, neither missing nor extra."
    )


def _unseen(shipped: dict[str, Any]) -> str:
    """What is made of what training never showed: signs, and empty papers."""
    lines = []
    for group in shipped["groups"]:
        if group["kind"] == "blank":
            lines.append(
                f"- {group['photos']} blank pages, {group['name']}: {group['false_per_blank']:.3f} marks a page."
            )
    found = shipped.get("rejection")
    if found:
        lines.append(
            f"- A digit or not, {found['digits']:,} digits against {found['others']:,} signs of kinds never trained "
            f"on: AUROC {found['auroc']:.4f} (the namer alone {found['auroc_classifier']:.4f})."
        )
        lines.append(f"- Calibration error of the namer on clean digits: {_percent(found['ece_classifier'], 2)} %.")
    clean = shipped["clean"]
    lines.append(
        f"- Calibration error of the {clean['marks']:,} marks read on {clean['pages']} clean pages: "
        f"{_percent(clean['ece'], 2)} %; of the {shipped['marks']:,} on other pages {_percent(shipped['ece'], 2)} %."
    )
    return "\n".join(lines)


def _groups(shipped: dict[str, Any]) -> str:
    rows = ["The shipped reader by condition:", "", "| condition | pages | digits | F1 | exact | names | numbers |"]
    rows.append("| --- | --- | --- | --- | --- | --- | --- |")
    for group in shipped["groups"]:
        if group["kind"] != "blank":
            cells = " | ".join(_percent(group[key]) for key in ("f1", "exact", "named", "string_accuracy"))
            rows.append(f"| {group['kind']}: {group['name']} | {group['photos']} | {group['digits']:,} | {cells} |")
    return "\n".join(rows)


def _speed(figures: dict[str, Any]) -> str:
    speed, targets = figures["speed"], figures["targets"]
    rows = ["| one core, all steps | digits | seconds | of the core | target |", "| --- | --- | --- | --- | --- |"]
    for name in ("frame", "photo"):
        wide, high = speed[f"{name}_size"]
        rows.append(
            f"| {wide} × {high} | {speed[f'{name}_digits']} | {speed[f'{name}_seconds']:.3f} | "
            f"{speed[f'{name}_core_seconds']:.3f} | ≤ {targets[f'{name}_seconds']} |"
        )
    environment = figures["environment"]
    return "\n".join(rows) + (
        f"\n\nMedians; load {figures['load']}: above the number of cores the seconds are too high, those of the core "
        f"less so. Measured on {environment['machine']}; python {environment['python']}, numpy {environment['numpy']}, "
        f"inklens {figures['inklens']}."
    )


def _percent(share: float | None, decimals: int = 1) -> str:
    return "–" if share is None else f"{100 * share:.{decimals}f}"
