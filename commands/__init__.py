"""What people call that is no stage: check, recipe, sweep, experiments.

Imports stages and nn; nothing imports it.
"""
