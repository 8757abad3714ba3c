"""The problem of each run, made from the recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import numpy as np
from msgspec import UNSET

from gdviz.core import datasets
from gdviz.core.descent import Streams
from gdviz.core.digits import Digits
from gdviz.core.errors import InputError
from gdviz.core.network import Network
from gdviz.core.scenario import DigitsProblem, FormulaProblem, RunSpec, SurfaceProblem

if TYPE_CHECKING:
    from collections.abc import Hashable

    from gdviz.core.problem import Problem


def problem_of(spec: SurfaceProblem | FormulaProblem | DigitsProblem, run: RunSpec) -> tuple[Problem, Hashable]:
    """What a run of the scenario's problem descends, and the key of its cost. Reads data sets. Raises InputError."""
    overrides = {
        name: value for name in run.problem.__struct_fields__ if (value := getattr(run.problem, name)) is not UNSET
    }
    spec = msgspec.structs.replace(spec, **overrides)
    if isinstance(spec, DigitsProblem):
        return _digits(spec, run.seed)
    surface = spec.surface
    with np.errstate(all="ignore"):
        cost = surface.costs(np.array(surface.default_start))
    if not np.isfinite(cost):
        raise InputError(f"problem.start: expected a point where the cost is finite, got {list(surface.default_start)}")
    return surface, spec.name if isinstance(spec, SurfaceProblem) else (spec.expression, spec.domain)


def _digits(spec: DigitsProblem, seed: int) -> tuple[Digits, Hashable]:
    data = datasets.load(spec.data)
    n = len(data.train_labels) if spec.train_size is UNSET else spec.train_size
    if n > len(data.train_labels):
        raise InputError(f"problem.train_size: expected at most {len(data.train_labels):,}, got {n:,}")
    labels = data.train_labels[:n]
    if spec.shuffle_labels:
        labels = datasets.shuffled(labels, spec.shuffle_labels, Streams(seed).labels())
    network = Network((data.train_images.shape[1], *spec.hidden, datasets.N_CLASSES), spec.activation, spec.cost)
    noise = (spec.shuffle_labels, seed if spec.shuffle_labels else None)
    cost_key = (spec.data, spec.hidden, spec.activation, spec.cost, n, noise)
    return Digits(network, data, labels, spec.init), cost_key
