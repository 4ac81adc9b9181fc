"""LLVM text -> machine code -> addresses. The only file that knows llvmlite, which it loads on first use.

Equal text at an equal level is compiled once per process, and its machine code stays until the process ends, so
an address is good wherever it went. Whatever is wrong with a text is an RxnError, never the end of the process.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from itertools import count
from typing import Any

from ..errors import RxnError
from .emit import CALLS

# Above this many lines (about 5,000 terms) compiling well takes a second and more, so it is compiled fast.
LONG_TEXT = 30_000
_MEMORY = ("malloc", "free")


@dataclass(frozen=True, slots=True)
class Compiled:
    """Machine code of one text: where its public functions are. Holding it keeps the code alive."""

    level: int
    addresses: dict[str, int]
    _code: Any

    def address(self, name: str) -> int:
        """The address of a function that the text defines. Raises R522 for a name that it does not."""
        try:
            return self.addresses[name]
        except KeyError:
            raise RxnError("R522", f"compiled text defines no function {name!r}") from None


@dataclass(frozen=True, slots=True)
class _Machine:
    """The host as LLVM sees it: one code generator a level, one linker for all texts, the functions text may call."""

    binding: Any
    targets: tuple[Any, ...]
    linker: Any
    calls: dict[str, int]


_lock = threading.Lock()
_compiled: dict[tuple[bytes, int], Compiled] = {}
_serial = count()


def compile_text(text: str, level: int | None = None) -> Compiled:
    """Machine code of an LLVM text, for this host.

    `level` 0 compiles fastest; 1 allocates registers and schedules well, all that straight lines of arithmetic gain
    from; 2 adds LLVM's passes over the text, for text with loops. The bits computed are the same. None chooses by
    length. Raises R520 for a symbol that is not among `emit.CALLS`, R521 for text that is not well-formed.
    """
    if level is None:
        level = default_level(text)
    key = (blake2b(text.encode(), digest_size=32).digest(), level)
    with _lock:
        if key not in _compiled:
            _compiled[key] = _compile(_machine(), text, level)
        return _compiled[key]


def default_level(text: str) -> int:
    """The level for a text of this length: a fixed rule, so that a model always gets the same."""
    return 0 if text.count("\n") > LONG_TEXT else 1


def compiled_count() -> int:
    """How many texts this process has compiled."""
    return len(_compiled)


@cache
def vector_width() -> int:
    """How many doubles a vector register of this host holds, at least 4: the lanes that loops in lanes have."""
    return 8 if _machine().binding.get_host_cpu_features().get("avx512f") else 4


@cache
def _machine() -> _Machine:
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    target = llvm.Target.from_default_triple()
    cpu, features = llvm.get_host_cpu_name(), llvm.get_host_cpu_features().flatten()

    def code_generator(level: int) -> Any:
        # small and position-independent: constants are read relative to the code, and level 0 selects fast
        return target.create_target_machine(cpu, features, opt=level, reloc="pic", codemodel="small", jit=True)

    linker = llvm.create_lljit_compiler(code_generator(1), use_jit_link=True, suppress_errors=True)
    return _Machine(llvm, tuple(code_generator(level) for level in range(3)), linker, _call_addresses())


def _call_addresses() -> dict[str, int]:
    """Where the C library's functions are, under the names that text calls them by."""
    library = ctypes.cdll.msvcrt if sys.platform == "win32" else ctypes.CDLL(None)
    found = {}
    for name in (*(name for name, _ in CALLS.values()), *_MEMORY):
        address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
        assert address is not None
        found[f"rxn_{name}"] = address
    return found


def _compile(machine: _Machine, text: str, level: int) -> Compiled:
    code, public, needed = _object_code(machine, text, level)
    library = machine.binding.JITLibraryBuilder().add_object_img(code)
    library.add_current_process()  # memset and the like, which the code generator may call on its own
    for symbol in needed:
        library.import_symbol(symbol, machine.calls[symbol])
    for symbol in public:
        library.export_symbol(symbol)
    try:
        loaded = library.link(machine.linker, f"text{next(_serial)}")
    except RuntimeError as error:
        raise RxnError("R520", f"machine code could not be linked: {error}") from None
    return Compiled(level, {symbol: loaded[symbol] for symbol in public}, loaded)


def _object_code(machine: _Machine, text: str, level: int) -> tuple[bytes, list[str], list[str]]:
    """Relocatable machine code, the functions in it that others may call, and the symbols that it needs."""
    llvm = machine.binding
    target = machine.targets[level]
    # Module before context, and both here: left to the garbage collector they may go in the order that crashes.
    with llvm.create_context() as context, _parse(llvm, text, context) as module:
        public, needed = _symbols(module)
        for symbol in needed:
            if symbol not in machine.calls:
                raise RxnError("R520", f"generated text calls {symbol!r}, which is not a function known to kernels")
        if level > 1:
            options = llvm.create_pipeline_tuning_options(speed_level=level)
            builder = llvm.create_pass_builder(target, options)
            builder.getModulePassManager().run(module, builder)
        return target.emit_object(module), public, needed


def _parse(llvm: Any, text: str, context: Any) -> Any:
    """A verified module."""
    module = None
    try:
        module = llvm.parse_assembly(text, context)
        module.verify()
    except RuntimeError as error:
        if module is not None:
            module.close()
        raise RxnError("R521", f"generated text is not well-formed: {error}") from None
    return module


def _symbols(module: Any) -> tuple[list[str], list[str]]:
    """Names that a module defines for others, and names that it needs from elsewhere."""
    public, needed = [], []
    for value in [*module.functions, *module.global_variables]:
        if value.is_declaration:
            if not value.name.startswith("llvm."):
                needed.append(value.name)
        elif value.linkage.name == "external" and value.is_function:
            public.append(value.name)
    return public, needed
