"""What people call that is no stage: check, recipe, sweep, experiments. Nothing imports it."""
