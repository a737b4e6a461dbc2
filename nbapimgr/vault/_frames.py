"""Errors without the frames they came through, whose variables are keys."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from nbapimgr.errors import NbApiMgrError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["without_frames"]

P = ParamSpec("P")
T = TypeVar("T")


def without_frames(function: Callable[P, T]) -> Callable[P, T]:
    """The same function, whose errors of ours end in it as far as their traceback tells."""

    @functools.wraps(function)
    def quiet(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except NbApiMgrError as e:
            told = e
        told.__traceback__ = None
        told.__context__ = None
        raise told

    return quiet
