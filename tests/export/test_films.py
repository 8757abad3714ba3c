"""Films and whole files, against what other programs read back."""

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from weakref import ref

import av
import numpy as np
import pytest
from PIL import Image

from gdviz.core.errors import InputError
from gdviz.export.films import Picture, write_gif, write_mp4
from gdviz.export.shot import Shot, shot
from gdviz.export.svg import with_plain_pens
from gdviz.export.whole import whole

COLOURS = np.array([[16, 20, 28], [255, 107, 107], [77, 163, 255], [232, 236, 244]], np.uint8)


def film(n_frames: int, height: int = 48, width: int = 64) -> list[Picture]:
    """A square that goes across; the corners stand still."""
    frames = []
    for index in range(n_frames):
        frame = np.empty((height, width, 3), np.uint8)
        frame[:] = COLOURS[0]
        frame[:8, :8], frame[-8:, -8:] = COLOURS[2:]
        frame[20:30, 3 * index : 3 * index + 10] = COLOURS[1]
        frames.append(frame)
    return frames


def read_gif(path: Path) -> tuple[list[Picture], list[int]]:
    """The frames, and for how many milliseconds each is seen."""
    frames, durations = [], []
    with Image.open(path) as image:
        for index in range(image.n_frames):  # type: ignore[attr-defined]  # a GIF has it
            image.seek(index)
            frames.append(np.asarray(image.convert("RGB")))
            durations.append(image.info["duration"])
    return frames, durations


class TestGif:
    def test_frames_read_back_exactly_where_there_are_few_colours(self, tmp_path: Path) -> None:
        frames = film(12)
        write_gif(tmp_path / "a.gif", iter(frames), 15, frames)
        back, _ = read_gif(tmp_path / "a.gif")
        np.testing.assert_array_equal(back, frames)

    @pytest.mark.parametrize("fps", [7, 15, 24, 50])
    def test_frames_last_as_long_as_they_should_together(self, tmp_path: Path, fps: int) -> None:
        write_gif(tmp_path / "a.gif", film(15), fps, film(1))
        _, durations = read_gif(tmp_path / "a.gif")
        assert len(durations) == 15
        np.testing.assert_allclose(np.cumsum(durations), 1000 * np.arange(1, 16) / fps, atol=5)

    def test_one_palette_for_all_frames(self, tmp_path: Path) -> None:
        rng = np.random.default_rng(0)
        frames = [rng.integers(0, 256, (20, 30, 3)).astype(np.uint8) for _ in range(4)]
        write_gif(tmp_path / "a.gif", frames, 15, frames)
        data = (tmp_path / "a.gif").read_bytes()
        assert data[10] & 0x80, "a table for all"
        table = {tuple(colour) for colour in np.frombuffer(data[13 : 13 + 765], np.uint8).reshape(-1, 3)}
        for frame in read_gif(tmp_path / "a.gif")[0]:
            assert {tuple(colour) for colour in frame.reshape(-1, 3)} <= table

    def test_each_pixel_gets_the_nearest_colour(self, tmp_path: Path) -> None:
        frame = np.random.default_rng(1).integers(0, 256, (40, 50, 3)).astype(np.uint8)
        write_gif(tmp_path / "a.gif", [frame], 15, [frame])
        table = np.frombuffer((tmp_path / "a.gif").read_bytes()[13 : 13 + 765], np.uint8).reshape(-1, 3).astype(int)
        (back,), _ = read_gif(tmp_path / "a.gif")
        distances = ((frame.reshape(-1, 1, 3).astype(int) - table) ** 2).sum(axis=2).min(axis=1)
        np.testing.assert_array_equal(((back.astype(int) - frame) ** 2).sum(axis=2).ravel(), distances)

    def test_frames_that_are_the_same_are_all_there(self, tmp_path: Path) -> None:
        write_gif(tmp_path / "a.gif", 5 * film(1), 10, film(1))
        back, durations = read_gif(tmp_path / "a.gif")
        assert durations == [100] * 5
        np.testing.assert_array_equal(back, 5 * film(1))

    def test_only_what_changed_is_stored(self, tmp_path: Path) -> None:
        noise = np.random.default_rng(2).integers(0, 256, (200, 200, 3)).astype(np.uint8)
        other = noise.copy()
        other[50:54, 60:64] = 0
        write_gif(tmp_path / "one.gif", [noise], 10, [noise])
        write_gif(tmp_path / "two.gif", [noise, other], 10, [noise])
        assert (tmp_path / "two.gif").stat().st_size < (tmp_path / "one.gif").stat().st_size + 100

    def test_the_same_frames_are_the_same_bytes(self, tmp_path: Path) -> None:
        for name in ("a.gif", "b.gif"):
            write_gif(tmp_path / name, film(5), 15, film(5))
        assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_a_film_is_never_held_in_memory(tmp_path: Path) -> None:
    made: list[ref[Picture]] = []

    def frames() -> Iterator[Picture]:
        for index in range(40):
            frame = np.full((48, 64, 3), index, np.uint8)
            made.append(ref(frame))
            yield frame
            del frame
            assert sum(one() is not None for one in made) <= 2

    write_gif(tmp_path / "a.gif", frames(), 15, film(1))
    made.clear()
    write_mp4(tmp_path / "a.mp4", frames(), 15)


