from nn.stopping import EarlyStopping


def test_it_stops_after_so_many_measurements_without_a_lower_loss():
    stopping = EarlyStopping(patience=2)
    improved, exhausted = [], []
    for loss in (3.0, 2.0, 2.0, 1.0, 1.5, 1.0, 0.5):
        improved.append(stopping.improved(loss))
        exhausted.append(stopping.exhausted)
    assert improved == [True, True, False, True, False, False, True]
    assert exhausted == [False, False, False, False, False, True, False]
