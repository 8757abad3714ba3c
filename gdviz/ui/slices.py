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
    from gdviz.core.problem import Vector
    from gdviz.core.run import Run
    from gdviz.core.scene import Scene
    from gdviz.ui.background import Background

_SECONDS = 0.5
"""at least so long between two slices of a ball that is moved by hand, however fast it runs away"""
_PLAYING_POINTS = POINTS[1]
"""a side: a quarter of the work, so that there can be more pictures a second"""
_SHARE = 0.16
"""of the time while it plays: what is computed here takes the processor from the training"""
_CURVE_POINTS = 100
"""of the curve of the sharpness, or up to twice as many"""
_AT_A_TIME = 6
"""points of it between two slices"""
_LARGEST_SHARE = 0.5
"""of it where the ball is no longer to be seen"""
_KEPT = 12
"""slices that are kept, for when one comes back to them"""


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
        self.measures = False
        """the sharpness of every network is measured, not only where it sets a limit: under full-batch descent"""
        self._background = background
        self._scene: Scene | None = None
        self._frame: Frame | None = None
        self._playing = False
        self._key: object = None
        """of the job at work; None while there is none"""
        self._begun, self._took = -math.inf, 0.0
        self._order: Hashable = None
        self._kept: OrderedDict[Hashable, Slice] = OrderedDict()
        self._directions: dict[Run, Vector] = {}
        """in which the cost of each run was sharpest: the next search begins there"""
        self._later = QTimer(self, singleShot=True)
        self._later.timeout.connect(self._make)
        background.result.connect(self._take)
        background.done.connect(self._done)
        background.failed.connect(self._failed)

    def show(self, scene: Scene) -> None:
        """Look after another scene: what is known of the one before goes."""
        self._kept.clear()
        self._directions.clear()
        if self._scene is not None:
            self._scene.remaking = False
        self._scene = scene
        self.renew()

    def renew(self) -> None:
        """Another slice is asked for: what is being made is dropped, the next is made at once."""
        if self._key is not None:
            self._background.cancel()
        self._key, self._begun = None, -math.inf
        if self._scene is not None:
            self._scene.remaking = False

    def look(self, frame: Frame, *, playing: bool) -> None:
        """Have made what the frame on show wants: at once, or when enough time has passed since the last."""
        self._frame, self._playing = frame, playing
        self._make()

    def finish(self) -> None:
        """Ask for nothing more."""
        self._later.stop()

    def _make(self) -> None:
        scene, frame = self._scene, self._frame
        if scene is None or frame is None or self._key is not None or not isinstance(frame.problem, Digits):
            return
        wants = scene.wants_slice(frame, moving=self._playing)
        if wants and not self._playing and (kept := self._kept.get(self._order_of(scene, frame))) is not None:
            scene.slice, wants = kept, False
        to_measure = self._to_measure(scene, frame)
        if not (wants or to_measure):
            return
        pause = max(_SECONDS * wants, self._took)
        if self._playing:  # a ball that has left the picture cannot wait
            pause = self._took / (_SHARE if scene.shows(frame) else _LARGEST_SHARE)
        wait = self._begun + pause - monotonic()
        if wait > 0:
            self._later.start(math.ceil(1000 * wait))
            return
        self._key, self._begun, scene.remaking = object(), monotonic(), wants
        self._order = self._order_of(scene, frame)
        self._background.ask(self._key, _job(self._slice_order(scene, frame) if wants else None, to_measure))

    def _order_of(self, scene: Scene, frame: Frame) -> Hashable:
        """Compares equal where the same slice would come out."""
        other = scene.compared
        where = (other, other.history.newest_step) if other is not None else None
        return scene.run, frame.theta_step, frame.run.newest, scene.view.kind, scene.view.n_images, where

    def _slice_order(self, scene: Scene, frame: Frame) -> Order:
        assert isinstance(frame.problem, Digits)  # others are their own surface
        run, other = scene.run, scene.compared
        return Order(
            problem=frame.problem,
            kind=scene.view.kind,
            n_images=min(scene.view.n_images, frame.problem.n_examples),
            theta=frame.theta.copy(),
            step=frame.theta_step,
            history=run.history,
            seed=run.spec.seed,
            other=None if other is None else (other.history, _ball(other)),
            labels=(run.label, "" if other is None else other.label),
            others=tuple(each.history for each in scene.everyone if each.cost_key == run.cost_key),
            before=scene.slice,
            threads=1 if self._playing else 2,
            finest=_PLAYING_POINTS if self._playing else POINTS[-1],
        )

    def _to_measure(self, scene: Scene, frame: Frame) -> list[tuple[Run, int, Vector, Vector | None]]:
        """Where the sharpness is not known: at the balls, then at evenly spaced steps, at first far apart."""
        wanted = []
        for run, shown in zip(scene.runs, frame.runs[len(frame.runs) - len(scene.runs) :], strict=True):
            if not (self.measures or run.steps_per_epoch == 1) or run.fixed:
                continue
            step, theta = frame.theta_step, frame.theta
            if run is not scene.run:
                checkpoint = run.history.checkpoint(shown.step)
                step, theta = checkpoint.step, checkpoint.theta
            known = set(shown.sharpness.steps.tolist())
            if step not in known:
                wanted.append((run, step, theta, self._directions.get(run)))
            # Powers of two, as the steps between checkpoints are.
            every = max(run.history.stride, 1 << max(shown.newest // _CURVE_POINTS, 1).bit_length() - 1)
            missing = [at for at in range(0, shown.newest, every) if at not in known]
            for at in sorted(missing, key=lambda at: (at & -at or math.inf, at), reverse=True)[:_AT_A_TIME]:
                checkpoint = run.history.checkpoint(at)
                if checkpoint.step == at:
                    wanted.append((run, at, checkpoint.theta, self._directions.get(run)))
        return wanted

    def _take(self, key: object, result: Slice | Measured) -> None:
        if self._scene is None or key is not self._key:
            return
        if isinstance(result, Measured):
            self._directions[result.run] = result.sharpness.direction
            self._scene.measure(result.run, result.step, result.sharpness.value)
            return
        self._scene.slice = result
        if result.final:
            self._kept[self._order] = result
            if len(self._kept) > _KEPT:
                self._kept.popitem(last=False)

    def _failed(self, key: object, reason: str) -> None:
        if key is self._key:
            self.failed.emit(reason)

    def _done(self, key: object) -> None:
        if self._scene is not None and key is self._key:
            self._took = monotonic() - self._begun
            only_measured = not self._scene.remaking
            self._key, self._scene.remaking = None, False
            if only_measured:  # another slice is asked for by the frame that shows this one
                self._make()


def _ball(run: Run) -> Vector:
    newest = run.history.newest()
    return run.history.checkpoint(0).theta if newest is None else newest.theta


def _job(
    order: Order | None, to_measure: Sequence[tuple[Run, int, Vector, Vector | None]]
) -> Generator[Slice | Measured | None, None, None]:
    """A slice, then the sharpness at some knobs."""
    for made in slices(order) if order is not None else ():
        if made is not None and made.landscape.y.size:
            drawn(made.landscape)  # here, so that no frame waits for it
        yield made
    for run, step, theta, start in to_measure:
        problem = run.problem
        assert isinstance(problem, Digits)  # the sharpness of others is taken for every frame
        images, labels = problem.sample(sharpness_images(theta.size))
        yield Measured(run, step, (yield from network_sharpness(problem.network, theta, images, labels, start)))
