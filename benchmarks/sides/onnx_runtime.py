"""onnxruntime: inference alone."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

VERSIONS = {"onnxruntime": onnxruntime.__version__}


def predict(widths: list[int], batch: int, threads: int) -> Callable[[], None]:
    """Logits of one batch."""
    rng = np.random.default_rng(0)
    nodes, tensors, name = [], [], "x"
    for number, (inputs, outputs) in enumerate(pairwise(widths)):
        W = rng.standard_normal((inputs, outputs)).astype(np.float32) * (2 / inputs) ** 0.5
        tensors += [
            numpy_helper.from_array(W, f"W{number}"),
            numpy_helper.from_array(np.zeros(outputs, np.float32), f"b{number}"),
        ]
        nodes.append(helper.make_node("Gemm", [name, f"W{number}", f"b{number}"], [f"y{number}"]))
        name = f"y{number}"
        if number < len(widths) - 2:
            nodes.append(helper.make_node("Relu", [name], [f"r{number}"]))
            name = f"r{number}"
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, widths[0]])
    y = helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, widths[-1]])
    graph = helper.make_graph(nodes, "network", [x], [y], tensors)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(made.SerializeToString(), options, providers=["CPUExecutionProvider"])
    images = rng.random((batch, widths[0]), dtype=np.float32)
    return lambda: session.run(None, {"x": images})
