import io
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import PIL
import pytest
import safetensors
import threadpoolctl
from PIL import Image

from commands import predict
from digits.model import model_bytes
from tests import ROOT
from tests.digits.drawings import classifier, drawing, encoded

KEYS = ["file", "digit", "probability", "second", "second_probability"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a model, and with pictures, some of them bad."""
    network, description = classifier().network, classifier().description
    content = model_bytes(network, description.normalization, description.classes, description.dataset)
    (tmp_path / "data/model").mkdir(parents=True)
    (tmp_path / "data/model/model.safetensors").write_bytes(content)
    (tmp_path / "pictures").mkdir()
    for name, content in {
        "a.png": encoded(drawing()),
        "b.JPG": encoded(drawing(paper="black", ink="white"), "JPEG"),
        "c.gif": b"",
        "d.webp": encoded(Image.new("L", (640, 480), "white"), "WEBP"),
        "e.txt": b"no picture",
        "._f.png": b"what a Mac leaves beside a.png",
    }.items():
        (tmp_path / "pictures" / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    predict.classifier.cache_clear()
    return tmp_path


@pytest.fixture
def run(folder, monkeypatch, capsys):
    """Runs the command in this process: exit code, lines of output, lines of errors."""

    def command(*arguments):
        monkeypatch.setattr(sys, "argv", ["predict", *arguments])
        code = predict.main()
        said = capsys.readouterr()
        return code, said.out.splitlines(), said.err.splitlines()

    return command


def test_a_picture_is_a_line_with_digit_probability_and_runner_up(run):
    code, lines, errors = run("pictures/a.png")
    assert code == 0
    assert not errors
    probabilities = sorted(float(word.strip("(%),")) for word in lines[0].split() if "%" in word)
    assert lines[0].startswith("pictures/a.png: ")
    assert 0 < probabilities[0] < probabilities[1] < 100


def test_a_bad_picture_is_a_line_and_the_others_are_answered(run):
    code, lines, errors = run(
        "pictures/c.gif", "pictures/a.png", "nothing.png", "pictures/b.JPG", "pictures/d.webp"
    )
    assert code == 1
    assert [line.split(":")[0] for line in lines] == ["pictures/a.png", "pictures/b.JPG"]
    assert errors == [
        "pictures/c.gif: the file is empty",
        "nothing.png: the file cannot be read (No such file or directory)",
        "pictures/d.webp: there is no digit: nothing differs from the paper",
    ]


def test_json_is_an_object_a_line_with_exactly_these_keys(run):
    code, lines, errors = run("--json", "pictures/a.png", "pictures/c.gif")
    first, second = map(json.loads, lines)
    assert code == 1
    assert not errors
    assert list(first) == KEYS
    assert isinstance(first["digit"], int)
    assert isinstance(first["second"], int)
    assert 0 < first["second_probability"] <= first["probability"] < 1
    assert second == {"file": "pictures/c.gif", "error": "the file is empty"}


def test_a_folder_stands_for_the_pictures_in_it_in_the_order_of_their_names(run):
    _, lines, _ = run("--json", "pictures")
    names = [json.loads(line)["file"] for line in lines]
    assert names == [f"pictures/{name}" for name in ("a.png", "b.JPG", "c.gif", "d.webp")]


def test_a_folder_without_pictures_is_said(run):
    code, lines, errors = run("data")
    assert (code, lines) == (1, [])
    assert errors == ["data: there is no picture in this folder"]


def test_a_hyphen_is_standard_input(run, monkeypatch):
    content = Path("pictures/a.png").read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    _, lines, _ = run("--json", "-", "pictures/a.png")
    piped, named = map(json.loads, lines)
    assert piped == named | {"file": "-"}


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # by Python 3.12 and later, where BLAS has threads
def test_many_pictures_are_answered_as_each_alone_and_in_their_order(run, monkeypatch):
    _, alone, _ = run("--json", "pictures")
    monkeypatch.setattr(predict, "FEW", 0)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1}, raising=False)
    _, together, _ = run("--json", *["pictures"] * 5)
    assert together == alone * 5


def test_explain_draws_a_picture_for_each_answer_under_names_of_their_own(run):
    code, _, _ = run("--explain", "new/seen", "pictures", "pictures/a.png")
    assert code == 1
    assert sorted(path.name for path in Path("new/seen").iterdir()) == [
        "a-2-explained.png",
        "a-explained.png",
        "b-explained.png",
    ]
    with Image.open("new/seen/a-explained.png") as page:
        assert page.width > 840


def test_explain_overwrites_no_picture(run):
    before = {path: path.read_bytes() for path in Path("pictures").iterdir()}
    run("--explain", "pictures", *map(str, before))
    assert {path: path.read_bytes() for path in before} == before


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("x" * 300, "File name too long"),
        ("empty", "there is no picture in this folder"),
        ("new\nline", "No such file"),
    ],
)
def test_an_odd_name_is_a_line_and_the_next_picture_is_read(run, name, why):
    Path("empty").mkdir()
    code, lines, errors = run(name, "pictures/a.png")
    assert (code, len(lines), len(errors)) == (1, 1, 1)
    assert why in errors[0]


def test_explain_says_where_it_cannot_write(run):
    code, lines, errors = run("--explain", "pictures/a.png", "pictures/a.png")
    assert (code, lines) == (1, [])
    assert errors == ["pictures/a.png: pictures/a.png/a-explained.png cannot be written (File exists)"]


@pytest.mark.parametrize(
    ("probability", "says"), [(0.74, "a.png: not sure, perhaps 7 (74.0%)"), (0.76, "a.png: 7 (76.0%)")]
)
def test_an_answer_that_is_not_probable_is_not_sure(probability, says):
    answer = dict(zip(KEYS, ("a.png", 7, probability, 1, 0.2), strict=True))
    assert predict.in_words(answer) == f"{says}, then 1 (20.0%)"


def test_a_name_with_a_line_break_is_still_a_line():
    assert predict.in_words({"file": "a\nb.png", "error": "no"}) == "'a\\nb.png': no"


def shell(*arguments, python=(), **environment):
    """The command as a shell runs it, here."""
    command = [sys.executable, *python, "-m", "commands.predict", *arguments]
    variables = os.environ | {"PYTHONPATH": str(ROOT)} | environment
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60, check=False)


def test_without_a_model_a_line_says_what_makes_it(folder):
    (folder / "data/model/model.safetensors").unlink()
    done = shell("pictures")
    assert done.returncode == 1
    assert done.stderr == "predict: data/model/model.safetensors is missing; `make repro` makes it\n"


def test_without_a_name_a_line_says_that_one_is_wanted(folder):
    done = shell()
    assert done.returncode != 0
    assert done.stderr.count("\n") == 1
    assert "name a picture" in done.stderr


def test_it_runs_where_there_are_four_packages_and_nothing_else(folder):
    site = folder / "site"
    site.mkdir()
    for package in (np, PIL, safetensors):
        source = Path(str(package.__file__)).parent
        (site / source.name).symlink_to(source)
        for libraries in source.parent.glob(f"{source.name.lower()}*.libs"):
            (site / libraries.name).symlink_to(libraries)
    for libraries in Path(PIL.__file__).parent.parent.glob("*.libs"):
        if not (site / libraries.name).exists():
            (site / libraries.name).symlink_to(libraries)
    (site / "threadpoolctl.py").symlink_to(threadpoolctl.__file__)
    done = shell("pictures/a.png", python=["-S"], PYTHONPATH=f"{ROOT}{os.pathsep}{site}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("pictures/a.png: ")


def test_where_a_package_is_missing_a_line_says_so(folder):
    done = shell("pictures/a.png", python=["-S"])
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "predict: No module named 'numpy'; `make predict" in done.stderr


def test_a_reader_that_has_seen_enough_gets_no_traceback(folder):
    script = f'"{sys.executable}" -m commands.predict pictures pictures pictures | head -n 1'
    variables = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["sh", "-c", script], env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert "Traceback" not in done.stderr
    assert done.stdout.count("\n") == 1
