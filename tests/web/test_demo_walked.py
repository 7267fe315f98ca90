"""The demo as it is printed, walked to its end by a browser without scripts, in each language.

Whoever follows what the demo says must come through; each page that they meet speaks their language and no other.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ViewportSize

from gateway.demo.provider.installing import CLIENTS
from gateway.demo.world import load_world
from gateway.directory.names import LANGUAGES
from tests.parts.ports import free_ports
from tests.web.live import PATIENCE, chromium
from tests.web.walking import Walk, look_up, talk_over

pytestmark = pytest.mark.needs_chromium
PHONE: ViewportSize = {"width": 390, "height": 844}
DESK: ViewportSize = {"width": 1280, "height": 900}
_TOLD = re.compile(r"status of 4(04|22)\b")
WALKERS = dict(zip(LANGUAGES, ("suvi", "valteri", "ari", "maija"), strict=True))
"""By language, the person whom the demo proposes."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A Chromium."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a demo that runs as a process of its own."""
    with demo_running(tmp_path_factory.mktemp("demo") / "demo") as address:
        yield address


@contextmanager
def demo_running(folder: Path, *more: str) -> Iterator[str]:
    """Run a demo, with *more* on its command line, and yield its address once it has told the walks."""
    # Its providers listen at the two ports after its own.
    port = free_ports(3)
    command = [sys.executable, "-m", "gateway.cli", "demo", "--port", str(port), "--folder", str(folder), *more]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"NO_COLOR": "1"}) as process:
        try:
            printed = []
            for line in process.stdout or ():
                printed.append(line)
                if "a client's report" in line:
                    break
            assert any(line.startswith("Every step went as told.") for line in printed), "".join(printed)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)


Begin = Callable[[str, str, str, ViewportSize], AbstractContextManager[Walk]]
"""Begins a walk: in which language, at which provider, as whom, on what screen."""


@pytest.fixture
def walks(browser: Browser, base: str) -> Begin:
    """Begin a walk: somebody chooses a language, signs in at a provider and comes home."""
    return begun_at(browser, base)


def begun_at(browser: Browser, base: str) -> Begin:
    """Return what begins walks at a demo's address."""

    @contextmanager
    def begin(language: str, provider: str, person: str, viewport: ViewportSize) -> Iterator[Walk]:
        with browser.new_context(viewport=viewport, java_script_enabled=False) as context:
            context.set_default_timeout(PATIENCE)
            page = context.new_page()
            wrong: list[str] = []
            page.on("response", lambda one: wrong.append(f"{one.status} {one.url}") if one.status >= 500 else None)
            # A form with something to correct is a 422, no such page a 404: a browser counts both as faults.
            page.on(
                "console",
                lambda one: wrong.append(one.text) if one.type == "error" and not _TOLD.search(one.text) else None,
            )
            page.goto(base)
            page.locator(f"header a[href*='/choose/language/{language}?']").click()
            walk = Walk(page, base, language, [])
            walk.see("Who may see my information")
            walk.follow("a.button", "Sign in")
            page.locator(f"main a[href*='/sign-in/{provider}/']").click()
            page.get_by_role("button", name=person).click()
            yield walk
            page.locator("header form button").click()
            page.wait_for_url("**/sign-out/done")
            walk.see("You are signed out")
            assert not wrong, wrong

    return begin


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_walks_from_the_request_to_the_way_out(walks: Begin, language: str, base: str) -> None:
    name = load_world().clients[WALKERS[language]].name
    with walks(language, CLIENTS, name, PHONE) as walk:
        page = walk.page
        walk.see("Who may see my information")
        walk.follow("a[href^='/portal/requests/']")
        request = page.url
        walk.follow("a[href$='/preview']")
        if page.locator("main input[type=checkbox]").count():
            walk.tick("main input[type=checkbox]")
            walk.follow("form button")
        page.goto(request)
        # Nothing is chosen beforehand, so that the first press says what is missing.
        walk.follow("button[value=yes]")
        assert page.get_by_role("alert").get_by_role("link").count() == 1
        walk.tick("input[name=until][value='6']")
        walk.follow("button[value=yes]", "Check and confirm")
        walk.follow(".buttons.equal button", "It is done")
        walk.follow("a[href^='/portal/receipts/']", "Receipt: permission given")
        with page.expect_download() as paper:
            page.locator("main a[href$='/pdf']").evaluate("one => one.setAttribute('download', '')")
            page.locator("main a[href$='/pdf']").click()
        assert Path(paper.value.path()).read_bytes().startswith(b"%PDF")
        walk.go("/portal/matrix", "Who can see my information")
        cells = page.locator("main table a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
        for place in cells[:4]:
            walk.go(place)
        walk.go("/portal/timeline", "Who could see, and who looked")
        walk.go("/portal/consents", "Permissions")
        walk.follow("a[href^='/portal/consents/']")
        walk.follow("a[href$='/withdraw']")
        walk.follow("form button", "The permission is withdrawn")
        walk.go("/portal/log", "Who has looked at my information")
        walk.follow("a[href$='/question']", "I do not recognise this")
        page.locator("textarea").fill("?")
        walk.follow("form button")
        assert page.get_by_text(walk.said("Not answered yet"), exact=True).count() >= 1
        walk.go("/portal/concerns", "My questions and their answers")
        walk.go("/portal/documents", "My documents")
        walk.follow("a[href^='/portal/documents/']")
        change_what_counts(walk)
        for place, text in (
            ("/portal/relations", "What the law allows"), ("/portal/walk", "Go through my permissions"),
            ("/portal/give", "To whom do you give permission?"), ("/portal/print", None),
            ("/portal/withdraw-all", "Withdraw everything"), ("/acting-for", "For whom do you act?"),
            ("/help", "Help and contact"), ("/help/accessibility", "Accessibility"),
            ("/portal/nowhere", "There is no such page"),
        ):  # fmt: skip
            walk.go(place, text)
        walk.go("/portal")
        leave = page.locator("a.leave")
        assert leave.get_attribute("href") == "/leave" and leave.get_attribute("rel") == "noreferrer"
    assert len(walk.met) > 30


def change_what_counts(walk: Walk) -> None:
    """Choose how to be told, forbid a service and allow it again, pause everything and go on."""
    walk.go("/portal/settings", "Settings")
    walk.tick("input[name=rhythm][value=daily]")
    walk.tick("input[name=channel][value=first]")
    walk.follow("form[action='/portal/settings'] button", "It is done")
    for act, back in (("pause", "resume"), ("resume", "pause")):
        walk.go("/portal/settings", "Settings")
        walk.follow(f"form[action='/portal/{act}'] button", "It is done")
        walk.go("/portal/settings", "Settings")
        assert walk.page.locator(f"form[action='/portal/{back}']").count() == 1
    walk.go("/portal/prohibitions", "Stop somebody from seeing")
    walk.page.locator("select[name=recipient]").select_option("tyonantaja")
    walk.follow("form button", "It is done")
    walk.go("/portal/prohibitions", "Stop somebody from seeing")
    walk.follow("form[action$='/lift'] button", "It is done")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_nurse_records_a_permission_in_eight_screens_and_hears_of_its_withdrawal(walks: Begin, language: str) -> None:
    with walks(language, "hyvinvointialue", "Terttu Esimerkki", DESK) as walk:
        page = walk.page
        walk.see("What are you working on?")
        walk.tick("input[type=radio]")
        walk.follow("form button", "Clients")
        client = look_up(walk)
        for answer, text in (
            ("later", "The client decides later"), ("yes", None), ("no", "The client's no is recorded"),
        ):  # fmt: skip
            page.goto(client)
            screens = talk_over(walk, answer)
            if text is None:
                walk.tick("input[name=told]")
                walk.follow("form button", "The permission is recorded")
                assert screens + 2 <= 8
                number = page.locator("main dd").first.inner_text()
                assert re.fullmatch(r"[0-9A-F]{4}-[0-9A-F]{4}", number)
            else:
                walk.see(text)
        page.goto(client)
        walk.follow("a[href*='/consents/']", "Permission")
        walk.follow("a[href$='/withdraw']", "Record a withdrawal")
        walk.follow("form button", "Permission")
        assert page.get_by_text(walk.said("This permission is withdrawn")).count() == 1
        page.goto(client)
        walk.follow("a[href*='/deposit/']")
        for part in page.locator("main textarea").all():
            if part.is_visible():
                part.fill("Kirjoitettu demossa.")
        walk.follow("form button[type=submit]", "The document is saved")
        walk.go("/desk/worklist", "Worklist")
        walk.go("/desk/log", "What I have done here")


@pytest.mark.parametrize("language", LANGUAGES)
def test_an_officer_finds_who_saw_the_plan_proves_it_and_reports(walks: Begin, language: str) -> None:
    with walks(language, "hyvinvointialue", "Hilla Esimerkki", DESK) as walk:
        page = walk.page
        code = load_world().clients["suvi"].code.reveal()
        walk.see("The log now")
        walk.go("/oversight/search", "Search the log")
        walk.follow("form button", "Search the log")
        page.locator("[name=reason]").fill("a walk")
        page.locator("[name=client]").fill(code)
        page.locator("[name=category]").select_option("work-ability-plan")
        page.locator("[name=outcome]").select_option("permit")
        page.locator("[name=since]").fill("1.1.2026")
        walk.follow("form button", "Found in the log")
        assert code not in page.url and code not in page.content()
        walk.follow(".picture a", "Found in the log")
        walk.follow("ol.log > li a")
        walk.follow("form button")
        assert page.get_by_text(walk.said("Every step that could be checked holds")).count() == 1
        with page.expect_download() as proof:
            page.locator("main a[href*='proof']").first.click()
        assert Path(proof.value.path()).read_bytes().startswith(b"{")
        walk.go("/oversight/concerns", "Clients' questions")
        walk.go("/oversight/clients", "A client's report")
        walk.tick("input[name=package]")
        page.locator("[name=client]").fill(code)
        page.locator("[name=reason]").fill("a walk")
        walk.follow("form button")
        assert "/oversight/clients/reports/" in page.url


@pytest.fixture(scope="module")
def walks_beside_a_custodian(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Begin]:
    """Begin walks at a demo some of whose documents lie on a custodian's own server."""
    with demo_running(tmp_path_factory.mktemp("outside") / "demo", "--custodian", "simulator") as address:
        yield begun_at(browser, address)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_client_reads_what_a_custodian_keeps_itself_and_sees_what_a_service_would(
    walks_beside_a_custodian: Begin, language: str
) -> None:
    with walks_beside_a_custodian(language, CLIENTS, load_world().clients["suvi"].name, PHONE) as walk:
        page = walk.page
        walk.go("/portal/documents", "My documents")
        walk.follow("a[href='/portal/documents/at/sote-keskus/work-ability-plan']")
        walk.follow("ul.log a[href^='/portal/documents/']")
        assert page.locator("article.reading h2").count() > 4
        walk.go("/portal/preview?recipient=kuntakokeilu&category=work-ability-plan")
        shown = page.locator("article.reading h3").count()
        assert shown > 0
        walk.tick("main input[type=checkbox]")
        walk.follow("form button")
        assert page.locator("article.reading h3").count() > shown
