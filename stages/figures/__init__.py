"""The pictures. They are drawn into files, whichever window or notebook the environment names for matplotlib."""

import os

os.environ["MPLBACKEND"] = "agg"
