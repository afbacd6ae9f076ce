"""Initialisation: the variance of the first weights, such that signals neither die nor explode on their way."""


def he(inputs: int, outputs: int) -> float:  # noqa: ARG001 (all take both)
    """2 / inputs: for ReLU and its kin, which stop half of what comes in.

    (K. He et al., Delving Deep into Rectifiers, 2015.)
    """
    return 2 / inputs


def glorot(inputs: int, outputs: int) -> float:
    """2 / (inputs + outputs): for tanh and sigmoid, a compromise between the way there and the way back.

    (X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010.)
    """
    return 2 / (inputs + outputs)


def lecun(inputs: int, outputs: int) -> float:  # noqa: ARG001
    """1 / inputs: keeps the variance through a layer that nothing follows.

    (Y. LeCun et al., Efficient BackProp, 1998.)
    """
    return 1 / inputs
