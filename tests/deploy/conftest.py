"""The programs that check deploy/, or the reason why they are not there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.deploy import tools
from tests.deploy.chart import Chart

if TYPE_CHECKING:
    from collections.abc import Callable


_TOOLS = {"chart", "promtool", "hadolint", "compose"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what needs a program that may have to be fetched."""
    for item in items:
        if _TOOLS & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.slow)


@pytest.fixture(scope="session")
def chart() -> Chart:
    """The chart, to be rendered."""
    return Chart(_had(tools.helm))


@pytest.fixture(scope="session")
def promtool() -> str:
    """Path of promtool."""
    return _had(tools.promtool)


@pytest.fixture(scope="session")
def compose() -> str:
    """Path of a reader of compose files."""
    return _had(tools.compose)


@pytest.fixture(scope="session")
def hadolint() -> str:
    """Path of hadolint."""
    return _had(tools.hadolint)


def _had(find: Callable[[], str]) -> str:
    """Skip with reason and remedy; in CI what is skipped has failed."""
    try:
        return str(Path(find()))
    except tools.NoTool as error:
        if os.environ.get("CI") == "true":
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
