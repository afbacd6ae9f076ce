"""From results/*.json to results/table.md and results/chart.png: python -m benchmarks.report"""

import json
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from matplotlib.figure import Figure

RESULTS = Path(__file__).parent / "results"

Rows = list[dict[str, Any]]


def read(part: str) -> tuple[dict[str, Any], Rows]:
    """Machine and rows of a part; nothing where it has not been measured."""
    path = RESULTS / f"{part}.json"
    if not path.exists():
        return {}, []
    content = json.loads(path.read_text())
    return content["machine"], content["rows"]


def spread(row: dict[str, Any], name: str = "ratio") -> str:
    """A median with its spread."""
    return f"{row[name]:.2f} ({row[name + '_low']:.2f} to {row[name + '_high']:.2f})"


def table(columns: list[str], rows: list[list[str]]) -> str:
    """A table in Markdown."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def training(rows: Rows) -> str:
    """Ratios to the others, a line a cell."""
    cells = [
        [
            row["network"],
            str(row["batch"]),
            row["optimizer"],
            str(row["cores"]),
            f"{row['a_rows_per_second']:,.0f}",
            f"{row['b_rows_per_second']:,.0f}",
            row["b"].split()[0],
            spread(row),
        ]
        for row in rows
    ]
    means = []
    for other in dict.fromkeys(row["b"].split()[0] for row in rows):
        for cores in dict.fromkeys(row["cores"] for row in rows):
            ratios = [row["ratio"] for row in rows if row["cores"] == cores and row["b"].split()[0] == other]
            if ratios:
                mean, least = geometric_mean(ratios), min(ratios)
                means.append(f"{other}, {cores} core(s): geometric mean {mean:.2f}, least {least:.2f}")
    columns = ["network", "batch", "optimiser", "cores", "ours, rows/s", "other, rows/s", "other", "ratio"]
    return "\n".join(f"- {mean}" for mean in means) + "\n\n" + table(columns, cells)


def inference(rows: Rows) -> str:
    """Ratios to the others, a line a cell."""
    cells = [
        [
            row["network"],
            f"{row['batch']:,}",
            f"{row['a_rows_per_second']:,.0f}",
            f"{row['b_rows_per_second']:,.0f}",
            row["b"].split()[0],
            spread(row),
        ]
        for row in rows
    ]
    return table(["network", "batch", "ours, rows/s", "other, rows/s", "other", "ratio"], cells)


def scaling(rows: Rows) -> str:
    """All cores against one."""
    cells = [[row["network"], str(row["batch"]), str(row["cores"]), spread(row)] for row in rows]
    return table(["network", "batch", "cores", "times one core"], cells)


def limit(rows: Rows) -> str:
    """Share of the matrix-multiplication limit."""
    cells = [
        [row["network"], str(row["cores"]), f"{row['limit_gflops']:.0f}", spread(row, "share")] for row in rows
    ]
    return table(["network, batch 512, SGD", "cores", "limit, GFLOP/s", "share of it"], cells)


def memory(rows: Rows) -> str:
    """Peak memory of training."""
    cells = [
        [row["network"], row["optimizer"], f"{row['bytes'] / 1e6:,.0f}", f"{row['allowed'] / 1e6:,.0f}"]
        for row in rows
    ]
    return table(["network, batch 512", "optimiser", "MB", "bound, MB"], cells)


SECTIONS = {
    "training": ("Training beside PyTorch", training),
    "limit": ("Share of the matrix-multiplication limit (2048 x 2048, the same process)", limit),
    "scaling": ("All cores against one", scaling),
    "inference": ("Inference beside PyTorch, onnxruntime and scikit-learn, all cores", inference),
    "memory": ("Memory of training: peak less what there was before the network", memory),
}


def chart(rows: Rows) -> Figure:
    """Training ratios on all cores, a bar a cell."""
    cores = max(row["cores"] for row in rows)
    shown = [row for row in rows if row["cores"] == cores and row["b"].startswith("pytorch on")]
    figure = Figure(figsize=(8, 0.32 * len(shown) + 1.2), layout="constrained")
    axes = figure.subplots()
    names = [f"{row['network']}, batch {row['batch']}, {row['optimizer']}" for row in shown]
    ratios = [row["ratio"] for row in shown]
    errors = [
        [row["ratio"] - row["ratio_low"] for row in shown],
        [row["ratio_high"] - row["ratio"] for row in shown],
    ]
    axes.barh(names, ratios, xerr=errors, color="#4878a8", error_kw={"linewidth": 0.8})
    axes.axvline(1, color="#c8502c")
    axes.invert_yaxis()
    axes.set_xlabel(f"rows per second, ours / PyTorch eager, {cores} cores")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


def main() -> None:
    """Write both."""
    text = [
        "# Benchmarks",
        "",
        "Made by `make bench`; a ratio above 1 says that ours is faster. Medians of paired",
    ]
    text += ["runs, and the smallest and largest ratio.", ""]
    for part, (title, show) in SECTIONS.items():
        about, rows = read(part)
        if not rows:
            continue
        versions = "; ".join(
            f"{side}: " + ", ".join(f"{name} {version}" for name, version in found.items())
            for side, found in about["versions"].items()
        )
        about_line = f"{about['cpu']}, {about['cores']} cores, Python {about['python']}; {versions}; load before"
        text += [f"## {title}", "", f"{about_line} {about['load_before']:.2f}.", "", show(rows), ""]
    (RESULTS / "table.md").write_text("\n".join(text))
    _, rows = read("training")
    if rows:
        chart(rows).savefig(RESULTS / "chart.png", dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    main()
