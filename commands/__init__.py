"""What people call that is no stage: check, sweep, experiments. Imports stages and nn; nothing imports it."""
