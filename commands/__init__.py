"""What people call that is no stage; it imports stages and nn, and nothing imports it. Lowest first:

processes     which processes of DVC live in a checkout
check         is params.yaml as it should be?
recipe        a recipe goes into params.yaml
take_back     have DVC record a result that its stage refused
findings      what is wrong at a place in a checkout, and what to do about it
surroundings  Git, and the folder where DVC remembers files
leftovers     what a killed process left behind
objects       the cache: damaged, incomplete
doctor        what is wrong with a checkout, and mend it
comparison    what is identical and what is not, as a table
record        environment.json: in which environment dvc.lock was made
verify        a clean clone, run again, beside dvc.lock
sweep         a table of experiments with several seeds, run by DVC's queue
experiments   docs/experiments/README.md, made of the results of sweeps
plots_page    the page of `dvc plots` without a network, and its picture
"""

# Before a command imports other packages: is this the environment of the project?
import stages  # noqa: F401
