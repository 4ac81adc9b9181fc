"""Imports go down only: read from the syntax trees, so that nothing has to run."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "rxncompile"
FLOORS = {
    "errors": 0, "expressions": 0, "name_lists": 0, "notation": 0,
    "network": 1, "monomials": 1, "family": 1, "tables": 1,
    "system": 1, "grids": 1, "roots": 1, "field_slopes": 1,
    "measures": 1, "unit_names": 1, "formula_units": 1, "dimensions": 1,
    "structure": 2, "operators": 2, "language": 2, "interchange": 2, "kernels": 2,
    "derivations": 3, "simulators": 3,
    "learners": 4, "judging": 4,
    "views": 5,
    "__init__": 6, "cli": 6, "tour": 6, "simulate_command": 6, "derive_command": 6, "reduce_command": 6,
    "identify_command": 6, "fit_command": 6,
    "modelfiles": 6, "__main__": 6,
}  # fmt: skip
# where a library may be imported at all, as the first part of a path inside the package
HOMES = {
    "lark": {"language"},
    "networkx": {"structure"},
    "llvmlite": {"kernels/store"},
    "numba": {"kernels", "simulators", "learners"},
    "matplotlib": {"views"},
    "rich": {"views", "cli", "tour"},
}
FILES = sorted(PACKAGE.rglob("*.py"))


def place(path: Path) -> tuple[str, ...]:
    return path.relative_to(PACKAGE).with_suffix("").parts


def imports(path: Path) -> list[tuple[str, ...]]:
    """Absolute dotted names of everything a file imports, those of this package with `rxncompile` in front."""
    here = ("rxncompile", *place(path)[:-1])
    found: list[tuple[str, ...]] = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [tuple(a.name.split(".")) for a in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else ()
            module = (*base, *(node.module.split(".") if node.module else ()))
            found += [(*module, a.name) for a in node.names]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda p: "/".join(place(p)))
def test_imports_go_down(path: Path) -> None:
    room = place(path)[0]
    assert room in FLOORS, f"{room} has no floor"
    for name in imports(path):
        if name[0] == "rxncompile" and len(name) > 1 and room != "__init__":  # the front door sees everything
            other = name[1]
            if other not in FLOORS:
                assert other.startswith("__version__"), f"{'/'.join(place(path))} imports {'.'.join(name)}"
                continue
            ground = FLOORS[room] == 0  # one room, in which notation is a folder
            same_folder = other == room or ground or (len(place(path)) == 1 and (PACKAGE / f"{other}.py").exists())
            assert FLOORS[other] < FLOORS[room] or (FLOORS[other] == FLOORS[room] and same_folder), (
                f"{'/'.join(place(path))} (floor {FLOORS[room]}) imports {'.'.join(name)} (floor {FLOORS[other]})"
            )
        homes = HOMES.get(name[0])
        if homes is not None:
            where = "/".join(place(path))
            assert any(where == h or where.startswith(h + "/") for h in homes), f"{where} imports {name[0]}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: "/".join(place(p)))
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 420


def test_derivations_need_no_compiler() -> None:
    for path in FILES:
        if place(path)[0] in ("derivations", "language", "interchange", "structure", "network", "system"):
            heavy = {n[0] for n in imports(path)} & {"numba", "llvmlite", "matplotlib", "scipy"}
            assert not heavy, f"{'/'.join(place(path))} imports {heavy}"
            assert not any(n[:2] == ("rxncompile", "kernels") for n in imports(path))


def test_no_user_text_is_executed() -> None:
    """`eval`, `exec`, `sympify`, `parse_expr` and pickle appear nowhere, but where exported text is compiled."""
    allowed = {"kernels/python": {"exec"}}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                where = "/".join(place(path))
                if name in {"eval", "exec", "sympify", "parse_expr", "S"} and name not in allowed.get(where, set()):
                    pytest.fail(f"{where}:{node.lineno} calls {name}")
        assert not any(n[0] in ("pickle", "dill") for n in imports(path))


def test_test_files_have_names_of_their_own() -> None:
    """Outside packages, pytest imports them by their bare names."""
    names: dict[str, Path] = {}
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        if not (path.parent / "__init__.py").exists():
            assert path.name not in names, f"{path} and {names[path.name]}"
            names[path.name] = path
