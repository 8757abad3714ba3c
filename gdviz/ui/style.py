"""How the window's widgets look, made from a theme. Lengths are in em, so a larger font makes everything larger."""

import math

from PySide6.QtCore import QEvent, QSettings
from PySide6.QtGui import QColor, QFont, QFontDatabase, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from gdviz.core.resources import resource
from gdviz.ui.theme import Theme

_LEAST_POINTS, _MOST_POINTS = 8.0, 28.0
_SMALLEST = 10.0
"""pt; below, a projected window cannot be read from the third row"""

FORMULA_FONTS = ("Cambria", "STIX Two Text", "DejaVu Serif", "serif")
"""the first that there is; they set hats over letters, which DejaVu Sans does not"""


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.1, section 1.4.3)."""

    def luminance(colour: str) -> float:
        c = QColor(colour)
        shares = zip((0.2126, 0.7152, 0.0722), (c.redF(), c.greenF(), c.blueF()), strict=True)
        return sum(w * (v / 12.92 if v <= 0.04045 else math.pow((v + 0.055) / 1.055, 2.4)) for w, v in shares)

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def on_accent(theme: Theme) -> str:
    """The colour of text and pictures that lie on the accent colour."""
    return max((theme.window, theme.panel, theme.text), key=lambda colour: contrast(colour, theme.accent))


def _blend(one: str, other: str, share: float) -> str:
    """``share`` of one colour over another."""
    a, b = QColor(one), QColor(other)
    pairs = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    return QColor(*(round(share * over + (1 - share) * under) for over, under in pairs)).name()


def style_sheet(theme: Theme) -> str:
    """The style sheet of the whole application.

    A `QFrame#card` is a panel; a `QLabel` is a `heading`, `muted`, `warning` or `formula` by its property `role`; an
    entry is marked by its property `wrong`.
    """
    base = QApplication.font().pointSizeF()
    t = theme
    hover, pressed = _blend(t.accent, t.raised, 0.12), _blend(t.accent, t.raised, 0.28)
    chevron = resource("icons", "chevron.svg").as_posix()
    return f"""
QWidget {{ color: {t.text}; }}
QMainWindow, QDialog {{ background: {t.window}; }}
QScrollArea, QScrollArea > QWidget > QWidget {{ background: transparent; border: none; }}
QTextBrowser {{ background: transparent; border: none; }}
QFrame#card {{ background: {t.panel}; border: 1px solid {t.border}; border-radius: 0.5em; }}
QLabel[role="heading"] {{ font-weight: 600; }}
QLabel[role="muted"] {{ color: {t.muted}; }}
QLabel[role="warning"] {{ color: {t.warning}; }}
QLabel[role="formula"] {{
    font-family: {", ".join(f'"{name}"' for name in FORMULA_FONTS)}; font-size: {base * 1.15:.2f}pt;
}}

QToolButton, QPushButton {{
    background: {t.raised}; border: 1px solid {t.border}; border-radius: 0.45em; padding: 0.28em 0.5em;
}}
QPushButton {{ padding: 0.32em 0.8em; }}
QToolButton:hover, QPushButton:hover {{ background: {hover}; border-color: {_blend(t.accent, t.border, 0.5)}; }}
QToolButton:pressed, QPushButton:pressed {{ background: {pressed}; }}
QToolButton:checked {{ background: {_blend(t.accent, t.raised, 0.22)}; border-color: {t.accent}; }}
QToolButton:focus, QPushButton:focus {{ border: 2px solid {t.accent}; padding: 0.22em 0.44em; }}
QPushButton:focus {{ padding: 0.26em 0.74em; }}
QToolButton:disabled, QPushButton:disabled {{ color: {t.muted}; background: transparent; }}
QToolButton[flat="true"] {{ background: transparent; border-color: transparent; padding: 0.16em 0.5em; }}
QToolButton[flat="true"]:hover {{ background: {hover}; }}
QToolButton[flat="true"]:checked {{ background: {_blend(t.accent, t.panel, 0.16)}; }}
QToolButton[flat="true"]:focus {{ border-color: {t.accent}; padding: 0.1em 0.44em; }}
QToolButton[caption="true"] {{ padding: 0.08em 0; }}
QToolButton[caption="true"]:focus {{ padding: 0.02em 0; }}
QToolButton[accent="true"], QPushButton[accent="true"] {{
    background: {t.accent}; border-color: {t.accent}; color: {on_accent(t)}; font-weight: 600;
}}
QToolButton[accent="true"]:hover, QPushButton[accent="true"]:hover {{ background: {_blend(t.text, t.accent, 0.14)}; }}
QToolButton[accent="true"]:pressed, QPushButton[accent="true"]:pressed {{
    background: {_blend(t.window, t.accent, 0.2)};
}}
QToolButton[accent="true"]:focus, QPushButton[accent="true"]:focus {{ border-color: {t.text}; }}
QToolButton#live {{ border-radius: 0.65em; padding: 0.1em 0.7em; color: {t.muted}; font-weight: 600; }}
QToolButton#live:checked {{ background: {t.accent}; border-color: {t.accent}; color: {on_accent(t)}; }}
QToolButton#live:focus {{ border: 2px solid {t.text}; padding: 0.04em 0.64em; }}

