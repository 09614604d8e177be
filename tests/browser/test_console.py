"""The console in a real browser: it answers who asks why somebody is not in Planhat."""

from __future__ import annotations

import json
import os
import re
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import pytest_asyncio

pytest.importorskip("confluent_kafka", reason="needs confluent-kafka: pip install confluent-kafka")

from playwright.async_api import expect

from consumer.decide import reasons
from tests.browser.chromium import chromium
from tests.browser.stage import FINAL, LATER, MESSAGES, stage, user

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from playwright.async_api import Browser, Page

    from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]
expect.set_options(timeout=60_000)

DOCS = Path(__file__).parents[2] / "docs"
WAITING = "Waiting: its company 'nobodys' is not in Planhat yet; it may take"
IN_PLANHAT = re.compile(r"^In Planhat, since .+ ago$|^In Planhat, since just now$|^In Planhat$")
DROPPED = "Planhat drops events of a contact that it does not know."
DRAWING = os.environ.get("SCREENSHOTS") == "true"


@pytest_asyncio.fixture(name="browser", scope="module", loop_scope="module")
async def _browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(name="running", scope="module", loop_scope="module")
async def _running(browser: Browser) -> AsyncIterator[Stage]:
    assert browser.is_connected()  # without one, nothing needs to run
    async with stage() as running:
        await running.produce(*MESSAGES)
        await running.until_final(FINAL)
        await running.produce(*LATER)
        await running.until_final({"skipped": FINAL["skipped"] + len(LATER)})
        yield running


@asynccontextmanager
async def opened(
    browser: Browser, url: str, forgiven: str = "none", **context: object
) -> AsyncIterator[Page]:
    """A page of the console that has shown what there is; no complaint of the browser is missed."""
    complaints: list[str] = []
    async with await browser.new_context(**context) as made:  # type: ignore[arg-type]  # a test's choice
        page = await made.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text))
        await page.goto(url)
        await expect(page.locator("#lanes tr")).to_have_count(4)
        yield page
    assert [one for one in complaints if forgiven not in one] == []


async def search(page: Page, query: str) -> None:
    await page.fill("#query", query)
    await page.press("#query", "Enter")
    await expect(page.locator("#answer article").first).to_be_visible()


@pytest.mark.parametrize(
    ("query", "title", "detail"),
    [
        ("hull-delia", IN_PLANHAT, f"Its last change was not sent: {reasons.CONTACT_FILTER}"),
        ("ext-erin", "Not in Planhat", f"{reasons.NO_COMPANY_ID} Its events were sent. {DROPPED}"),
        ("frank@acme.example", "Not in Planhat", reasons.CONTACT_FILTER),
        ("ext-grace", "Not known whether it is in Planhat", reasons.NOTHING_CHANGED),
        ("NORA@acme.example", "Not in Planhat", reasons.NO_COMPANY_ID),
        (
            "hull-rick",
            "Not in Planhat",
            "Rejected, it is in the dead letters: r***@a***.example is not a valid contact",
        ),
        ("hull-wanda", "On its way", WAITING),
        ("acc-1", IN_PLANHAT, ""),
    ],
    ids=[
        "there-and-last-skipped",
        "event-only",
        "filtered-out",
        "gated",
        "no-company",
        "rejected-by-planhat",
        "waiting",
        "company",
    ],
)
async def test_is_it_in_planhat_and_if_not_why(
    browser: Browser, running: Stage, query: str, title: str | re.Pattern[str], detail: str
) -> None:
    async with opened(browser, running.url) as page:
        await page.fill("#query", query)
        await page.press("#query", "Enter")

        await expect(page.locator("#answer h2")).to_have_text(title)
        await expect(page.locator("#answer")).to_contain_text(detail)


@pytest.mark.parametrize(
    ("query", "badge", "why"),
    [
        ("ext-erin", "skipped", "Only its events were sent, the contact itself was not: "),
        ("hull-delia", "skipped", reasons.CONTACT_FILTER),
        ("hull-rick", "rejected", "r***@a***.example is not a valid contact"),
        ("hull-wanda", "waiting", WAITING),
    ],
)
async def test_of_each_message_the_profile_is_told_first(
    browser: Browser, running: Stage, query: str, badge: str, why: str
) -> None:
    async with opened(browser, running.url) as page:
        await search(page, query)

        newest = page.locator("#answer article").first
        await expect(newest.locator(".first .badge")).to_have_text(badge)
        await expect(newest.locator(".why")).to_contain_text(why)


async def test_an_event_that_planhat_may_have_dropped_is_told_as_such(
    browser: Browser, running: Stage
) -> None:
    async with opened(browser, running.url) as page:
        await search(page, "hull-erin")

        said = "Activities sent, but Planhat may have dropped it: it may not know the contact"
        await expect(page.locator("#answer article li").first).to_contain_text(said)


