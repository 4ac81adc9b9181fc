"""The files of a model: the one that is loaded and what it imports, none from above its folder."""

from __future__ import annotations

from os.path import realpath
from pathlib import Path

from ..errors import RxnError, Source, Span
from . import syntax as s
from .parser import TEXT_CAP, read
from .scope import Frame, Report

IMPORT_CAP = 20


def read_text(path: Path, shown: str) -> str:
    """The text of a model file. Raises R408 where it cannot be read."""
    try:
        if not path.is_file():
            what = "is no file that can be read" if path.exists() or path.is_symlink() else "does not exist"
            raise RxnError("R408", f"{shown!r} {what}")
        if path.stat().st_size > 4 * TEXT_CAP:
            raise RxnError("R401", f"{shown!r} is too long for a model")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        good = error.object[: error.start].decode("utf-8")
        span = Span(Source(shown, good + "\ufffd"), len(good), len(good) + 1)
        raise RxnError("R408", f"{shown!r} is not text in UTF-8", span, f"at byte {error.start}") from None
    except OSError as error:
        raise RxnError("R408", f"cannot read {shown!r}: {error.strerror}") from None


class Files:
    """Reads the statements of a model and of its imports, each with the frame it stands in."""

    def __init__(self, root: Path | None, report: Report) -> None:
        self.root = root.resolve() if root is not None else None
        self.report = report
        self.statements: list[tuple[s.Statement, Frame]] = []
        self.name: str | None = None  # that of the model line, if there is one
        self.seen: set[tuple[Path, str]] = set()

    def take(self, source: Source, folder: Path | None, prefix: str = "", above: tuple[Path, ...] = ()) -> None:
        """Add the statements of one text, those of its imports in their place; `above` are the files around it."""
        main = not self.seen
        self.seen.add((above[-1] if above else Path(), prefix))
        file, mistakes = read(source)
        self.report.add(*mistakes)
        plain = Frame(file, prefix)
        models = [statement for statement in file.statements if isinstance(statement, s.Model)]
        for second in models[1:]:
            self.report.error("R102", "the model is named twice", file.span(second))
        powers = False
        if models:
            powers = self._powers(models[0], plain)
            if main:
                self.name = models[0].name
        frame = Frame(file, prefix, powers=powers)
        for statement in file.statements:
            if isinstance(statement, s.Import):
                try:
                    self._import(statement, frame, folder, above)
                except RxnError as error:
                    self.report.add(*error.diagnostics)
            elif not isinstance(statement, s.Model):
                self._no_imports_inside(statement, frame)
                self.statements.append((statement, frame))
        if not file.statements:
            self.statements.append((s.Model(0, 0, "", ()), frame))  # so that its doubtful names are known

    def _powers(self, model: s.Model, frame: Frame) -> bool:
        for attribute in model.attributes:
            if attribute.key and (attribute.key != "powers" or attribute.value is not None):
                hint = "the model's attribute is {powers}"
                self.report.error("R207", f"unknown attribute {attribute.key!r}", frame.span(attribute), hint)
        return any(attribute.key == "powers" for attribute in model.attributes)

    def _no_imports_inside(self, statement: s.Statement, frame: Frame) -> None:
        waiting = [statement]
        while waiting:
            one = waiting.pop()
            if isinstance(one, s.Loops):
                waiting += one.body
            elif one is not statement and isinstance(one, (s.Import, s.Model, s.Units, s.Function)):
                self.report.error("R218", "this stands outside of loops", frame.span(one))

    def _import(self, statement: s.Import, frame: Frame, folder: Path | None, above: tuple[Path, ...]) -> None:
        span = frame.span(statement)
        if self.root is None or folder is None:
            raise RxnError("R409", "a text without a folder cannot import files", span, "use 'load' or give 'folder'")
        if "\\" in statement.path or "\0" in statement.path or Path(statement.path).is_absolute():
            raise RxnError("R409", "an import is a path below the model's folder, with '/'", span)
        path = Path(realpath(folder / statement.path))  # `resolve` raises on links in a circle
        if not path.is_relative_to(self.root):
            hint = "a model imports only from its own folder and those below it"
            raise RxnError("R409", f"{statement.path!r} lies outside of the model's folder", span, hint)
        if path in above:
            circle = " -> ".join(p.name for p in (*above[above.index(path) :], path))
            raise RxnError("R410", f"files that import each other in a circle: {circle}", span)
        if len(above) > IMPORT_CAP:
            raise RxnError("R410", f"imports nested more than {IMPORT_CAP} deep", span)
        prefix = frame.prefix + (f"{statement.alias}_" if statement.alias else "")
        if (path, prefix) in self.seen:
            return
        try:
            text = read_text(path, statement.path)
        except RxnError as error:
            raise RxnError(error.code, error.message, span, error.hint) from None
        name = str(Path(frame.file.source.name).parent / statement.path)
        self.take(Source(name, text), path.parent, prefix, (*above, path))
