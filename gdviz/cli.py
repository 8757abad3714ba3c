"""The command line: open the window, list the scenarios, run or draw one without a display."""

from __future__ import annotations

import argparse
import errno
import os
import sys
from contextlib import ExitStack, contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn, TextIO

from gdviz import __version__
from gdviz.core.assign import assign
from gdviz.core.errors import InputError
from gdviz.export.shot import FPS, SECONDS, SIZE, shot
from gdviz.export.whole import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.progress import TaskID

    from gdviz.core.run import Run
    from gdviz.core.scenario import Scenario
    from gdviz.core.shown import Shown

EXIT_DONE, EXIT_FAILED, EXIT_BAD_INPUT = 0, 1, 2
_PATIENCE = 1.0  # seconds for a display to accept a connection; one on this machine takes a thousandth


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message} (see: {self.prog} --help)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code: 0 done, 1 failed, 2 bad usage or input."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = _parser(given).parse_args(given)
        command: Callable[[argparse.Namespace], int] = options.command
        return command(options)
    except InputError as error:
        print("gdviz:", *str(error).splitlines(), file=sys.stderr)  # noqa: T201 - the one line at the edge
        return EXIT_BAD_INPUT
    except BrokenPipeError:
        return EXIT_DONE  # whoever read our output has seen enough
    except KeyboardInterrupt:
        return EXIT_FAILED


def window() -> int:
    """Open the window: the entry point that has no console."""
    return main()


def _parser(given: Sequence[str]) -> argparse.ArgumentParser:
    parser = _Parser(prog="gdviz", description="Watch gradient descent happen.")
    parser.add_argument("--version", action="version", version=f"gdviz {__version__}")
    # A scenario may stand where a command does: `gdviz rates-race`.
    if not given or given[0] not in ("list", "run", "render"):
        says = "a name from `gdviz list`, a .toml file, or runs that were saved (.gdviz); default: digits"
        parser.add_argument("scenario", nargs="?", help=says)
        parser.epilog = "Also: gdviz list, gdviz run SCENARIO, gdviz render SCENARIO; each has its own --help."
        parser.set_defaults(command=_open)
        return parser
    commands = parser.add_subparsers()
    listing = commands.add_parser("list", help="the scenarios, one a line")
    listing.set_defaults(command=_list)
    run = commands.add_parser("run", help="run a scenario without a window")
    _add_recipe(run)
    run.add_argument("--csv", metavar="FILE", help="one row a step, written as it goes; - is standard output")
    run.add_argument("--json", metavar="FILE", help="recipe and columns as one object; - is standard output")
    run.add_argument("--save", metavar="FILE.gdviz", help="the runs with all their past; gdviz FILE.gdviz opens it")
    run.set_defaults(command=_run)
    render = commands.add_parser("render", help="draw a picture or a film of a scenario without a display")
    _add_recipe(render, ", or saved runs as they are: a .gdviz file")
    kinds = "a picture (.png, .svg, .pdf) of the last step, or a film (.gif, .mp4) of all of them"
    render.add_argument("-o", metavar="FILE", required=True, help=kinds)
    render.add_argument("--size", metavar="WxH", default=SIZE, help=f"in pixels; default: {SIZE}")
    render.add_argument("--fps", type=int, metavar="N", help=f"frames a second of a film; default: {FPS}")
    render.add_argument("--seconds", type=float, metavar="S", help=f"length of a film; default: {SECONDS:g}")
    render.add_argument("--view", choices=("2d", "3d"), help="the surface as a map or in relief")
    render.set_defaults(command=_render)
    return parser


def _add_recipe(parser: argparse.ArgumentParser, more: str = "") -> None:
    parser.add_argument("scenario", metavar="SCENARIO", help=f"a name from `gdviz list`, or a .toml file{more}")
    parser.add_argument("--set", metavar="KEY=VALUE", action="append", default=[], help="change a key of the scenario")
    bound = parser.add_mutually_exclusive_group()
    bound.add_argument("--steps", type=int, metavar="N", help="replaces the scenario's whole [stop]")
    bound.add_argument("--epochs", type=int, metavar="N", help="replaces the scenario's whole [stop]")


def _list(options: argparse.Namespace) -> int:
    from gdviz.core.scenario import load_scenario, scenario_names

    names = scenario_names()
    width = max(map(len, names))
    with _output("-") as file, _written("-"):
        for name in names:
            file.write(f"{name:<{width}}  {load_scenario(name).title}\n")
    return EXIT_DONE


