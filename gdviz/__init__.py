"""gdviz: watch gradient descent happen."""

import os

# The products of a 784-16-16-10 network are so small that a second BLAS thread costs more than it brings,
# and one thread is what makes a run repeatable bit for bit. BLAS reads these once, when numpy is first imported.
for _name in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_name, "1")

__version__ = "0.1.0"
