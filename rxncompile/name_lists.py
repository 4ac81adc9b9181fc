"""Names that a caller gives: a list of strings, or one string, which is one name and no list of letters."""

from __future__ import annotations

from collections.abc import Iterable

from .errors import RxnError


def names_given(names: Iterable[str], what: str, code: str) -> tuple[str, ...]:
    """The names; `what` they are, as `fast`. Raises `code` for anything that is no string, by name."""
    if isinstance(names, str):
        return (names,)
    if not isinstance(names, Iterable):
        raise RxnError(code, f"{what} = {names!r} is not a list of names", hint=f"written like {what} = ['A', 'B']")
    found = tuple(names)
    for name in found:
        if not isinstance(name, str):
            message = f"{what} has {name!r}, which is not a name but of type {type(name).__name__}"
            raise RxnError(code, message, hint="names are strings, as 'A'")
    return found
