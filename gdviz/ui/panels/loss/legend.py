"""What stands above the curves: the runs, and what the signs mean."""

import html

from gdviz.core.frame import Frame
from gdviz.ui.theme import Theme

_LEGEND = 8
"""runs that the legend has room for"""


def run_list(frame: Frame, theme: Theme) -> str:
    """The runs, to be clicked, as rich text."""
    drawn = (i for i, run in enumerate(frame.runs) if not run.hidden)
    order = sorted(drawn, key=lambda i: frame.runs[i].ghost)
    too_many = len(order) - _LEGEND
    if too_many > 0:
        order = [*[i for i in order if i != frame.selected][: _LEGEND - 2], frame.selected]
        order.sort(key=lambda i: (frame.runs[i].ghost, i))
    entries = []
    for i in order:
        run = frame.runs[i]
        longest = 28 if len(order) <= 4 else 18
        label = run.label if len(run.label) <= longest else f"{run.label[: longest - 1]}…"
        label += " (before)" if run.ghost else ""
        label = html.escape(label).replace(" ", "&nbsp;").replace("-", "&#8209;")
        if i == frame.selected:
            label = f"<b>{label}</b>"
        swatch = f'<span style="color:{theme.run(run.colour, run.ghost, run.left).name()}">━━</span>'
        entries.append(f'<a href="{i}" style="color:{theme.text};text-decoration:none">{swatch}&nbsp;{label}</a>')
    if too_many > 0:
        entries.append(f"+{too_many + 1}")
    return "&nbsp;&nbsp; ".join(entries)


def key(frame: Frame, theme: Theme, stride: int, in_full: bool = False) -> str:
    """What the signs mean, as rich text; `in_full` for a tooltip, which has the room."""
    curve = frame.run.curve
    signs = []
    if curve.window > 1:
        signs.append("─ mini-batch" if stride == 1 else f"─ mini-batch, lowest to highest of {stride:,} steps")
        mean = f"━ mean of {curve.window:,} steps"
        signs.append(f"━ mean of the last {curve.window:,} steps (fewer at first)" if in_full else mean)
    elif stride > 1:
        signs.append(f"━ lowest to highest of {stride:,} steps")
    if len(frame.run.evaluations.steps):
        signs += ["● train", "○ test"]
        signs += ["•─ train accuracy", "•┄ test accuracy"] if in_full else ["•─ train, •┄ test accuracy"]
    signs = [sign.replace(" ", "&nbsp;").replace("mini-batch", "mini&#8209;batch") for sign in signs]
    return f'<span style="color:{theme.muted}">{"&nbsp;&nbsp; ".join(signs)}</span>' if signs else ""
