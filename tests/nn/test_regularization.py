import numpy as np

from nn.regularization import EarlyStopping, ExponentialMovingAverage


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
            average.update(block)
    np.testing.assert_allclose(average.average, wanted, rtol=1e-10)


def test_it_stops_after_so_many_validations_without_a_lower_loss():
    stopping = EarlyStopping(patience=2)
    improved, should_stop = [], []
    for loss in (3.0, 2.0, 2.0, 1.0, 1.5, 1.0, 0.5):
        improved.append(stopping.update(loss))
        should_stop.append(stopping.should_stop)
    assert improved == [True, True, False, True, False, False, True]
    assert should_stop == [False, False, False, False, False, True, False]
