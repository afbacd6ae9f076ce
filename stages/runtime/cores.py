"""How many cores a stage uses."""

from nn.parallel import default_threads
from stages.runtime.errors import UserError


def thread_count(parts: int, work: float = float("inf")) -> int:
    """As nn.threads.default_threads; raises UserError where NETWORK_THREADS is no number."""
    try:
        return default_threads(parts, work)
    except ValueError as error:
        raise UserError(str(error)) from None
