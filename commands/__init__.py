"""What people call that is no stage: check, recipe, sweep, experiments, plots_page. Nothing imports it."""
