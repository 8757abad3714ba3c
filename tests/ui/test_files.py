"""What can be opened: recent files, what is pasted, what is dropped; and the scenario as text to take away."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QMimeData, Qt, QTimer, QUrl
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QLineEdit, QMenu

from gdviz.core.scenario import load_scenario, parse
from gdviz.core.shown import Shown
from gdviz.export.saved import save
from gdviz.ui import files as files_module
from gdviz.ui.files import file_to_save
from gdviz.ui.recent import MOST, recent, remember, told_apart
from tests.support import DIGITS, PARABOLA, Open, Opening, go, named, synchronous

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytestqt.qtbot import QtBot

    from gdviz.ui.window import Window

Said = list[tuple[str, str]]
Key = Qt.Key


def copied(text: str) -> None:
    QGuiApplication.clipboard().setText(text)


def paste(window: Window) -> None:
    QTest.keyClick(window, Key.Key_V, Qt.KeyboardModifier.ControlModifier)


def proposed(window: Window, qtbot: QtBot) -> Path:
    """What the dialog proposes when the runs are to be saved."""
    seen: list[str] = []

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        assert isinstance(dialog, QFileDialog)
        seen.extend(dialog.selectedFiles())
        dialog.reject()

    QTimer.singleShot(100, answer)
    assert file_to_save(window, window.session.name) == ""
    return Path(seen[0])


class TestRecent:
    @pytest.mark.parametrize(
        ("paths", "names"),
        [
            (["/a/x.toml", "/b/y.toml"], ["x.toml", "y.toml"]),
            (["/a/x.toml", "/b/x.toml", "/a/y.toml"], ["x.toml – a", "x.toml – b", "y.toml"]),
            (["/a/w/x.toml", "/b/w/x.toml"], ["x.toml – a/w", "x.toml – b/w"]),
            (["/x.toml", "/a/x.toml"], ["x.toml – /", "x.toml – a"]),
            (["/w/x.toml", "/w/w/x.toml"], ["x.toml – /w", "x.toml – w/w"]),
        ],
    )
    def test_equal_names_are_told_apart_by_their_folders(self, paths: list[str], names: list[str]) -> None:
        assert told_apart([Path(path) for path in paths]) == names

    def test_the_newest_stand_first_and_what_is_gone_is_left_out(self, tmp_path: Path) -> None:
        paths = [tmp_path / f"{index}.toml" for index in range(12)]
        assert recent() == []
        for path in paths:
            path.touch()
            remember(path)
        assert recent() == paths[: -MOST - 1 : -1]
        paths[-1].unlink()
        assert recent() == paths[-2 : -MOST - 2 : -1]
        paths[-1].touch()
        assert recent()[0] == paths[-1]
        remember(paths[5])
        assert recent()[:2] == [paths[5], paths[-1]]
        assert len(recent()) == MOST

    def test_one_file_is_remembered_too(self, lesson: Path) -> None:
        remember(lesson)
        assert recent() == [lesson]

    def test_what_was_opened_and_saved_is_remembered(
        self, window: Window, opening: Opening, lesson: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(lesson.parent)
        opening(lambda: window.open("lesson.toml"))  # as the command line would have it
        assert recent() == [lesson]
        opening(lambda: window.open("overshoot"))
        assert not window.open(str(lesson.parent / "none.toml"))
        assert recent() == [lesson]
        saved = lesson.with_name("a.gdviz")
        window.session.save(saved)
        qtbot.waitUntil(lambda: recent() == [saved, lesson])
        window.session.save(lesson.with_name("b.gdviz"), silent=True)
        qtbot.waitUntil(lesson.with_name("b.gdviz").is_file)
        assert recent() == [saved, lesson]

    def test_what_is_only_drawn_is_not_remembered(self, window: Window, lesson: Path) -> None:
        scenario = parse(PARABOLA, "test")
        window.session.show(Shown(scenario, synchronous(scenario, 3)), str(lesson))
        assert recent() == []

    def test_dialogs_begin_where_the_last_file_is(self, window: Window, lesson: Path, qtbot: QtBot) -> None:
        remember(lesson)
        assert proposed(window, qtbot).parent == lesson.parent


class TestMenu:
    @pytest.fixture
    def menu(self, window: Window, shown: Open) -> Callable[[], QMenu]:
        """A function that presses the button and gives its menu."""
        shown(PARABOLA)

        def press() -> QMenu:
            named(window, type(window.transport.open), "Open").click()
            popup = QApplication.activePopupWidget()
            assert isinstance(popup, QMenu)
            return popup

        return press

    def test_it_offers_all_ways_to_open_something(
        self, menu: Callable[[], QMenu], window: Window, tmp_path: Path, qtbot: QtBot
    ) -> None:
        for name in ("week 1/R&D.toml", "week 2/R&D.toml"):
            path = tmp_path / name
            path.parent.mkdir()
            path.write_text(PARABOLA, "utf-8")
            remember(path)
        popup = menu()
        assert [action.text() for action in popup.actions()] == [
            "Open…\tCtrl+O",
            "Paste a scenario\tCtrl+V",
            "",
            "R&&D.toml – week 2",
            "R&&D.toml – week 1",
            "scenario.toml",
            "",
            "Forget these",
        ]
        assert popup.toolTipsVisible()
        assert str(tmp_path / "week 1") in popup.actions()[4].toolTip().replace("&amp;", "&")
        with qtbot.waitSignal(window.session.opened, timeout=20_000):
            popup.actions()[4].trigger()
        assert window.session.name == str(tmp_path / "week 1" / "R&D.toml")
        popup.close()
        popup = menu()
        assert popup.actions()[3].text() == "R&&D.toml – week 1"
        popup.actions()[-1].trigger()
        popup.close()
        popup = menu()
        assert [action.text() for action in popup.actions()] == ["Open…\tCtrl+O", "Paste a scenario\tCtrl+V"]
        popup.close()

    def test_its_first_entries_ask_and_paste(
        self,
        menu: Callable[[], QMenu],
        window: Window,
        lesson: Path,
        opening: Opening,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(files_module, "file_to_open", lambda _: str(lesson))
        popup = menu()
        opening(popup.actions()[0].trigger)
        assert window.session.name == str(lesson)
        copied(PARABOLA)
        opening(popup.actions()[1].trigger)
        assert window.session.name == "“Parabola”"
        popup.close()

    def test_keys_open_it_and_choose(self, menu: Callable[[], QMenu], window: Window, said: Said, qtbot: QtBot) -> None:
        window.transport.open.setFocus()
        QTest.keyClick(window.transport.open, Key.Key_Return)
        popup = QApplication.activePopupWidget()
        assert isinstance(popup, QMenu)
        copied("")
        QTest.keyClick(popup, Key.Key_Down)
        QTest.keyClick(popup, Key.Key_Down)
        QTest.keyClick(popup, Key.Key_Return)
        assert said == [("error", "the clipboard: there is no text, expected a scenario or the path of a file")]
        assert not popup.isVisible()


class TestPaste:
    def test_a_scenario_is_opened_under_its_title(
        self, window: Window, shown: Open, opening: Opening, qtbot: QtBot
    ) -> None:
        shown(DIGITS)
        session, picker = window.session, window.transport.scenarios
        before = session.runs
        copied(PARABOLA)
        opening(lambda: paste(window))
        assert session.scenario == parse(PARABOLA, "test")
        assert (session.name, window.windowTitle(), picker.currentText()) == (
            "“Parabola”",
            "Parabola — gdviz",
            "Parabola",
        )
        assert proposed(window, qtbot).name == "Parabola.gdviz"
        go(window, qtbot, 3)
        session.change("learning_rate", 0.2)
        go(window, qtbot, 4)
        opening(session.reset)
        assert (session.name, session.runs[0].optimizer.learning_rate) == ("“Parabola”", 0.2)
        assert picker.currentText() == "Parabola"
        opening(lambda: picker.activated.emit(picker.currentIndex()))
        assert (session.name, session.runs[0].optimizer.learning_rate) == ("“Parabola”", 0.1)
        for _ in range(3):
            opening(session.undo)
        assert session.runs == before
        assert picker.currentText() == "Small"

    def test_no_title_is_taken_for_a_name_or_a_file(self, window: Window, opening: Opening, qtbot: QtBot) -> None:
        session, picker = window.session, window.transport.scenarios
        for title, name in (("overshoot", "“overshoot”"), ("/etc/x.gdviz", "“/etc/x.gdviz”"), ("", "“untitled”")):
            copied(PARABOLA.replace("Parabola", title))
            opening(lambda: paste(window))
            assert session.name == name
            assert picker.currentText() == (title or name)
            opening(lambda: picker.activated.emit(picker.currentIndex()))
            assert session.scenario is not None
            assert session.scenario.title == title
        assert proposed(window, qtbot).name == "untitled.gdviz"
        opening(lambda: picker.activated.emit(picker.findData("overshoot")))
        assert session.scenario == load_scenario("overshoot")

    def test_another_of_the_same_title_is_another_one(self, window: Window, opening: Opening) -> None:
        copied(PARABOLA)
        opening(lambda: paste(window))
        copied(PARABOLA + '\n[view]\nsurface = "2d"\ncost_axis = "log"\n')
        opening(lambda: paste(window))
        assert window.session.name == "“Parabola” 2"
        assert window.loss.cost_axis == "log"
        copied(PARABOLA)
        opening(lambda: paste(window))
        assert (window.session.name, window.loss.cost_axis) == ("“Parabola”", "linear")

    def test_a_typed_formula_can_be_chosen_again(self, window: Window, shown: Open, opening: Opening) -> None:
        shown(PARABOLA)
        opening(lambda: window.session.rebuild({"formula": "x**2 + 3*y**2"}))
        picker = window.transport.scenarios
        assert picker.currentText() == "x**2 + 3*y**2"
        opening(lambda: picker.activated.emit(picker.currentIndex()))
        assert picker.currentText() == "x**2 + 3*y**2"

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "there is no text, expected a scenario or the path of a file"),
            ("  \n ", "there is no text, expected a scenario or the path of a file"),
            ("hello there", "the clipboard holds no scenario: not a TOML file: "),
            ("a = 1", "problem"),
            (PARABOLA.replace("parabola", "none"), "problem.name: expected one of"),
            ("x" * 5000 + " = 1", "the clipboard holds no scenario: xxx"),
            ("# \ud800 half a character", "problem"),
            ("#" * ((1 << 20) + 1), "larger than 1 MB, expected a scenario"),
            ("/none/there.toml", "/none/there.toml: a .toml file expected, none is there"),
            ("/nul\0/there.gdviz", "a .gdviz file expected, none is there"),
        ],
    )
    def test_what_is_no_scenario_is_refused_in_one_sentence(
        self, text: str, words: str, window: Window, shown: Open, said: Said
    ) -> None:
        (run,) = shown(PARABOLA)
        copied(text)
        paste(window)
        assert len(said) == 1
        kind, sentence = said[0]
        assert kind == "error"
        assert words in sentence
        assert len(sentence) < 400
        assert "\n" not in sentence
        assert window.session.runs == [run]

    @pytest.mark.parametrize("form", ["{}", '"{}"', " {}\n", "file://{}", "url"])
    def test_the_path_of_a_file_opens_it(self, form: str, window: Window, opening: Opening, tmp_path: Path) -> None:
        path = tmp_path / "a.gdviz"
        scenario = parse(PARABOLA, "test")
        save(path, Shown(scenario, synchronous(scenario, 5)))
        data = QMimeData()
        if form == "url":
            data.setUrls([QUrl.fromLocalFile(str(path))])
        else:
            data.setText(form.format(path))
        QGuiApplication.clipboard().setMimeData(data)
        opening(lambda: paste(window))
        assert (window.session.name, window.session.runs[0].step) == (str(path), 5)
        assert recent() == [path]

    def test_other_files_are_refused(self, window: Window, said: Said) -> None:
        data = QMimeData()
        data.setUrls([QUrl.fromLocalFile("/some/picture.png")])
        QGuiApplication.clipboard().setMimeData(data)
        paste(window)
        assert said == [("error", "the clipboard: expected a .toml or .gdviz file, got picture.png")]

    def test_in_a_text_field_it_is_text(self, window: Window, shown: Open, said: Said) -> None:
        (run,) = shown(PARABOLA)
        field = named(window, QLineEdit, "learning rate")
        field.setFocus()
        field.selectAll()
        copied("0.25")
        QTest.keyClick(field, Key.Key_V, Qt.KeyboardModifier.ControlModifier)
        assert field.text() == "0.25"
        assert (said, window.session.runs) == ([], [run])
