"""The immutable picture of all runs at the cursor: all that a panel ever draws from."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from gdviz.core.history import Table
from gdviz.core.optimizer import Optimizer, Term
from gdviz.core.problem import Problem, Vector
from gdviz.core.stopwatch import AT_START, Clock

Floats = NDArray[np.float64]

PlaneKind: TypeAlias = Literal["path", "gradient", "random", "ends", "line"]
PLANE_KINDS: tuple[PlaneKind, ...] = get_args(PlaneKind)
"""through the ball: the path's principal components, down the slope, at random; through the balls of two runs: the
plane that holds the start as well, and the straight line between them"""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """A run's cost by step, thinned to at most a few thousand buckets of equal length; finite values only."""

    steps: Floats
    """(m,) first step of each bucket"""
    low: Floats
    """(m,) lowest cost in the bucket"""
    high: Floats
    """(m,) highest cost in the bucket"""
    mean: Floats
    """(m,) running mean over the last `window` steps, at the bucket's end"""
    least: Floats
    """(m,) lowest running mean in the bucket"""
    stride: int
    """steps in a bucket; 1 means nothing was thinned"""
    window: int
    """steps in the running mean; 1 where the cost is exact (a surface, a full batch) and needs none"""


@dataclass(frozen=True, slots=True, eq=False)
class Evaluations:
    """What was measured on whole data sets: (k,) arrays, accuracies as fractions; k = 0 for a surface."""

    steps: NDArray[np.int64]
    train_cost: Floats
    train_accuracy: Floats
    test_cost: Floats
    test_accuracy: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Curvatures:
    """The largest eigenvalue of a network's Hessian at some steps, increasing: (k,) arrays."""

    steps: NDArray[np.int64]
    values: Floats

    def at(self, step: int) -> float | None:
        """The last value measured up to ``step``; None where there is none."""
        before = int(np.searchsorted(self.steps, step, side="right"))
        return float(self.values[before - 1]) if before else None


NO_CURVATURES = Curvatures(np.empty(0, np.int64), np.empty(0))


@dataclass(frozen=True, slots=True)
class SliceView:
    """Which slice of a network's cost is asked for."""

    kind: PlaneKind = "path"
    n_images: int = 1000
    """the first so many training images; at most all of them are used"""
    other: int = 0
    """index among the scenario's runs of the one whose ball the selected one's is compared with"""


@dataclass(frozen=True, slots=True, eq=False)
class RunFrame:
    """What one run shows at the cursor."""

    colour: int
    """index into the theme's run colours, the same in every panel; a ghost keeps its run's but is drawn grey"""
    label: str
    ghost: bool
    """the run before a reset: drawn grey and thin"""
    on_surface: bool
    """it descends the selected run's cost, so its ball belongs on this surface"""
    step: int
    """the row shown; for other runs than the selected, the row at the same epoch (surfaces: step), or their last"""
    newest: int
    """the newest step that exists"""
    epoch: float | None
    """None for a surface"""
    cost: float
    grad_norm: float
    learning_rate: float
    """of the step that follows this row"""
    ended: str
    """"" while it can go on, else why it stopped: "blew up at step 323", "40 epochs done", ..."""
    curve: Curve
    """up to the newest step"""
    evaluations: Evaluations
    """up to the newest step"""
    trail: Floats
    """(m, 2) positions on the plane up to the cursor, the last one being the ball; one knob: (w, cost); thinned; all
    finite. Empty where the run is hidden or not on this surface, or no plane is there yet."""
    trail_costs: Floats
    """(m,) true costs at the trail's points, nan where not measured"""
    off_plane: float
    """distance of the ball from the plane, in the unit of its axes; 0 for problems of one or two knobs"""
    optimizer: Optimizer
    """the rule of the step that follows this row, with all changes up to there"""
    past: Table
    """the numbers of every step, also of those after the cursor"""
    row: int
    """where `step` stands in `past`"""
    far: bool = False
    """so far off the plane that it says little about where the ball is: drawn hollow"""
    sharpness: Curvatures = NO_CURVATURES
    """of a network's cost, where it was measured, also after the cursor"""
    rules: tuple[tuple[int, Optimizer], ...] = ()
    """all that were in force, each from the step that follows the row it is listed with"""
    clock: Clock = AT_START
    """seconds of work by step, up to the newest: `clock.at(step)`"""
    steps_per_epoch: int | None = None
    """None for a surface"""
    hidden: bool = False
    """it is listed, and drawn nowhere"""
    left: bool = False
    """another run branched off from it, and is looked at: drawn paler and thin"""
    alike: bool = False
    """it is another network of the selected one's sizes, so that their knobs can be compared one by one"""
    differs: str = ""
    """what of its recipe, beside the rule's kind and rate, is otherwise than in another run's, in short"""
    differs_in_full: str = ""

    @property
    def accuracy(self) -> float | None:
        """Test accuracy of the last evaluation at or before the cursor, a fraction."""
        before = np.searchsorted(self.evaluations.steps, self.step, side="right")
        return float(self.evaluations.test_accuracy[before - 1]) if before else None


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Landscape:
    """The cost over a rectangle of the plane (two axes) or an interval of its one knob."""

    x: Floats
    """(nx,) evenly spaced coordinates along the first axis"""
    y: Floats
    """(ny,) along the second axis; empty for a cost of one knob"""
    costs: Floats
    """(ny, nx), or (nx,) for one knob; costs[i, j] is at x[j], y[i]; may hold inf"""
    labels: tuple[str, str]
    """what the axes are: ("x", "y"), ("w", "cost"), ("along the slope", "a random direction")"""
    note: str
    """how honest the picture is: "random plane through step 1,240 · 1,000 images, ..."; empty: the cost itself"""


