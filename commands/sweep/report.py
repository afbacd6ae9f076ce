"""Report: docs/experiments/README.md, the log of what was tried and what came out.

    python -m commands.sweep.report

The prose is docs/experiments/template.md. Each line `{{NAME}}` in it becomes the table of sweeps/NAME.yaml with
the results in results/NAME.json, and each line `{{NAME compared with OTHER}}` a comparison of two by
McNemar's test.
"""

import re
import shlex
from collections.abc import Sequence
from math import comb
from pathlib import Path
from statistics import mean

from commands.sweep.plan import Experiment, Row, Sweep, options, read_sweep, up_to_date
from stages.runtime.atomic import write
from stages.runtime.errors import run_or_exit

PAGE, TEMPLATE = Path("docs/experiments/README.md"), Path("docs/experiments/template.md")


def main() -> None:
    """Write the page."""
    write(PAGE, page(TEMPLATE.read_text("utf-8")).encode())


def page(template: str) -> str:
    """The template with its tables."""
    return re.sub(
        r"^\{\{([a-z0-9-]+)(?: compared with ([a-z0-9-]+))?\}\}$",
        lambda found: comparison(found[1], found[2]) if found[2] else table(found[1]),
        template,
        flags=re.MULTILINE,
    )


def table(name: str) -> str:
    """The section of a sweep: its title, what it is about, how to make it again, and what came out."""
    sweep = read_sweep(name)
    found = up_to_date(name, sweep)
    stage = f" {sweep.stage}" if sweep.stage else ""
    common = shlex.join(options(sweep.set))
    seeds = ", ".join(map(str, sweep.seeds))
    first = f", after `python -m commands.recipe {sweep.recipe}`," if sweep.recipe else ""
    how = f"{first} `dvc exp run{stage} {common}".rstrip() + " -S train.seed=SEED` and what the row says"
    again = f"All of it: `python -m commands.sweep {name} --again`."
    rows = validation_rows(sweep, found) if sweep.stage else test_rows(sweep, found)
    return "\n".join(
        [f"### {sweep.title}", "", sweep.text.strip(), "", f"Each run is{how}; seeds {seeds}. {again}", "", *rows]
    )


def validation_rows(sweep: Sweep, found: Sequence[Experiment]) -> list[str]:
    """A row a setting: validation error of each seed, mean, spread, time, what it sets; the lowest mean first."""
    ranked, missing = [], []
    for name, row in sweep.rows.items():
        runs = [entry for entry in found if entry.row == name]
        runs = [entry for entry in runs if entry.metrics["train"].get("val_accuracy") is not None]
        if not runs:
            missing.append(f"| {row.about} | not run yet | | | | {row_options(row)} |")
            continue
        errors = [10_000 * (1 - entry.metrics["train"]["val_accuracy"]) for entry in runs]
        average = mean(errors)
        shown = ", ".join(f"{count:.0f}" for count in errors)
        spread = f"{min(errors) / 100:.2f} to {max(errors) / 100:.2f} %" if len(errors) > 1 else ""
        line = f"| {row.about} | {shown} | {average / 100:.3f} % | {spread} | {time(runs)} | {row_options(row)} |"
        ranked.append((average, line))
    return [
        "| what | validation errors of 10,000, by seed | mean | least to most | training, s | sets |",
        "| --- | --- | --- | --- | --- | --- |",
        *(line for _, line in sorted(ranked, key=lambda row: row[0])),
        *missing,
    ]


def test_rows(sweep: Sweep, found: Sequence[Experiment]) -> list[str]:
    """A row a run: errors on the test images with their interval; then mean, least and most of each setting."""
    lines = [
        "| what | seed | test errors of 10,000 | error rate, 95 % Wilson interval | with test-time augmentation "
        "| training, s |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name, row in sweep.rows.items():
        runs = [entry for entry in found if entry.row == name]
        for entry in runs:
            test = entry.metrics["test"]
            low, high = test["error_rate_low"], test["error_rate_high"]
            rate = f"{test['error_rate']:.2%} ({low:.2%} to {high:.2%})"
            views = test.get("views_errors")
            lines.append(
                f"| {row.about} | {entry.seed} | {test['errors']} | {rate} | {'' if views is None else views} "
                f"| {time([entry])} |"
            )
        if len(runs) > 1:
            errors = [entry.metrics["test"]["errors"] for entry in runs]
            lines.append(
                f"| **{row.about}, all seeds** | | mean {mean(errors):.1f}, {min(errors)} to {max(errors)} "
                f"| mean {mean(errors) / 10_000:.3%} | | {time(runs)} |"
            )
        if not runs:
            lines.append(f"| {row.about} | not run yet | | | | |")
    return lines


def row_options(row: Row) -> str:
    """What a row sets, as options of `dvc exp run`."""
    return f"`{shlex.join(options(row.set))}`" if row.set else ""


def time(runs: Sequence[Experiment]) -> str:
    """Mean seconds of training, where they were taken."""
    seconds = [entry.seconds for entry in runs if entry.seconds is not None]
    return f"{mean(seconds):.0f}" if seconds else ""


def comparison(name: str, other: str) -> str:
    """Two sweeps on the test images, seed by seed: how many each alone misclassified, and McNemar's exact p."""
    ours, theirs = (
        {entry.seed: set(entry.metrics["test"]["misclassified"]) for entry in up_to_date(sweep, read_sweep(sweep))}
        for sweep in (name, other)
    )
    lines = [
        f"| seed | `{name}` alone misclassified | `{other}` alone | both | McNemar's exact p, two-sided |",
        "| --- | --- | --- | --- | --- |",
    ]
    for seed, images in ours.items():
        if seed in theirs:
            a, b, both = len(images - theirs[seed]), len(theirs[seed] - images), len(images & theirs[seed])
            lines.append(f"| {seed} | {a} | {b} | {both} | {mcnemar(a, b):.2g} |")
    return "\n".join(lines)


def mcnemar(a: int, b: int) -> float:
    """The exact two-sided p of McNemar's test: with a and b images misclassified by one alone, is it chance?

    p = 2 P(X <= min(a, b)) for X binomial (a + b, 1/2), at most 1. (Q. McNemar, Note on the sampling error of the
    difference between correlated proportions or percentages, 1947.)
    """
    n = a + b
    return min(1.0, sum(comb(n, k) for k in range(min(a, b) + 1)) / 2 ** (n - 1)) if n else 1.0


if __name__ == "__main__":
    run_or_exit("report", main)
