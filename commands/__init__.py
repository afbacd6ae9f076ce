"""What people call that is no stage: check, record, verify. Imports stages and nn; nothing imports it."""
