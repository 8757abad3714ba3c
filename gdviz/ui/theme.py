"""Every colour and size that the window uses, light and dark: its one home."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtGui import QColor

Table = NDArray[np.uint8]

_PALE = 0.55
"""of its own colour, in that of a run that was left"""
GAP = 8
"""pixels between cards"""


@dataclass(frozen=True, slots=True)
class Theme:
    """A set of colours, as "#rrggbb"."""

    name: str
    window: str
    panel: str
    raised: str
    border: str
    text: str
    muted: str
    """second-rank text; at least 4.5:1 on `panel`"""
    grid: str
    accent: str
    positive: str
    """blue, everywhere"""
    negative: str
    """orange, everywhere"""
    ghost: str
    warning: str
    runs: tuple[str, ...]
    """one colour a run, told apart by colour-blind people as well (after Okabe & Ito, Color Universal Design, 2008)"""
    regimes: tuple[str, str, str, str]
    """crawling, converging, bouncing, unstable: told apart by colour-blind people and by lightness alone; at least 3:1
    on `panel`"""

    def run(self, colour: int, ghost: bool = False, left: bool = False) -> QColor:
        """The colour of a run; its index goes round, nearer to the colour of text the second time.

        One that was left for a fork is paler, and can still be told.
        """
        full = QColor(self.ghost if ghost else self.runs[colour % len(self.runs)])
        if not ghost and colour // len(self.runs) % 2:
            full = _mixed(full, QColor(self.text))
        return _mixed(full, QColor(self.panel)) if left else full

    def regime(self, name: str) -> QColor:
        """The colour of what a learning rate does, by its word; muted where there is no word."""
        crawling, converging, bouncing, unstable = self.regimes
        colours = {
            "crawling": crawling,
            "converging": converging,
            "speeding up": self.accent,
            "bouncing": bouncing,
            "unstable": unstable,
            "blew up": unstable,
            "at rest": self.text,
        }
        return QColor(colours.get(name, self.muted))

    def signed_table(self) -> Table:
        """(256, 3) colours from most negative (orange) over zero (the panel's background) to most positive (blue)."""
        ends = [(c.red(), c.green(), c.blue()) for c in map(QColor, (self.negative, self.panel, self.positive))]
        at = np.linspace(-1, 1, 256)
        channels = [np.interp(at, (-1, 0, 1), [end[i] for end in ends]) for i in range(3)]
        return np.stack(channels, axis=1).astype(np.uint8)


@cache
def cost_table() -> Table:
    """(256, 3) viridis: dark is low, light is high, perceptually even (Smith & van der Walt, 2015)."""
    table: Table = pg.colormap.get("viridis").getLookupTable(nPts=256)
    return table[:, :3]


def _mixed(one: QColor, other: QColor) -> QColor:
    ends = ((c.red(), c.green(), c.blue()) for c in (one, other))
    return QColor(*(round(_PALE * ours + (1 - _PALE) * theirs) for ours, theirs in zip(*ends, strict=True)))


DARK = Theme(
    name="dark",
    window="#11141b",
    panel="#191e29",
    raised="#242b3a",
    border="#313a4d",
    text="#eef1f7",
    muted="#a3adc2",
    grid="#2b3343",
    accent="#5aa9ff",
    positive="#4ea1ff",
    negative="#ff9a3d",
    ghost="#7d879b",
    warning="#ffb454",
    runs=("#ff6b6b", "#4cc2ff", "#f6c244", "#3ddc97", "#c792ea", "#ff9f5a", "#f78fb3", "#cfd8e6"),
    regimes=("#737bcb", "#62e6d3", "#d9ac30", "#f6556e"),
)
LIGHT = Theme(
    name="light",
    window="#e9edf4",
    panel="#ffffff",
    raised="#f4f6fa",
    border="#cfd6e3",
    text="#131926",
    muted="#566178",
    grid="#dfe4ed",
    accent="#1a64d6",
    positive="#1f6fd1",
    negative="#d9660a",
    ghost="#8b95a7",
    warning="#a85400",
    runs=("#d0342c", "#0072b2", "#b97a00", "#00875f", "#7b4fc9", "#c75a00", "#c2407f", "#3c4658"),
    regimes=("#56629a", "#2f8c72", "#c48722", "#960a29"),
)
