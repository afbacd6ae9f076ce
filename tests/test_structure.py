"""The architecture, as tests: one direction of imports, and every import of a stage among its deps."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions
from itertools import pairwise

import pytest
from ruamel.yaml import YAML

from commands.check import SECTIONS
from commands.verify.record import direct_dependencies
from stages.runtime.params import read_all
from stages.runtime.snapshot import TEMPLATES
from tests import ROOT

PACKAGES = ("nn", "digits", "stages", "commands")  # each may import those before it
PIPELINE = YAML(typ="safe").load((ROOT / "dvc.yaml").read_text("utf-8"))["stages"]
STAGES = tuple(PIPELINE)
MODULES = sorted(path.stem for path in (ROOT / "stages").glob("*.py") if path.stem != "__init__")
NAMED = {  # where every stage is named
    "dvc.yaml: stages": set(STAGES),
    "params.yaml: a section": set(read_all(ROOT / "params.yaml")),
    "stages/settings: a module": {path.stem for path in (ROOT / "stages/settings").glob("*.py")},
    "commands/check.py: SECTIONS": set(SECTIONS),
}
FLOORS = (  # of stages/, the lowest first: a folder imports those on floors below, and what is beside it here
    {"runtime"},
    {"formats", "settings"},
    {"downloading", "training", "evaluation"},
    {"figures", "exporting"},
)
NN_FLOORS = (  # of nn/, likewise
    {"plain", "flat", "aligned", "random_streams", "parallel", "schedules"},
    {"subnormals"},
    {"layers", "losses", "optimizers"},
    {"activations", "normalization", "regularization", "augmentation", "hard_examples", "network"},
    {"mlp", "batches", "blocks", "inference"},
    {"training"},
    {"checkpoint"},
)
ON_ONE_EVENING = {  # what there is to read for backpropagation: all of plain.py, and these definitions
    "nn/layers.py": {"Layer", "Dense"},
    "nn/activations.py": {"ReLU"},
    "nn/losses.py": {"SoftmaxCrossEntropy"},
    "nn/network.py": {"Node", "Network"},
    "nn/optimizers.py": {"SGD"},
    "nn/training.py": {"step"},
}
SIDEWAYS = {("settings", "formats")}  # the names of the data sets


def modules(folder):
    """The modules below a folder, at any depth; there are some."""
    found = sorted((ROOT / folder).rglob("*.py"))
    assert found, f"{folder} holds no module"
    return found


def name_of(path):
    """The name by which a module is imported."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path):
    """The project's own modules that a module imports, lazy imports and the packages above them included."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        parts = [name.split(".") for name in names]
        found |= {".".join(words[: n + 1]) for words in parts for n in range(len(words))}
    return {name for name in found if file_of(name) is not None}


def file_of(name):
    """The file of a module of the project; None if there is no such module."""
    if name.split(".")[0] not in {*PACKAGES, "tests", "benchmarks"}:
        return None
    path = ROOT.joinpath(*name.split("."))
    return next((file for file in (path / "__init__.py", path.with_suffix(".py")) if file.exists()), None)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_packages_below_it(package):
    allowed = PACKAGES[: PACKAGES.index(package) + 1]
    for path in modules(package):
        for name in imports(path):
            assert name.split(".")[0] in allowed, f"{path} imports {name}"


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_imports_itself_by_way_of_others(package):
    graph = {name_of(path): imports(path) - {package} for path in modules(package)}
    while leaves := {name for name, below in graph.items() if not (below - {name}) & graph.keys()}:
        graph = {name: below for name, below in graph.items() if name not in leaves}
    assert not graph, f"a circle among {sorted(graph)}"


def test_every_folder_of_stages_is_on_a_floor():
    folders = {path.parent.name for path in modules("stages")} - {"stages"}
    assert folders == set().union(*FLOORS), "a new folder goes onto a floor of FLOORS above"


@pytest.mark.parametrize("stage", MODULES)
def test_every_module_of_stages_is_a_stage_that_is_named_where_it_has_to_be(stage):
    if missing := [place for place, names in NAMED.items() if stage not in names]:
        pytest.fail("\n    ".join([f"{stage} is missing in", *missing]), pytrace=False)


def test_the_sections_are_those_of_the_stages_in_their_order():
    assert list(SECTIONS) == list(read_all(ROOT / "params.yaml")) == list(STAGES)


def test_no_stage_imports_another():
    stages = {f"stages.{stage}" for stage in STAGES}
    for path in modules("stages"):
        assert not imports(path) & stages, path


def test_a_folder_of_stages_imports_only_floors_below_it():
    for number, floor in enumerate(FLOORS):
        below = set().union(*FLOORS[:number])
        for folder in floor:
            allowed = below | {folder} | {other for here, other in SIDEWAYS if here == folder}
            for path in modules(f"stages/{folder}"):
                found = {name.split(".")[1] for name in imports(path) if name.startswith("stages.")}
                assert found <= allowed, f"{path} imports {found - allowed}"


def closure(stage):
    """Every file of the project that a stage imports, itself included, however indirectly."""
    todo, seen = {f"stages.{stage}", "stages"}, set()
    while todo:
        name = todo.pop()
        seen.add(name)
        todo |= imports(file_of(name)) - seen
    return {file_of(name) for name in seen}


def code_deps(stage):
    """The code that dvc.yaml names for a stage: modules, and folders of modules."""
    found = [ROOT / dep for dep in PIPELINE[stage]["deps"] if dep.split("/")[0] in PACKAGES]
    assert found
    return found


@pytest.mark.parametrize("stage", STAGES)
def test_what_a_stage_imports_lies_inside_its_deps_and_each_dep_is_imported(stage):
    imported, deps = closure(stage), set(code_deps(stage))
    covering = {path: deps & {path, *path.parents} for path in imported}
    wrong = [f"lack {path.relative_to(ROOT)}" for path in sorted(imported) if not covering[path]]
    unused = deps - {ROOT / "stages/settings/__init__.py"} - set().union(*covering.values())
    wrong += [f"have {path.relative_to(ROOT)}, which is not imported" for path in sorted(unused)]
    if wrong:
        pytest.fail("\n    ".join([f"dvc.yaml: the deps of {stage}", *wrong]), pytrace=False)


def test_dvc_sees_the_modules_of_a_code_folder_and_nothing_else():
    beside = ["nn/x.pyc", "nn/.x.py.swp", "nn/a.ipynb", "nn/__pycache__/x.py", "nn/plain.py"]
    beside += [
        "nn/.#x.py",
        "nn/._x.py",
        "stages/runtime/.#x.py",
        "stages/runtime/x.pyc",
        "stages/runtime/x.md",
        "stages/exporting/x.txt",
        "stages/runtime/notes.txt",
    ]
    modules = ["nn/x.py", "stages/runtime/x.py", "stages/x.py"]
    modules += [f"stages/exporting/x{suffix}" for suffix in TEMPLATES]
    asked = [sys.executable, "-m", "dvc", "check-ignore", *beside, *modules]
    shown = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=False)
    assert shown.stdout.split() == beside


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_is_a_module_a_section_and_a_command_of_the_same_name(stage):
    definition = PIPELINE[stage]
    assert definition["cmd"] == f"python -m stages.{stage}"
    assert any(param.split(".")[0] == stage for param in definition.get("params", [])), "its section is no param"


def test_a_module_of_nn_imports_only_floors_below_it():
    assert {path.stem for path in modules("nn")} - {"__init__"} == set().union(*NN_FLOORS)
    for number, floor in enumerate(NN_FLOORS):
        below = {f"nn.{name}" for name in set().union(*NN_FLOORS[:number])} | {"nn"}
        for name in floor:
            found = imports(ROOT / "nn" / f"{name}.py")
            assert found <= below, f"nn/{name}.py imports {found - below}"


def test_the_chapters_of_nn_name_each_of_its_modules_once():
    docstring = ast.get_docstring(ast.parse((ROOT / "nn/__init__.py").read_text("utf-8"))) or ""
    chapters = re.findall(r"^    [IV]+ +[\w ]+?   +([\w, ]+)$", docstring, re.MULTILINE)
    assert sorted(name for line in chapters for name in line.split(", ")) == sorted(set().union(*NN_FLOORS))


def test_plain_py_imports_nothing_of_the_project_and_only_tests_and_docs_import_it():
    assert not imports(ROOT / "nn/plain.py")
    for package in (*PACKAGES, "benchmarks"):
        for path in modules(package):
            assert "nn.plain" not in imports(path), path


def definitions(path):
    """The lines of each class and function in a module, by name."""
    kinds = ast.ClassDef | ast.FunctionDef
    nodes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, kinds)]
    return {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in nodes}


def test_backpropagation_is_fewer_than_400_lines_to_read():
    lines = len((ROOT / "nn/plain.py").read_text("utf-8").splitlines())
    for name, wanted in ON_ONE_EVENING.items():
        found = definitions(ROOT / name)
        lines += sum(found[definition] for definition in wanted)
    assert lines < 400


def test_a_stage_and_a_step_stay_short_enough_to_be_read():
    for stage in STAGES:
        assert len((ROOT / f"stages/{stage}.py").read_text("utf-8").splitlines()) <= 200
    assert definitions(ROOT / "nn/training.py")["step"] <= 40


STANDARD_LIBRARY = {  # what nn may import of it: nothing here opens a file, prints or reads the environment
    "collections", "contextvars", "dataclasses", "enum", "functools", "itertools", "math", "os", "threading",
    "types", "typing",
}  # fmt: skip
OF_OS = {"cpu_count", "sched_getaffinity"}
OF_NUMPY_RANDOM = {"Generator", "default_rng", "SeedSequence"}
READS_OR_WRITES = {
    "open", "print", "input", "exec", "eval", "breakpoint", "__import__", "load", "save", "savez",
    "savez_compressed", "loadtxt", "savetxt", "genfromtxt", "fromfile", "tofile", "memmap", "open_memmap", "dump",
    "read_text", "read_bytes", "write_text", "write_bytes", "environ", "getenv", "stdout", "stderr", "stdin",
    "set_printoptions", "seterr", "Path",
}  # fmt: skip


def violations(source):
    """What a module of nn does that is no pure computation."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)]
            roots = {name.split(".")[0] for name in names}
            found += sorted(roots - STANDARD_LIBRARY - {"nn", "numpy", "threadpoolctl"})
            found += [alias.name for alias in node.names if alias.name in READS_OR_WRITES]
        elif isinstance(node, ast.Attribute):
            module = node.value.id if isinstance(node.value, ast.Name) else getattr(node.value, "attr", "")
            if node.attr in READS_OR_WRITES or (module == "os" and node.attr not in OF_OS):
                found.append(node.attr)
            if module == "random" and node.attr not in OF_NUMPY_RANDOM:
                found.append(f"random.{node.attr}")  # the generator that all of a process share
        elif isinstance(node, ast.Name) and node.id in READS_OR_WRITES:
            found.append(node.id)
    return found


