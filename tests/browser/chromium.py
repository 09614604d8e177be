"""The browser of this machine: where it is, and how it is started."""

from __future__ import annotations

import os
import shutil
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest
from playwright.async_api import async_playwright

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--force-color-profile=srgb",
]
_REMEDY = "no Chromium on this machine. Remedy: apt-get install -y --no-install-recommends chromium"


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """A browser with a fresh profile; skips the test where there is none, fails it in CI."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        _unavailable()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=path,
            args=FLAGS,
            ignore_default_args=["--headless=old"],
            timeout=120_000,
        )
        try:
            yield browser
        finally:
            await browser.close()


def _unavailable() -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(_REMEDY, pytrace=False)
    pytest.skip(_REMEDY)
