"""What people run beside the stages, as `python -m commands.NAME`. Nothing in stages or nn imports a command."""

# Before a command imports other packages: is this the environment of the project?
import stages  # noqa: F401
