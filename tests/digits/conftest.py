import pytest

from nn.parallel import single_threaded_blas


@pytest.fixture(autouse=True)
def one_thread():
    """As commands.predict has it: small products on several threads wait for a busy machine."""
    with single_threaded_blas():
        yield
