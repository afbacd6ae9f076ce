import shutil
import subprocess
import sys

import pytest

from commands import recipe
from commands.check import mistakes_in
from stages.runtime.errors import UserError
from stages.runtime.params import leaves, read_all
from stages.settings.train import Augment, Train
from tests import ROOT

RECIPES = sorted(path.stem for path in (ROOT / "recipes").glob("*.yaml"))
GIT = ("git", "-c", "user.name=Test", "-c", "user.email=test@example.org")


def committed():
    """params.yaml as of the last commit: in the checkout somebody may be trying a recipe."""
    shown = subprocess.run(["git", "show", "HEAD:params.yaml"], cwd=ROOT, capture_output=True, check=False)
    return shown.stdout if shown.returncode == 0 else (ROOT / "params.yaml").read_bytes()


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A folder in which params.yaml and the recipes are committed."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "recipes", tmp_path / "recipes")
    (tmp_path / "params.yaml").write_bytes(committed())
    for command in (["init", "--quiet"], ["add", "."], ["commit", "--quiet", "--message=Start"]):
        subprocess.run([*GIT, *command], check=True)
    return tmp_path


def params(project):
    return (project / "params.yaml").read_text("utf-8")


def run(project, *arguments, **variables):
    command = [sys.executable, "-m", "commands.recipe", *arguments]
    # The modules are those of the checkout, the folder is the project.
    return subprocess.run(
        command,
        cwd=project,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("name", RECIPES)
def test_every_recipe_gives_valid_parameters_and_says_what_for(project, name):
    assert name in recipe.names()
    recipe.apply(name, force=False)
    assert mistakes_in(read_all()) == []
    wanted = leaves(read_all(recipe.RECIPES / f"{name}.yaml"))
    assert {key: recipe.shown(value) for key, value in wanted}.items() <= recipe.parameters().items()
    lines = (project / "recipes" / f"{name}.yaml").read_text().splitlines()
    assert all(line.startswith("# ") for line in lines[:2])


def test_quick_is_what_is_committed(project, capsys):
    before = params(project)
    recipe.apply("quick", force=False)
    assert params(project) == before
    assert capsys.readouterr().out == "params.yaml had the values of the recipe quick already\n"


def test_quick_names_what_the_others_change_so_that_it_brings_it_back(project):
    quick = dict(leaves(read_all(recipe.RECIPES / "quick.yaml")))
    for name in recipe.names():
        assert dict(leaves(read_all(recipe.RECIPES / f"{name}.yaml"))).keys() <= quick.keys()


def test_first_leaves_nothing_to_what_the_defaults_become(project):
    # It is gradient descent and nothing else, whatever params.yaml takes up.
    without_effect = {"beta1", "beta2", "epsilon", "epochs", "hard_repeats"}
    without_effect_on_no_deformation = {"elastic_sigma", "unchanged_fraction", "halved_at_end"}
    of_no_matter = {"seed", "blas_kernel", "log_every", "validate_every"}
    named = read_all(recipe.RECIPES / "first.yaml")["train"]
    assert isinstance(named, dict)
    assert named.keys() == Train.model_fields.keys() - without_effect - of_no_matter
    assert named["augment"] == dict.fromkeys(Augment.model_fields.keys() - without_effect_on_no_deformation, 0)


def test_a_recipe_changes_its_values_and_no_other_byte(project):
    before = params(project).replace("  - 800\n  - 800\n", "  - 100\n").splitlines()
    recipe.apply("first", force=False)
    after = params(project).splitlines()
    named = dict(leaves(read_all(recipe.RECIPES / "first.yaml")))
    for old, new in zip(before, after, strict=True):
        if old != new:
            key = new.split(":")[0].strip()
            assert any(name.endswith(f".{key}") for name in named)
            assert old.partition("#")[2] == new.partition("#")[2]
            assert old.index("#") == new.index("#")


@pytest.mark.parametrize("committed_recipe", ["first", "small", "best", "fashion"])
@pytest.mark.parametrize("name", ["best", "fashion", "small", "quick"])
def test_a_recipe_is_the_same_whichever_is_committed(project, committed_recipe, name):
    recipe.apply(name, force=False)
    wanted = recipe.parameters()
    recipe.apply(committed_recipe, force=False)
    subprocess.run([*GIT, "commit", "--quiet", "--all", "--message=Another"], check=True)
    recipe.apply(name, force=True)
    assert recipe.parameters() == wanted


def test_what_changed_is_a_line_a_parameter(project, capsys):
    recipe.apply("first", force=False)
    lines = capsys.readouterr().out.splitlines()
    assert any(line.startswith("train.hidden: [") and line.endswith("] -> [100]") for line in lines)
    assert any(line.startswith("train.iterations: null -> 1000") for line in lines)
    assert "`dvc repro`" in lines[-1]


def test_uncommitted_edits_are_overwritten_only_by_force(project):
    edit = params(project).replace("width: 800", "width: 900")
    (project / "params.yaml").write_text(edit)
    with pytest.raises(UserError, match=r"params.yaml has edits that are not committed.*--force") as caught:
        recipe.apply("first", force=False)
    assert "\n" not in str(caught.value)
    assert params(project) == edit
    recipe.apply("first", force=True)
    assert "width: 800" in params(project)
    assert recipe.parameters()["train.hidden"] == "[100]"


def test_after_one_recipe_another_needs_no_force(project):
    recipe.apply("first", force=False)
    recipe.apply("best", force=False)
    assert recipe.parameters()["train.iterations"] == "null"
    recipe.apply("quick", force=False)
    assert params(project).encode() == committed()


def test_params_that_are_broken_or_gone_are_restored(project):
    (project / "params.yaml").write_bytes(b"train: [\xff\n")
    recipe.apply("quick", force=True)
    assert params(project).encode() == committed()
    (project / "params.yaml").unlink()
    recipe.apply("quick", force=False)
    assert params(project).encode() == committed()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("train: {hiden: [100]}", r"recipes/mine.yaml: train.hiden is no known key; did you mean hidden\?"),
        ("train: {batch_size: 0}", "recipes/mine.yaml: train.batch_size is 0: input should be greater"),
        ("trian: {batch_size: 1}", r"the section trian is not known; did you mean train\?"),
        ("train: 5", "recipes/mine.yaml: train is 5: should be a section"),
        ("train: {", "recipes/mine.yaml, line 1 is not valid YAML"),
        ("# nothing", "recipes/mine.yaml should hold sections"),
    ],
)
def test_a_recipe_with_a_mistake_writes_nothing(project, text, said):
    before = params(project)
    (project / "recipes" / "mine.yaml").write_text(text)
    with pytest.raises(UserError, match=said) as caught:
        recipe.apply("mine", force=False)
    assert "\n" not in str(caught.value)
    assert params(project) == before


