"""PyTorch with torch.compile."""

from benchmarks.sides import pytorch

pytorch.COMPILED = True
VERSIONS = pytorch.VERSIONS
train = pytorch.train
predict = pytorch.predict
