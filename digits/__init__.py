"""Reads people's digits with the trained network. NumPy, threadpoolctl, Pillow, safetensors and nn alone.

In the order to read it: `pictures` decodes a file, `paper` tells ink from paper, `ink` finds the digit among
`components`, `form` brings it into MNIST's form, `classifier` asks the network, and `hypotheses` does all of this,
and again otherwise where the answer is in doubt. `model` is the model file, `explain` a picture of an answer.
"""