@pytest.mark.parametrize("path", modules("nn"), ids=lambda path: path.name)
def test_nn_is_pure_computation_with_numpy_and_threadpoolctl_alone(path):
    assert not violations(path.read_text("utf-8"))


@pytest.mark.parametrize(
    "source",
    [
        "open('x')", "print(1)", "import sys", "from pathlib import Path", "Path('x').open()", "x.write_text('')",
        "os.environ['A']", "os.getenv('A')", "from os import environ", "sys.stdout.write('x')", "np.load('x')",
        "np.random.rand(3)", "np.random.seed(0)", "import torch", "vector.tofile('x')", "os.system('ls')",
    ],
)  # fmt: skip
def test_what_is_no_pure_computation_is_noticed(source):
    assert violations(source)


def test_every_package_that_product_code_imports_is_declared():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    names = {re.split(r"[^\w.-]", line)[0].lower() for line in declared}
    distributions = packages_distributions()
    for package in PACKAGES:
        for path in modules(package):
            for root in external(path):
                assert {name.lower() for name in distributions[root]} & names, f"{path} imports {root}"


def test_digits_needs_four_packages_alone():
    found = set().union(*map(external, [*modules("digits"), *modules("nn"), ROOT / "commands/predict.py"]))
    assert found == {"numpy", "PIL", "safetensors", "threadpoolctl"}


def test_environment_json_has_the_version_of_every_dependency():
    recorded = json.loads((ROOT / "environment.json").read_text("utf-8"))["packages"]
    assert set(recorded) == set(direct_dependencies())


def external(path):
    """The packages outside the project and the standard library that a module imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(str(node.module).split(".")[0])
    return found - set(sys.stdlib_module_names) - set(PACKAGES)


def test_a_worker_of_the_benchmarks_pins_the_kernel_before_it_imports_numpy():
    code = "import sys, benchmarks.worker; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_the_benchmarks_use_the_locked_versions_of_what_nn_needs():
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "requirements-dev.lock").read_text(), re.MULTILINE))
    theirs = dict(
        re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / "benchmarks/requirements.txt").read_text(), re.MULTILINE)
    )
    for name in ("numpy", "threadpoolctl", "matplotlib", "onnx", "onnxruntime", "safetensors"):
        assert theirs[name] == locked[name]


def test_every_long_test_is_slow_too():
    for path in (ROOT / "tests").rglob("test_*.py"):
        lines = path.read_text("utf-8").splitlines()
        for before, line in pairwise(lines):
            assert line != "@pytest.mark.long" or before == "@pytest.mark.slow", path
