import numpy as np

from nn.averaging import ExponentialMovingAverage


def test_the_average_follows_its_formula(rng):
    params = rng.standard_normal(30)
    average = ExponentialMovingAverage(params, 0.9)
    wanted = params.copy()
    for step in range(1, 101):
        params += rng.standard_normal(30)
        d = min(0.9, (1 + step) / (10 + step))
        wanted = d * wanted + (1 - d) * params
        average.begin_step()
        for block in (slice(0, 10), slice(10, 30)):
            average.update(block, np.empty(block.stop - block.start))
    np.testing.assert_allclose(average.average, wanted, rtol=1e-10)
