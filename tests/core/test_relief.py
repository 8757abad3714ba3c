"""The relief's geometry against a camera matrix written here, and its pixels against what they stand for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

import gdviz  # noqa: F401  # before numpy: it sets the threads
from gdviz.core.frame import Floats, Landscape
from gdviz.core.relief import BASE, DRAFT, FULL, TOP, Camera, Terrain, View

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

CAMERAS = [
    Camera(), Camera(20, 15), Camera(135, 60), Camera(-170, 80), Camera(-90, 35), Camera(0, 10),
    Camera(70, 45, 3.0, (0.2, -0.1)), Camera(-52, 34, 0.6),
]  # fmt: skip
SIZE = 640, 480


def landscape(function: Callable[[Floats, Floats], Floats], n: int = 201) -> Landscape:
    x, y = np.linspace(-3, 5, n), np.linspace(10, 12, n)
    return Landscape(x, y, function(*np.meshgrid(x, y)), ("x", "y"), "")


def hills(x: Floats, y: Floats) -> Floats:
    return 7 + np.sin(1.3 * x) * np.cos(4 * (y - 11)) + 0.1 * x


def ridge(x: Floats, y: Floats) -> Floats:
    """A wall along y at x = 1, and flat ground on both sides."""
    return np.exp(-(((x - 1) / 0.25) ** 2)) + 0 * y


def grey(n: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.repeat(np.linspace(60, 200, n).astype(np.uint8), 3).reshape(n, 3)


def terrain(function: Callable[[Floats, Floats], Floats] = hills, logarithmic: bool = False) -> Terrain:
    shape = landscape(function)
    levels = np.linspace(shape.costs.min(), shape.costs.max(), 8)[1:-1]
    return Terrain(shape, levels, grey(7), logarithmic)


def seen(view: View, camera: Camera, world: Floats) -> Floats:
    """Pixels by rotation matrices: around the vertical until the camera is in front, then tipped by its elevation."""
    a, e = np.radians(camera.azimuth + 90), np.radians(camera.elevation)
    about = np.array([[np.cos(a), np.sin(a), 0], [-np.sin(a), np.cos(a), 0], [0, 0, 1]])
    tip = np.array([[1, 0, 0], [0, np.cos(e), -np.sin(e)], [0, np.sin(e), np.cos(e)]])
    at = (world - [0, 0, (TOP + BASE) / 2]) @ (tip @ about).T
    middle = np.array(SIZE) / 2
    across = np.stack([at[:, 0] - camera.centre[0], -(at[:, 2] - camera.centre[1])], axis=1)
    pixels: Floats = middle + across * view.scale
    return pixels


@pytest.mark.parametrize("camera", CAMERAS)
def test_a_ball_lands_on_its_pixel(camera: Camera) -> None:
    shape = terrain()
    view = View(shape, camera, *SIZE)
    rng = np.random.default_rng(0)
    points = np.column_stack([rng.uniform(-3, 5, 50), rng.uniform(10, 12, 50), rng.uniform(5, 9, 50)])
    low, high = shape.landscape.costs.min(), shape.landscape.costs.max()
    world = np.column_stack([(points[:, 0] - 1) / 4, points[:, 1] - 11, (points[:, 2] - low) / (high - low) * TOP])
    at, depth = view.project(points)
    np.testing.assert_allclose(at, seen(view, camera, world), atol=1e-9)
    a, e = np.radians([camera.azimuth, camera.elevation])
    towards = np.array([np.cos(e) * np.cos(a), np.cos(e) * np.sin(a), np.sin(e)])
    np.testing.assert_allclose(depth, -world @ towards, atol=1e-9)


@pytest.mark.parametrize("camera", [Camera(elevation=e, azimuth=a) for e in (10, 34, 85) for a in (-52, 0, 45)])
def test_the_whole_block_is_in_the_picture_and_fills_it(camera: Camera) -> None:
    picture = View(terrain(), camera, *SIZE, margins=(40, 10, 20, 30)).render()
    rows, columns = np.nonzero(picture[..., 3])
    assert rows.min() >= 9
    assert rows.max() <= SIZE[1] - 30
    assert columns.min() >= 39
    assert columns.max() <= SIZE[0] - 20
    assert np.ptp(columns) > 0.6 * (SIZE[0] - 60) or np.ptp(rows) > 0.5 * (SIZE[1] - 40)


@pytest.mark.parametrize("quality", [DRAFT, FULL])
def test_what_is_behind_a_ridge_is_hidden(quality: object) -> None:
    view = View(terrain(ridge), Camera(0, 20), *SIZE, DRAFT if quality is DRAFT else FULL)  # from where x is large
    cases = {
        (0.2, 11.0): True,
        (0.7, 11.0): True,
        (1.0, 11.0): False,
        (1.6, 11.0): False,
        (4.0, 10.5): False,
        (-2.9, 11): True,
    }
    world = np.array([[(x - 1) / 4, y - 11, 0] for x, y in cases])
    world[:, 2] = view.terrain.surface(world[:, :2])
    assert view.hidden(world).tolist() == list(cases.values())
    world[[0, 1, 5], 2] = 1.2 * TOP  # in the air above it
    assert not view.hidden(world).any()


@pytest.mark.parametrize("camera", CAMERAS)
@pytest.mark.parametrize("quality", [DRAFT, FULL], ids=["draft", "full"])
def test_a_ball_on_the_surface_does_not_hide_itself(camera: Camera, quality: object) -> None:
    view = View(terrain(lambda x, y: x + y), camera, *SIZE, DRAFT if quality is DRAFT else FULL)
    ground = np.random.default_rng(1).uniform(-1, 1, (400, 2))
    world = np.column_stack([ground, view.terrain.surface(ground)])
    facing = np.array([1 / 8, 1 / 2]) @ view.camera.away  # the plane rises away from the camera, or gently towards it
    assert facing < 0 or not view.hidden(world).any()


@pytest.mark.parametrize("camera", CAMERAS)
def test_picking_returns_what_was_projected(camera: Camera) -> None:
    view = View(terrain(), camera, *SIZE)
    ground = np.random.default_rng(2).uniform(-1, 1, (400, 2))
    world = np.column_stack([ground, view.terrain.surface(ground)])
    at = view.pixels(world)
    inside = ((at >= 0) & (at < SIZE)).all(axis=1)
    checked = 0
    for point, (px, py) in zip(
        world[inside & ~view.hidden(world, 0.5)], at[inside & ~view.hidden(world, 0.5)], strict=True
    ):
        picked = view.pick(px, py)
        assert picked is not None
        there = view.terrain.ground(np.array([picked]))
        again = view.pixels(np.column_stack([there, view.terrain.surface(there)]))[0]
        assert np.hypot(*(again - (px, py))) < 0.5
        # Where the ground is seen at a grazing angle, a pixel holds a long stretch of it.
        grazing = 1 / max(np.sin(np.radians(camera.elevation)), 0.1)
        if np.hypot(*(there[0] - point[:2])) < 6 * grazing / view.scale:
            checked += 1
    assert checked >= 0.95 * (inside & ~view.hidden(world, 0.5)).sum() > 20


def test_picking_beside_the_terrain_finds_nothing() -> None:
    view = View(terrain(), Camera(), *SIZE)
    assert view.pick(3, 3) is None  # the sky
    assert view.pick(-500, 200) is None
    corner = view.pixels(np.array([[1.0, -1.0, BASE / 2]]))[0]  # the wall
    assert view.pick(*corner) is None


def colour_at(picture: NDArray[np.uint8], at: Floats) -> list[int]:
    column, row = at.astype(int)
    return list(picture[row, column].tolist())


@pytest.mark.parametrize("quality", [DRAFT, FULL], ids=["draft", "full"])
def test_level_ground_has_the_colour_of_its_band(quality: object) -> None:
    colours = np.array([[200, 30, 20], [20, 180, 40], [30, 60, 220]], np.uint8)
    steps = landscape(lambda x, y: 1.0 * (x > -0.5) + 1.0 * (x > 2.5) + 0 * y)
    view = View(
        Terrain(steps, np.array([0.5, 1.5]), colours), Camera(-90, 50), *SIZE, DRAFT if quality is DRAFT else FULL
    )
    picture = view.render()
    assert picture.shape == (SIZE[1], SIZE[0], 4)
    for x, colour in zip((-2.4, 1.0, 4.6), colours, strict=True):
        points = np.array([[(x - 1) / 4, 0.0, 0.0]])
        points[:, 2] = view.terrain.surface(points[:, :2])
        shown = colour_at(picture, view.pixels(points)[0])
        # The middle step lies in the shade of the higher one, and the lowest in that of both.
        assert shown[3] == 255
        assert int(np.argmax(shown[:3])) == int(np.argmax(colour))
        brightness = np.array(shown[:3]) / colour
        np.testing.assert_allclose(brightness, brightness.mean(), atol=0.05)
        assert 0.7 < brightness.mean() < 1.05


def test_a_plateau_has_the_one_colour_exactly() -> None:
    flat = Terrain(landscape(lambda x, y: 0 * x + 3), np.empty(0), np.array([[68, 120, 84]], np.uint8))
    view = View(flat, Camera(), *SIZE)
    shown = colour_at(view.render(), view.pixels(np.array([[0.1, 0.2, 0.0]]))[0])
    np.testing.assert_allclose(shown, [68, 120, 84, 255], atol=2)
    assert not view.hidden(np.array([[0.1, 0.2, 0.0]])).any()


def test_lines_are_dark_where_bands_meet() -> None:
    slope = Terrain(landscape(lambda x, y: x + 0 * y), np.array([1.0]), np.array([[150, 150, 150]] * 2, np.uint8))
    view = View(slope, Camera(-90, 60), *SIZE)
    picture = view.render().astype(int)
    middle = view.pixels(np.array([[0.0, 0.0, TOP / 2]]))[0].astype(int)
    row = picture[middle[1], :, 0]
    assert row[middle[0] - 1 : middle[0] + 1].min() < 0.8 * row[middle[0] - 20]
    assert row[middle[0] - 20] == pytest.approx(row[middle[0] + 20], abs=3)


def test_the_terrain_covers_the_pixels_that_its_outline_says() -> None:
    tilted = terrain(lambda x, y: y + 0 * x)
    view = View(tilted, Camera(-90, 40), *SIZE)
    picture = view.render()
    bottom = view.pixels(np.array([[0.0, -1.0, BASE]]))[0, 1]
    top = view.pixels(np.array([[0.0, 1.0, TOP]]))[0, 1]
    column = picture[:, SIZE[0] // 2, 3]
    rows = np.flatnonzero(column)
    assert abs(rows[0] - top) <= 1
    assert abs(rows[-1] + 1 - bottom) <= 1
    assert (column[rows[0] + 1 : rows[-1]] == 255).all()


def test_outlines_are_antialiased_and_colours_premultiplied() -> None:
    picture = View(terrain(), Camera(), *SIZE, FULL).render()
    alpha = picture[..., 3]
    assert ((alpha > 0) & (alpha < 255)).sum() > 100
    assert (picture[..., :3] <= alpha[..., None]).all()


def test_a_finer_picture_shows_the_same() -> None:
    coarse = View(terrain(), Camera(), *SIZE, DRAFT).render().astype(float)
    fine = View(terrain(), Camera(), *SIZE, DRAFT, ratio=2).render().astype(float)
    assert fine.shape == (2 * SIZE[1], 2 * SIZE[0], 4)
    mean = fine.reshape(SIZE[1], 2, SIZE[0], 2, 4).mean(axis=(1, 3))
    assert np.abs(mean - coarse).mean() < 3


@pytest.mark.parametrize("logarithmic", [False, True])
def test_height_rises_with_the_cost(logarithmic: bool) -> None:
    shape = terrain(lambda x, y: (1 - x) ** 2 + 100 * (y - 11 - x**2) ** 2, logarithmic)
    low, high = shape.landscape.costs.min(), shape.landscape.costs.max()
    costs = np.concatenate([[low - 1e-3, low], low + np.geomspace(1e-6, high - low, 60), [2 * high]])
    heights = shape.height(costs)
    assert (np.diff(heights) > 0).all()
    assert heights[1] == 0
    assert heights[-2] == pytest.approx(TOP)
    np.testing.assert_allclose(shape.height(np.array([np.nan, np.inf, -np.inf])), TOP)
    middle = shape.height(np.array([low + (high - low) / 100]))[0] / TOP
    assert middle > 0.2 if logarithmic else middle == pytest.approx(0.01)


def test_the_surface_is_linear_between_the_points_of_the_grid() -> None:
    shape = terrain()
    x, y, costs = shape.landscape.x, shape.landscape.y, shape.landscape.costs
    ground = shape.ground(np.array([[x[7], y[9]], [(x[7] + x[8]) / 2, y[9]], [x[-1], y[-1]], [x[0] - 5, y[3]]]))
    wanted = np.array([costs[9, 7], (costs[9, 7] + costs[9, 8]) / 2, costs[-1, -1], costs[3, 0]])
    np.testing.assert_allclose(shape.surface(ground), shape.height(wanted), atol=1e-6)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
@pytest.mark.parametrize("logarithmic", [False, True])
def test_what_is_not_finite_is_as_high_as_the_highest(bad: float, logarithmic: bool) -> None:
    holed = landscape(hills)
    holed.costs[80:120, 80:120] = bad
    shape = Terrain(holed, np.array([6.5, 7.0, 7.5]), grey(4), logarithmic)
    assert shape.surface(np.zeros((1, 2)))[0] == pytest.approx(TOP)
    view = View(shape, Camera(), *SIZE)
    picture = view.render()
    middle = colour_at(picture, view.pixels(np.array([[0.0, 0.0, TOP]]))[0])
    np.testing.assert_allclose(middle, [*grey(4)[-1], 255], atol=12)


@pytest.mark.parametrize("value", [np.nan, np.inf, 3.0])
def test_a_landscape_without_a_slope_is_a_plate(value: float) -> None:
    shape = Terrain(landscape(lambda x, y: 0 * x + value), np.empty(0), grey(1))
    view = View(shape, Camera(), *SIZE)
    assert view.render()[..., 3].any()
    assert shape.height(np.array([1.0, np.nan])).tolist() == [0, 0]


def test_the_camera_stays_above_the_ground_and_goes_round() -> None:
    camera = Camera(170, 40)
    assert camera.turned(20, 0).azimuth == pytest.approx(-170)
    assert camera.turned(0, -90).elevation == 10
    assert camera.turned(0, 90).elevation == 85


def test_zooming_keeps_what_is_under_the_mouse() -> None:
    shape, camera = terrain(), Camera(30, 40)
    before = View(shape, camera, *SIZE)
    mouse = np.array([400.0, 210.0])
    about = (mouse - before.middle) / before.scale * (1, -1)
    point = before.pick(*mouse)
    assert point is not None
    for factor in (1.4, 1.5, 0.9):
        camera = camera.zoomed(factor, (about[0], about[1]))
    after = View(shape, camera, *SIZE)
    assert after.scale == pytest.approx(before.scale * 1.4 * 1.5 * 0.9)
    picked = after.pick(*mouse)
    assert picked is not None
    np.testing.assert_allclose(np.array(picked), np.array(point), atol=1e-2)
    assert camera.zoomed(1000).zoom == 20
    assert camera.zoomed(0).zoom == 0.5
