"""A landscape made ready to be drawn from any side: heights, bands, slopes and colours."""

from __future__ import annotations

from math import log1p
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from gdviz.core.frame import Floats, Landscape
    from gdviz.core.relief.camera import Camera

Single = NDArray[np.float32]

TOP = 0.85
"""height of the highest finite cost, where half a side of the ground is 1"""
BASE = -0.06
"""where the block ends below the lowest cost"""

SHADES, DISTANCES = 96, 25
"""steps in which the colour table is made"""
DARKEST, BRIGHTEST = 0.3, 1.3
"""factors of a band's colour at the table's ends; above 1 it goes towards white"""
REACH = 1.5
"""pixels from the middle of a line to where nothing is left of it"""
_LINE_COLOUR, _LINE_OPACITY = (11, 14, 20), 0.5

_LIGHT = (-0.5, -0.42, 0.9)
"""towards the light: to the camera's right, away from it along the ground, and up"""
_AMBIENT = 0.55
_SKY = 0.12
"""how far around, in world units, higher ground takes light away"""


class Spots(NamedTuple):
    """Places on a grid."""

    cell: NDArray[np.intp]
    x: NDArray[Any]
    """how far into the cell, 0 to 1"""
    y: NDArray[Any]


class Terrain:
    """A landscape of two axes.

    Between the points of its grid costs are interpolated linearly along both axes, as on the map; what is not finite is
    as high as the highest finite cost. Colours belong to the bands below, between and above the levels; where two
    bands meet there is a line.
    """

    def __init__(
        self, landscape: Landscape, levels: Floats, colours: NDArray[np.uint8], logarithmic: bool = False
    ) -> None:
        """Prepare: ``levels`` (n,) increasing, ``colours`` (n + 1, 3)."""
        costs = landscape.costs
        finite = costs[np.isfinite(costs)]
        self.landscape, self.levels, self.logarithmic = landscape, levels, logarithmic
        self.low, self.high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        above = finite[finite > self.low] - self.low
        # Rises far below this one are drawn in proportion, those far above it by their logarithm.
        self._unit = float(np.quantile(above, 0.02)) if above.size else 1.0
        corners = np.array([[landscape.x[0], landscape.y[0]], [landscape.x[-1], landscape.y[-1]]])
        self._corner, self._span = corners[0], corners[1] - corners[0]
        heights = self.height(costs.ravel()).reshape(costs.shape)
        self.shape = (costs.shape[0], costs.shape[1])
        self.cells = cells(heights)
        # A coordinate in which the bands lie between whole numbers, so that a line is where it is one.
        edges = np.concatenate([[self.low], levels, [self.high]])
        bands = np.interp(np.where(np.isfinite(costs), costs, self.high), edges, np.arange(edges.size))
        self.bands = cells(bands if levels.size else np.zeros(costs.shape))
        self.strata = self.height(levels if levels.size else np.array([np.nan]))
        """(max(n, 1),) heights of the lines"""
        self._normals, self._openness = _normals(heights), _openness(heights)
        self.colours = _colour_table(colours if levels.size else np.repeat(colours[:1], 2, axis=0))

    def height(self, costs: Floats) -> Floats:
        """World heights (m,) of costs (m,), increasing: 0 for the lowest, `TOP` for the highest and the not finite."""
        rise = np.where(np.isfinite(costs), costs, self.high) - self.low
        most = self.high - self.low
        if most == 0:
            return np.zeros(rise.shape)
        if self.logarithmic:
            # Odd about the lowest: a ball between the points of the grid may be a little lower.
            rise, most = np.sign(rise) * np.log1p(np.abs(rise) / self._unit), log1p(most / self._unit)
        heights: Floats = rise * (TOP / most)
        return heights

    def ground(self, points: Floats) -> Floats:
        """Points of the plane (..., 2) in world coordinates."""
        ground: Floats = 2 * (points - self._corner) / self._span - 1
        return ground

    def plane(self, ground: Floats) -> Floats:
        """The inverse of `ground`."""
        points: Floats = self._corner + (ground + 1) / 2 * self._span
        return points

    def surface(self, ground: Floats) -> Floats:
        """World heights (m,) of the terrain at points (m, 2) of the ground; beyond its edge, those of the edge."""
        ny, nx = self.shape
        along, across = (np.clip(ground, -1, 1).T + 1) / 2 * [[nx - 1], [ny - 1]]
        return bilinear(self.cells, locate(along, across, self.shape))

    def shades(self, camera: Camera) -> Single:
        """How bright each point of the grid is (ny, nx), 1 where level and open; the light goes with the camera."""
        right, away, up = np.array(_LIGHT) / np.linalg.norm(_LIGHT)
        x, y = right * np.array(camera.right) + away * np.array(camera.away)
        lit = np.maximum(self._normals @ np.array([x, y, up], np.float32), 0)
        shades: Single = (_AMBIENT + (1 - _AMBIENT) / np.float32(up) * lit) * self._openness
        return shades