@dataclass(frozen=True, slots=True, eq=False)
class Rival:
    """The knobs of another run at the same moment, to be compared with the selected one's."""

    index: int
    """into the frame's `runs`"""
    theta: Vector
    """(n_params,)"""
    step: int
    """theirs: the one shown in `runs`, or the nearest earlier step of that run whose knobs were kept"""


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """Everything at the cursor. Arrays are copies or never written again; no panel may write to them."""

    problem: Problem
    """the selected run's; a `Digits` has a `network` and `layers`, a `Surface` has one or two knobs"""
    runs: tuple[RunFrame, ...]
    """all of them, ghosts first; draw in this order, the selected run last"""
    selected: int
    """index into `runs`: the run that owns the surface, the third panel and the readouts"""
    live: bool
    """the cursor is at the newest step"""
    landscape: Landscape | None
    """None until the first one is computed"""
    remaking: bool
    """a new landscape is being computed in the background"""
    theta: Vector
    """(n_params,) the selected run's knobs at `theta_step`"""
    theta_step: int
    """equals the cursor, or the nearest earlier step whose knobs were kept"""
    start: Vector
    """(n_params,) the selected run's knobs at step 0"""
    slope: Vector | None
    """(n_params,) gradient at theta on the whole cost; None for digits (too dear for every frame)"""
    terms: tuple[Term, ...]
    """the arithmetic of the step that follows, "slope" first, "step" (what theta loses) last; empty for digits, and
    where what the rule remembered was not kept"""
    descent: tuple[float, float] | None
    """direction of the negative gradient on the plane at the ball, in plane units a unit of knob space, if known"""
    sharpness: float | None
    """the largest eigenvalue of the Hessian at theta; for a network the last one measured up to the cursor, over its
    first training images; None where it is not measured"""
    nearing: float | None = None
    """the share that is done of computing the knobs at the cursor, where they were not kept; None: nobody is on it"""
    view: SliceView | None = None
    """the slice that is asked for; None for a cost that is its own surface"""
    n_gauged: int = 0
    """images on which the costs at a network's balls are measured"""
    plane: PlaneKind | None = None
    """of the landscape; another than is asked for while that is made, or where it can't be: a path has none at first"""
    compared: int | None = None
    """index into `runs` of the run whose ball the selected one's is compared with; None where there is no other"""
    rival: Rival | None = None
    """whose knobs the selected one's are compared with; None where nobody asked for it"""

    @property
    def run(self) -> RunFrame:
        """The selected run."""
        return self.runs[self.selected]

    @property
    def step(self) -> int:
        """The cursor."""
        return self.run.step


def first_layer(frame: Frame) -> NDArray[np.floating[Any]] | None:
    """The first layer's weights (n_in, n_hidden) at the cursor, a view; None where the problem is no network."""
    network = getattr(frame.problem, "network", None)
    return None if network is None else next(network.layers(frame.theta))[0]