def test_a_section_in_a_section_keeps_what_the_recipe_does_not_name(project):
    before = recipe.parameters()
    (project / "recipes" / "mine.yaml").write_text("download: {sources: {mnist: ['https://example.org/mnist']}}")
    recipe.apply("mine", force=False)
    changed = {"download.sources.mnist": '["https://example.org/mnist"]'}
    assert recipe.parameters() == before | changed


def test_lists_of_any_length_survive(project):
    for hidden in ("[]", "[2500, 2000, 1500, 1000, 500]"):
        (project / "recipes" / "mine.yaml").write_text(f"train: {{hidden: {hidden}}}")
        recipe.apply("mine", force=True)
        assert recipe.parameters()["train.hidden"] == hidden


def test_a_list_with_a_line_an_item_may_become_empty(project):
    text = params(project)
    (project / "params.yaml").write_text(text.replace("  - 800\n  - 800\n", "  - 512  # one\n"))
    subprocess.run([*GIT, "commit", "--quiet", "--all", "--message=Lists"], check=True)
    (project / "recipes" / "mine.yaml").write_text("train: {hidden: []}")
    recipe.apply("mine", force=False)
    assert recipe.parameters()["train.hidden"] == "[]"


def test_a_comment_beside_a_list_that_would_break_the_file_is_refused(project):
    before = params(project).replace("  hidden:\n", "  hidden:  # units\n")
    (project / "params.yaml").write_text(before)
    subprocess.run([*GIT, "commit", "--quiet", "--all", "--message=A comment"], check=True)
    (project / "recipes" / "mine.yaml").write_text("train: {hidden: []}")
    with pytest.raises(
        UserError, match=r"a comment beside a list, so the values of recipes/mine\.yaml do not fit"
    ):
        recipe.apply("mine", force=False)
    assert params(project) == before
    recipe.apply("first", force=False)  # the others still work


BOMB = "a0: &a0 [1]\n" + "\n".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40))


@pytest.mark.parametrize("text", ["", "train: [", "- train", "train: &a [*a]", BOMB])
def test_on_top_of_no_parameters_nothing_is_written(project, text):
    (project / "params.yaml").write_text(text)
    subprocess.run([*GIT, "commit", "--quiet", "--all", "--message=Broken"], check=True)
    with pytest.raises(UserError, match=r"params.yaml of the last commit is not valid YAML with sections"):
        recipe.apply("first", force=True)
    assert params(project) == text


@pytest.mark.parametrize("text", [BOMB, "x" * 200_000])
def test_parameters_that_cannot_be_read_are_overwritten_by_force_alone(project, text):
    (project / "params.yaml").write_text(text)
    with pytest.raises(UserError, match=r"has edits that are not committed"):
        recipe.apply("first", force=False)
    recipe.apply("first", force=True)
    assert mistakes_in(read_all()) == []


def test_the_lines_of_what_changes_are_short_and_hold_no_password(project, capsys):
    (project / "params.yaml").write_text(
        params(project)
        .replace("- package:", "- http://host/?token=secret\n    - http://me:se/cret@host\n    - package:")
        .replace("optimizer: ", "optimizer: " + "x" * 1000)
    )
    recipe.apply("quick", force=True)
    lines = capsys.readouterr().out.splitlines()[:-1]
    assert [line.partition(":")[0] for line in lines] == ["download.sources.mnist", "train.optimizer"]
    assert "cret" not in str(lines)
    assert max(map(len, lines)) < 200


def test_an_unknown_name_lists_those_there_are(project):
    completed = run(project, "frist")
    assert completed.returncode == 1
    assert completed.stderr == f"recipe: there is no recipe frist; there are {', '.join(RECIPES)}\n"


def test_without_a_name_the_recipes_are_listed_with_what_they_are_for(project):
    completed = run(project)
    assert completed.returncode == 0
    assert [line.split()[0] for line in completed.stdout.splitlines()] == RECIPES
    assert "What this project began with" in completed.stdout


def test_without_git_a_recipe_is_refused(project):
    before = params(project)
    (project / ".git").rename(project / "gone")
    completed = run(project, "first")
    assert completed.returncode == 1
    assert len(completed.stderr.splitlines()) == 1
    assert "not a git repository" in completed.stderr
    assert params(project) == before


def test_in_a_folder_of_another_user_git_is_asked_to_trust_it(project):
    completed = run(project, "first", GIT_TEST_ASSUME_DIFFERENT_OWNER="1")
    assert completed.returncode == 1
    assert len(completed.stderr.splitlines()) == 1
    assert "dubious ownership" in completed.stderr
    assert f"`git config --global --add safe.directory {project}` helps" in completed.stderr
