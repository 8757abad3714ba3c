"""Keeps a slice of a network's cost under its ball, and knows how curved the cost is there; both in the background."""

from __future__ import annotations

import math
from collections import OrderedDict
from time import monotonic
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from gdviz.core.curvature import Sharpness, network_sharpness, sharpness_images
from gdviz.core.digits import Digits
from gdviz.core.slices import POINTS, Order, Slice, slices
from gdviz.ui.panels.surface.contour import drawn

if TYPE_CHECKING:
    from collections.abc import Generator, Hashable, Sequence

    from gdviz.core.frame import Frame
    from gdviz.core.history import Checkpoint
    from gdviz.core.problem import Vector
    from gdviz.core.run import Run
    from gdviz.core.scene import Scene
    from gdviz.ui.background import Background

_SECONDS = 0.5
"""at least so long between two slices of a ball that is moved by hand, however fast it runs away"""
_MOVING_POINTS = POINTS[1]
"""a side: a quarter of the work, so that there can be more pictures a second"""
_SHARE = 0.16
"""of the time while a run goes on: what is computed here takes the processor from the training"""
_CURVE_POINTS = 100
"""of the curve of the sharpness, or up to twice as many"""
_AT_A_TIME = 6
"""points of it between two slices"""
_LARGEST_SHARE = 0.5
"""of it where the ball is no longer to be seen"""
_AT_ONCE = 0.1
"""a job that took less is followed by the next without a pause, but for slices"""
_KEPT, _KEPT_BYTES = 12, 64 << 20
"""slices that are kept, for when one comes back to them, and their size in memory"""
_TOLD_EVERY = 0.1
"""seconds between two words on how far it is to the exact knobs"""
_MOST_KNOBS = 4_000_000
"""of a network whose sharpness is measured"""


class Unmeasured(NamedTuple):
    """Where the sharpness of a run's cost is to be measured."""

    run: Run
    step: int
    theta: Vector
    """(n_params,)"""


class Exact(NamedTuple):
    """The knobs of a run at a step where they were not kept."""

    run: Run
    checkpoint: Checkpoint


class Nearing(NamedTuple):
    """The share of the way to the exact knobs that is done."""

    share: float


class Measured(NamedTuple):
    """The sharpness of a run's cost at a step."""

    run: Run
    step: int
    sharpness: Sharpness


