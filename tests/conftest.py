"""What holds for every test: which Qt, which platform, how examples are drawn."""

import os

import hypothesis

import gdviz  # noqa: F401 - before numpy is imported anywhere: it sets the number of BLAS threads

# Before Qt or pyqtgraph is imported. A bare `pytest` needs no display; `make test` names xcb for the tests marked x11.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["PYQTGRAPH_QT_LIB"] = "PySide6"

# The same examples on every machine, so that a failure can be repeated; no deadline, because machines can be slow.
hypothesis.settings.register_profile("gdviz", deadline=None, derandomize=True)
hypothesis.settings.load_profile("gdviz")