def _run(options: argparse.Namespace) -> int:
    from gdviz.core.run import next_run
    from gdviz.core.shown import Shown
    from gdviz.export.saved import saving
    from gdviz.export.tables import CsvWriter, Past, write_json

    if options.csv is not None and options.csv == options.json:
        raise InputError(f"--csv {options.csv} --json {options.json}: expected two different places")
    scenario, runs = _built(options)
    with ExitStack() as stack:
        # All are opened before the work, so that a place that can't be written to is known at once.
        csv_file = stack.enter_context(_output(options.csv)) if options.csv is not None else None
        json_file = stack.enter_context(_output(options.json)) if options.json is not None else None
        save = stack.enter_context(saving(Path(options.save))) if options.save is not None else None
        csv = None
        if csv_file:
            with _written(options.csv):
                csv = CsvWriter(csv_file)
        update = stack.enter_context(_progress())
        while (run := next_run(runs)) is not None:
            if run.advance():
                if csv:
                    with _written(options.csv):
                        csv.write(run)
                update(run.label, run.step, run.horizon)
        if json_file:
            with _written(options.json):
                for _ in write_json(json_file, scenario, [Past.of(run) for run in runs]):
                    pass
        if save:
            save(Shown(scenario, runs))
    if _is_terminal(sys.stderr):
        for run in runs:
            print(_summary(run), file=sys.stderr)  # noqa: T201 - a person is watching
    return EXIT_DONE


def _built(options: argparse.Namespace) -> tuple[Scenario, list[Run]]:
    """The scenario as it was asked for, and its runs at their start."""
    from gdviz.core.run import build
    from gdviz.core.scenario import from_tree, read_tree

    tree = read_tree(options.scenario)
    from_tree(tree, options.scenario)
    for assignment in options.set:
        assign(tree, assignment)
    for key in ("steps", "epochs"):
        if (count := getattr(options, key)) is not None:
            tree["stop"] = {key: count}
    scenario = from_tree(tree, options.scenario)
    try:
        return scenario, build(scenario)
    except InputError as error:
        raise InputError(f"{options.scenario}: {error}") from error


def _is_saved(name: str) -> bool:
    from gdviz.export.saved import SUFFIX

    return name.endswith(SUFFIX)


def _saved(options: argparse.Namespace) -> Shown:
    """Saved runs as they were."""
    from gdviz.core.generators import finished
    from gdviz.export.saved import reopened

    given = {"--set": options.set, "--steps": options.steps, "--epochs": options.epochs}
    for option, value in given.items():
        if value not in (None, []):
            raise InputError(f"{option}: expected a scenario; {options.scenario} holds runs that have been")
    return finished(reopened(Path(options.scenario)))


def _render(options: argparse.Namespace) -> int:
    from dataclasses import replace as with_fields

    from gdviz.core.run import next_run
    from gdviz.core.shown import Shown

    asked = shot(options.o, options.size, options.fps, options.seconds)
    shown = _saved(options) if _is_saved(options.scenario) else Shown(*_built(options))
    # Never on a screen; and asked for before Qt is there.
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with whole(asked.path) as file, _progress() as update:
        while not _is_saved(options.scenario) and (run := next_run(shown.runs)) is not None:
            if run.advance():
                update(run.label, run.step, run.horizon)
        from msgspec.structs import replace

        from gdviz.ui.render import render

        if options.view:
            scenario = shown.scenario
            view = replace(scenario.view, surface=options.view)
            shown = with_fields(shown, scenario=replace(scenario, view=view))
        render(asked, file, shown, options.scenario, lambda drawn: update("frames", drawn, asked.n_frames))
    return EXIT_DONE


def _open(options: argparse.Namespace) -> int:
    from gdviz.core.scenario import DEFAULT

    name = options.scenario or DEFAULT
    if not _has_display():
        if not options.scenario:
            return _film_instead(name)
        keys = ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DISPLAY")
        tried = ", ".join(f"{key}={os.environ[key]}" for key in keys if os.environ.get(key))
        instead = f"; without one: gdviz render {name} -o {Path(name).stem}.gif"
        instead += "" if _is_saved(name) else f", or gdviz run {name} --csv FILE"
        raise InputError(f"no display to open a window on{f' (with {tried})' if tried else ''}{instead}")
    from gdviz.ui.app import run_app

    return run_app(name)


def _film_instead(name: str) -> int:
    """Show without a display what gdviz is."""
    film = f"{name}.gif"
    said = f"gdviz: no display to open a window on; rendering {film} instead"
    print(said, file=sys.stderr)  # noqa: T201 - who asked for a window must know
    return main(["render", name, "-o", film, "--epochs", "2", "--size", "960x600", "--seconds", "6"])


