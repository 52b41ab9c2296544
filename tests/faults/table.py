"""Tests marked with a row of the fault plan to a table: what was expected, what was seen, what was lost, how long it took to mend.

Those that take long, marked ``long``, run with ``--faults`` alone.
"""

import pytest

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "pytest_runtest_makereport", "pytest_terminal_summary"]

_ROW, _SEEN, _LOST, _SECONDS = "fault", "seen", "lost", "recovery_seconds"
_HEAD = ("| fault | case | expected | seen | lost | recovery, s |", "| --- | --- | --- | --- | --- | --- |")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--faults", action="store_true", help="run the long tests of faults too and print their table")
    parser.addoption("--soak", type=float, default=0, metavar="MINUTES", help="how long faults come together")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("faults"):
        return
    long = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=long)
    items[:] = [item for item in items if not item.get_closest_marker("long")]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if (call.when == "call" or not report.passed) and (marker := item.get_closest_marker("fault")):
        report.user_properties.append((_ROW, marker.args))
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if not config.getoption("faults"):
        return
    reports = [
        report
        for outcome in ("passed", "failed", "error", "skipped")
        for report in terminalreporter.getreports(outcome)
    ]
    rows = sorted(filter(None, map(_row, reports)), key=lambda row: (int(row[0].split("+")[0][1:]), row))
    for line in (*_HEAD, *(f"| {' | '.join(row)} |" for row in rows)):
        terminalreporter.write_line(line)


def _row(report: pytest.TestReport) -> tuple[str, ...] | None:
    told = dict(report.user_properties)
    if _ROW not in told:
        return None
    fault, expected = told[_ROW]
    case = report.nodeid.rpartition("::")[2].removeprefix("test_").replace("_", " ")
    seen = {"passed": told.get(_SEEN, "that"), "skipped": "not tried here"}.get(report.outcome, "**failed**")
    return fault, case, expected, seen, str(told.get(_LOST, "")), str(told.get(_SECONDS, ""))
