from nn.random_streams import Purpose, stream


def draw(*arguments):
    return stream(*arguments).integers(2**62, size=4).tolist()


def test_equal_arguments_give_equal_numbers():
    assert draw(7, Purpose.ORDER, 3) == draw(7, Purpose.ORDER, 3)


def test_seed_purpose_and_place_each_change_the_numbers():
    draws = [
        draw(7, Purpose.ORDER, 3),
        draw(8, Purpose.ORDER, 3),
        draw(7, Purpose.SPLIT, 3),
        draw(7, Purpose.ORDER, 4),
        draw(7, Purpose.ORDER, 3, 1),
    ]
    assert len(set(map(tuple, draws))) == len(draws)


def test_the_streams_are_the_same_in_every_version_of_this_project():
    # A change here changes every model that was ever trained.
    assert stream(0, Purpose.ORDER, 1).integers(100, size=5).tolist() == [40, 58, 13, 81, 65]
