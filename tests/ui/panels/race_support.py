"""What the tests of the runs' table share: runs that are done, a table on the screen, ways to press and to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from gdviz.core.run import build, next_run
from gdviz.core.scenario import parse
from gdviz.core.scene import Scene
from gdviz.ui.panels.race import RacePanel
from gdviz.ui.panels.race.entries import Column
from gdviz.ui.theme import DARK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QImage
    from pytestqt.qtbot import QtBot

    from gdviz.core.frame import Frame
    from gdviz.core.run import Run

    Asked: TypeAlias = list[tuple[Any, ...]]

Key, Left = Qt.Key, Qt.MouseButton.LeftButton
RATES = {"crawls": 0.001, "Best": 0.4, "fine": 0.1, "runs away": 1.05}


def runs(*names: str, steps: int = 20) -> list[Run]:
    toml = '[problem]\nkind = "surface"\nname = "parabola"\nstart = [5.0]\n'
    for name in names:
        toml += (
            f'[[runs]]\nlabel = "{name}"\noptimizer = {{ kind = "gradient-descent", learning_rate = {RATES[name]} }}\n'
        )
    made = build(parse(f"{toml}[stop]\nsteps = {steps}\n", "here"))
    while (run := next_run(made)) is not None:
        run.advance()
    for run in made:
        run.history.snapshot(run.row)
    return made


def at(scene: Scene, step: int | None = 20) -> Frame:
    frame = scene.frame(step)
    assert frame is not None
    return frame


def all_rates() -> Scene:
    return Scene(runs(*RATES), ghosts=runs("fine"))


def on_screen(qtbot: QtBot, scene: Scene) -> Iterator[RacePanel]:
    made = RacePanel(DARK)
    qtbot.addWidget(made)
    made.resize(1100, 260)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    made.show_frame(at(scene))
    yield made
    while (popup := QApplication.activePopupWidget()) is not None:
        popup.close()


def all_asked(panel: RacePanel) -> Asked:
    """All that the panel asked for."""
    heard: Asked = []
    for name in ("run_chosen", "only_asked", "all_asked", "removal_asked", "comparison_asked", "rejected"):
        getattr(panel, name).connect(lambda *what, name=name: heard.append((name, *what)))
    for name in ("hide_asked", "renamed"):
        getattr(panel, name).connect(lambda one, two, name=name: heard.append((name, one, two)))
    return heard


def names(panel: RacePanel) -> list[str]:
    return [entry.texts[Column.RUN] for entry in panel.table.entries]


def place(panel: RacePanel, row: int, column: Column = Column.COST) -> QPoint:
    return panel.table.visualRect(panel.table.model().index(row, column)).center()


def dot(panel: RacePanel, row: int) -> QPoint:
    rect = panel.table.visualRect(panel.table.model().index(row, Column.RUN))
    return QPoint(rect.left() + round(0.9 * panel.fontMetrics().height()), rect.center().y())


def click(panel: RacePanel, at: QPoint) -> None:
    QTest.mouseClick(panel.table.viewport(), Left, pos=at)


def sort(panel: RacePanel, column: Column) -> None:
    header = panel.table.horizontalHeader()
    middle = header.sectionViewportPosition(column) + header.sectionSize(column) // 2
    QTest.mouseClick(header.viewport(), Left, pos=QPoint(middle, header.height() // 2))


def picture(panel: RacePanel, row: int, column: Column) -> QImage:
    return panel.table.viewport().grab(panel.table.visualRect(panel.table.model().index(row, column))).toImage()


def colours(image: QImage) -> dict[str, int]:
    counted: dict[str, int] = {}
    for x in range(image.width()):
        for y in range(image.height()):
            name = image.pixelColor(x, y).name()
            counted[name] = counted.get(name, 0) + 1
    return counted
