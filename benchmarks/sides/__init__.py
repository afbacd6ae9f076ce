"""One module a library. Each has

train(widths, batch, optimizer, threads)    a function that makes one step
predict(widths, batch, threads)             a function that predicts one batch
VERSIONS                                    what the figures were measured with
"""
