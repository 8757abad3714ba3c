"""What is done in pieces, done at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Generator

Result = TypeVar("Result")


def finished(work: Generator[Any, None, Result]) -> Result:
    """Drive a generator to its end; what it yields on its way is dropped."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result