def cells(values: NDArray[Any]) -> Single:
    """Coefficients (ny * nx, 4) of a + b x + c y + d x y between each point of a grid (ny, nx) and the next ones.

    Four numbers of four bytes: numpy gathers such rows in one go.
    """
    padded = np.pad(values, ((0, 1), (0, 1)), mode="edge").astype(np.float32)
    a, b, c = padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1]
    coefficients = np.stack([a, b - a, c - a, padded[1:, 1:] - b - c + a], axis=-1)
    return coefficients.reshape(-1, 4)


def locate(along: NDArray[Any], across: NDArray[Any], shape: tuple[int, int]) -> Spots:
    """The cells in which columns ``along`` and rows ``across`` of a grid lie, none below 0."""
    # Whole numbers stay floats until the end: numpy makes doubles of single floats and integers together.
    column, row = np.trunc(along), np.trunc(across)
    cell = row * along.dtype.type(shape[1])
    cell += column
    return Spots(cell.astype(np.intp), along - column, across - row)


def bilinear(cells: Single, spots: Spots) -> NDArray[Any]:
    """Values between the points of a grid, in the type and shape of the spots."""
    four = cells.take(spots.cell, 0, mode="clip")
    value: NDArray[Any] = four[..., 3] * spots.x
    value += four[..., 2]
    value *= spots.y
    value += four[..., 1] * spots.x
    value += four[..., 0]
    return value


def _normals(heights: Floats) -> Single:
    """Unit vectors (ny, nx, 3) that stand on the terrain."""
    ny, nx = heights.shape
    down, right = np.gradient(heights, 2 / (ny - 1), 2 / (nx - 1))
    normals = np.stack([-right, -down, np.ones_like(heights)], axis=-1)
    normals /= np.linalg.norm(normals, axis=-1, keepdims=True)
    return normals.astype(np.float32)


def _openness(heights: Floats) -> Single:
    """How much of the sky each point sees (ny, nx), by how far it lies below the mean around it: 1 is all."""
    around = heights
    for axis, n in enumerate(heights.shape):
        reach = max(1, round(_SKY * n / 2))
        padding = [(reach + 1, reach) if i == axis else (0, 0) for i in (0, 1)]
        sums = np.cumsum(np.pad(around, padding, mode="edge"), axis=axis)
        upper, lower = np.split(sums, [2 * reach + 1], axis=axis)[1], np.split(sums, [n], axis=axis)[0]
        around = (upper - lower) / (2 * reach + 1)
    return (1 - np.clip(3 * (around - heights), 0, 0.25)).astype(np.float32)


def _colour_table(colours: NDArray[np.uint8]) -> NDArray[np.uint32]:
    """Colours (n * DISTANCES * SHADES,) by line, distance from its middle (-REACH to REACH pixels) and brightness.

    Each is a red, green, blue and alpha byte in memory.
    """
    shades = np.linspace(DARKEST, BRIGHTEST, SHADES)
    distances = np.linspace(-REACH, REACH, DISTANCES)[:, None]
    lit = (
        colours[:, None] * np.minimum(shades, 1)[:, None]
        + (255 - colours[:, None]) * np.maximum(shades - 1, 0)[:, None]
    )
    over = np.clip(distances + 0.5, 0, 1)[..., None]
    line = _LINE_OPACITY * np.clip(REACH - np.abs(distances), 0, 1)[..., None]
    below, above = lit[:-1, None], lit[1:, None]
    mixed = ((1 - over) * below + over * above) * (1 - line) + line * np.array(_LINE_COLOUR)
    table = np.full((*mixed.shape[:3], 4), 255, np.uint8)
    table[..., :3] = np.rint(mixed)
    return table.view(np.uint32).ravel()
