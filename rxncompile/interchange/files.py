"""The bytes of a model file."""

from __future__ import annotations

from pathlib import Path

from ..errors import RxnError


def read_bytes(path: str | Path, cap: int) -> bytes:
    """At most `cap` + 1 bytes of a file. Raises R404 where it cannot be read: pipes and devices may have no end."""
    try:
        if Path(path).exists() and not Path(path).is_file():
            raise RxnError("R404", f"cannot read {path}: it is no file")
        with Path(path).open("rb") as file:
            return file.read(cap + 1)
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise RxnError("R404", f"cannot read {path}: {why}") from None
    except RuntimeError:  # a link that leads to itself, in older versions of Python
        raise RxnError("R404", f"cannot read {path}: its links go in a circle") from None
