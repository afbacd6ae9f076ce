"""A fully-connected network in NumPy. Pure computation: no files, no printing, no settings.

Lowest first, which is also an order to read in; a file imports only files above it:

    flat            one vector behind many arrays
    streams         random numbers from seed, purpose and place
    threads         a team of threads that works through tasks together
    initialization  the variance of the first weights
    layers          what a layer is, and Dense: forward, backward, gradients
    activations     ReLU, leaky ReLU, GELU, tanh, sigmoid
    dropout         numbers left out at random
    normalization   over the rows of a batch, or over the units of a layer
    losses          softmax with cross-entropy, label smoothing
    optimizers      SGD, momentum, Nesterov, RMSprop, Adam, AdamW, Lion: one flat vector each way
    augment         deformed images
    hard_examples   images shown more often than others
    schedules       from the progress of a run to a share of the learning rate
    averaging       the moving average of the weights
    constraints     bounds on gradients and weights
    stopping        early stopping
    network         layers in a row over two flat vectors
    prediction      logits of any number of rows
    architecture    from widths and names to layers
    inference       from the network that trains to the one that reads
    training        the two rounds of a step, and the loop

Conventions, everywhere:

- A row is an example. x (n, in) goes into a layer, y (n, out) comes out; labels (n,) are class numbers.
- d<name> is the gradient of the loss by <name> and has its shape: dx, dy, dW, db.
- float32 unless the caller asks for float64 (tests of gradients do).
- Arrays that are large or made often are made once, for `rows` rows, and used again: what `forward` returns
  is overwritten by the next call. A batch of n < rows rows uses the first n of each.
- Gradients are overwritten, never added to, so there is nothing to set to zero.
- Positions of images (n,), as in `batch` and `chosen`, are whole numbers like labels, and typed like them.
- Randomness is handed in as a numpy.random.Generator.
- Bits depend on the parts of a batch and on the blocks of parameters, never on the number of threads.
"""
