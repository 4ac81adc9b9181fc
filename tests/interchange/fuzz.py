"""Mutation fuzzing of a reader: `python tests/interchange/fuzz.py net --minutes 5 --seed 1`.

Each case is a file: a model with some of its words, lines or bytes changed. A child process of bounded memory loads
it, so that a crash inside a C library is seen too. Allowed are a Network (whose rate equations and text are then made)
and RxnError; anything else, and whatever takes longer than `--slow` seconds, is kept in `--keep`, and the exit is 1.
Case `n` of seed `s` is the same on every run: `--first n --cases 1` repeats it.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import random
import re
import resource
import select
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEMORY = 2 << 30
LIMIT = 60.0  # seconds after which a case is stopped
FRESH = 3000  # cases of one child
VALUE = re.compile(r"(?<==\")[^\"<]*(?=\")|(?<=>)[^<>]*(?=<)|(?<![\w.])[-+]?[\d.]+(?:[eE][-+]?\d+)?")
SUFFIXES = {"net": ".net", "sbml": ".xml", "rxn": ".rxn"}


# ---------------------------------------------------------------------------------------------- the child


def work() -> None:
    """Load each file named on standard input, answer with one line."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    from rxncompile.derivations.rates import rate_equations
    from rxncompile.errors import RxnError
    from rxncompile.language import print_network
    from rxncompile.modelfiles import load

    for line in sys.stdin:
        try:
            net = load(line.rstrip("\n"))
            answer = "network"
            if not net.lattices:
                rate_equations(net)
            print_network(net)
        except RxnError as error:
            told = str(error)
            answer = f"error {error.code}" if told and error.span else f"broken: no place in {told!r}"
        except BaseException:
            answer = "broken " + repr(traceback.format_exc(limit=-6))
        print(answer, flush=True)


