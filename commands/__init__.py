"""What people call that is no stage: check, recipe. Imports stages and nn; nothing imports it."""
