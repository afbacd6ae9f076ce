"""How fast `nn` is, beside PyTorch, JAX, scikit-learn and onnxruntime: `make bench`, and with FULL=1 all of it.

    networks     what is measured: widths, batches, optimizers
    accuracy     the recipe of the time to an accuracy, the same for every side
    sides        one module a library: trains, predicts
    worker       a process that holds one side and measures when it is told to
    machine      what it is measured on: the kind of CPU, the versions, the day, the commit
    measure      starts workers, lets them take turns, writes results/KIND-OF-CPU/*.json
    dvc_overhead what `dvc repro` costs when there is nothing to do (not part of `make bench`: needs DVC)
    report       from those to tables and pictures beside them

Never imported by the rest of the project; nothing of it goes into a result of the pipeline.
"""
