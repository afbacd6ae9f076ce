"""From the results/*/*.json of every kind of CPU to tables and pictures: python -m benchmarks.report"""

import json
from pathlib import Path
from statistics import geometric_mean
from typing import Any

from matplotlib.figure import Figure

RESULTS = Path(__file__).parent / "results"

Rows = list[dict[str, Any]]


def read(folder: Path, part: str) -> tuple[dict[str, Any], Rows]:
    """Machine and rows of a part; nothing where it has not been measured."""
    path = folder / f"{part}.json"
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


def other(row: dict[str, Any]) -> str:
    """The side that ours is beside."""
    return str(row["b"].split()[0])


def means(rows: Rows) -> str:
    """The geometric mean and the smallest of the ratios, beside each of the others."""
    lines = []
    for cores in dict.fromkeys(row["cores"] for row in rows):
        for name in dict.fromkeys(other(row) for row in rows):
            found = [row for row in rows if row["cores"] == cores and other(row) == name]
            ratios = [row["ratio"] for row in found]
            line = (
                f"- {name}, {cores} core(s): geometric mean {geometric_mean(ratios):.2f}, least {min(ratios):.2f}"
            )
            shares = [row["ratio"] / row["products"] for row in found if row.get("products")]
            if shares:
                products = geometric_mean(row["products"] for row in found)
                line += f"; with the products alone {products:.2f}, and of what they give, least {min(shares):.2f}"
            lines.append(line)
    return "\n".join(lines)


def recipe(rows: Rows) -> str:
    """Milliseconds a step, and what they say."""
    times = [[row["side"], spread(row, "milliseconds")] for row in rows if "milliseconds" in row]
    said = [[row["side"], spread(row)] for row in rows if "ratio" in row]
    return table(["side", "ms a step of 512"], times) + "\n\n" + table(["speed of", "ratio"], said)


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
            other(row),
            spread(row),
            f"{row['products']:.2f}" if row.get("products") else "",
        ]
        for row in rows
    ]
    columns = ["network", "batch", "optimizer", "cores", "ours, rows/s", "other, rows/s", "other", "ratio"]
    return means(rows) + "\n\n" + table([*columns, "products alone"], cells)


def inference(rows: Rows) -> str:
    """Ratios to the others, a line a cell."""
    cells = [
        [
            row["network"],
            f"{row['batch']:,}",
            f"{row['a_rows_per_second']:,.0f}",
            f"{row['b_rows_per_second']:,.0f}",
            other(row),
            spread(row),
        ]
        for row in rows
    ]
    columns = ["network", "batch", "ours, rows/s", "other, rows/s", "other", "ratio"]
    return means(rows) + "\n\n" + table(columns, cells)


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
    "recipe": ("A step like those of the committed recipe, either kernel of OpenBLAS", recipe),
    "training": ("Training beside PyTorch, PyTorch with fused optimizers and JAX", training),
    "one_core": ("The same on one core", training),
    "others": ("Training beside torch.compile, scikit-learn and the other kernel", training),
    "limit": ("Share of the matrix-multiplication limit (2048 x 2048, the same process)", limit),
    "scaling": ("All cores against one", scaling),
    "inference": ("Inference beside PyTorch, all cores", inference),
    "other_inference": ("Inference beside onnxruntime, scikit-learn and the other kernel, all cores", inference),
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


COLORS = {"pytorch": "#4878a8", "pytorch_fused": "#88b04b", "jax_jitted": "#c88a3c"}


def chart(rows: Rows) -> Figure:
    """Training ratios on all cores, a group of bars a cell."""
    cores = max(row["cores"] for row in rows)
    shown = [row for row in rows if row["cores"] == cores and other(row) in COLORS]
    sides = list(dict.fromkeys(other(row) for row in shown))
    cells = list(dict.fromkeys(f"{row['network']}, {row['batch']}, {row['optimizer']}" for row in shown))
    figure = Figure(figsize=(8, (0.2 + 0.12 * len(sides)) * len(cells) + 1.2), layout="constrained")
    axes = figure.subplots()
    height = 0.8 / len(sides)
    for number, side in enumerate(sides):
        found = [row for row in shown if other(row) == side]
        errors = [
            [row["ratio"] - row["ratio_low"] for row in found],
            [row["ratio_high"] - row["ratio"] for row in found],
        ]
        places = [cell + (number - (len(sides) - 1) / 2) * height for cell in range(len(cells))]
        ratios = [row["ratio"] for row in found]
        style = {"color": COLORS[side], "error_kw": {"linewidth": 0.6}}
        axes.barh(places, ratios, height, xerr=errors, label=side.replace("_", ", "), **style)
    axes.axvline(1, color="#c8502c")
    axes.set_yticks(range(len(cells)), cells)
    axes.margins(y=0.01)
    axes.invert_yaxis()
    axes.set_xlabel(f"rows per second, ours / the other, {cores} cores")
    axes.legend(frameon=False)
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


def report(folder: Path) -> None:
    """The table and the pictures of one kind of CPU."""
    text = [
        "# Benchmarks",
        "",
        "Made by `make bench`; a ratio above 1 says that ours is faster. Medians of rounds in which the sides",
        "took turns, and the smallest and largest ratio.",
        "",
    ]
    for part, (title, show) in SECTIONS.items():
        about, rows = read(folder, part)
        if not rows:
            continue
        versions = "; ".join(
            f"{side}: " + ", ".join(f"{name} {version}" for name, version in found.items())
            for side, found in about["versions"].items()
        )
        where = (
            f"{about['cpu']}, {about['cores']} cores; ours with kernel {about['kernel']}; Python {about['python']}"
        )
        when = f"{about['date']}, commit {about['commit']}; load before {about['load_before']:.2f}"
        text += [f"## {title}", "", f"{where}; {versions}. {when}.", "", show(rows), ""]
    (folder / "table.md").write_text("\n".join(text))
    for name, draw, part in (("chart", chart, "training"), ("growth", growth_chart, "growth")):
        _, rows = read(folder, part)
        if rows:
            draw(rows).savefig(folder / f"{name}.png", dpi=100, metadata={"Software": None})


def main() -> None:
    """All kinds of CPU that have been measured."""
    for folder in sorted(path for path in RESULTS.iterdir() if path.is_dir()):
        report(folder)


if __name__ == "__main__":
    main()
