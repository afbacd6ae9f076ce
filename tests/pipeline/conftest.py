import pytest

from tests import small
from tests.pipeline.projects import Project, environment, new


@pytest.fixture(scope="session")
def env(tmp_path_factory):
    """The environment of all commands; the mirror that it names holds the small data set."""
    folder = tmp_path_factory.mktemp("environment")
    small.write(folder / "mirror" / "mnist", compressed=True)
    return environment(folder)


@pytest.fixture(scope="session")
def reproduced(tmp_path_factory, env) -> Project:
    """A project in which `dvc repro` has run, committed. Tests look at it; those that change it take a copy."""
    project = new(tmp_path_factory.mktemp("reproduced") / "project", env)
    project.git("init", "--quiet", "--initial-branch=main")
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message=Start")
    project.git("tag", "start")
    project.dvc("repro")
    project.git("add", "--all")
    project.git("commit", "--quiet", "--message=Reproduce")
    return project


@pytest.fixture
def project(reproduced: Project, tmp_path) -> Project:
    """A copy of the reproduced project, with its history and its cache, to do with as a test likes."""
    return reproduced.copy(tmp_path / "project")


@pytest.fixture
def workspace(reproduced: Project, tmp_path) -> Project:
    """A copy of what stages see of the reproduced project, for tests that need neither git nor dvc."""
    return reproduced.copy(tmp_path / "workspace", without=[".git", ".dvc/cache", "tests"])


@pytest.fixture(scope="session")
def retrained(reproduced, tmp_path_factory) -> tuple[Project, str]:
    """A copy in which `dvc repro` has run with another learning rate, not committed; and what dvc said."""
    project = reproduced.copy(tmp_path_factory.mktemp("retrained") / "project")
    project.change({"train.learning_rate": 0.001})
    return project, project.dvc("repro")
