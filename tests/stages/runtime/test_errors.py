import pytest

from stages.runtime.errors import UserError, redact_credentials, run_or_exit


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


def test_names_and_passwords_in_urls_are_left_out():
    assert (
        redact_credentials('is "https://me:secret@host/x@y" and http://host')
        == 'is "https://host/x@y" and http://host'
    )


def test_a_fault_of_ours_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError):
        run_or_exit("train", fail_with(ZeroDivisionError()))
