"""Text to address: once each, from any thread, and whatever is wrong with a text is an error with a name."""

import ctypes
import subprocess
import sys
import threading
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rxncompile.errors import RxnError
from rxncompile.kernels.emit import CALLS
from rxncompile.kernels.store import LONG_TEXT, compile_text, compiled_count, default_level


def text_of(body: str, declared: str = "declare double @rxn_exp(double)") -> str:
    return f"{declared}\ndefine double @f(double %x) {{\n{body}\n}}\n"


def call(address: int, x: float) -> float:
    return ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(address)(x)


EXP = text_of("  %a = call double @rxn_exp(double %x)\n  ret double %a")


def test_every_known_function_is_the_c_library_s():
    library = ctypes.CDLL(None)
    for name, n in CALLS.values():
        body = f"  %a = call double @rxn_{name}({', '.join(['double %x'] * n)})\n  ret double %a"
        declared = f"declare double @rxn_{name}({', '.join(['double'] * n)})"
        function = getattr(library, name)
        function.restype, function.argtypes = ctypes.c_double, [ctypes.c_double] * n
        for level in (0, 1, 2):
            assert call(compile_text(text_of(body, declared), level).address("f"), 0.75) == function(*[0.75] * n)


def test_equal_text_is_compiled_once_a_level():
    text = EXP + "; compiled once\n"
    first = compile_text(text, 1)
    count = compiled_count()
    assert compile_text(text, 1) is first
    assert compile_text(text) is first
    assert compiled_count() == count
    assert compile_text(text, 2).address("f") != first.address("f")
    assert compiled_count() == count + 1


def test_long_text_is_compiled_fast():
    assert default_level("\n" * LONG_TEXT) == 1
    assert default_level("\n" * (LONG_TEXT + 1)) == 0


@pytest.mark.parametrize(
    ("text", "code", "named"),
    [
        (EXP.replace("rxn_exp", "system"), "R520", "'system'"),
        (EXP.replace("rxn_exp", "exp"), "R520", "'exp'"),
        ("@g = external global double\n" + text_of("  %a = load double, ptr @g\n  ret double %a"), "R520", "'g'"),
        (EXP.replace("rxn_exp", "llvm.no.such.f64"), "R520", "link"),
        ("define double @f(", "R521", "expected type"),
        (text_of("  %a = call double @nowhere(double %x)\n  ret double %a"), "R521", "nowhere"),
        (text_of("  ret i32 0"), "R521", "double"),
        (text_of("  %a = fadd double %a, %x\n  ret double %a"), "R521", "own value"),
        (text_of("  ret double %y"), "R521", "%y"),
    ],
)
def test_a_bad_text_is_a_named_error_and_the_process_goes_on(text, code, named, capfd):
    for _ in range(2):  # a refused text leaves nothing behind
        with pytest.raises(RxnError, match=named) as caught:
            compile_text(text)
        assert caught.value.code == code
    assert call(compile_text(EXP).address("f"), 0.0) == 1.0
    assert capfd.readouterr().err == ""


@given(st.integers(0, len(EXP) - 1), st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8))
def test_a_damaged_text_never_ends_the_process(position, instead):
    damaged = EXP[:position] + instead + EXP[position + 3 :]
    with suppress(RxnError):
        compile_text(damaged, 0)


def test_an_unknown_name_is_an_error():
    with pytest.raises(RxnError, match="no function 'g'") as caught:
        compile_text(EXP).address("g")
    assert caught.value.code == "R522"


def test_internal_functions_have_no_address():
    text = "define internal double @g(double %x) {\n  ret double %x\n}\n" + text_of(
        "  %a = call double @g(double %x)\n  ret double %a"
    )
    assert set(compile_text(text).addresses) == {"f"}


def test_two_threads_compile_at_once():
    texts = [text_of(f"  %a = fadd double %x, {i}.0\n  ret double %a") for i in range(12)]
    found: list[dict[int, int]] = [{}, {}]
    start = threading.Barrier(2)

    def work(which: int) -> None:
        start.wait()
        for i in range(12) if which else reversed(range(12)):
            found[which][i] = compile_text(texts[i]).address("f")

    count = compiled_count()
    threads = [threading.Thread(target=work, args=(which,)) for which in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found[0] == found[1]
    assert compiled_count() == count + 12
    assert [call(found[0][i], 1.0) for i in range(12)] == [1.0 + i for i in range(12)]


def test_llvmlite_is_loaded_when_first_needed():
    script = (
        "import sys, rxncompile, rxncompile.kernels.store, rxncompile.kernels.source, rxncompile.kernels.python\n"
        "assert not {'llvmlite', 'numba'} & set(sys.modules)\n"
        "rxncompile.kernels.store.compile_text('define void @f() {\\n  ret void\\n}\\n')\n"
        "assert 'llvmlite' in sys.modules and 'numba' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
