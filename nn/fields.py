"""Smooth random fields over a square: a value for each pixel, nearly the same in neighbours, drawn as few numbers.

A field is normal at every place, with variance 1 and covariance exp(-d^2 / 4 sigma^2) at distance d: what white
noise becomes under a Gaussian filter of width sigma. A filter would have to be run over each field anew; but few
smooth patterns make up nearly all of it. They are the eigenvectors of its covariance (K. Karhunen and M. Loeve,
1946/47): for the field over a square, products of those over a line. So fields are one product,

    fields (n, side^2) = numbers (n, patterns) @ patterns (patterns, side^2),

with numbers that are independent and standard normal.
"""

from math import exp

import numpy as np

from nn.flat import Array

VARIANCE_LEFT_OUT = 0.01  # share of the variance of the field that the patterns left out had


def smooth_patterns(side: int, smoothness: float) -> Array:
    """The patterns (k, side^2) of fields as smooth as a Gaussian filter of width `smoothness` pixels makes them.

    Strongest first. What the patterns left out had of the variance, the others get: it is 1 at every pixel.
    """
    along = [exp(-((d / (2 * smoothness)) ** 2)) for d in range(side)]
    covariance = np.array([[along[abs(i - j)] for j in range(side)] for i in range(side)])
    variances, vectors = np.linalg.eigh(covariance)
    products = np.outer(variances, variances).reshape(-1)  # the total variance is side^2
    order = np.argsort(-products, kind="stable")
    kept = order[: 1 + np.searchsorted(np.cumsum(products[order]), (1 - VARIANCE_LEFT_OUT) * side**2)]
    patterns = np.stack([np.outer(vectors[:, i // side], vectors[:, i % side]).reshape(-1) for i in kept])
    patterns *= np.sqrt(products[kept])[:, None]
    found: Array = patterns / np.sqrt(np.sum(patterns**2, axis=0))
    return found
