import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def corpus() -> Path:
    """Damaged, hostile and odd files of others; they stand beside the repository and are never part of it."""
    shared = Path(os.environ.get("F2S_SHARED_DATA", Path(__file__).resolve().parents[2].parent / "shared" / "data"))
    if not (shared / "corpus" / "manifest.csv").is_file():
        pytest.skip(f"no corpus in {shared}; set F2S_SHARED_DATA")
    return shared / "corpus"
