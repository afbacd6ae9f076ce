"""One module a library. Each has

train(widths, batch, optimizer, threads, images)        a function that makes one step, with so many images
predict(widths, batch, threads)                         a function that predicts one batch
products(widths, batch, threads)                        the matrix products of a step alone; of NumPy and PyTorch
recipe(threads)                                         a step of the committed recipe; of ours
learner(widths, batch, rate, seed, threads, images, labels)
                                                        two functions, as accuracy.py has them; not of all sides
VERSIONS                                                what the figures were measured with
"""
