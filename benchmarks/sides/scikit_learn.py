"""scikit-learn's MLPClassifier."""

from collections.abc import Callable

import numpy as np
import sklearn
import threadpoolctl
from sklearn.neural_network import MLPClassifier

VERSIONS = {"scikit-learn": sklearn.__version__, "numpy": np.__version__}


def classifier(widths: list[int], batch: int, optimizer: str) -> tuple[MLPClassifier, np.ndarray, np.ndarray]:
    """A classifier that has seen one batch, so that it is made, and a batch."""
    rng = np.random.default_rng(0)
    images, labels = rng.random((batch, 784), dtype=np.float32), rng.integers(10, size=batch)
    network = MLPClassifier(
        tuple(widths[1:-1]), solver=optimizer, batch_size=batch, alpha=0, nesterovs_momentum=False
    )
    network.partial_fit(images, labels, classes=np.arange(10))
    return network, images, labels


def train(widths: list[int], batch: int, optimizer: str, threads: int) -> Callable[[], None]:
    """One step."""
    threadpoolctl.threadpool_limits(limits=threads, user_api="blas")
    network, images, labels = classifier(widths, batch, optimizer)
    return lambda: network.partial_fit(images, labels)


def predict(widths: list[int], batch: int, threads: int) -> Callable[[], None]:
    """Probabilities of one batch."""
    threadpoolctl.threadpool_limits(limits=threads, user_api="blas")
    network, images, _ = classifier(widths, batch, "sgd")
    return lambda: network.predict_proba(images)
