"""What a model says about itself: the comment above it, or the notes of an SBML document, as paragraphs."""

from __future__ import annotations

import re
from html import unescape

from ..network import Network

_LONGEST = 3_000  # characters
# a sentence ends before a capital letter, not after these
_SENTENCE = re.compile(
    r"(?<!\bal)(?<!\bSec)(?<!\bFig)(?<!\bEq)(?<!\bEqs)(?<!\bRef)(?<!\bvs)(?<!\bcf)(?<!e\.g)(?<!i\.e)"
    r"[.!?](?=\s+[A-Z\"'(])"
)
_NOTES = re.compile(r"<model\b[^>]*>\s*(?:<annotation\b.*?</annotation>\s*)?<notes\b[^>]*>(.*?)</notes>", re.DOTALL)
_BLOCK = re.compile(r"</?(?:p|div|br|h\d|li|ul|ol|tr|table|body)\b[^>]*>", re.IGNORECASE)


def introduction(net: Network) -> tuple[str, ...]:
    """The paragraphs above the model, plain text; none where it says nothing about itself."""
    text = net.source.text if net.source is not None else ""
    start = text.lstrip("\ufeff \t\r\n")
    if start.startswith("#") and not (net.source is not None and net.source.name.endswith(".net")):
        return _shortened(_comment(start))
    if start.startswith("<"):
        return _shortened(_notes(text))
    return ()


def first_sentence(text: str) -> tuple[str, str]:
    """The first sentence and the rest; where there is no end, all of it and nothing."""
    found = _SENTENCE.search(text)
    return (text[: found.end()], text[found.end() :].strip()) if found else (text, "")


def _comment(text: str) -> list[str]:
    """The lines from the first one on that are comments; one without words parts two paragraphs."""
    lines = []
    for line in text.splitlines():
        if not line.lstrip().startswith("#"):
            break
        lines.append(line.strip().lstrip("#").strip().strip("-=~*# "))
    return _paragraphs("\n".join(lines))


def _notes(text: str) -> list[str]:
    """The notes of an SBML model without their marks."""
    found = _NOTES.search(text)
    if found is None:
        return []
    return _paragraphs(unescape(re.sub(r"<[^>]*>", "", _BLOCK.sub("\n\n", found[1]))))


def _paragraphs(text: str) -> list[str]:
    return [" ".join(part.split()) for part in re.split(r"\n\s*\n", text) if part.strip()]


def _shortened(paragraphs: list[str]) -> tuple[str, ...]:
    kept, left = [], _LONGEST
    for paragraph in paragraphs:
        if left <= 0:
            break
        kept.append(paragraph if len(paragraph) <= left else paragraph[: left - 1].rstrip() + "…")
        left -= len(paragraph)
    return tuple(kept)
