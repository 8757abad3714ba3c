"""SVG that every reader draws alike."""

from __future__ import annotations

import re

import numpy as np

_MARKS = re.compile(r'<g\b[^>]*>|<path vector-effect="non-scaling-stroke"([^>]*?) d="([^"]*)"')
_MATRIX = re.compile(r'transform="matrix\(([^)]*)\)"')
_FONT = re.compile(r'font-family="([^",]+)"')
"""a name that other machines may not know; there another font without serifs is to be taken, and not any"""
_POINT = re.compile(r"(-?[0-9][-+.e0-9]*),(-?[0-9][-+.e0-9]*)")


def with_plain_pens(svg: str) -> str:
    """Take the scale out of the lines whose pens must not be scaled, as curves in their own units are drawn.

    Qt leaves it to ``vector-effect``, which Inkscape, librsvg and others do not know: there a line would be as wide as
    the picture. The points are moved to where the group's matrix M puts them, and inv(M) stands before them.
    """
    matrix = np.eye(3)

    def plain(found: re.Match[str]) -> str:
        nonlocal matrix
        if found[2] is None:
            matrix = np.eye(3)
            if (given := _MATRIX.search(found[0])) is not None:
                matrix[:2] = np.array(given[1].split(","), float).reshape(3, 2).T
            return found[0]
        if not np.linalg.det(matrix):
            return found[0]
        back = ",".join(map(repr, np.linalg.inv(matrix)[:2].T.ravel().tolist()))
        return f'<path transform="matrix({back})"{found[1]} d="{_POINT.sub(moved, found[2])}"'

    def moved(point: re.Match[str]) -> str:
        x, y, _ = matrix @ (float(point[1]), float(point[2]), 1.0)
        return f"{x:.2f},{y:.2f}"

    return _FONT.sub(r'font-family="\1, sans-serif"', _MARKS.sub(plain, svg))
