"""Where a piece of model text stands, and the one exception a user sees.

Codes: R0xx syntax, R1xx names, R2xx meaning, R3xx units and volumes, R4xx caps and files,
R5xx derivations and compilation, R6xx runs, R7xx data and results. Of a run: R601 not a number or infinite,
R602 a negative propensity, R603 times, R604 options, R605 no step small enough, R606 a budget spent, R607 an event
without end, R608 a count beyond 2^53, R609 an initial value, R610 a system that the method cannot run, R611 memory,
R612 too many states, R615 a cluster that does not answer, R616 no stable steady state.
Of results: R706 what one did not keep, R707 a saved run that is not of this model, these times or this seed.
Of fits: R710 a problem that is none, R711 a PEtab file, R712 a fit without an end, R713 a saved fit of something else,
R715 a table of measurements.
Of derivations: R530 sensitivities and adjoints, R533 chains, R534 computed fields.
Of moments: R531 rates that no coefficient tells, R532 equations that are open, R714 data that are none.
Of identification: R540 candidates that are none, R720 series that are none, R721 candidates that no data can meet.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Source:
    """A named text: the file a model was read from, or `<text>`."""

    name: str
    text: str


_AROUND = 120  # characters that are shown of a line before and behind what is wrong, where there are many


@dataclass(frozen=True, slots=True)
class Span:
    """The half-open range `[start, end)` of characters of a source."""

    source: Source
    start: int
    end: int

    @property
    def line(self) -> int:
        """Line number, from 1."""
        return self.source.text.count("\n", 0, self.start) + 1

    @property
    def column(self) -> int:
        """Column number in characters, from 1."""
        return self.start - (self.source.text.rfind("\n", 0, self.start) + 1) + 1

    @property
    def end_line(self) -> int:
        """Line number of the last character, from 1."""
        return self.source.text.count("\n", 0, max(self.start, self.end - 1)) + 1

    @property
    def end_column(self) -> int:
        """Column number behind the last character, from 1."""
        last = max(self.start, self.end - 1)
        return last - (self.source.text.rfind("\n", 0, last) + 1) + 2

    @property
    def text(self) -> str:
        """The characters that the span covers."""
        return self.source.text[self.start : self.end]

    def __str__(self) -> str:
        return f"{self.source.name}:{self.line}:{self.column}"

    def excerpt(self) -> str:
        """The source line with carets under the span (its first line only); of a very long line what is around it."""
        text = self.source.text
        begin = text.rfind("\n", 0, self.start) + 1
        stop = text.find("\n", self.start)
        whole = stop if stop >= 0 else len(text)
        first = begin if self.start - begin <= _AROUND else self.start - _AROUND // 2
        last = whole if whole - self.start <= _AROUND else self.start + _AROUND
        line = text[first:last].rstrip("\r")
        width = max(1, min(self.end, first + len(line)) - self.start)
        pad = "".join("\t" if c == "\t" else " " for c in line[: self.start - first])
        if first > begin:
            line, pad = f"... {line}", f"    {pad}"
        if last < whole:
            line += " ..."
        number = str(self.line)
        gutter = " " * len(number)
        return f"  {number} | {line}\n  {gutter} | {pad}{'^' * width}"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One thing that is wrong: a stable code, what was found, where, and what to do about it.

    `severity` is error or warning: a model with warnings alone is read. `part` is the formula that is meant, or
    several, each within the one before and the last one meant, for who knows the text that they came from.
    """

    code: str
    message: str
    span: Span | None = None
    hint: str = ""
    severity: str = "error"
    part: object = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        where = f"{self.span}: " if self.span else ""
        lines = [f"{where}{self.severity} {self.code}: {self.message}"]
        if self.span:
            lines.append(self.span.excerpt())
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class RxnError(Exception):
    """The one user-facing exception: one or more diagnostics, printed one below the other.

    `code`, `message`, `span` and `hint` are those of the first.
    """

    def __init__(self, code: str, message: str, span: Span | None = None, hint: str = "") -> None:
        self.diagnostics: tuple[Diagnostic, ...] = (Diagnostic(code, message, span, hint),)
        super().__init__(message)

    @classmethod
    def gather(cls, diagnostics: Iterable[Diagnostic]) -> RxnError:
        """One exception of several diagnostics (at least one), in the order given."""
        every = tuple(diagnostics)
        error = cls(every[0].code, every[0].message, every[0].span, every[0].hint)
        error.diagnostics = every
        return error

    @property
    def code(self) -> str:
        return self.diagnostics[0].code

    @property
    def message(self) -> str:
        return self.diagnostics[0].message

    @property
    def span(self) -> Span | None:
        return self.diagnostics[0].span

    @property
    def hint(self) -> str:
        return self.diagnostics[0].hint

    def __str__(self) -> str:
        return "\n".join(str(d) for d in self.diagnostics)
