"""What is dragged over the window: it says what a drop would open, before any of its parts takes it for text."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDragMoveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLineEdit

from gdviz.ui.incoming import _Overlay
from gdviz.ui.recent import recent
from tests.support import DIGITS, LONG_DIGITS, PARABOLA, Open, Opening, named

if TYPE_CHECKING:
    from collections.abc import Callable

    from gdviz.ui.window import Window

Said = list[tuple[str, str]]
Action = Qt.DropAction


def dragged(*paths: Path, text: str = "") -> QMimeData:
    data = QMimeData()
    if paths:
        data.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    data.setText(text or "\n".join(map(str, paths)))
    return data


class TestDrop:
    @pytest.fixture
    def drag(self, window: Window) -> Callable[..., bool]:
        """A function that drags something over a part of the window, and tells whether it would be taken."""

        def enter(data: QMimeData, actions: Qt.DropAction = Action.CopyAction | Action.MoveAction) -> bool:
            at, handle = QPoint(300, 300), window.windowHandle()
            buttons, none = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
            taken = set()
            for kind in (QDragEnterEvent, QDragMoveEvent):
                event = kind(at, actions, data, buttons, none)
                event.setDropAction(Action.MoveAction)
                event.ignore()
                QApplication.sendEvent(handle, event)
                taken.add(event.isAccepted())
                if event.isAccepted():
                    assert event.dropAction() in (Action.CopyAction, Action.LinkAction), "nothing is taken away"
            assert len(taken) == 1
            return taken.pop()

        return enter

    @staticmethod
    def drop(window: Window, data: QMimeData, at: QPointF | None = None) -> None:
        event = QDropEvent(
            at or QPointF(300, 300),
            Action.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(window.windowHandle(), event)

    @staticmethod
    def sentence(window: Window) -> str:
        """What the overlay says; empty where it is not there."""
        (overlay,) = window.findChildren(_Overlay)
        assert overlay.isHidden() or overlay.geometry() == window.rect()
        return "" if overlay.isHidden() else overlay.accessibleName()

    def test_a_file_is_opened(
        self, window: Window, shown: Open, opening: Opening, drag: Callable[..., bool], lesson: Path
    ) -> None:
        shown(DIGITS)
        assert self.sentence(window) == ""
        assert drag(dragged(lesson))
        assert self.sentence(window) == "Drop to open lesson.toml"
        opening(lambda: self.drop(window, dragged(lesson)))
        assert self.sentence(window) == ""
        assert window.session.name == str(lesson)
        assert recent()[0] == lesson

    def test_on_a_text_field_its_path_is_not_typed(
        self, window: Window, shown: Open, opening: Opening, drag: Callable[..., bool], lesson: Path
    ) -> None:
        shown(PARABOLA)
        field = named(window, QLineEdit, "learning rate")
        before = field.text()
        at = QPointF(field.mapTo(window, field.rect().center()))
        assert drag(dragged(lesson))
        opening(lambda: self.drop(window, dragged(lesson), at))
        assert named(window, QLineEdit, "learning rate").text() == before
        assert window.session.name == str(lesson)

    def test_what_is_dragged_away_leaves_all_as_it_was(
        self, window: Window, shown: Open, drag: Callable[..., bool], lesson: Path
    ) -> None:
        (run,) = shown(DIGITS)
        assert drag(dragged(lesson))
        QApplication.sendEvent(window.windowHandle(), QDragLeaveEvent())
        assert self.sentence(window) == ""
        assert window.session.runs == [run]

    def test_the_text_of_a_scenario_is_opened(
        self, window: Window, opening: Opening, drag: Callable[..., bool]
    ) -> None:
        assert drag(dragged(text=PARABOLA))
        assert self.sentence(window) == "Drop to open “Parabola”"
        opening(lambda: self.drop(window, dragged(text=PARABOLA)))
        assert window.session.name == "“Parabola”"

    def test_of_several_files_the_first_that_can_be_opened_is(
        self, window: Window, opening: Opening, drag: Callable[..., bool], lesson: Path, said: Said
    ) -> None:
        data = dragged(Path("/a.png"), lesson, Path("/b.toml"))
        assert drag(data)
        assert self.sentence(window) == "Drop to open lesson.toml, the first of 3 files"
        opening(lambda: self.drop(window, data))
        assert window.session.name == str(lesson)
        assert said == [("info", "This is lesson.toml, the first of 3 files.")]
        assert window.messages.kind == "info"

    @pytest.mark.parametrize(
        "data",
        [dragged(Path("/a.png")), dragged(text="hello"), dragged(text="x = 1"), QMimeData()],
        ids=["another file", "text", "another TOML", "nothing"],
    )
    def test_anything_else_is_not_taken(
        self, data: QMimeData, window: Window, shown: Open, drag: Callable[..., bool]
    ) -> None:
        (run,) = shown(LONG_DIGITS)
        assert not drag(data)
        assert self.sentence(window) == ""
        self.drop(window, data)
        assert window.session.runs == [run]

    def test_what_can_only_be_moved_is_not_taken(self, window: Window, drag: Callable[..., bool], lesson: Path) -> None:
        assert not drag(dragged(lesson), Action.MoveAction)
        assert self.sentence(window) == ""

    def test_text_still_goes_to_a_text_field(self, window: Window, shown: Open, drag: Callable[..., bool]) -> None:
        shown(PARABOLA)
        field = named(window, QLineEdit, "learning rate")
        at = field.mapTo(window, field.rect().center())
        data = dragged(text="0.5")
        event = QDragEnterEvent(
            at,
            Action.CopyAction,
            data,
            Qt.MouseButton.LeftButton,
            Qt.KeyboardModifier.NoModifier,
        )
        QApplication.sendEvent(window.windowHandle(), event)
        assert event.isAccepted()
        QApplication.sendEvent(window.windowHandle(), QEvent(QEvent.Type.DragLeave))
