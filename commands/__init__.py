"""What people call that is no stage: check. Imports stages and nn; nothing imports it."""
