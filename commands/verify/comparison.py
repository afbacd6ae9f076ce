"""Two states of dvc.lock, and of the environment, compared: a table for people, a verdict, an exit code."""

import json
from collections.abc import Mapping
from pathlib import Path

from commands.verify.record import RECORD
from stages.runtime.errors import UserError
from stages.runtime.params import parse
from stages.runtime.paths import LOCK

EQUAL, DIFFERENT, OTHER_ENVIRONMENT = range(3)  # exit codes
EXPLANATIONS = {  # keys of environment.json, and why their values matter
    "packages": "Versions decide bytes; the commit names its own in requirements.lock.",
    "python": "Another Python may order and format things differently.",
    "blas": "Another kernel or version of BLAS adds in another order, and so rounds differently.",
    "machine": "The same bytes are promised on x86-64 CPUs with AVX2; on another kind of CPU they are others.",
    "libc": "Its exponentials and logarithms may round differently.",
    "system": "Its mathematical functions may round differently.",
    "cpu_features": "The same bytes are promised on every x86-64 CPU that has AVX2: there it is worth a report.",
}


Entries = Mapping[tuple[str, str, str], str]
"""The hashes in dvc.lock by stage, kind (cmd, deps, params, outs) and name; a command or parameter as it is."""


def lock_entries(project: Path) -> Entries:
    """The entries of dvc.lock, stage by stage; raises UserError if there are none."""
    if not (project / LOCK).exists():
        raise UserError(f"the commit has no {LOCK}; run `dvc repro` and commit it")
    stages = parse((project / LOCK).read_bytes(), LOCK).get("stages")
    if not isinstance(stages, dict):
        raise UserError(f"{LOCK} names no stages; run `dvc repro` and commit it")
    found = {}
    for stage, content in stages.items():
        found[stage, "cmd", "command"] = content["cmd"]
        for kind in ("deps", "outs"):
            found |= {(stage, kind, item["path"]): item["md5"] for item in content.get(kind, [])}
        for file, values in content.get("params", {}).items():
            found |= {(stage, "params", f"{file}:{name}"): json.dumps(value) for name, value in values.items()}
    return found


def changed_entries(recorded: Entries, made: Entries) -> dict[tuple[str, str, str], tuple[str, str]]:
    """Both values of each entry that differs; "nothing" for one that is on one side alone."""
    pairs = {key: (recorded.get(key, "nothing"), made.get(key, "nothing")) for key in {**recorded, **made}}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def table(recorded: Entries, made: Entries) -> str:
    """A line for every output, and for whatever else differs; then how many are identical."""
    changed = changed_entries(recorded, made)
    entries = {**recorded, **made}
    lines = [("stage", "", "dvc.lock", "here")]
    for key, value in entries.items():
        stage, kind, name = key
        if key in changed:
            before, after = changed[key]
            lines.append((stage, name, abbreviate(before), f"differs: {abbreviate(after)}"))
        elif kind == "outs":
            lines.append((stage, name, abbreviate(value), "identical"))
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    rows = ["  ".join([*map(str.ljust, line[:3], widths), line[3]]) for line in lines]
    counts = ", ".join(
        f"{sum(1 for key in entries if key[1] in kinds and key not in changed)} of "
        f"{sum(1 for key in entries if key[1] in kinds)} {what}"
        for what, kinds in (("outputs", ("outs",)), ("inputs", ("cmd", "deps", "params")))
    )
    return "\n".join([*rows, f"identical: {counts}"])


def abbreviate(value: str) -> str:
    """The first twelve letters of a hash; of parameters too."""
    return value if len(value) <= 12 else f"{value[:12]}..." if " " in value else value[:12]


def verdict(
    recorded: Entries,
    made: Entries,
    uncommitted: set[str],
    expected: Mapping[str, object],
    found: Mapping[str, object],
) -> tuple[int, str]:
    """The exit code, and what it means.

    uncommitted: files of the commit that are others after the run. expected, found: the environment in
    environment.json (empty: none) and the one here.
    """
    changed = changed_entries(recorded, made)
    outputs = {name for _, kind, name in {**recorded, **made} if kind == "outs"}
    inside = tuple(f"{output}/" for output in outputs)
    sources = [name for _, kind, name in changed if kind != "outs" and name not in outputs]
    sources = sorted({name for name in sources if not name.startswith(inside)})
    contradicted = sorted(uncommitted - {name for _, _, name in changed})
    others = differences(expected, found)
    if sources:
        return DIFFERENT, (
            f"{LOCK} was made from other files than the commit holds ({', '.join(sources)}): "
            f"run `dvc repro` and commit {LOCK}"
        )
    if contradicted:
        return DIFFERENT, (
            f"the commit holds other files than its own {LOCK} says ({', '.join(contradicted)}): "
            "run `dvc repro` and commit what it changes"
        )
    if not changed:
        although = f", although the environment is another one: {'; '.join(others)}" if others else ""
        return EQUAL, f"every hash is the one in {LOCK}{although}"
    if not expected:
        return OTHER_ENVIRONMENT, (
            f"the bytes differ, and the commit has no {RECORD} to say in which environment {LOCK} was made "
            "(`make record`)"
        )
    if not others:
        return DIFFERENT, f"the bytes differ in an environment equal to that in {RECORD}"
    why = [text for key, text in EXPLANATIONS.items() if expected.get(key) != found.get(key)]
    return OTHER_ENVIRONMENT, "\n    ".join(
        [f"the bytes differ, and so does the environment from that in {RECORD}:", *others, *why]
    )


def differences(expected: Mapping[str, object], found: Mapping[str, object], prefix: str = "") -> list[str]:
    """What differs between two environments, a line each; nothing where there is none to compare with."""
    lines = []
    for key in sorted({*expected, *found} if expected else ()):
        before, after = expected.get(key), found.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            lines += differences(before, after, f"{key} ")
        elif key == "cpu_features" and before != after:
            before, after = set(str(before).split()), set(str(after).split())
            for which, names in (("without", before - after), ("with", after - before)):
                lines += [f"a CPU {which} {' '.join(sorted(names))}"] if names else []
        elif before != after:
            lines.append(f"{prefix}{key} {after}, recorded {before}")
    return lines
