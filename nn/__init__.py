"""A fully-connected network in NumPy. Pure computation: no files, no printing, no settings.

Lowest first; a file imports only files above it:

    flat         one vector behind many arrays
    streams      random numbers from seed, part and epoch
    layers       Dense, ReLU: forward and backward side by side
    losses       softmax with cross-entropy
    optimizers   SGD with momentum, Adam: one flat vector of parameters, one of gradients
    schedules    from a step to a share of the learning rate
    network      layers in a row over two flat vectors; prediction
    training     batches, steps, the loop

Conventions, everywhere:

- A row is an example. x (n, in) goes into a layer, y (n, out) comes out; labels (n,) are class numbers.
- d<name> is the gradient of the loss by <name> and has its shape: dx, dy, dW, db.
- float32 unless the caller asks for float64 (tests of gradients do).
- Arrays that are large or made often are made once, for `rows` rows, and used again: what `forward` returns
  is overwritten by the next call. A batch of n < rows rows uses the first n of each.
- Gradients are overwritten, never added to, so there is nothing to set to zero.
- Randomness is handed in as a numpy.random.Generator.
"""
