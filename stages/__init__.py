"""The stages of the pipeline, each a module run as `python -m stages.NAME`: read files, call nn, write files.

Lowest first; a file imports only files above it, and no stage imports another:

    beginning     the code and the parameters, before Python reads them
    errors        a user's mistake is one line, never a traceback
    environment   the locked versions, before anything else is imported
    params        one section of params.yaml, validated
    files         a file has its final name only when it is complete
    rwlock        which processes of DVC are at work
    identity      what a run was told to do, and whether that still stands
    datasets      what MNIST and Fashion-MNIST consist of
    idx           the file format of both
    arrays        the preprocessed arrays
    augmentation  how much training images are deformed
    cores         how many cores a stage uses
    model         the model file
    tables        the csv files, written and read back
    history       what a run of training leaves behind while it runs

    figures       counts, rates with their intervals, precision and recall
    calibration   whether the probabilities mean what they say
    views         an image read several times, moved by a pixel
    disturbances  images shifted, turned, noisy, thinner or thicker
    pictures      what all pictures share: size, colours, palette
    trust         pictures of how far the network can be trusted

    fetch         what is at a URL becomes a file: bounded, retried, resumed
    indexes       where pip's configuration says that packages come from
    sources       the files of a data set from one source, unpacked and verified

    download, preprocess, train, evaluate, plot
"""

from stages.runtime import snapshot, environment  # in this order  # noqa: F401  # isort: skip

environment.check_versions()
environment.pin_blas_kernel()
environment.set_font_cache()
