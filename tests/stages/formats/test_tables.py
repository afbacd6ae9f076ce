import pytest

from stages.formats.tables import read_columns, write_table
from stages.runtime.errors import UserError


def test_numbers_read_back_as_they_were(tmp_path):
    path = tmp_path / "table.csv"
    write_table(path, ("step", "loss"), [(1, 0.1 + 0.2), (2, 1e-17)])
    assert read_columns(path, ("loss", "step")) == [[0.1 + 0.2, 1e-17], [1, 2]]
    assert path.read_bytes() == b"step,loss\n1,0.30000000000000004\n2,1e-17\n"


def test_a_table_without_rows_has_columns_without_numbers(tmp_path):
    write_table(tmp_path / "table.csv", ("step", "loss"), [])
    assert read_columns(tmp_path / "table.csv", ("step", "loss")) == [[], []]


@pytest.mark.parametrize("content", ["step,other\n1,2\n", "step,loss\n1\n", "step,loss\n1,high\n"])
def test_a_table_without_the_numbers_is_refused(tmp_path, content):
    (tmp_path / "table.csv").write_text(content)
    with pytest.raises(UserError, match="is no table of step, loss"):
        read_columns(tmp_path / "table.csv", ("step", "loss"))


def test_only_the_rows_of_a_value_in_another_column_are_read(tmp_path):
    write_table(tmp_path / "table.csv", ("corruption", "errors"), [("shift", 1), ("noise", 2), ("shift", 3)])
    assert read_columns(tmp_path / "table.csv", ("errors",), corruption="shift") == [[1, 3]]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("step,loss\n1,nan\n", "numbers that are not finite"),
        ("step,loss\n1,2\n", "it has 1 rows, not 2 or more"),
        (f"step,loss\n1,{'2' * 200_000}\n", "is no table of step, loss"),
    ],
)
def test_a_damaged_table_is_refused(tmp_path, content, message):
    (tmp_path / "table.csv").write_text(content)
    with pytest.raises(UserError, match=message):
        read_columns(tmp_path / "table.csv", ("step", "loss"), at_least=2)


def test_a_table_of_just_enough_rows_is_taken(tmp_path):
    (tmp_path / "table.csv").write_text("step\n1\n2\n")
    assert read_columns(tmp_path / "table.csv", ("step",), at_least=2) == [[1, 2]]
