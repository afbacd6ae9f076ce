from typing import Annotated

import pytest
from pydantic import Field

from stages.runtime.errors import UserError
from stages.runtime.params import FiniteFloat, Section, StrictInt, read_section


class Sample(Section):
    size: Annotated[StrictInt, Field(ge=1)]
    rate: Annotated[FiniteFloat, Field(gt=0, le=1)]


def read(tmp_path, text):
    path = tmp_path / "params.yaml"
    path.write_text(text)
    return read_section("sample", Sample, path)


def test_a_section_is_read_as_its_model(tmp_path):
    assert read(tmp_path, "sample: {size: 3, rate: 0.5}") == Sample(size=3, rate=0.5)


@pytest.mark.parametrize("text", ["1e-05", "'1e-05'", "0.00001", "1.0e-5"])
def test_a_small_number_may_be_written_in_any_way_that_dvc_writes_it(tmp_path, text):
    assert read(tmp_path, f"sample: {{size: 3, rate: {text}}}").rate == 1e-05


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sample: {size: 3}", "sample.rate is missing"),
        ("sample: {size: 3, rate: 0.5, sizes: 4}", r"sample.sizes is no known key; did you mean size\?"),
        ("sample: {size: 3, rate: 0.5, zzz: 4}", "sample.zzz is no known key; there are size, rate"),
        ("sample: {size: true, rate: 0.5}", "sample.size is true: input should be a valid integer"),
        ("sample: {size: 3.0, rate: 0.5}", "sample.size is 3.0: input should be a valid integer"),
        ("sample: {size: '3', rate: 0.5}", 'sample.size is "3": input should be a valid integer'),
        ("sample: {size: 0, rate: 0.5}", "sample.size is 0: input should be greater than or equal to 1"),
        ("sample: {size: 3, rate: true}", "sample.rate is true: should be a number, not true or false"),
        ("sample: {size: 3, rate: 0}", "sample.rate is 0: input should be greater than 0"),
        ("sample: {size: 3, rate: .nan}", "sample.rate is NaN: input should be a finite number"),
        ("sample: {size: 3, rate: fast}", 'sample.rate is "fast": input should be a valid number'),
        ("sample: [3]", r"sample is \[3\]: should be a section"),
        ("sample:", "sample is null: should be a section"),
        ("other: {}", "the section sample is missing"),
        ("- sample", "should hold sections"),
        ("sample: {size: 3, size: 4, rate: 0.5}", "line 1 is not valid YAML: size is given twice"),
        ("sample: {size: 3", "line 1 is not valid YAML"),
        ("sample: {size: 3, rate: \x01}", "is not valid YAML: unacceptable character"),
        ("sample: {size: 2020-99-99, rate: 1}", "is not valid YAML: month must be in"),
        ("sample: &a [*a]", "line 1 is not valid YAML: more than 5,000 values"),
        (f"sample: {{size: -{'9' * 400}, rate: 1}}", r"sample.size is -9{56}\.\.\.: input should be"),
        (f"sample: {{size: 3, rate: {'9' * 400}}}", r"sample.rate is 9{57}\.\.\.: input should be"),
        ("sample: {size: 3, rate: 1e400}", "sample.rate is Infinity: input should be a finite number"),
        (f"sample: {{size: 3, rate: {'1' * 400}.5}}", "sample.rate is Infinity: input should be a finite number"),
        ("sample: " + "x" * 1000, r'sample is "x{56}\.\.\.: should be a section'),
        ("sample: {size: 3, rate: 1, " + "x" * 1000 + ": 1}", r"sample.x{57}\.\.\. is no known key"),
        ('sample: {size: 3, rate: 1, "a\\nb": 1}', r"sample.'a\\nb' is no known key"),
        ("sample: {" + ", ".join(f"k{n}: 1" for n in range(9)) + "}", "; and 6 more mistakes$"),
        ("sample: !" + "x" * 1000 + " 1", "is not valid YAML: .{,100}$"),
        ("sample: {size: *" + "x" * 1000 + ", rate: 1}", "is not valid YAML: .{,100}$"),
        (
            "sample: {http://me:secret@host: 1, http://me:secret@host: 1}",
            "line 1 is not valid YAML: http://host is",
        ),
        (f"sample: {{size: 0x{'f' * 5000}, rate: 1}}", "is not valid YAML: Exceeds the limit"),
        ("sample: {size: !!bool x, rate: 1}", "is not valid YAML: 'x'"),
        ("sample: {size: !!float , rate: 1}", "is not valid YAML: string index"),
        ("sample: !!map [1]", "is not valid YAML"),
        ("sample: {size: 'http://me:secret@host', rate: 1}", 'sample.size is "http://host": input'),
    ],
)
def test_a_mistake_is_a_line_with_key_value_and_what_would_be_right(tmp_path, text, message):
    with pytest.raises(UserError, match=message) as caught:
        read(tmp_path, text)
    assert "\n" not in str(caught.value)
    assert "params.yaml" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_two_mistakes_are_both_named(tmp_path):
    with pytest.raises(UserError, match=r"sample.size is 0.*sample.rate is 2"):
        read(tmp_path, "sample: {size: 0, rate: 2}")


def test_a_missing_file_says_how_to_get_it_back(tmp_path):
    with pytest.raises(UserError, match=r"params.yaml is missing; `git checkout"):
        read_section("sample", Sample, tmp_path / "params.yaml")
