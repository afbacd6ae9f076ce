"""Early stopping: when the validation loss has not fallen for a while, more training only learns by heart."""


class EarlyStopping:
    """Stops after `patience` measurements in a row that were no better than the best one."""

    def __init__(self, patience: int) -> None:
        self.patience = patience
        self.best = float("inf")
        self.since = 0

    def improved(self, loss: float) -> bool:
        """Take note of a validation loss; is it the lowest so far?"""
        if loss < self.best:
            self.best, self.since = loss, 0
            return True
        self.since += 1
        return False

    @property
    def exhausted(self) -> bool:
        """Is it time to stop?"""
        return self.since >= self.patience
