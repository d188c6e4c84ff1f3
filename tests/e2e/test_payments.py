"""A customer pays, in a real browser, on a real site with a worker, at a Stripe on loopback that sends its events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.billing.shop import PRICES
from tests.e2e.visitor import Theme, Visitor
from tests.servers.stack import LiveSite, running_stack
from tests.servers.stripe import StripeServer, running_stripe

pytestmark = [pytest.mark.browser, pytest.mark.live]

SOON_MS = 30_000


@pytest.fixture(scope="module")
def stripe() -> Iterator[StripeServer]:
    with running_stripe() as server:
        for price, cents, interval in PRICES.values():
            server.add_price(price, cents, interval=interval)
        yield server


@pytest.fixture(scope="module")
def shop_site(stripe: StripeServer, pytestconfig: pytest.Config) -> Iterator[LiveSite]:
    with running_stack(
        root=pytestconfig.rootpath,
        STRIPE_SECRET_KEY=stripe.secret_key,
        STRIPE_WEBHOOK_SECRET=stripe.webhook_secret,
        STRIPE_API_BASE=stripe.base,
        STRIPE_PRICES=",".join(f"{slug}={price}" for slug, (price, *_) in PRICES.items()),
    ) as site:
        stripe.webhook_url = f"{site.url}/stripe/events"
        yield site


@pytest.fixture
def visit(browser: Browser, shop_site: LiveSite) -> Iterator[Callable[..., Visitor]]:
    """As the other visitors, at the site that sells."""
    visitors: list[Visitor] = []

    def start(**wishes: object) -> Visitor:
        visitors.append(Visitor(browser, shop_site.url, **wishes))  # type: ignore[arg-type]
        return visitors[-1]

    yield start
    for visitor in visitors:
        visitor.context.close()


def _until_it_says(page: Page, path: str, text: str) -> None:
    """Look at a page again until the news has arrived."""
    page.goto(path)
    for _ in range(60):
        if page.get_by_text(text, exact=True).first.is_visible():
            break
        page.wait_for_timeout(500)
        page.reload()
    expect(page.get_by_text(text, exact=True).first).to_be_visible()


def _examine(page: Page, pictures: Path, name: str) -> None:
    """A picture for people, and what axe and the width say."""
    page.screenshot(path=pictures / f"{name}.png", full_page=True)
    results = Axe().run(page)
    assert results.violations_count == 0, results.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name


@pytest.fixture(scope="module")
def customer(browser: Browser, shop_site: LiveSite, stripe: StripeServer) -> Iterator[Visitor]:
    """Has chosen a plan, paid, switched, bought a pack, canceled and resumed: once for all tests, in whatever order."""
    visitor = Visitor(browser, shop_site.url)
    _shop(visitor.page)
    yield visitor
    visitor.context.close()


def _shop(page: Page) -> None:
    page.goto("/pricing")
    page.get_by_test_id("plan-starter").get_by_role("link").click()
    page.get_by_test_id("to-checkout").click()
    expect(page).to_have_title("Checkout")
    page.get_by_role("button", name="Pay").click()
    page.wait_for_url("**/billing/done/**")
    _until_it_says(page, page.url, "Stripe has confirmed your payment.")
    _until_it_says(page, "/billing/", "Cancel the plan")

    page.get_by_test_id("offer-pro").get_by_role("link").click()
    expect(page.get_by_test_id("next-invoice")).to_have_text("$50.00")
    page.get_by_test_id("confirm-switch").click()
    page.wait_for_url("**/billing/")
    expect(page.get_by_test_id("standing").get_by_text("Pro", exact=True)).to_be_visible(timeout=SOON_MS)

    page.get_by_test_id("pack-pack-5000").get_by_role("button").click()
    page.get_by_role("button", name="Pay").click()
    page.wait_for_url("**/billing/done/**")
    _until_it_says(page, page.url, "Stripe has confirmed your payment.")

    page.goto("/billing/")
    page.get_by_test_id("cancel").click()
    page.get_by_test_id("cancel-confirm").click()
    expect(page.get_by_test_id("resume")).to_be_visible()
    page.get_by_test_id("resume").click()
    expect(page.get_by_test_id("cancel")).to_be_visible()


def test_a_customer_chooses_pays_switches_buys_and_cancels(customer: Visitor) -> None:
    page = customer.page
    page.goto("/billing/")

    page.get_by_test_id("top-up-save").click()
    expect(page.get_by_test_id("top-up-off")).to_be_visible()
    page.get_by_test_id("portal").click()
    page.get_by_role("button", name="Back").click()
    page.wait_for_url("**/billing/")
    page.get_by_role("link", name="Invoices").click()
    expect(page.get_by_test_id("invoice-row")).to_have_count(3)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_its_pages_are_accessible_and_fit(
    customer: Visitor, visit: Callable[..., Visitor], stripe: StripeServer, pictures: Path, width: int, theme: Theme
) -> None:
    page = visit(width=width, theme=theme).page
    subscription = stripe.ledgers.all("subscription")[0]
    for path in ("/billing/", "/billing/plans/scale/", "/billing/invoices/", "/billing/done/", "/pricing"):
        page.goto(path)
        _examine(page, pictures, f"pay-{path.strip('/').replace('/', '-')}-{width}-{theme}")
    assert subscription["status"] == "active"


def test_a_site_whose_stripe_is_away_says_so(
    customer: Visitor, visit: Callable[..., Visitor], stripe: StripeServer, pictures: Path
) -> None:
    page = visit(width=390).page
    stripe.is_away = True
    try:
        page.goto("/billing/invoices/")
        expect(page.get_by_role("alert")).to_contain_text("does not answer")
        _examine(page, pictures, "pay-invoices-away")
    finally:
        stripe.is_away = False
