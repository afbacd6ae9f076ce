"""The guides work as they stand: their code fits the project, and their commands print what they show."""

import re

import pytest

from tests import ROOT
from tests.guides import Hunk, NewFile, change, holds, perform, steps
from tests.pages import Reader, Shown
from tests.pipeline.projects import Project, copy_checkout, succeeded

GUIDES = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "docs/guides").glob("*.md"))}
PIPELINE = re.compile(r"dvc|make|python -m (stages|commands)")  # needs data


def reader_of(project: Project) -> Reader:
    """Somebody whose terminal is as wide as that in which the guides were written."""
    # With one of these set, pytest says more.
    env = {name: value for name, value in project.env.items() if name not in {"CI", "BUILD_NUMBER"}}
    return Reader(project.path, {**env, "COLUMNS": "115", "DVC_PAGER": "cat"})


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_shows_code_and_commands_and_is_short(name):
    found = steps(GUIDES[name])
    assert any(isinstance(step, Hunk | NewFile) for step in found)
    assert any(isinstance(step, Shown) and PIPELINE.match(step.command) for step in found)
    assert not re.search(r"file://|/home/|/tmp/|/root/", GUIDES[name])
    assert len(GUIDES[name].splitlines()) <= 250


@pytest.mark.slow
@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_leads_from_its_first_line_to_its_last(project, name):
    reader = reader_of(project)
    for step in steps(GUIDES[name]):
        perform(step, reader)


@pytest.mark.parametrize("name", GUIDES)
def test_the_code_of_a_guide_is_written_as_the_rest_is(tmp_path, env, name):
    copy_checkout(tmp_path)
    for step in steps(GUIDES[name]):
        if not isinstance(step, Shown):
            change(step, tmp_path)
    project = Project(tmp_path, env)
    succeeded(project.run("ruff", "check", "--no-cache"))
    succeeded(project.run("ruff", "format", "--check", "--no-cache"))


PAGE = """
Changed lines of one file, and of another:

```diff
--- a/nn/a.py
+++ b/nn/a.py
@@
 import numpy as np
-import b
+import c
@@ -12,3 +12,4 @@
+d = 1

 e = 2
--- a/x.yaml
+++ b/x.yaml
@@
-one: 1
+one: 2
```

The whole of `nn/new.py`:

```python
'''New.'''
```

```python
something_that_is_only_shown()
```

```console
$ python -m nn.new
$ ls \\
  nn
new.py
```
"""


def test_the_steps_of_a_guide_are_its_hunks_its_new_files_and_its_commands():
    assert steps(PAGE) == [
        Hunk("nn/a.py", "import numpy as np\nimport b\n", "import numpy as np\nimport c\n"),
        Hunk("nn/a.py", "\ne = 2\n", "d = 1\n\ne = 2\n"),
        Hunk("x.yaml", "one: 1\n", "one: 2\n"),
        NewFile("nn/new.py", "'''New.'''\n"),
        Shown("python -m nn.new", ""),
        Shown("ls \\\n  nn", "new.py\n"),
    ]


def test_code_goes_only_where_it_fits(tmp_path):
    (tmp_path / "a.py").write_text("a = 1\nb = 2\nb = 2\n")
    change(Hunk("a.py", "a = 1\nb = 2\n", "a = 3\nb = 2\n"), tmp_path)
    assert (tmp_path / "a.py").read_text() == "a = 3\nb = 2\nb = 2\n"
    with pytest.raises(AssertionError, match=r"stands 0 times in a\.py"):
        change(Hunk("a.py", "= 3\n", "= 4\n"), tmp_path)
    with pytest.raises(AssertionError, match=r"stands 2 times in a\.py"):
        change(Hunk("a.py", "b = 2\n", "b = 3\n"), tmp_path)
    change(NewFile("new/b.py", "b = 1\n"), tmp_path)
    with pytest.raises(AssertionError, match="is there already"):
        change(NewFile("new/b.py", "b = 1\n"), tmp_path)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("12 passed in 0.31s\n", "..... [ 50%]\n.......  [100%]\n13 passed in 1.02s\n", True),
        ("12 passed in 0.31s\n", "1 failed, 12 passed in 0.31s\n", False),
        ("loss  0.1\n", "loss     -0.0123\n", True),
        ("loss  7e-05\n", "accuracy  7e-05\n", False),
        ("first\n...\nlast\n", "first\nmore\nlast\n", True),
        ("first\n...\nlast\n", "first\nmore\n", False),
        ("first\n", "first\nlast\n", False),
        ("", "Updating lock file\n", False),
        ("ea4d5e1 [silu]\n", "0f7b0aa [silu]\n", True),
    ],
)
def test_a_guide_shows_every_line_that_is_printed_but_for_numbers(shown, printed, same):
    assert holds(shown, printed) == same
