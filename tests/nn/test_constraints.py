import numpy as np

from nn.constraints import limit_norms


def test_only_columns_above_the_limit_shrink_and_they_keep_their_direction(rng):
    W = rng.standard_normal((20, 10)) * np.linspace(0.1, 3, 10)
    before = W.copy()
    norms = np.linalg.norm(before, axis=0)
    limit_norms(W, 4.0)
    np.testing.assert_allclose(W, before * np.minimum(1, 4.0 / norms))
    assert np.linalg.norm(W, axis=0).max() <= 4.0 + 1e-12
    assert (W[:, norms < 4.0] == before[:, norms < 4.0]).all()


def test_a_unit_without_weights_stays_without():
    W = np.zeros((3, 2), np.float32)
    limit_norms(W, 1.0)
    assert not W.any()
