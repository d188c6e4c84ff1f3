"""A whole site tells its customer: job by API, watched by the sweeper, mailed by the attendant, told to an endpoint."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from standardwebhooks import Webhook

from tests.faults.customers import small_picture
from tests.jobs.receiver import Receiver, running_receiver
from tests.servers.processes import wait_until
from tests.servers.smtp import Fault, MailServer, running_smtp
from tests.servers.stack import LiveSite, running_stack

pytestmark = pytest.mark.live

_SETUP = """
from accounts.models import User
from billing import rules
from jobs import webhooks
demo = User.objects.get(email="demo@pixelsite.localhost")
rules.save_wishes(user=demo, wishes=rules.Wishes(low_balance_credits=499, monthly_budget_credits=8))
print(webhooks.current_secret(user=demo, endpoint=webhooks.add_endpoint(user=demo, url="{url}")))
"""


@pytest.fixture(scope="module")
def mail() -> Iterator[MailServer]:
    with running_smtp() as server:
        yield server


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with running_receiver() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def site(pytestconfig: pytest.Config, mail: MailServer) -> Iterator[LiveSite]:
    environment = {"PIXELSITE_MAIL_URL": mail.url, "PIXELSITE_FETCH_ALLOWED_NETWORKS": "127.0.0.0/8"}
    with running_stack(root=pytestconfig.rootpath, **environment) as site:
        yield site


def test_a_customer_is_told_of_credits_and_budget_even_if_the_mail_server_fails_at_first(
    site: LiveSite, mail: MailServer, receiver: Receiver
) -> None:
    mail.fault = Fault.GREYLISTS
    secret = site.manage("shell", "--verbosity", "0", "-c", _SETUP.format(url=receiver.url)).strip()
    with site.api() as api:
        answer = api.post(
            "/v1/image/remove-object",
            files={"image": ("photo.png", small_picture())},
            data={"bbox": "4,4,9,9"},
            headers={"Prefer": "wait=60"},
        )
    assert answer.json()["status"] == "completed"

    wait_until(lambda: len(_budget_events(receiver, secret)) == 1, what="The endpoint", timeout_s=60)
    mail.fault = None
    site.manage(
        "shell",
        "--verbosity",
        "0",
        "-c",
        "from accounts.models import Letter; Letter.objects.update(try_at='2000-01-01T00:00Z')",
    )
    wait_until(lambda: len(mail.to("demo@pixelsite.localhost")) == 2, what="The mail server", timeout_s=60)

    # The sample photo of the first start costs 5 as well.
    assert sorted(str(letter["Subject"]) for letter in mail.letters) == [
        "490 credits are left at Pixelsite",
        "Your budget at Pixelsite is spent",
    ]
    assert _budget_events(receiver, secret)[0]["percent"] == 100


def _budget_events(receiver: Receiver, secret: str) -> list[dict[str, object]]:
    told = [Webhook(secret).verify(body, headers) for headers, body in receiver.received]
    return [event["data"] for event in told if event["type"] == "budget.reached"]
