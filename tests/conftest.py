"""Shared set-up: a numba cache of its own for every state of the compiled sources, the models, Hypothesis profiles."""

import hashlib
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).parent.parent


def _sources_hash() -> str:
    digest = hashlib.sha256()
    for path in sorted((ROOT / "rxncompile").rglob("*.py")):
        source = path.read_bytes()
        if b"jit" in source:
            digest.update(source)
    return digest.hexdigest()[:16]


# numba's cache does not notice a changed helper in another file
os.environ["NUMBA_CACHE_DIR"] = str(Path(tempfile.gettempdir()) / f"rxncompile-numba-{_sources_hash()}")

settings.register_profile(
    "default", deadline=None, max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("default")

MODELS = sorted((ROOT / "models").glob("*.rxn"))
WELL_MIXED = [path for path in MODELS if "\nlattice " not in path.read_text()]  # those that have rate equations


@pytest.fixture(params=WELL_MIXED, ids=lambda path: path.stem)
def model(request: pytest.FixtureRequest) -> Path:
    """Every well-mixed model of the repository in turn."""
    return request.param
