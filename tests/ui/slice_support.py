"""What tests of slices share: a network whose slice is soon there, and ways to wait for it and to look at it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support import DIGITS

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Frame
    from gdviz.core.scene import Scene
    from gdviz.core.slices import Slice
    from gdviz.ui.session import Session

LONG = 20_000
"""milliseconds after which something never comes"""
RANDOM = DIGITS + '[view]\nplane = "random"\nimages = 120\n'


def frame_of(session: Session) -> Frame:
    frame = session.timeline.frame
    assert frame is not None
    return frame


def scene_of(session: Session) -> Scene:
    assert session._scene is not None
    return session._scene


def slice_of(session: Session) -> Slice:
    shown = scene_of(session).slice
    assert shown is not None
    return shown


def rest(session: Session, qtbot: QtBot) -> Slice:
    """The slice that is shown when no better one comes any more."""

    def rests() -> bool:
        scene, frame = session._scene, session.timeline.frame
        if scene is None or frame is None or scene.slice is None or scene.run.history.newest_step != frame.step:
            return False
        done = scene.slice.final and not scene.wants_slice(frame, moving=False)
        return done and not frame.remaking and frame.landscape is scene.slice.landscape

    qtbot.waitUntil(rests, timeout=LONG)
    return slice_of(session)
