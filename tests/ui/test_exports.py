"""What is taken away from the window: pictures of any size, numbers and weights."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit

from gdviz import cli
from gdviz.core.frame import first_layer
from gdviz.export.tables import COLUMNS
from gdviz.ui.dialogs import FilmDialog, PictureDialog
from gdviz.ui.exports import Exports
from gdviz.ui.files import file_to_write
from gdviz.ui.pictures import Snapshot
from gdviz.ui.theme import DARK
from tests.support import DIGITS, LONG_DIGITS, LONG_PARABOLAS, PARABOLA, Open, finish, frame_of, go
from tests.ui.export_support import LONG, SVG, apart, chosen, open_dialog, pixels, seen

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from gdviz.ui.window import Window


class TestPicture:
    @pytest.mark.parametrize("text", [DIGITS, PARABOLA, LONG_PARABOLAS], ids=["digits", "one knob", "two runs"])
    def test_of_the_screens_size_it_is_what_is_seen(self, text: str, window: Window, shown: Open, qtbot: QtBot) -> None:
        shown(text)
        go(window, qtbot, 3)
        qtbot.wait(600)  # texts that are refreshed now and then are up to date
        for _, part in window.exports.parts():
            taken = pixels(Snapshot(window, part, part.size(), "test").image())
            assert apart(taken, seen(window, part)) < 0.5

    def test_any_size_and_shape_and_the_window_is_as_it_was(self, window: Window, shown: Open, qtbot: QtBot) -> None:
        shown(LONG_PARABOLAS.replace("parabola", "rosenbrock"))
        go(window, qtbot, 5)
        window.surface.set_view("3d")
        qtbot.wait(600)
        before = [(part.geometry(), seen(window, part)) for _, part in window.exports.parts()]
        for size in (QSize(300, 900), QSize(1920, 1080), QSize(3840, 2160)):
            for _, part in window.exports.parts():
                taken = pixels(Snapshot(window, part, size, "test").image())
                assert taken.shape == (size.height(), size.width(), 3)
                for side in np.array_split(taken, 2, axis=1) + np.array_split(taken, 2, axis=0):
                    assert side.std() > 3, "no half is blank"
        for (geometry, picture), (_, part) in zip(before, window.exports.parts(), strict=True):
            assert part.geometry() == geometry
            assert apart(seen(window, part), picture) < 0.5

    def test_a_large_relief_is_drawn_as_finely_as_its_pixels_are(
        self, window: Window, shown: Open, qtbot: QtBot
    ) -> None:
        shown(LONG_PARABOLAS.replace("parabola", "rosenbrock"))
        go(window, qtbot, 2)
        window.surface.set_view("3d")
        relief = window.surface.relief
        small = Snapshot(window, relief, relief.size(), "test").image()
        large = Snapshot(window, relief, relief.size() * 3, "test").image()
        blown_up = small.scaled(large.size(), mode=Qt.TransformationMode.SmoothTransformation)
        edges = [np.abs(np.diff(pixels(image).astype(int), axis=0)).max(axis=2) > 60 for image in (large, blown_up)]
        assert edges[0].sum() > 1.5 * edges[1].sum(), "sharp edges, and no pixels that were blown up"

    def test_svg_and_pdf_hold_axes_and_curves_as_vectors(self, window: Window, shown: Open, qtbot: QtBot) -> None:
        shown(DIGITS)
        window.session.play()
        finish(window.session, qtbot)
        qtbot.waitUntil(lambda: frame_of(window).step == 125)
        qtbot.wait(600)  # texts that are refreshed now and then are up to date
        for name, part in window.exports.parts():
            picture = Snapshot(window, part, QSize(1200, 900), "A title")
            root = ElementTree.fromstring(picture.file(".svg").decode())
            assert root.get("viewBox") == "0 0 1200 900"
            texts = " ".join(node.text or "" for node in root.iter(f"{SVG}text"))
            paths = [node for node in root.iter(f"{SVG}path") if len(node.get("d", "")) > 100]
            expected = {"Cost curves": "125", "Cost surface": "path", "Weights": "neurons", "The window": "Play"}
            assert expected[name] in texts
            assert paths or name == "Weights"
            assert not [node for node in root.iter(f"{SVG}path") if node.get("vector-effect", "none") != "none"]
            pdf = picture.file(".pdf")
            assert pdf.startswith(b"%PDF-")
            assert b"/MediaBox [0 0 900.000000 675.000000]" in pdf

    def test_from_the_menu_to_a_file(self, window: Window, shown: Open, qtbot: QtBot, where: Path) -> None:
        shown(PARABOLA)
        go(window, qtbot, 3)
        chosen(window, "Picture…")
        dialog = open_dialog(PictureDialog)
        assert isinstance(dialog, PictureDialog)
        assert [dialog.part.itemText(i) for i in range(dialog.part.count())] == [
            name for name, _ in window.exports.parts()
        ]
        for side, value in ((dialog.size_asked.width, "1000"), (dialog.size_asked.height, "500")):
            side.setFocus()
            side.selectAll()
            QTest.keyClicks(side, value)
            QTest.keyClick(side, Qt.Key.Key_Return)
        assert dialog.isVisible(), "Enter takes the number, and not the picture"
        dialog.part.setCurrentIndex(1)
        with qtbot.waitSignal(dialog.taken) as taken:
            QTest.mouseClick(dialog.save, Qt.MouseButton.LeftButton)
        assert taken.args is not None
        assert taken.args[1:] == [".png", "cost surface"]
        assert window.messages.kind == "info"
        with Image.open(where / "taken.png") as image:
            assert image.size == (1000, 500)

    def test_a_size_that_cannot_be_is_said_and_the_one_before_stays(
        self, window: Window, shown: Open, qtbot: QtBot
    ) -> None:
        shown(PARABOLA)
        window.exports.ask_for_picture()
        dialog = open_dialog(PictureDialog)
        assert isinstance(dialog, PictureDialog)
        before = dialog.size_asked.size
        dialog.size_asked.width.selectAll()
        QTest.keyClicks(dialog.size_asked.width, "99999")
        QTest.keyClick(dialog.size_asked.width, Qt.Key.Key_Return)
        assert "expected a whole number from 240 to 4096, got “99999”" in dialog.note.text()
        assert dialog.size_asked.size == before
        dialog.reject()

    def test_on_the_clipboard(self, window: Window, shown: Open, qtbot: QtBot) -> None:
        shown(PARABOLA)
        window.exports.ask_for_picture()
        dialog = open_dialog(PictureDialog)
        assert isinstance(dialog, PictureDialog)
        size = dialog.size_asked.size
        dialog.copy.click()
        assert QApplication.clipboard().image().size() == size


class TestNumbers:
    @pytest.mark.parametrize("text", [DIGITS, PARABOLA], ids=["digits", "surface"])
    def test_csv_and_json_are_those_of_the_command_line(
        self, text: str, window: Window, shown: Open, qtbot: QtBot, where: Path
    ) -> None:
        shown(text)
        window.session.play()
        finish(window.session, qtbot)
        for entry, suffix in (("Numbers of every step (CSV)…", ".csv"), ("Numbers and recipe (JSON)…", ".json")):
            chosen(window, entry)
            qtbot.waitUntil(where.joinpath(f"taken{suffix}").is_file, timeout=LONG)
            option = f"--{suffix[1:]}"
            assert cli.main(["run", window.session.name, option, str(where / f"line{suffix}")]) == 0
            assert (where / f"taken{suffix}").read_bytes() == (where / f"line{suffix}").read_bytes()

    def test_while_it_trains_what_was_there_is_written(
        self, window: Window, shown: Open, qtbot: QtBot, where: Path
    ) -> None:
        runs = shown(LONG_PARABOLAS)
        window.session.set_speed(float("inf"))
        window.session.play()
        qtbot.waitUntil(lambda: runs[0].step > 2000)
        chosen(window, "Numbers of every step (CSV)…")
        qtbot.waitUntil(lambda: (where / "taken.csv").is_file(), timeout=LONG)
        window.session.pause()
        with (where / "taken.csv").open() as file:
            rows = list(csv.DictReader(file))
        assert tuple(rows[0]) == COLUMNS
        for run in runs:
            mine = [row for row in rows if row["run"] == run.label]
            table = run.history.table()
            assert [int(row["step"]) for row in mine] == list(range(len(mine)))
            assert [float(row["cost"]) for row in mine] == table.cost[: len(mine)].tolist()

    def test_a_place_that_cannot_be_written_to_is_said(
        self, window: Window, shown: Open, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        shown(PARABOLA)
        monkeypatch.setattr(Exports, "_ask_where", lambda self, title, suffix, part="": tmp_path / "no" / f"a{suffix}")
        entries = ("Numbers and recipe (JSON)…", "Knobs of this step (NumPy)…", "Numbers of every step (CSV)…")
        for entry in entries:
            window.messages.clear()
            chosen(window, entry)
            qtbot.waitUntil(lambda: window.messages.kind == "error")
            assert "can't be written: No such file or directory" in window.messages._text.accessibleName()

    def test_json_carries_what_was_changed_on_the_way(
        self, window: Window, shown: Open, qtbot: QtBot, where: Path
    ) -> None:
        shown(PARABOLA)
        go(window, qtbot, 2)
        window.session.change("learning_rate", 0.2)
        go(window, qtbot, 4)
        chosen(window, "Numbers and recipe (JSON)…")
        qtbot.waitUntil(lambda: (where / "taken.json").is_file())
        tree = json.loads((where / "taken.json").read_text())
        assert tree["scenario"]["runs"][0]["changes"] == [{"step": 2, "learning_rate": 0.2}]
        assert tree["runs"][0]["learning_rate"] == [0.1, 0.1, 0.2, 0.2, 0.2]


class TestWeights:
    def test_all_layers_of_the_step_on_show_as_plain_arrays(
        self, window: Window, shown: Open, qtbot: QtBot, where: Path
    ) -> None:
        shown(LONG_DIGITS)
        go(window, qtbot, 6)
        window.session.seek(4)
        chosen(window, "Weights and biases of this step (NumPy)…")
        frame = frame_of(window)
        with np.load(where / "taken.npz", allow_pickle=False) as found:
            assert int(found["step"]) == 4
            assert str(found["run"]) == frame.run.label
            np.testing.assert_array_equal(found["theta"], frame.theta)
            layers = [found[name] for i in (1, 2, 3) for name in (f"weights_{i}", f"biases_{i}")]
        assert [layer.shape for layer in layers] == [(784, 16), (16,), (16, 16), (16,), (16, 10), (10,)]
        network = frame.problem.network  # type: ignore[attr-defined]  # it has one
        for (weights, biases), at in zip(network.layers(frame.theta), (0, 2, 4), strict=True):
            np.testing.assert_array_equal(layers[at], weights)
            np.testing.assert_array_equal(layers[at + 1], biases)

    def test_the_picture_has_each_weight_in_its_place_and_colour(
        self, window: Window, shown: Open, qtbot: QtBot, where: Path
    ) -> None:
        shown(LONG_DIGITS)
        go(window, qtbot, 3)
        chosen(window, "First-layer weights as a picture…")
        weights = first_layer(frame_of(window))
        assert weights is not None
        with Image.open(where / "taken.png") as image:
            found = np.asarray(image)
        assert found.shape == (4 * 232 + 8, 4 * 232 + 8, 3)
        level = window.weights.layer.level.value
        for neuron in (0, 5, 15):
            y, x = 8 + 232 * (neuron // 4), 8 + 232 * (neuron % 4)
            tile = found[y : y + 224 : 8, x : x + 224 : 8].astype(int)
            shares = weights[:, neuron].reshape(28, 28) / level
            codes = np.clip(np.rint(128 + 127 * shares), 1, 255).astype(int)
            np.testing.assert_array_equal(tile, DARK.signed_table()[codes])


def test_nothing_is_made_of_a_number_that_was_refused(window: Window, shown: Open, qtbot: QtBot, where: Path) -> None:
    shown(PARABOLA)
    window.exports.ask_for_film()
    dialog = open_dialog(FilmDialog)
    assert isinstance(dialog, FilmDialog)
    says = dialog.note.text()
    for typed, wrong in (("9999", True), ("3", False)):
        dialog.seconds.setFocus()
        dialog.seconds.selectAll()
        QTest.keyClicks(dialog.seconds, typed)
        QTest.keyClick(dialog.seconds, Qt.Key.Key_Return)
        assert dialog.wrong == wrong
        assert (dialog.note.text() == says) != wrong
        if wrong:
            dialog.save.click()
            assert dialog.isVisible()
    dialog.reject()
    assert not list(where.glob("taken*"))


def test_a_name_with_a_dot_gets_its_ending(window: Window, tmp_path: Path, qtbot: QtBot) -> None:
    seen: list[str] = []

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QFileDialog)
        seen.append(dialog.selectedFiles()[0])
        if len(seen) == 1:
            field = dialog.findChild(QLineEdit, "fileNameEdit")
            assert isinstance(field, QLineEdit)
            field.setText("rate 0.5")
            QTimer.singleShot(100, answer)
        dialog.accept()

    QTimer.singleShot(100, answer)
    assert file_to_write(window, "Save", "digits", ".png", "*.png", str(tmp_path), "cost surface") == str(
        tmp_path / "rate 0.5.png"
    )
    assert [Path(path).name for path in seen] == ["digits cost surface.png", "rate 0.5.png"]
