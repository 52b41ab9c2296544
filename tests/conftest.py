from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory) -> Path:
    """A folder with the four networks: real ones, small, the same in each run, and with an effect on pictures."""
    from tests.models.tiny import save_all

    folder = tmp_path_factory.mktemp("tiny_weights")
    save_all(folder)
    return folder


@pytest.fixture(scope="session")
def turbo(tmp_path_factory) -> Path:
    """A diffusers folder of SD-Turbo's shape at small widths."""
    from tests.models.tiny_turbo import save_turbo

    folder = tmp_path_factory.mktemp("turbo")
    save_turbo(folder)
    return folder
