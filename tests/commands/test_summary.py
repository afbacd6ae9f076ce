import pytest

from commands import summary
from stages.runtime.atomic import write_json
from stages.runtime.errors import UserError
from stages.runtime.paths import PREDICTIONS


def found(split, accuracy, images):
    write_json(PREDICTIONS / f"{split}.json", {"accuracy": accuracy, "images": images})


def test_the_summary_says_the_accuracy_in_words_and_where_to_look_next(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found("test", 0.9947, 10_000)
    found("validation", 0.9954, 10_000)
    summary.main()
    said = capsys.readouterr().out
    assert "99.47% of the 10,000 test images are classified correctly, 99.54% of the validation images" in said
    assert "dvc plots show" in said
    assert "plots/*.png" in said
    assert max(map(len, said.splitlines())) <= 100


def test_without_validation_images_it_says_nothing_of_them(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    found("test", 0.9947, 10_000)
    found("validation", None, 0)
    summary.main()
    assert "validation" not in capsys.readouterr().out


def test_before_anything_has_run_it_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UserError, match=r"data/predictions/test\.json is missing; `dvc repro` makes it"):
        summary.main()
