"""Bounds on gradients and weights."""

import numpy as np

from nn.flat import Array


def clipping_factor(norm: float, limit: float) -> float:
    """What to multiply a gradient of this norm with, so that its norm is at most the limit.

    (R. Pascanu, T. Mikolov, Y. Bengio, On the difficulty of training recurrent neural networks, 2013.)
    """
    return min(1.0, limit / norm) if norm > 0 else 1.0


def limit_norms(W: Array, limit: float) -> None:
    """Shrink, in place, the weights into each unit (a column of W) whose norm is above the limit down to it.

    (N. Srebro, A. Shraibman, Rank, Trace-Norm and Max-Norm, 2005; with dropout: N. Srivastava et al., 2014.)
    """
    norms = np.sqrt(np.einsum("ij,ij->j", W, W))
    W *= np.minimum(1, limit / np.maximum(norms, np.finfo(W.dtype).tiny))
