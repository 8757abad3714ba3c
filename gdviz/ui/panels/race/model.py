"""The table's rows as a model, which tells of those that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QPersistentModelIndex, Qt, Signal

from gdviz.ui.panels.race.entries import CAPTIONS, SAYS, Column
from gdviz.ui.widgets import tip

if TYPE_CHECKING:
    from gdviz.ui.panels.race.entries import Entry

Index: TypeAlias = QModelIndex | QPersistentModelIndex


class Standings(QAbstractTableModel):
    """The entries in the order in which they are shown."""

    renamed = Signal(int, str)
    """(an entry's index, what was typed)"""

    def __init__(self) -> None:
        super().__init__()
        self.entries: tuple[Entry, ...] = ()

    def rowCount(self, parent: Index | None = None) -> int:
        return len(self.entries)

    def columnCount(self, parent: Index | None = None) -> int:
        return len(Column)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        entry = self.entries[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.texts[index.column()]
        if role == Qt.ItemDataRole.EditRole:
            return entry.label
        return tip(entry.tips[index.column()]) if role == Qt.ItemDataRole.ToolTipRole else None

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        entry = self.entries[index.row()]
        if value != entry.label:
            self.renamed.emit(entry.index, value)
        return True

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.column() == Column.RUN else flags

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> str | None:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return CAPTIONS[section]
        return f"{SAYS[section]}. Click: sort by it" if role == Qt.ItemDataRole.ToolTipRole else None

    def show_entries(self, entries: tuple[Entry, ...]) -> None:
        """Show other rows; only those that differ are drawn anew."""
        if len(entries) != len(self.entries):
            self.beginResetModel()
            self.entries = entries
            self.endResetModel()
            return
        before, self.entries = self.entries, entries
        for row, (old, new) in enumerate(zip(before, entries, strict=True)):
            if old != new:
                self.dataChanged.emit(self.index(row, 0), self.index(row, len(Column) - 1))