async def test_the_payload_shows_what_was_sent_without_who_it_is(
    browser: Browser, running: Stage
) -> None:
    async with opened(browser, running.url) as page:
        await search(page, "hull-delia")
        payloads = page.locator("#answer details")
        await payloads.last.locator("summary").click()

        shown = json.loads(await payloads.last.locator("pre").inner_text())
        assert (shown["name"], shown["email"]) == ("D***", "d***@a***.example")
        assert shown["custom"] == {"Logins (30 days)": 14}
        assert "delia@" not in await page.locator("main").inner_text()


async def test_of_nobody_it_says_that_it_knows_nothing(browser: Browser, running: Stage) -> None:
    async with opened(browser, running.url) as page:
        await page.fill("#query", "nobody@nowhere.example")
        await page.press("#query", "Enter")

        answer = page.locator("#answer h2")
        await expect(answer).to_contain_text("This replica remembers no message about it")


async def test_the_oldest_record_leads_to_what_it_waits_for(
    browser: Browser, running: Stage
) -> None:
    async with opened(browser, running.url) as page:
        await page.get_by_role("button", name="What does it wait for?").click()

        await expect(page.locator("#answer .why").first).to_contain_text(WAITING)


async def test_it_is_used_by_keyboard_alone(browser: Browser, running: Stage) -> None:
    async with opened(browser, running.url) as page:
        await page.keyboard.press("/")
        await page.keyboard.type("hull-frank")
        await page.keyboard.press("Enter")
        await expect(page.locator("#answer .why").first).to_have_text(reasons.CONTACT_FILTER)
        await page.keyboard.press("Escape")
        await expect(page.locator("#answer article")).to_have_count(0)

        await page.locator("#tab-now").focus()
        await page.keyboard.press("ArrowRight")
        await page.keyboard.press("Tab")
        await page.keyboard.type("{not json")
        await page.keyboard.press("Control+Enter")

        await expect(page.locator("#explained .badge")).to_have_text("would be rejected")


async def test_a_pasted_message_is_explained(browser: Browser, running: Stage) -> None:
    async with opened(browser, running.url) as page:
        await page.click("#tab-explain")
        await page.fill("#message", json.dumps(user("xavier", segments=[])))
        await page.click("#view-explain button[type=submit]")

        await expect(page.locator("#explained .why")).to_have_text(reasons.CONTACT_FILTER)
        await expect(page.locator("#explained [data-passed=false] .step")).to_have_text(
            "Contact Filter"
        )


async def test_of_a_message_whose_events_alone_would_go_that_is_said(
    browser: Browser, running: Stage
) -> None:
    events = [{"event": "Signed in", "event_id": "1"}]
    erin = user("erin", account={}, account_segments=[], events=events)
    async with opened(browser, running.url) as page:
        await page.click("#tab-explain")
        await page.fill("#message", json.dumps(erin))
        await page.click("#view-explain button[type=submit]")

        await expect(page.locator("#explained .badge")).to_have_text(
            "only its events would be sent"
        )
        await expect(page.locator("#explained .why")).to_contain_text(reasons.NO_COMPANY_ID)


async def test_what_messages_hold_is_text_and_never_markup(
    browser: Browser, running: Stage
) -> None:
    evil = "<img src=x onerror=alert(1)>"
    before = running.service.tally.messages["skipped"]
    await running.produce(user("evil", user={"id": evil, "external_id": evil}, segments=[]))
    await running.until_final({"skipped": before + 1})

    async with opened(browser, running.url) as page:
        await search(page, evil)
        await expect(page.locator("#answer .who").first).to_contain_text(evil)
        await page.click("#tab-explain")
        await page.fill("#message", json.dumps(user("evil", user={"id": evil, "email": evil})))
        await page.keyboard.press("Control+Enter")
        await expect(page.locator("#explained article")).to_contain_text(evil)

        assert await page.locator("main img").count() == 0


async def test_a_link_leads_to_an_answer(browser: Browser, running: Stage) -> None:
    async with opened(browser, f"{running.url}/?query=hull-frank") as page:
        await expect(page.locator("#answer .why").first).to_have_text(reasons.CONTACT_FILTER)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_nothing_is_wider_than_a_small_screen(
    browser: Browser, running: Stage, scheme: str
) -> None:
    small = {"width": 360, "height": 740}
    async with opened(browser, running.url, viewport=small, color_scheme=scheme) as page:
        await search(page, "hull-rick")

        width = await page.evaluate("document.documentElement.scrollWidth")
        assert width == 360


async def test_a_service_that_is_gone_is_told(browser: Browser, running: Stage) -> None:
    async with opened(browser, running.url, forgiven="status of 503") as page:
        await page.route("**/api/state", lambda route: route.fulfill(status=503, json={}))

        await expect(page.locator("#title")).to_have_text("The service does not answer")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_picture_is_taken_for_the_docs(
    browser: Browser, running: Stage, scheme: str
) -> None:
    size = {"width": 1180, "height": 1000}
    async with opened(browser, running.url, viewport=size, color_scheme=scheme) as page:
        await search(page, "hull-wanda")
        await expect(page.locator("#latest button").first).to_be_visible()

        picture = await page.screenshot()

    assert picture.startswith(b"\x89PNG")
    if DRAWING:
        (DOCS / f"console-{scheme}.png").write_bytes(picture)