class Slices(QObject):
    """Asks for slices of the scene on show, and hands them to it."""

    failed = Signal(str)
    """one sentence: why a slice could not be made"""

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._scene: Scene | None = None
        self._frame: Frame | None = None
        self._moving = self._measures_all = False
        self._key: object = None
        """of the job at work; None while there is none"""
        self._begun, self._took = -math.inf, 0.0
        self._order: Order | None = None
        """of the slice in it"""
        self._ordered_at: Hashable = None
        self._unmeasured: list[Unmeasured] = []
        self._kept: OrderedDict[Hashable, Slice] = OrderedDict()
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._make)
        background.result.connect(self._take)
        background.done.connect(self._done)
        background.failed.connect(self._failed)

    def show(self, scene: Scene) -> None:
        """Look after another scene: what is known of the one before goes."""
        self._kept.clear()
        if self._scene is not None:
            self._scene.remaking = False
        self._scene, self._frame = scene, None
        self.renew()

    def renew(self) -> None:
        """Another slice is asked for: what is being made is dropped, the next is made at once."""
        self._drop()
        self._begun = -math.inf

    def look(self, frame: Frame, *, moving: bool) -> None:
        """Have made what the frame on show wants: at once, or when enough time has passed since the last.

        A slice that is out of date before it is there is dropped: the ball at rest has moved, or the run goes on and
        needs the processor.
        """
        self._frame = frame
        if moving != self._moving or (not moving and self._order is not None and frame.theta_step != self._order.step):
            self._moving = moving
            self._drop()
        self._make()

    def measure_all(self, wanted: bool) -> None:
        """Measure the sharpness of every network, or only where it sets a limit: under full-batch descent."""
        self._measures_all = wanted
        self._make()

    def _drop(self) -> None:
        if self._key is not None:
            self._background.cancel()
        self._key = self._order = None
        if self._scene is not None:
            self._scene.remaking, self._scene.nearing = False, None

    def catch_up(self) -> None:
        """Make here and now, in place of the other thread, a slice through the last ball, and measure all there is."""
        self._drop()
        scene = self._scene
        frame = None if scene is None else scene.frame(None)
        if scene is None or frame is None or not isinstance(frame.problem, Digits):
            return
        while frame is not None and frame.theta_step and not scene.wants_slice(frame, moving=False):
            frame = scene.frame(frame.theta_step - 1)  # the last knobs of one that blew up are on no picture
        order = self._slice_order(scene, frame) if frame is not None else None
        while frame is not None and (order is not None or (to_measure := self._to_measure(scene, frame))):
            for made in _job([], order, [] if order is not None else to_measure):
                if made is not None:
                    self._take(self._key, made)
            order, frame = None, scene.frame(None)

    def finish(self) -> None:
        """Ask for nothing more."""
        self._later.stop()

    def _make(self) -> None:
        scene, frame = self._scene, self._frame
        if scene is None or frame is None or self._key is not None or not isinstance(frame.problem, Digits):
            return
        wants = scene.wants_slice(frame, moving=self._moving)
        if wants and not self._moving and (kept := self._kept.get(self._place(scene, frame))) is not None:
            scene.slice, wants = kept, False
        pause = max(_SECONDS, self._took) if wants else self._took if self._took > _AT_ONCE else 0.0
        if self._moving:  # a ball that has left the picture cannot wait
            pause = self._took / (_SHARE if scene.shows(frame) else _LARGEST_SHARE)
        wait = self._begun + pause - monotonic()
        if wait > 0:
            self._later.start(math.ceil(1000 * wait))
            return
        self._unmeasured = self._to_measure(scene, frame)
        between = [] if self._moving else _between(scene, frame)
        if not (wants or self._unmeasured or between):
            return
        self._key, self._begun, scene.remaking = object(), monotonic(), wants
        self._order = self._slice_order(scene, frame) if wants else None
        self._ordered_at = self._place(scene, frame)
        self._background.ask(self._key, _job(between, self._order, list(self._unmeasured)))

    def _place(self, scene: Scene, frame: Frame) -> Hashable:
        """Compares equal where the same slice would come out."""
        other = None if frame.compared is None else (scene.compared, frame.runs[frame.compared].step)
        return scene.run, frame.theta_step, frame.run.newest, scene.view.kind, scene.view.n_images, other

    def _slice_order(self, scene: Scene, frame: Frame) -> Order:
        assert isinstance(frame.problem, Digits)  # others are their own surface
        run, other = scene.run, scene.compared
        ball = None
        if other is not None and frame.compared is not None:  # at the same moment
            ball = other.history, other.history.checkpoint(frame.runs[frame.compared].step).theta
        return Order(
            problem=frame.problem,
            kind=scene.view.kind,
            n_images=min(scene.view.n_images, frame.problem.n_examples),
            theta=frame.theta.copy(),
            step=frame.theta_step,
            history=run.history,
            seed=run.spec.seed,
            other=ball,
            labels=(run.label, "" if other is None else other.label),
            others=tuple(each.history for each in scene.everyone if each.cost_key == run.cost_key),
            before=scene.slice,
            threads=1 if self._moving else 2,
            finest=_MOVING_POINTS if self._moving else POINTS[-1],
        )

    def _to_measure(self, scene: Scene, frame: Frame) -> list[Unmeasured]:
        """Where the sharpness is not known: at the balls, then at evenly spaced steps, at first far apart."""
        wanted: list[Unmeasured] = []
        for run, shown in zip(scene.runs, frame.runs[len(frame.runs) - len(scene.runs) :], strict=True):
            if run.fixed or not (self._measures_all or run.steps_per_epoch == 1) or run.problem.n_params > _MOST_KNOBS:
                continue
            known = set(scene.curvatures(run).steps.tolist())
            # Powers of two, as the steps between checkpoints are.
            every = max(run.history.stride, 1 << max(shown.newest // _CURVE_POINTS, 1).bit_length() - 1)
            missing = [at for at in range(0, shown.newest, every) if at not in known]
            missing.sort(key=lambda at: (at & -at or math.inf, at), reverse=True)
            for at in (frame.theta_step if run is scene.run else shown.step, *missing[:_AT_A_TIME]):
                checkpoint = run.history.checkpoint(at)
                if checkpoint.step not in known:
                    known.add(checkpoint.step)
                    wanted.append(Unmeasured(run, checkpoint.step, checkpoint.theta))
        return wanted

    def _take(self, key: object, result: Slice | Measured | Exact | Nearing) -> None:
        if self._scene is None or key is not self._key:
            return
        if isinstance(result, Nearing):
            self._scene.nearing = result.share
            return
        if isinstance(result, Exact):
            self._scene.exact = {**self._scene.exact, result.run: result.checkpoint}
            self._scene.nearing = None
            return
        if isinstance(result, Measured):
            self._scene.measure(result.run, result.step, result.sharpness.value)
            self._unmeasured = [one for one in self._unmeasured if (one.run, one.step) != (result.run, result.step)]
            return
        self._scene.slice = result
        if result.final:
            self._keep(result)

    def _keep(self, made: Slice) -> None:
        self._kept[self._ordered_at] = made
        room = _KEPT_BYTES // max(1, 3 * made.plane.anchor.nbytes)
        while len(self._kept) > min(_KEPT, room):
            self._kept.popitem(last=False)

    def _failed(self, key: object, reason: str) -> None:
        if key is self._key and self._scene is not None:
            self.failed.emit(reason)
            for one in self._unmeasured:  # else they would be asked for again and again
                self._scene.measure(one.run, one.step, math.nan)

    def _done(self, key: object) -> None:
        if self._scene is not None and key is self._key:
            self._took = monotonic() - self._begun
            only_measured = self._order is None
            self._key, self._order, self._scene.remaking = None, None, False
            if only_measured:  # another slice is asked for by the frame that shows this one
                self._make()


def _job(
    between: Sequence[tuple[Run, int]], order: Order | None, to_measure: Sequence[Unmeasured]
) -> Generator[Slice | Measured | Exact | Nearing | None, None, None]:
    """The knobs of runs at a past step each, a slice, then the sharpness at some knobs."""
    for run, step in between:
        yield Exact(run, (yield from _told(run.exactly(step))))
    for made in slices(order) if order is not None else ():
        if made is not None and made.landscape.y.size:
            drawn(made.landscape)  # here, so that no frame waits for it
        yield made
    for run, step, theta in to_measure:
        problem = run.problem
        assert isinstance(problem, Digits)  # the sharpness of others is taken for every frame
        images, labels = problem.sample(sharpness_images(theta.size))
        yield Measured(run, step, (yield from network_sharpness(problem.network, theta, images, labels)))


def _between(scene: Scene, frame: Frame) -> list[tuple[Run, int]]:
    """The runs whose knobs at the cursor are on show, and are those of an earlier step; with the cursor's own."""
    found = [(scene.run, frame.step)] if frame.theta_step < frame.step else []
    rival = frame.rival
    if rival is not None and rival.step < (there := frame.runs[rival.index].step):
        found.append((scene.everyone[rival.index], there))
    return found


def _told(work: Generator[float, None, Checkpoint]) -> Generator[Nearing | None, None, Checkpoint]:
    """The same work; how far it is, is told as often as it can be read."""
    said = monotonic()
    while True:
        try:
            share = next(work)
        except StopIteration as done:
            checkpoint: Checkpoint = done.value
            return checkpoint
        now = monotonic()
        if now - said < _TOLD_EVERY:
            yield None
        else:
            said = now
            yield Nearing(share)
