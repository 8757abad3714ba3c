"""A key of a raw scenario set to another value, as the command line's --set does it."""

from __future__ import annotations

import tomllib
from typing import Any

from gdviz.core.errors import InputError


def assign(tree: dict[str, Any], assignment: str) -> None:
    """Set ``KEY=VALUE`` in the raw scenario. Raises InputError for a path that leads nowhere."""
    key, equals, text = assignment.partition("=")
    if not equals or not key:
        raise InputError(f"--set {assignment}: expected KEY=VALUE")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except (ValueError, RecursionError):
        value = text
    runs = tree.setdefault("runs", [{}])
    if not isinstance(runs, list) or not all(isinstance(run, dict) for run in runs):
        raise InputError(f"--set {assignment}: expected runs to be a list of tables, it was set to {runs!r}")
    for run in runs:
        if not isinstance(run.setdefault("optimizer", {"kind": "gradient-descent"}), dict):
            raise InputError(
                f"--set {assignment}: expected an optimizer to be a table, it was set to {run['optimizer']!r}"
            )
    if key in ("batch_size", "seed"):
        for run in runs:
            run[key] = value
    elif key in ("learning_rate", "optimizer"):
        for run in runs:
            optimizer = run["optimizer"]
            if key == "learning_rate":
                optimizer[key] = value
            elif isinstance(value, dict):
                run["optimizer"] = value
            else:
                # Another rule has other numbers of its own; the rate is common to all.
                rate = {"learning_rate": optimizer["learning_rate"]} if "learning_rate" in optimizer else {}
                run["optimizer"] = {"kind": value, **rate}
    else:
        _assign_path(tree, key, value)


def _assign_path(tree: dict[str, Any], key: str, value: object) -> None:
    *path, last = key.split(".")
    node: Any = tree
    for part in path:
        if isinstance(node, list):
            if not part.isdecimal() or int(part) >= len(node):
                raise InputError(f"--set {key}: expected an index from 0 to {len(node) - 1}, got {part!r}")
            node = node[int(part)]
        elif isinstance(node, dict):
            node = node.setdefault(part, {})
        else:
            raise InputError(f"--set {key}: {part!r} leads nowhere, there is a value before it")
    if isinstance(node, list):
        if not last.isdecimal() or int(last) >= len(node):
            raise InputError(f"--set {key}: expected an index from 0 to {len(node) - 1}, got {last!r}")
        node[int(last)] = value
    elif isinstance(node, dict):
        node[last] = value
    else:
        raise InputError(f"--set {key}: {last!r} leads nowhere, there is a value before it")
