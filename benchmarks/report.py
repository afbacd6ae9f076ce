"""From results/*.json to results/table.md, chart.png and growth.png: python -m benchmarks.report"""

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
    columns = ["network", "batch", "optimizer", "cores", "ours, rows/s", "other, rows/s", "other", "ratio"]
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
    return table(["network, batch 512", "optimizer", "MB", "bound, MB"], cells)


def deformation(rows: Rows) -> str:
    """Time that deformation adds."""
    cells = [
        [row["network"], f"{row['added']:.1%} ({row['added_low']:.1%} to {row['added_high']:.1%})"] for row in rows
    ]
    return table(["network, batch 512, Adam", "added to the time of a step"], cells)


def accuracy(rows: Rows) -> str:
    """Seconds of training to an accuracy."""
    cells = []
    for row in rows:
        time = "-"
        if row["reached"]:
            time = f"{row['seconds']:.1f} ({row['seconds_low']:.1f} to {row['seconds_high']:.1f})"
        steps = f"{row['steps']:,.0f}" if row["reached"] else "-"
        reached = f"{row['reached']} of {row['runs']}"
        cells.append([f"{row['target']:.1%}", row["side"], reached, time, steps, f"{row['best']:.2%}"])
    return table(["accuracy", "side", "runs that reached it", "seconds of training", "steps", "best seen"], cells)


def growth(rows: Rows) -> str:
    """Rows per second with growing width, depth and number of images."""
    cells = [
        [
            row["axis"],
            f"{row['value']:,}",
            f"{row['a_rows_per_second']:,.0f}",
            f"{row['b_rows_per_second']:,.0f}",
            spread(row),
        ]
        for row in rows
    ]
    return table(["what grows", "to", "ours, rows/s", "PyTorch, rows/s", "ratio"], cells)


SECTIONS = {
    "training": ("Training beside PyTorch", training),
    "others": ("Training beside torch.compile and scikit-learn", training),
    "limit": ("Share of the matrix-multiplication limit (2048 x 2048, the same process)", limit),
    "scaling": ("All cores against one", scaling),
    "inference": ("Inference beside PyTorch, onnxruntime and scikit-learn, all cores", inference),
    "memory": ("Memory of training: peak less what there was before the network", memory),
    "deformation": ("Deforming every image", deformation),
    "accuracy": (
        "Time to an accuracy on the validation images: 784-512-512-10, batch 128, Adam at 0.001",
        accuracy,
    ),
    "growth": (
        "Training as width (784-n-n-10), depth (layers of 512) or number of images grows, batch 128",
        growth,
    ),
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
    axes.margins(y=0.01)
    axes.invert_yaxis()
    axes.set_xlabel(f"rows per second, ours / PyTorch eager, {cores} cores")
    axes.spines[["top", "right"]].set_visible(False)
    return figure


LABELS = {"width": "units in each of 2 hidden layers", "depth": "hidden layers of 512", "images": "images"}


def growth_chart(rows: Rows) -> Figure:
    """Microseconds a row, a panel for each thing that grows."""
    figure = Figure(figsize=(10, 3.4), layout="constrained")
    for axes, axis in zip(figure.subplots(1, 3, sharey=True), LABELS, strict=True):
        shown = [row for row in rows if row["axis"] == axis]
        for name, key, color in (("this project", "a", "#4878a8"), ("PyTorch eager", "b", "#c8502c")):
            costs = [1e6 / row[f"{key}_rows_per_second"] for row in shown]
            axes.plot([row["value"] for row in shown], costs, "o-", color=color, label=name)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:g}")
        values = [row["value"] for row in shown]
        axes.set_xticks(values, [f"{value:,}" for value in values])
        axes.minorticks_off()
        axes.set_xlabel(LABELS[axis])
        axes.spines[["top", "right"]].set_visible(False)
    figure.axes[0].set_ylabel("microseconds of training a row")
    figure.axes[0].legend(frameon=False)
    return figure


def main() -> None:
    """Write all three."""
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
    _, rows = read("growth")
    if rows:
        growth_chart(rows).savefig(RESULTS / "growth.png", dpi=100, metadata={"Software": None})


if __name__ == "__main__":
    main()
