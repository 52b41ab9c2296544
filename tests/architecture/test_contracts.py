"""Imports run downward only."""

import pytest

pytest.importorskip("importlinter", reason="needs f2s-ray[dev]")


def test_the_import_contracts_hold(capsys):
    from importlinter.cli import lint_imports

    assert lint_imports() == 0, capsys.readouterr().out
