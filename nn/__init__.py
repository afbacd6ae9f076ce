"""A fully-connected network in NumPy. Pure computation: no files, no printing, no environment variables.

In the order to read it:

    I    the page        plain
    II   the network     layers, activations, losses, network, mlp
    III  learning        optimizers, schedules, batches, training, checkpoint
    IV   generalizing    normalization, regularization, augmentation, hard_examples
    V    using it        inference
    VI   the machine     flat, random_streams, parallel, blocks, aligned, subnormals

Conventions, everywhere:

- A row is an example. x (n, in) goes into a layer, y (n, out) comes out; labels (n,) are class numbers.
- d<name> is the gradient of the loss by <name> and has its shape: dx, dy, dW, db.
- float32 unless the caller asks for float64 (tests of gradients do).
- Arrays that are large or made often are made once, for `rows` rows, and used again: what `forward` returns
  is overwritten by the next call. A batch of n < rows rows uses the first n of each.
- Gradients are overwritten, never added to, so there is nothing to set to zero.
- Randomness is handed in as a numpy.random.Generator.
- A batch is cut into shards, ranges of rows that are worked on side by side. Bits depend on the shards and on the
  blocks of parameters, never on the number of threads.
"""
