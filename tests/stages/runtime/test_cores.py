import pytest

from nn.parallel import default_threads
from stages.runtime.cores import thread_count
from stages.runtime.errors import UserError


@pytest.mark.parametrize("threads", ["1", "5", "256"])
def test_network_threads_of_the_environment_decides(monkeypatch, threads):
    monkeypatch.setenv("NETWORK_THREADS", threads)
    assert thread_count(2, 0) == int(threads)


@pytest.mark.parametrize("value", [None, ""])
def test_without_it_shards_and_work_decide(monkeypatch, value):
    monkeypatch.delenv("NETWORK_THREADS", raising=False)
    if value is not None:
        monkeypatch.setenv("NETWORK_THREADS", value)
    assert thread_count(1) == 1
    assert thread_count(64) == default_threads(64, float("inf"))
    assert thread_count(64, 1000) == 1


@pytest.mark.parametrize("value", ["0", "257", "-1", "2.5", "two", " 2", "²"])
def test_what_is_no_number_of_threads_is_refused_by_name(monkeypatch, value):
    monkeypatch.setenv("NETWORK_THREADS", value)
    with pytest.raises(UserError, match=r"^NETWORK_THREADS is '.*': should be a whole number, 1 to 256$"):
        thread_count(2)
