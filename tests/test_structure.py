"""The architecture, as tests: one direction of imports, and every import of a stage among its deps."""

import ast
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parent.parent
PACKAGES = ("nn", "stages", "commands")  # each may import those before it
STAGES = ("download", "prepare", "train", "evaluate", "draw")


def modules(package):
    return sorted(path.stem for path in (ROOT / package).glob("*.py") if path.stem != "__init__")


def imports(path):
    """The project's own modules that a file imports, as "package.module" or "package", lazy imports included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [str(node.module)]
            if node.module in PACKAGES:
                names += [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        found |= {name for name in names if name.split(".")[0] in {*PACKAGES, "tests", "benchmarks"}}
    return found


def order(package):
    """The order of files that the docstring of a package gives, lowest first."""
    docstring = ast.get_docstring(ast.parse((ROOT / package / "__init__.py").read_text())) or ""
    listed = [line.strip() for line in docstring.splitlines() if line.startswith("    ")]
    stages_line = ", ".join(STAGES)
    return [name for line in listed for name in (STAGES if line == stages_line else line.split()[:1])]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_packages_below_it(package):
    allowed = PACKAGES[: PACKAGES.index(package) + 1]
    for path in (ROOT / package).glob("*.py"):
        for name in imports(path):
            assert name.split(".")[0] in allowed, f"{path} imports {name}"


@pytest.mark.parametrize("package", ["nn", "stages"])
def test_the_docstring_of_a_package_gives_the_order_of_all_its_files(package):
    assert sorted(order(package)) == modules(package)


@pytest.mark.parametrize("package", ["nn", "stages"])
def test_a_file_imports_only_files_above_it_in_the_order(package):
    files = order(package)
    for position, name in enumerate(files):
        above = {f"{package}.{other}" for other in files[:position]} | {package}
        own = {found for found in imports(ROOT / package / f"{name}.py") if found.split(".")[0] == package}
        assert own <= above, f"{package}/{name}.py imports {own - above}"


@pytest.mark.parametrize("stage", STAGES)
def test_no_stage_imports_another(stage):
    others = {f"stages.{other}" for other in STAGES}
    assert not imports(ROOT / "stages" / f"{stage}.py") & others


def closure(stage):
    """Every file of the project that a stage imports, itself included, however indirectly."""
    todo, seen = [f"stages.{stage}"], set()
    while todo:
        name = todo.pop()
        path = Path(*name.split("."))
        path = path / "__init__.py" if (ROOT / path).is_dir() else path.with_suffix(".py")
        if path.as_posix() in seen or not (ROOT / path).exists():  # `from nn.flat import flat` names no file twice
            continue
        seen.add(path.as_posix())
        todo += imports(ROOT / path) | {name.split(".")[0]}
    return seen


@pytest.mark.parametrize("stage", STAGES)
def test_the_modules_among_the_deps_of_a_stage_are_exactly_those_it_imports(stage):
    deps = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"][stage].get("deps", [])
    assert {dep for dep in deps if dep.endswith(".py")} == closure(stage)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_a_module_a_section_and_a_command_of_the_same_name(stage):
    definition = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text())["stages"][stage]
    assert definition["cmd"] == f"python -m stages.{stage}"
    assert any(param.split(".")[0] == stage for param in definition["params"])


def test_nn_needs_numpy_and_threadpoolctl_alone():
    external = set()
    for path in (ROOT / "nn").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                external |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                external.add(str(node.module).split(".")[0])
    assert external - sys.stdlib_module_names == {"nn", "numpy", "threadpoolctl"}


@pytest.mark.parametrize("path", sorted((ROOT / "nn").glob("*.py")), ids=lambda path: path.name)
def test_nn_opens_no_file_prints_nothing_and_keeps_no_random_state(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "print", "input"}
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Attribute)
            and node.value.attr == "random"
        ):
            assert node.attr in {"Generator", "default_rng", "SeedSequence"}, (
                f"np.random.{node.attr} is global state"
            )


def test_a_worker_of_the_benchmarks_pins_the_kernel_before_it_imports_numpy():
    code = "import sys, benchmarks.worker; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    "path", ["README.md", *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
)
def test_no_page_has_a_gap_that_was_to_be_filled(path):
    assert "@@" not in (ROOT / path).read_text("utf-8")


def test_the_benchmarks_use_the_locked_versions_of_what_nn_needs():
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    theirs = dict(
        re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "benchmarks/requirements.txt").read_text(), re.MULTILINE)
    )
    for name in ("numpy", "threadpoolctl", "matplotlib"):
        assert theirs[name] == locked[name]


def test_every_long_test_is_slow_too():
    for path in (ROOT / "tests").rglob("test_*.py"):
        lines = path.read_text("utf-8").splitlines()
        for before, line in pairwise(lines):
            assert line != "@pytest.mark.long" or before == "@pytest.mark.slow", path