QLineEdit, QComboBox {{
    background: {t.raised}; border: 1px solid {t.border}; border-radius: 0.4em; padding: 0.22em 0.45em;
    selection-background-color: {t.accent}; selection-color: {on_accent(t)};
}}
QLineEdit:hover, QComboBox:hover {{ border-color: {_blend(t.accent, t.border, 0.5)}; }}
QLineEdit:focus, QComboBox:focus {{ border: 2px solid {t.accent}; padding: 0.16em 0.39em; }}
QLineEdit[wrong="true"] {{ border: 2px solid {t.warning}; padding: 0.16em 0.39em; }}
QLineEdit[edited="true"], QComboBox[edited="true"] {{ border-color: {t.accent}; }}
QComboBox {{ padding-right: 0; }}
QComboBox::drop-down {{ border: none; width: 1.4em; }}
QComboBox::down-arrow {{ image: url("{chevron}"); width: 0.75em; height: 0.75em; }}
QComboBox QAbstractItemView {{
    background: {t.panel}; border: 1px solid {t.border}; padding: 0.2em; outline: none;
    selection-background-color: {pressed}; selection-color: {t.text};
}}

QSplitter::handle {{ background: transparent; }}
QSplitter::handle:hover, QSplitter::handle:pressed {{ background: {t.accent}; }}
QSplitter::handle:horizontal {{ width: 5px; }}
QSplitter::handle:vertical {{ height: 5px; }}
QToolTip {{ background: {t.raised}; color: {t.text}; border: 1px solid {t.border}; padding: 0.25em; }}
QMenu {{ background: {t.panel}; border: 1px solid {t.border}; padding: 0.25em; }}
QMenu::item {{ padding: 0.3em 1.2em; border-radius: 0.3em; }}
QMenu::item:selected {{ background: {pressed}; }}
QMenu::separator {{ background: {t.border}; height: 1px; margin: 0.25em 0.6em; }}

QScrollBar {{ background: transparent; border: none; margin: 0; }}
QScrollBar:vertical {{ width: 0.5em; }}
QScrollBar:horizontal {{ height: 0.5em; }}
QScrollBar::handle {{ background: {_blend(t.muted, t.panel, 0.45)}; border-radius: 0.22em; }}
QScrollBar::handle:vertical {{ min-height: 2em; }}
QScrollBar::handle:horizontal {{ min-width: 2em; }}
QScrollBar::handle:hover {{ background: {t.muted}; }}
QScrollBar[idle="true"]::handle {{ background: transparent; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}

QFrame#message {{ background: {t.panel}; border: 1px solid {t.border}; border-radius: 0.4em; }}
QFrame#message[kind="info"] {{ border-color: {t.accent}; }}
QFrame#message[kind="warning"], QFrame#message[kind="error"] {{ border-color: {t.warning}; }}
QFrame#message[kind="error"] {{ background: {_blend(t.warning, t.panel, 0.14)}; }}
"""


def palette(theme: Theme) -> QPalette:
    """The colours that self-painted widgets take: Highlight is the accent, Mid a groove, PlaceholderText muted."""
    role = QPalette.ColorRole
    colours = {
        role.Window: theme.window,
        role.Base: theme.panel,
        role.AlternateBase: theme.raised,
        role.Button: theme.raised,
        role.ToolTipBase: theme.raised,
        role.WindowText: theme.text,
        role.Text: theme.text,
        role.ButtonText: theme.text,
        role.ToolTipText: theme.text,
        role.BrightText: theme.text,
        role.PlaceholderText: theme.muted,
        role.Mid: theme.border,
        role.Highlight: theme.accent,
        role.HighlightedText: on_accent(theme),
        role.Accent: theme.accent,
        role.Link: theme.accent,
        role.LinkVisited: theme.accent,
    }
    made = QPalette()
    for key, colour in colours.items():
        made.setColor(key, QColor(colour))
    return made


def within_sizes(points: float) -> float:
    """A text size that can be read and leaves room for something else."""
    return min(max(points, _LEAST_POINTS), _MOST_POINTS)


def chosen_points() -> float:
    """The user's last text size, else the default."""
    saved = QSettings().value("points")
    return within_sizes(float(saved)) if isinstance(saved, str | float) else default_points()


def default_points() -> float:
    """The size of text, in pt, that suits the screen: the system's own, and larger where a screen has more room."""
    room = QGuiApplication.primaryScreen().availableGeometry().height()
    system = QFontDatabase.systemFont(
        QFontDatabase.SystemFont.GeneralFont
    )  # the application's own may be larger by now
    return max(system.pointSizeF(), _SMALLEST, room / 120)


def apply(app: QApplication, theme: Theme, points: float) -> None:
    """Give the whole application the theme's look, in the system's own font at a size of ``points``."""
    app.setStyle("Fusion")  # the one that a style sheet can change wholly, and the same on every system
    font = app.font()
    font.setPointSizeF(points)
    font.setFeature(QFont.Tag("tnum"), 1)  # digits of one width: a counting number stands still
    app.setFont(font)
    # Now, and not with the next events: the style sheet would keep the font that each widget has.
    app.sendPostedEvents(None, QEvent.Type.ApplicationFontChange)
    app.setPalette(palette(theme))
    app.setStyleSheet(style_sheet(theme))