class Child:
    """A process that loads files, begun again when it is lost or used up."""

    def __init__(self) -> None:
        self.process: subprocess.Popen[str] | None = None
        self.done = 0

    def answer(self, path: Path) -> str:
        """What became of a file: `network`, `error CODE`, or a finding."""
        if self.process is None or self.done >= FRESH:
            self.stop()
            quiet = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}  # threads reserve memory
            self.process = subprocess.Popen(
                [sys.executable, "-X", "faulthandler", str(Path(__file__).resolve()), "--child"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env=os.environ | quiet,
            )  # fmt: skip
            self.done = 0
        assert self.process.stdin and self.process.stdout and self.process.stderr
        self.done += 1
        self.process.stdin.write(f"{path}\n")
        self.process.stdin.flush()
        ready, _, _ = select.select([self.process.stdout], [], [], LIMIT)
        if not ready:
            self.stop()
            return f"stopped after {LIMIT:g} s"
        line = self.process.stdout.readline()
        if line:
            return line.rstrip("\n")
        code, told = self.process.wait(), self.process.stderr.read()
        self.process = None
        return f"the process ended with {code}: {told[-2000:]}"

    def stop(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.communicate()
            self.process = None


# ---------------------------------------------------------------------------------------------- cases


def beginnings(reader: str) -> list[bytes]:
    """Models of a format: the repository's, those in the tests, and outside ones where they are."""
    from conftest import MODELS, ROOT

    from interchange import test_bionetgen, test_mutations
    from rxncompile.errors import RxnError
    from rxncompile.interchange.sbml_out import write_sbml
    from rxncompile.language import load

    outside = Path(os.environ.get("RXNCOMPILE_TESTDATA") or ROOT.parent / "shared" / "testdata")
    found = [path.read_bytes() for path in sorted(outside.glob(f"*/*{SUFFIXES[reader]}"))]
    if reader == "rxn":
        return [path.read_bytes() for path in MODELS] + found
    if reader == "net":
        texts = [t for t in vars(test_bionetgen).values() if isinstance(t, str) and "begin species" in t]
        return [t.encode() for t in texts] + found
    written = [test_mutations.SBML.encode()]
    for path in MODELS:
        with contextlib.suppress(RxnError):  # what SBML cannot say
            written.append(write_sbml(load(path)).encode())
    return written + found


def changed_words(text: str, draw: random.Random) -> str:
    """Words replaced, repeated, swapped or left out."""
    from interchange.test_mutations import PIECE

    return changed_pieces(text, draw, PIECE)


def changed_elements(text: str, draw: random.Random) -> str:
    """Numbers, values of attributes and whole elements of XML replaced, repeated, swapped or left out."""
    from interchange.test_mutations import ELEMENT

    return changed_pieces(text, draw, draw.choice((ELEMENT, ELEMENT, VALUE)))


def changed_pieces(text: str, draw: random.Random, piece: re.Pattern[str]) -> str:
    from interchange.test_mutations import WORDS

    for _ in range(draw.randint(1, 4)):
        pieces = [m.span() for m in piece.finditer(text)]
        if not pieces:
            continue
        (start, end), other = draw.choice(pieces), draw.choice(pieces)
        new = draw.choice([text[slice(*other)], text[start:end] * 2, "", draw.choice(WORDS), draw.choice(WORDS)])
        text = text[:start] + new + text[end:]
    return text


def changed_lines(text: str, draw: random.Random) -> str:
    """Lines left out, repeated, swapped or moved."""
    lines = text.splitlines(keepends=True)
    for _ in range(draw.randint(1, 3)):
        if not lines:
            break
        k, other, many = draw.randrange(len(lines)), draw.randrange(len(lines)), draw.choice((1, 1, 2, 10))
        lines[k : k + many] = draw.choice(
            ([], lines[k : k + many] * 2, lines[other : other + many], lines[k : k + many] * draw.choice((3, 50)))
        )
    return "".join(lines)


def nested(text: str, draw: random.Random) -> str:
    """Brackets, signs, powers or a long tail of something, put in anywhere."""
    place, many = draw.randrange(len(text) + 1), draw.choice((3, 30, 300, 3000, 30_000))
    marks = ("(", "-", "2^", "[", "{", "if(", "(1+", "not ", "!", "<apply>", "9", "a", "1+", ",1", " ", "\n")
    return text[:place] + draw.choice(marks) * many + text[place:]


def changed_bytes(data: bytes, draw: random.Random) -> bytes:
    """Bytes flipped, put in or cut off; another encoding."""
    kind = draw.randrange(6)
    place = draw.randrange(len(data) + 1)
    if kind == 0:
        return data[:place]
    if kind == 1:
        return data[:place] + draw.randbytes(draw.choice((1, 2, 4, 64))) + data[place:]
    if kind == 2:
        return data.decode("utf-8", "replace").encode(draw.choice(("utf-16", "utf-32", "utf-8-sig", "utf-16-be")))
    if kind == 3:
        return data[:place] + data[draw.randrange(len(data) + 1) :]
    if kind == 4:
        return data.replace(b"\n", draw.choice((b"\r", b"\r\n", b"\x0b", b"\xc2\x85", b"\xe2\x80\xa8", b"\x1c")))
    flipped = bytearray(data)
    for _ in range(draw.choice((1, 1, 3, 30)) if data else 0):
        flipped[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
    return bytes(flipped)


def case(reader: str, starts: list[bytes], seed: int, number: int) -> bytes:
    """Case `number` of a seed. Most changes of SBML leave it XML."""
    from language.test_fuzz import mutated

    draw = random.Random(f"{seed}:{number}")
    text = draw.choice(starts).decode("utf-8", "replace")
    kinds = [changed_words, changed_elements, changed_lines, mutated, nested]
    weights = [1, 12, 2, 1, 1] if reader == "sbml" else [5, 5, 4, 5, 1]
    for change in draw.choices(kinds, weights, k=draw.choice((0, 1, 1, 1, 2, 3))):
        text = change(text, draw)
    data = text.encode("utf-8", "replace")
    return changed_bytes(data, draw) if draw.random() < 0.2 else data


# ---------------------------------------------------------------------------------------------- the driver


def numbers(first: int, cases: int | None, minutes: float) -> Iterator[int]:
    end = time.monotonic() + 60 * minutes
    number = first
    while number < first + cases if cases is not None else time.monotonic() < end:
        yield number
        number += 1


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("reader", choices=SUFFIXES)
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="number of the first case")
    parser.add_argument("--cases", type=int, help="how many, instead of --minutes")
    parser.add_argument("--slow", type=float, default=5.0, help="seconds a case may take")
    parser.add_argument("--keep", type=Path, help="folder for the files that were found (default: a temporary one)")
    given = parser.parse_args()
    keep = given.keep or Path(tempfile.mkdtemp(prefix="rxncompile-fuzz-"))
    keep.mkdir(parents=True, exist_ok=True)
    starts, child = beginnings(given.reader), Child()
    answers: Counter[str] = Counter()
    findings, slowest = 0, 0.0
    try:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"model{SUFFIXES[given.reader]}"
            for number in numbers(given.first, given.cases, given.minutes):
                data = case(given.reader, starts, given.seed, number)
                path.write_bytes(data)
                begun = time.monotonic()
                answer = child.answer(path)
                taken = time.monotonic() - begun
                if child.done > 1:  # the first of a child pays for its imports
                    slowest = max(slowest, taken)
                good = answer == "network" or answer.startswith("error ")
                answers[answer if good else "finding"] += 1
                if not good or taken > given.slow + 5 * (child.done <= 1):
                    findings += 1
                    kept = keep / f"{given.seed}-{number}{path.suffix}"
                    kept.write_bytes(data)
                    shown = answer.encode().decode("unicode_escape", "replace") if "\\n" in answer else answer
                    print(f"case {number} of seed {given.seed}: {taken:.1f} s, {shown}\n  kept as {kept}", flush=True)
    finally:
        child.stop()
    print(f"{sum(answers.values())} cases, {findings} findings, slowest {slowest:.2f} s; {dict(answers.most_common())}")
    return 1 if findings else 0


if __name__ == "__main__":
    if sys.argv[1:] == ["--child"]:
        work()
    else:
        sys.path[:0] = [str(HERE.parent)]
        sys.exit(main())
