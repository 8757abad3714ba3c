"""The learning rate over time, as a factor on the optimizer's own rate."""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Annotated, TypeAlias, get_args

from msgspec import Meta

from gdviz.core.spec import Spec

Share = Annotated[float, Meta(gt=0, le=1)]


class Schedule(Spec, frozen=True, tag_field="kind"):
    """A factor for each step. The horizon is the run's stop; beyond it the last factor above zero goes on."""

    def factor(self, step: int, horizon: int) -> float:
        """What the learning rate of ``step`` (from 0) is multiplied by, in a run of ``horizon`` steps."""
        return self.at(min(step, horizon - 1) / horizon)

    @abstractmethod
    def at(self, progress: float) -> float:
        """The factor at ``progress`` in [0, 1) through the run."""


class Constant(Schedule, frozen=True, tag="constant"):
    """The same rate from beginning to end."""

    def at(self, progress: float) -> float:
        return 1.0


class StepDecay(Schedule, frozen=True, tag="step"):
    """The rate drops by a factor at even intervals (PyTorch's StepLR, with the interval as a share of the run)."""

    factor_per_drop: Annotated[float, Meta(gt=0, le=1, description="what the rate is multiplied by at each drop")] = 0.1
    every: Annotated[Share, Meta(description="share of the run between two drops")] = 1 / 3

    def at(self, progress: float) -> float:
        # A step that stands on a drop must not be late for rounding: 0.3 / 0.1 is 2.9999999999999996.
        return self.factor_per_drop ** math.floor(progress / self.every + 1e-9)


class Cosine(Schedule, frozen=True, tag="cosine"):
    """Half a cosine from the full rate to zero (Loshchilov & Hutter, arXiv:1608.03983, eq. 5, without restarts)."""

    def at(self, progress: float) -> float:
        return 0.5 * (1 + math.cos(math.pi * progress))


class WarmUp(Schedule, frozen=True, tag="warm-up"):
    """The rate rises in a straight line, then stays (Goyal et al., arXiv:1706.02677, section 2.2)."""

    share: Annotated[Share, Meta(description="share of the run over which the rate rises")] = 0.1

    def at(self, progress: float) -> float:
        # Step 0 already moves: a first factor of zero would waste it. The first step of a rise takes a small share.
        return min(1.0, max(progress / self.share, 0.01))


AnySchedule: TypeAlias = Constant | StepDecay | Cosine | WarmUp
SCHEDULES: tuple[type[Schedule], ...] = get_args(AnySchedule)
