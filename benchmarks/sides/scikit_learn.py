"""scikit-learn's MLPClassifier."""

from collections.abc import Callable

import numpy as np
import sklearn
import threadpoolctl
from sklearn.neural_network import MLPClassifier

from benchmarks.accuracy import Classify, Learn

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


def learner(
    *, widths: list[int], batch: int, rate: float, seed: int, threads: int, images: np.ndarray, labels: np.ndarray
) -> tuple[Learn, Classify]:
    """Adam with a constant rate."""
    threadpoolctl.threadpool_limits(limits=threads, user_api="blas")
    network = MLPClassifier(
        tuple(widths[1:-1]), batch_size=batch, alpha=0, learning_rate_init=rate, random_state=seed
    )

    def learn(batches: list[np.ndarray]) -> None:
        for chosen in batches:  # partial_fit makes one step with each batch of what it is given
            network.partial_fit(images[chosen], labels[chosen], classes=np.arange(10))

    return learn, network.predict


def predict(widths: list[int], batch: int, threads: int) -> Callable[[], None]:
    """Probabilities of one batch."""
    threadpoolctl.threadpool_limits(limits=threads, user_api="blas")
    network, images, _ = classifier(widths, batch, "sgd")
    return lambda: network.predict_proba(images)
