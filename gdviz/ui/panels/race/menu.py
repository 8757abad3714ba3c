"""What can be done with a run of the table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMenu

if TYPE_CHECKING:
    from gdviz.core.frame import Frame
    from gdviz.ui.panels.race.panel import RacePanel


def run_menu(panel: RacePanel, frame: Frame, index: int) -> QMenu:
    """What the panel can ask for run ``index`` of the frame; only what there is to do."""
    menu, run = QMenu(panel), frame.runs[index]
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.addAction("Show" if run.hidden else "Hide", lambda: panel.ask_to_hide(index, not run.hidden))
    menu.addAction("Rename…\tF2", lambda: panel.table.rename(index))
    menu.addAction("Remove\tDel", lambda: panel.ask_to_remove(index))
    menu.addSeparator()
    spared = (run, frame.run) if run.ghost else (run,)  # what is selected always is on show
    if any(not other.hidden for other in frame.runs if other not in spared):
        menu.addAction("Show only this one", lambda: panel.only_asked.emit(index))
    if any(other.hidden for other in frame.runs):
        menu.addAction("Show all", panel.all_asked.emit)
    if run.alike:
        menu.addAction("Compare weights with the selected run", lambda: panel.comparison_asked.emit(index))
    return menu