class TestMp4:
    def test_another_program_reads_it(self, tmp_path: Path) -> None:
        frames = film(20)
        write_mp4(tmp_path / "a.mp4", iter(frames), 24)
        with av.open(str(tmp_path / "a.mp4")) as read:
            stream = read.streams.video[0]
            assert (stream.width, stream.height, stream.average_rate) == (64, 48, Fraction(24))
            assert stream.codec_context.pix_fmt == "yuv420p"
            back = [frame.to_ndarray(format="rgb24") for frame in read.decode(video=0)]
            assert stream.duration is not None
            assert stream.time_base is not None
            assert float(stream.duration * stream.time_base) == pytest.approx(20 / 24, abs=1e-3)
        assert len(back) == 20
        for one, other in zip(back, frames, strict=True):
            assert np.abs(one.astype(int) - other).mean() < 4


class TestShot:
    def test_what_is_not_said(self) -> None:
        assert shot("a/b.GIF") == Shot(Path("a/b.GIF"), 1280, 720, 15, 150)
        assert shot("a.mp4", "640x480", 24, 2.5).n_frames == 60
        assert shot("a.png").n_frames == 1
        assert shot("b.GIF").kind == ".gif"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("a.avi",), "-o a.avi: expected a file that ends in .png, .svg, .pdf, .gif, .mp4"),
            (("gif",), "-o gif: expected a file that ends in"),
            *(
                (("a.gif", size), f"--size {size}: expected WIDTHxHEIGHT in pixels, each from 240 to 4096, as 1280x720")
                for size in ("0x0", "10x10", "100000x100000", "1280", "x", "-5x500", "1280x720x3", "1e3x1e3", "٣٠٠x٣٠٠")
            ),
            (("a.gif", "640x480", 0), "--fps 0: expected 1 to 50 frames a second for a .gif file"),
            (("a.gif", "640x480", 51), "--fps 51: expected 1 to 50 frames a second for a .gif file"),
            (("a.mp4", "640x480", 61), "--fps 61: expected 1 to 60 frames a second for a .mp4 file"),
            (("a.gif", "640x480", 15, 0.0), "--seconds 0: expected 0.1 to 600"),
            (("a.gif", "640x480", 15, float("nan")), "--seconds nan: expected 0.1 to 600"),
            (("a.gif", "640x480", 15, float("inf")), "--seconds inf: expected 0.1 to 600"),
            (("a.gif", "640x480", 1, 1.0), "--fps 1 --seconds 1: expected at least two frames in all"),
            (("a.mp4", "641x480"), "--size 641x480: expected even sides for an .mp4 file"),
            (("a.png", "640x480", 15), "--fps 15: a.png is a picture, expected a film (.gif, .mp4)"),
            (("a.svg", "640x480", None, 2.0), "--seconds 2.0: a.svg is a picture, expected a film (.gif, .mp4)"),
        ],
        ids=str,
    )
    def test_mistakes(self, arguments: tuple[str, str, int, float], message: str) -> None:
        with pytest.raises(InputError) as raised:
            shot(*arguments)
        assert str(raised.value).startswith(message)

    def test_without_pyav(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("gdviz.export.shot.find_spec", lambda name: None)
        with pytest.raises(InputError, match=r"pip install 'gdviz\[video\]'"):
            shot("a.mp4")
        assert shot("a.gif").n_frames == 150


class TestWhole:
    def test_it_takes_the_place_at_the_end(self, tmp_path: Path) -> None:
        path = tmp_path / "a.gif"
        path.write_text("before")
        with whole(path) as beside:
            beside.write_text("after")
            assert path.read_text() == "before"
            assert (beside.parent, beside.suffix) == (tmp_path, ".gif")
        assert path.read_text() == "after"
        assert list(tmp_path.iterdir()) == [path]

    @pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError, RuntimeError])
    def test_nothing_is_left_of_one_that_failed(self, tmp_path: Path, failure: type[BaseException]) -> None:
        def fail(beside: Path) -> None:
            beside.write_text("half")
            raise failure

        with pytest.raises(failure), whole(tmp_path / "a.gif") as beside:
            fail(beside)
        assert not list(tmp_path.iterdir())

    def test_places_that_cannot_be_written_to(self, tmp_path: Path) -> None:
        def refused(path: Path, act: Callable[[Path], object] = lambda beside: None) -> str:
            with pytest.raises(InputError) as raised, whole(path) as beside:
                act(beside)
            return str(raised.value)

        (tmp_path / "folder.gif").mkdir()
        missing = tmp_path / "none" / "a.gif"
        assert refused(missing) == f"{missing}: can't be written: No such file or directory"
        assert "can't be written: there is a folder or a device" in refused(tmp_path / "folder.gif")

        def full(beside: Path) -> None:
            raise OSError(28, "No space left on device")

        assert refused(tmp_path / "a.gif", full).endswith("a.gif: can't be written: No space left on device")
        assert [path.name for path in tmp_path.iterdir()] == ["folder.gif"]


def test_lines_whose_pens_are_not_scaled_are_drawn_where_they_were() -> None:
    line = '<path vector-effect="non-scaling-stroke" fill-rule="evenodd" d="M0,1 L10,-2.5e-1 "/>'
    plain = with_plain_pens(f'<g stroke="red" transform="matrix(2,0,0,-4,100,50)"\n>{line}</g><g>{line}</g>')
    assert "vector-effect" not in plain
    back = plain.partition('<path transform="matrix(')[2].partition(")")[0]
    assert [float(number) for number in back.split(",")] == [0.5, 0, 0, -0.25, -50, 12.5]
    assert 'd="M100.00,46.00 L120.00,51.00 "' in plain
    assert plain.endswith('d="M0.00,1.00 L10.00,-0.25 "/></g>')
    other = '<g transform="matrix(0,0,0,0,1,1)">' + line
    assert with_plain_pens(other) == other, "all in one point: there is no way back"
