"""What people call that is no stage: check, plots_page. Imports stages and nn; nothing imports it."""
