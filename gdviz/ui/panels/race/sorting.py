"""In which order the rows stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gdviz.ui.panels.race.entries import Column

if TYPE_CHECKING:
    from gdviz.ui.panels.race.entries import Entry

_BEST_IS_MOST = (Column.ACCURACY,)


class Sorting:
    """The runs' own order, or by what a column says."""

    def __init__(self) -> None:
        self.column: Column | None = None
        self.falling = False
        self._order: tuple[int, ...] = ()

    def click(self, column: Column) -> None:
        """Sort by a column, the best first where more is better; again: the other way round; again: no longer."""
        first = column in _BEST_IS_MOST
        if column is not self.column:
            self.column, self.falling = column, first
        elif self.falling is first:
            self.falling = not first
        else:
            self.column = None

    def arranged(self, entries: tuple[Entry, ...], *, hold: bool) -> tuple[Entry, ...]:
        """The rows in order, those of which the column says nothing last; on ``hold`` in the order of the last time."""
        if not (hold and sorted(self._order) == sorted(entry.index for entry in entries)):
            self._order = tuple(entry.index for entry in self._sorted(entries))
        by_index = {entry.index: entry for entry in entries}
        return tuple(by_index[index] for index in self._order)

    def _sorted(self, entries: tuple[Entry, ...]) -> list[Entry]:
        column = self.column
        if column is None:
            return list(entries)

        def key(entry: Entry) -> tuple[str, float]:
            value = entry.values[column]
            return (value.casefold(), 0.0) if isinstance(value, str) else ("", float(value or 0))

        known = [entry for entry in entries if entry.values[column] is not None]
        unknown = [entry for entry in entries if entry.values[column] is None]
        return sorted(known, key=key, reverse=self.falling) + unknown