def _has_display() -> bool:
    """Whether Qt can open a window: asked first, because where it cannot it ends the process by an abort.

    Raises InputError for a QT_QPA_PLATFORM of which Qt has no plugin.
    """
    wanted = os.environ.get("QT_QPA_PLATFORM", "")
    if wanted:
        # "name:arguments", or several of them of which Qt takes the first that works; "wayland-egl" is of wayland's.
        names = [part.partition(":")[0].partition("-")[0].lower() for part in wanted.split(";")]
        known = _platforms()
        if known and not known.intersection(names):
            raise InputError(f"QT_QPA_PLATFORM={wanted}: expected one of {', '.join(sorted(known))}")
        names = [name for name in names if name in known or not known]
    elif sys.platform in ("win32", "darwin"):
        return True
    else:  # what Qt itself tries then
        on_wayland = "WAYLAND_DISPLAY" in os.environ or os.environ.get("XDG_SESSION_TYPE") == "wayland"
        names = ["wayland"] * on_wayland + ["xcb"]
    answers = {"wayland": _wayland_answers, "xcb": _x_answers}
    return any(answers[name]() if name in answers else True for name in names)


def _platforms() -> set[str]:
    """Names of the platforms that Qt came with; empty where its plugins are not in the package's own folder."""
    from importlib.util import find_spec

    spec = find_spec("PySide6")
    if spec is None or spec.origin is None:
        return set()
    package = Path(spec.origin).parent
    files = [file for place in ("Qt", ".") for file in package.glob(f"{place}/plugins/platforms/*q*.*")]
    return {file.stem.removeprefix("lib").removeprefix("q").partition("-")[0] for file in files}


def _wayland_answers() -> bool:
    if "WAYLAND_SOCKET" in os.environ:
        return True  # a connection that was handed to us, and that only one may take up
    name = os.environ.get("WAYLAND_DISPLAY") or "wayland-0"
    return _answers(os.path.join(os.environ.get("XDG_RUNTIME_DIR", ""), name))


def _x_answers() -> bool:
    """Look where libxcb looks: a socket's own path, or [protocol/][host]:number, each with .screen or without."""
    display = os.environ.get("DISPLAY", "")
    if display.startswith("/"):
        return _answers(display) or _answers(display.rpartition(".")[0])
    host, _, number = display.rpartition(":")
    number = number.partition(".")[0]
    if not number.isdecimal():
        return False
    protocol, _, host = host.rpartition("/")
    if "unix" in (protocol, host) or not host:
        path = f"/tmp/.X11-unix/X{number}"
        if _answers("\0" + path) or _answers(path):
            return True
    return "unix" not in (protocol, host) and _answers((host.strip("[]") or "localhost", 6000 + int(number)))


def _answers(address: str | tuple[str, int]) -> bool:
    """Whether a local socket, or (host, port), accepts a connection."""
    import socket

    if not address:
        return False
    try:
        if isinstance(address, tuple):
            socket.create_connection(address, _PATIENCE).close()
        else:
            with socket.socket(socket.AF_UNIX) as local:
                local.settimeout(_PATIENCE)
                local.connect(address)
    except (OSError, ValueError, OverflowError):  # nobody there; no path; no port
        return False
    return True


@contextmanager
def _output(name: str) -> Iterator[TextIO]:
    """A file to write to; "-" is standard output."""
    with _written(name):
        file = sys.stdout if name == "-" else open(name, "w", encoding="utf-8", newline="")
        if file is None:
            raise OSError(errno.EBADF, "it is closed")
        if isinstance(file, TextIOWrapper):
            file.reconfigure(encoding="utf-8")  # a label may hold what the terminal's own cannot
    try:
        yield file
    finally:
        with _written(name):
            file.flush() if name == "-" else file.close()


@contextmanager
def _written(name: str) -> Iterator[None]:
    """Say which output it was that could not be written."""
    try:
        yield
    except OSError as error:
        if name == "-" and sys.stdout:
            # Python must not try once more to flush what is left.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            if isinstance(error, BrokenPipeError):
                raise
        place = "standard output" if name == "-" else name or "''"
        raise InputError(f"{place}: can't be written: {error.strerror}") from error


def _is_terminal(stream: TextIO | None) -> bool:
    return stream is not None and stream.isatty()


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A function to call with what goes on, how far it is, and where it ends.

    It moves a progress bar when a person is watching a terminal.
    """
    if not (_is_terminal(sys.stdout) and _is_terminal(sys.stderr)):
        yield lambda what, done, total: None
        return
    from time import monotonic

    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}
        shown = 0.0

        def update(what: str, done: int, total: int) -> None:
            nonlocal shown
            # The bar redraws ten times a second; a step takes microseconds.
            if (now := monotonic()) - shown > 0.1 or done >= total:
                shown = now
                if what not in tasks:
                    tasks[what] = bar.add_task(what, total=total)
                bar.update(tasks[what], completed=done)

        yield update


def _summary(run: Run) -> str:
    measured = run.history.evaluations
    accuracy = f", test accuracy {100 * measured[-1][1].test_accuracy:.2f} %" if measured else ""
    return f"{run.label}: {run.ended}, cost {run.row.cost:.6g}{accuracy}"
