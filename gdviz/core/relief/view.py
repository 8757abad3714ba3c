"""A terrain as a camera sees it: where things are in the picture, what is hidden, and the picture itself."""

from __future__ import annotations

import math
from math import cos, radians, sin
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from gdviz.core.relief.terrain import (
    BASE,
    BRIGHTEST,
    DARKEST,
    DISTANCES,
    REACH,
    SHADES,
    TOP,
    Spots,
    bilinear,
    cells,
    locate,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gdviz.core.frame import Floats
    from gdviz.core.relief.camera import Camera
    from gdviz.core.relief.terrain import Single, Terrain

_WIDEST = 2 * math.sqrt(2)
"""of the ground, from whatever side"""
_BLOCK = 90_000
"""pixels drawn at a time: what is known of them fits into the processor's cache"""
_DENSE = 0.25
"""lines a row: where there are about so many they become thinner, else a cliff would be black"""
_ALL_BUT = 0.5
"""pixels beyond an edge or a crest that still mean it"""
_WALLS = (0.36, 0.46)
"""brightness of the block's cut sides: those across the x axis, those across the y axis"""


class Quality(NamedTuple):
    """What a picture may cost."""

    samples: int
    """along each column"""
    finer: int
    """rows and columns averaged into one of the picture"""


DRAFT, FULL = Quality(144, 1), Quality(216, 2)


class Strata(NamedTuple):
    """The lines on the walls, in rows above the ground."""

    middle: Single
    stretch: Single
    """what distances from them are multiplied with, so that dense ones are thinner"""
    first: np.float32
    nearest: NDArray[np.intp]
    """the line next to row `first`, and to each above it"""

    @classmethod
    def at(cls, middle: NDArray[np.floating[Any]]) -> Strata:
        """Lines at increasing heights (n,)."""
        gaps = np.diff(middle, prepend=middle[0] - 100)
        rows = np.arange(math.floor(middle[0]), math.ceil(middle[-1]) + 1) + 0.5
        nearest = np.searchsorted((middle[1:] + middle[:-1]) / 2, rows)
        stretch = 1 + 1 / (_DENSE * gaps + 1e-6) ** 2
        return cls(middle.astype(np.float32), stretch.astype(np.float32), np.float32(rows[0] - 0.5), nearest)


class View:
    """A terrain in a picture of some pixels, which count from the upper left corner to the right and down."""

    def __init__(
        self,
        terrain: Terrain,
        camera: Camera,
        width: int,
        height: int,
        quality: Quality = FULL,
        ratio: float = 1.0,
        margins: tuple[float, float, float, float] = (0, 0, 0, 0),
    ) -> None:
        """Look along all columns, so that it is known what is hidden.

        Parameters
        ----------
        width, height : pixels in which all places are given
        ratio : rows and columns of the rendered picture in one of these pixels
        margins : pixels at the left, top, right and bottom that the block leaves free at zoom 1, turned as it may be
        """
        self.terrain, self.camera, self.width, self.height = terrain, camera, width, height
        self._sin, self._cos = sin(radians(camera.elevation)), cos(radians(camera.elevation))
        left, top, right, bottom = margins
        wide, tall = max(width - left - right, 1), max(height - top - bottom, 1)
        high = _WIDEST * self._sin + (TOP - BASE) * self._cos
        self.scale = min(wide / _WIDEST, tall / high) * camera.zoom
        """pixels for a world unit"""
        self.middle = left + wide / 2, top + tall / 2
        """where what the camera centres is, in pixels"""
        self._x = self.middle[0] - camera.centre[0] * self.scale
        self._y = self.middle[1] + (camera.centre[1] + (TOP + BASE) / 2 * self._cos) * self.scale
        """where the ground's middle is"""

        self._samples, self._finer = quality
        self._shape = round(width * ratio), round(height * ratio)
        """columns and rows of the picture"""
        self._fine = ratio * self._finer
        """columns, and rows, drawn for a pixel"""
        n_columns = self._shape[0] * self._finer
        self._unit = self.scale * self._fine
        """rows for a world unit"""
        self._floor = (height - self._y) * self._fine
        """row of the ground's middle; rows count upwards"""
        columns: Floats = np.arange(n_columns, dtype=np.float64) + 0.5
        across = (columns / self._fine - self._x) / self.scale
        self._near, far, self._wall = self._chords(across)
        self._every = (far - self._near) / (self._samples - 1)
        """(columns,) between samples, in world units; 0 where a column misses the block"""
        self._start, self._stride = self._grid_lines(across)
        self._rise = np.empty((n_columns, self._samples), np.float32)
        """the row of each sample"""
        self._skyline = np.empty_like(self._rise)
        """and the highest up to there"""
        # Lines are to be almost as wide where several rows make a pixel.
        self._nearness = (DISTANCES - 1) / 2 / REACH * (1.0 if self._finer == 1 else 0.75)
        self._strata = Strata.at(terrain.strata * (self._unit * self._cos))
        for first in range(0, n_columns, _BLOCK // self._samples):
            self._look(slice(first, first + _BLOCK // self._samples))

    def project(self, points: Floats) -> tuple[Floats, Floats]:
        """Where points (m, 3) of plane and cost are: pixels (m, 2), and how far away (m,).

        The distance is counted along the line of sight from the ground's middle, in world units.
        """
        world = self.world(points)
        return self.pixels(world), world @ [*np.multiply(self.camera.away, self._cos), -self._sin]

    def world(self, points: Floats) -> Floats:
        """World coordinates (m, 3) of points (m, 3) of plane and cost."""
        return np.column_stack([self.terrain.ground(points[:, :2]), self.terrain.height(points[:, 2])])

    def pixels(self, world: Floats) -> Floats:
        """Pixels (m, 2) of world coordinates (m, 3)."""
        right = world[:, :2] @ self.camera.right
        up = world[:, :2] @ self.camera.away * self._sin + world[:, 2] * self._cos
        return np.column_stack([self._x + self.scale * right, self._y - self.scale * up])

    def hidden(self, world: Floats, tolerance: float | Floats = 2.0) -> NDArray[np.bool_]:
        """Which of the points (m, 3), in world coordinates, lie more than ``tolerance`` pixels behind the terrain."""
        at = self.pixels(world)
        column = np.clip(at[:, 0] * self._fine, 0, len(self._near) - 1).astype(int)
        beyond = world[:, :2] @ self.camera.away - self._near[column]
        sample = np.clip(beyond / np.maximum(self._every[column], 1e-9), 0, self._samples - 1).astype(int)
        in_front = self._skyline[column, sample] / self._fine
        inside = (at[:, 0] >= 0) & (at[:, 0] < self.width) & (beyond > 0)
        hidden: NDArray[np.bool_] = inside & (in_front > self.height - at[:, 1] + tolerance)
        return hidden

    def pick(self, px: float, py: float) -> tuple[float, float] | None:
        """The point (x, y) of the plane whose terrain is seen at a pixel; None where there is none."""
        across = (px - self._x) / self.scale
        (near,), (far,), _ = self._chords(np.array([across]))
        along = np.linspace(near, far, 4 * self._samples)
        ground = np.multiply.outer(along, self.camera.away) + np.multiply(across, self.camera.right)
        up = (along * self._sin + self.terrain.surface(ground) * self._cos) * self.scale - (self._y - py)
        first = int(np.argmax(up >= 0))
        if (
            first == 0
        ):  # all are as high, or none: the wall and what is below it, or the sky, unless it is all but there
            first = 0 if up[0] >= 0 else int(np.argmax(up))
            if abs(up[first]) > _ALL_BUT:
                return None
            x, y = self.terrain.plane(ground[first]).tolist()
            return x, y
        part = up[first - 1] / (up[first - 1] - up[first])
        x, y = self.terrain.plane(ground[first - 1] + part * (ground[first] - ground[first - 1])).tolist()
        return x, y

    def render(self) -> NDArray[np.uint8]:
        """The picture (rows, columns, 4): red, green, blue, alpha, the first three multiplied with the last."""
        n_columns, n_rows = self._shape
        shades = cells(self.terrain.shades(self.camera))
        columns = np.zeros((n_columns, n_rows), np.uint32)
        block = max(4, _BLOCK // (n_rows * self._finer**2))
        for first in range(0, n_columns, block):
            last = min(first + block, n_columns)
            lowest, fine = self._draw(first * self._finer, last * self._finer, shades)
            drawn = _halved(fine) if self._finer == 2 else fine
            lowest //= self._finer
            columns[first:last, lowest : lowest + drawn.shape[1]] = drawn
        picture = np.ascontiguousarray(columns.T[::-1])
        return picture.view(np.uint8).reshape(n_rows, n_columns, 4)

    def _chords(self, across: Floats) -> tuple[Floats, Floats, Single]:
        """Where lines (m,) over the ground, so far to the right of its middle, enter and leave the block.

        In world units along `Camera.away`, and no farther than they may be seen; a line that misses the block leaves it
        where it enters. Third, the brightness of the wall where it enters.
        """
        right, away = np.array(self.camera.right)[:, None], np.array(self.camera.away)[:, None]
        away = np.where(np.abs(away) < 1e-9, 1e-9, away)
        enter, leave = -across * right / away - np.abs(1 / away), -across * right / away + np.abs(1 / away)
        lowest, highest = (self._y - self.height) / self.scale, self._y / self.scale
        near = np.maximum(enter.max(axis=0), (lowest - TOP * self._cos) / self._sin)
        far = np.minimum(leave.min(axis=0), (highest - BASE * self._cos) / self._sin)
        return near, np.maximum(near, far), np.where(enter[0] > enter[1], *_WALLS).astype(np.float32)

    def _grid_lines(self, across: Floats) -> tuple[Single, Single]:
        """The places on the terrain's grid (2, m), column and row, where lines begin, and the way between samples."""
        half = (np.array(self.terrain.shape[::-1]) - 1)[:, None] / 2
        right, away = np.array(self.camera.right)[:, None], np.array(self.camera.away)[:, None]
        start = (np.clip(across * right + self._near * away, -1, 1) + 1) * half
        return start.astype(np.float32), (self._every * away * half).astype(np.float32)

    def _look(self, block: slice) -> None:
        """Follow the terrain along some columns."""
        steps = np.arange(self._samples, dtype=np.float32)
        along, across = (self._start[i, block, None] + steps * self._stride[i, block, None] for i in (0, 1))
        rise = bilinear(self.terrain.cells, locate(along, across, self.terrain.shape))
        rise *= np.float32(self._unit * self._cos)
        near, every = (
            (self._unit * self._sin * of[block, None]).astype(np.float32) for of in (self._near, self._every)
        )
        rise += near + np.float32(self._floor)
        rise += steps * every
        rise[self._every[block] <= 0] = -1  # below the picture
        self._rise[block] = rise
        np.maximum.accumulate(rise, axis=1, out=self._skyline[block])

    def _draw(self, first: int, last: int, shades: Single) -> tuple[int, NDArray[np.uint32]]:
        """Draw some columns, from the lower edge upwards: the first row that is not empty, and (last - first, rows)."""
        n_rows = self._shape[1] * self._finer
        nothing = 0, np.empty((last - first, 0), np.uint32)
        # One column more at each side, because lines are as wide as bands change from pixel to pixel.
        columns = np.arange(first - 1, last + 1).clip(0, len(self._near) - 1)
        skyline, rise = self._skyline[columns], self._rise[columns]
        base = self._floor + self._unit * (self._near[columns] * self._sin + BASE * self._cos)
        present = self._every[columns] > 0
        if not present.any():
            return nothing
        # Whole pixels of the picture, so that their rows are averaged together.
        lowest = min(max(int(base[present].min()), 0), n_rows) // self._finer * self._finer
        highest = -(-min(max(int(skyline[:, -1].max()) + 2, lowest), n_rows) // self._finer) * self._finer
        if highest - lowest < 2:
            return nothing
        rows = np.arange(lowest, highest, dtype=np.float32) + np.float32(0.5)
        sample = _first_to_reach(skyline, lowest, highest - lowest)
        seen = ((sample > 0) & (sample < self._samples))[1:-1]
        part = sample.astype(np.float32)
        sample += np.arange(len(columns))[:, None] * self._samples
        upper = rise.take(sample, mode="clip")
        sample -= 1
        lower = rise.take(sample, mode="clip")
        with np.errstate(all="ignore"):  # of what is not seen nothing is known
            part += (rows - upper) / (upper - lower)
            along, across = (self._start[i, columns, None] + part * self._stride[i, columns, None] for i in (0, 1))
            spots = locate(along, across, self.terrain.shape)
            band, shade = bilinear(self.terrain.bands, spots), bilinear(shades, Spots(*(of[1:-1] for of in spots)))
            stretch = _pixels_a_band(_steepness(band))
            band = band[1:-1]
            line = np.rint(band).clip(1, len(self.terrain.strata))
            drawn = self._colours(line, (band - line) * stretch, shade)
        drawn *= seen
        self._draw_walls(drawn, lowest, columns[1:-1], base[1:-1])
        return lowest, drawn

    def _draw_walls(self, drawn: NDArray[np.uint32], first: int, columns: NDArray[np.intp], base: Floats) -> None:
        """Draw the block's sides, where the bands lie one above the other, on rows that begin with ``first``."""
        top = self._rise[columns, 0]
        rows_drawn = first, first + drawn.shape[1]
        lowest, highest = (int(np.clip(row, *rows_drawn)) for row in (base.min(), top.max() + 1))
        if highest <= lowest:
            return
        rows = np.arange(lowest, highest, dtype=np.float32) + np.float32(0.5)
        ground = self._floor + self._unit * self._sin * self._near[columns, None]
        rise = rows - ground.astype(np.float32)
        line = self._strata.nearest.take((rise - self._strata.first).astype(np.intp), mode="clip")
        distance = (rise - self._strata.middle.take(line)) * self._strata.stretch.take(line)
        colours = self._colours((line + 1).astype(np.float32), distance, self._wall[columns, None])
        wall = (rows > base[:, None]) & (rows < top[:, None]) & (self._every[columns, None] > 0)
        np.copyto(drawn[:, lowest - first : highest - first], colours, where=wall)

    def _colours(self, line: Single, distance: Single, shade: Single) -> NDArray[np.uint32]:
        """Look up colours by the nearest line (from 1), the distance from it in rows, and brightness."""
        last = SHADES - 1
        near = distance * np.float32(self._nearness)
        near += np.float32(DISTANCES / 2)
        np.trunc(near.clip(0, DISTANCES - 0.5, out=near), out=near)
        # Whole numbers as single floats, which hold them up to 16 million: one conversion to an index at the end.
        near += (line - 1) * np.float32(DISTANCES)
        near *= np.float32(SHADES)
        bright = (shade - np.float32(DARKEST)) * np.float32(last / (BRIGHTEST - DARKEST))
        bright += np.float32(0.5)
        near += bright.clip(0, last, out=bright)
        return self.terrain.colours.take(near.astype(np.intp), mode="clip")


def _first_to_reach(skyline: Single, lowest: int, n_rows: int) -> NDArray[np.intp]:
    """For each row from ``lowest`` up, at its middle, the first sample that is as high; (columns, n_rows).

    How many samples stay below each row is a cumulative histogram of the rows in which they end.
    """
    ends = (skyline + np.float32(0.5 - lowest)).clip(0, n_rows).astype(np.intp)
    ends += np.arange(len(ends))[:, None] * (n_rows + 1)
    counts = np.bincount(ends.ravel(), minlength=len(ends) * (n_rows + 1)).reshape(len(ends), n_rows + 1)
    return counts[:, :-1].cumsum(axis=1)


def _steepness(band: Single) -> Single:
    """How many bands there are in a pixel of (columns + 2, rows), for the columns between.

    In each direction the smaller of the changes to either side: across a ridge only one of them is on the same slope.
    """
    across, along = np.abs(np.diff(band, axis=0)), np.abs(np.diff(band[1:-1], axis=1))
    across = np.minimum(across[1:], across[:-1])
    up = np.empty_like(across)
    up[:, 0], up[:, -1] = along[:, 0], along[:, -1]
    np.minimum(along[:, 1:], along[:, :-1], out=up[:, 1:-1])
    across *= across
    up *= up
    across += up
    return np.sqrt(across, out=across)


def _pixels_a_band(steep: Single) -> Single:
    """Distances in pixels from distances in bands; stretched where lines are dense, so that they are thinner."""
    steep += np.float32(1e-6)
    stretched: Single = 1 / steep + steep * np.float32(1 / _DENSE**2)
    return stretched


def _halved(fine: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """The mean of each two by two pixels, two of the four bytes at a time."""
    odd = np.uint32(0x00FF00FF)
    halves = []
    for part in (fine & odd, (fine >> np.uint32(8)) & odd):
        rows = part[:, ::2] + part[:, 1::2]
        halves.append((rows[::2] + rows[1::2]) >> np.uint32(2) & odd)
    mean: NDArray[np.uint32] = halves[0] | halves[1] << np.uint32(8)
    return mean
