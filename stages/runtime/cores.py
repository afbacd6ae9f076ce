"""How many cores a stage uses."""

from nn.parallel import suitable_threads
from stages.runtime.errors import UserError


def number_of_threads(parts: int, work: float = float("inf")) -> int:
    """As nn.threads.suitable_threads; raises UserError where NETWORK_THREADS is no number."""
    try:
        return suitable_threads(parts, work)
    except ValueError as error:
        raise UserError(str(error)) from None
