"""``python -m gdviz``: the same as the command ``gdviz``."""

import sys

from gdviz.cli import main

sys.exit(main())
