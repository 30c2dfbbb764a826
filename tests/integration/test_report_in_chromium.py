"""The report in a real browser, driven by the DevTools protocol over a pipe: what a reader can click, see and not run."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.unit.console.sample import HOSTILE, PHONE, SOUP, hide_phone, hostile, sample_report

from matjip.console.report import Report, render

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
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
    "--remote-debugging-pipe",
]
PHONE_SIZE, DESK_SIZE = (390, 844), (1280, 900)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium: apt-get install chromium")


class Browser:
    """One headless Chromium and one page in it."""

    def __init__(self, folder: Path) -> None:
        ours, theirs = os.pipe(), os.pipe()
        command = ["bash", "-c", f'exec "$@" 3<&{ours[0]} 4>&{theirs[1]}', "bash", str(CHROMIUM), *FLAGS]
        self._process = subprocess.Popen(
            [*command, f"--user-data-dir={folder / 'profile'}", "about:blank"],
            pass_fds=(ours[0], theirs[1]),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self._in, self._out = os.fdopen(ours[1], "wb"), os.fdopen(theirs[0], "rb")
        self._unread, self._last, self._session, self._folder = b"", 0, None, folder
        self.events: list[dict[str, Any]] = []
        target = next(each for each in self.call("Target.getTargets")["targetInfos"] if each["type"] == "page")
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log", "Accessibility"):
            self.call(f"{domain}.enable")
        self.call("Page.setLifecycleEventsEnabled", enabled=True)

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Ask and wait for the answer; events on the way are kept."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        self._in.write(json.dumps(message | ({"sessionId": self._session} if self._session else {})).encode() + b"\0")
        self._in.flush()
        while True:
            answer = self._read()
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                return answer["result"]
            self.events.append(answer)

    def open(self, report: Report, *, size: tuple[int, int] = DESK_SIZE, scripts: bool = True, place: str = "") -> None:
        path = self._folder / "report.html"
        path.write_text(render(report, mask=hide_phone), encoding="utf-8", newline="")
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.call(
            "Emulation.setDeviceMetricsOverride", width=size[0], height=size[1], deviceScaleFactor=1, mobile=False
        )
        self.go("about:blank")
        self.go(path.as_uri() + place)

    def go(self, url: str) -> None:
        """Navigate, and wait until this very page has loaded."""
        self.events.clear()
        loader = self.call("Page.navigate", url=url)["loaderId"]
        loaded = {"name": "load", "loaderId": loader}
        while not any(loaded.items() <= event.get("params", {}).items() for event in self.events):
            self.events.append(self._read())

    def js(self, expression: str) -> Any:
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def press(self, key: str, *, code: int, text: str = "") -> None:
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if kind == "keyDown" and text else {}
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **typed)

    def click(self, selector: str) -> None:
        """A mouse click in the middle of what the selector finds."""
        place = f"document.querySelector({json.dumps(selector)})"
        self.js(f"{place}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        x, y = self.js(
            f"(() => {{ const b = {place}.getBoundingClientRect(); return [b.x + b.width / 2, b.y + 12] }})()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def close(self) -> None:
        self._in.close()
        self._out.close()
        self._process.terminate()
        self._process.wait(20)

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            part = os.read(self._out.fileno(), 1 << 16)
            assert part, "Chromium closed the pipe"
            self._unread += part
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = Browser(tmp_path_factory.mktemp("chromium"))
    yield browser
    browser.close()


@pytest.fixture
def opened(browser: Browser) -> Callable[..., Browser]:
    def open_(*extra, **how) -> Browser:
        browser.open(sample_report(*extra), **how)
        return browser

    return open_


def dialog(browser: Browser) -> dict[str, Any]:
    return browser.js(
        "(() => { const d = document.getElementById('panel'); return {open: d.open,"
        " text: d.querySelector('.text')?.textContent, marks: [...d.querySelectorAll('mark')].map(m => m.textContent),"
        " facts: d.querySelector('.facts')?.textContent} })()"
    )


def link_to(part: str) -> str:
    """JavaScript for the first quote whose words hold this part."""
    return f"[...document.querySelectorAll('.quote a')].find(a => a.textContent.includes({json.dumps(part)}))"


def test_a_click_on_a_quote_opens_its_review_with_the_quote_marked(opened):
    browser = opened()
    browser.click(".columns .quote a")
    shown = dialog(browser)
    assert shown["open"] is True
    assert shown["text"] == SOUP[0]
    assert shown["marks"] == ["국물이 진하고 고기가 부드러워요"]


def test_the_dialog_names_rating_date_language_and_source(opened):
    browser = opened()
    browser.click(".columns .quote a")
    facts = dialog(browser)["facts"]
    assert all(word in facts for word in ("★ 4.5", "2026-01-24", "한국어", "가져온 리뷰"))


def test_emoji_of_two_units_do_not_shift_the_mark(opened):
    browser = opened()
    browser.js(f"{link_to('👍🏼')}.click()")
    assert dialog(browser)["marks"] == ["국물이 정말 진해요 👍🏼"]


def test_enter_opens_escape_closes_and_the_focus_returns(opened):
    browser = opened()
    browser.js("document.querySelector('.quote a').focus()")
    browser.press("Enter", code=13, text="\r")
    assert dialog(browser)["open"] is True
    assert browser.js("document.activeElement.closest('dialog') !== null")
    browser.press("Escape", code=27)
    assert dialog(browser)["open"] is False
    assert browser.js("document.activeElement === document.querySelector('.quote a')")


def test_the_page_makes_no_request_but_for_itself(opened):
    browser = opened(hostile())
    browser.click(".quote a")
    asked = [e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith("data:")] == [browser.js("location.href")]


def test_the_page_breaks_no_policy_and_raises_no_error(opened):
    browser = opened(hostile())
    browser.click(".quote a")
    kinds = ("Log.entryAdded", "Runtime.exceptionThrown", "Runtime.consoleAPICalled")
    assert [event for event in browser.events if event.get("method") in kinds] == []


def test_nothing_in_a_review_runs_or_becomes_an_element(opened):
    browser = opened(hostile())
    browser.js("document.querySelectorAll('a[data-spans]').forEach(a => {a.click(); panel.close()})")
    assert browser.js("typeof window.pwned") == "undefined"
    assert browser.js("document.scripts.length") == 1
    assert browser.js("document.querySelectorAll('img, [onclick], [onerror], [style]').length") == 0


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_hostile_review_is_shown_character_by_character(opened, number):
    browser = opened(hostile())
    browser.js(f"document.querySelectorAll('[id^=\"r-r-%3Cevil\"] .cards .quote a')[{number}].click()")
    expected = HOSTILE[number].replace("\0", "\ufffd").replace("\ud800", "\ufffd")
    shown = dialog(browser)
    assert shown["text"] == expected
    assert len(shown["marks"]) == 1


def test_a_mark_after_a_carriage_return_stands_where_it_was_counted(opened):
    browser = opened(hostile())
    browser.js("document.querySelectorAll('[id^=\"r-r-%3Cevil\"] .cards .quote a')[1].click()")
    assert dialog(browser)["marks"] == ["두 번째 줄의 맛이 좋아요"]


def test_personal_data_can_be_read_nowhere_in_the_page(opened):
    browser = opened()
    browser.js(f"{link_to('예약은')}.click()")
    assert "●" in dialog(browser)["text"]
    assert PHONE not in browser.js("document.documentElement.outerHTML")


@pytest.mark.parametrize("size", [PHONE_SIZE, DESK_SIZE], ids=["phone", "desk"])
def test_nothing_is_wider_than_the_screen(opened, size):
    browser = opened(hostile(), size=size)
    browser.js("document.querySelectorAll('details').forEach(d => {d.open = true})")
    assert browser.js("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    browser.js("[...document.querySelectorAll('.cards .quote a')].at(-2).click()")
    assert browser.js("panel.querySelector('.shelf').scrollWidth <= panel.clientWidth")


def test_the_overview_is_filtered_by_name(opened):
    browser = opened()
    browser.js("filter.value = 'NOODLE'; filter.dispatchEvent(new Event('input'))")
    assert browser.js("[...document.querySelectorAll('#restaurants tbody tr')].map(r => r.hidden)") == [1, 1, 0, 1]
    assert browser.js("document.getElementById('shown').textContent") == "1건 표시"


def test_the_overview_is_sorted_by_a_click_on_a_heading(opened):
    browser = opened()
    browser.click("button[data-key=reviews]")
    browser.click("button[data-key=reviews]")
    assert browser.js("[...document.querySelectorAll('#restaurants tbody tr')].map(r => +r.dataset.reviews)") == [
        2,
        38,
        45,
        210,
    ]
    assert browser.js("document.querySelector('th.reviews').ariaSort") == "ascending"


def test_a_restaurant_has_an_address_of_its_own_whatever_its_id(opened):
    browser = opened(hostile())
    browser.js("location.hash = [...document.querySelectorAll('#restaurants tbody a')].at(-1).hash")
    assert browser.js("document.querySelector(':target').className") == "restaurant"


def test_without_scripts_a_quote_leads_to_its_review_in_the_page(browser):
    browser.open(sample_report(), scripts=False, place="#v1-1")
    tree = browser.call("DOM.getDocument", depth=-1)["root"]["nodeId"]
    found = browser.call("DOM.querySelector", nodeId=tree, selector="details[open] > #v1-1:target mark")
    assert found["nodeId"] != 0


def test_every_picture_and_link_has_a_name_for_those_who_listen(opened):
    browser = opened()
    nodes = browser.call("Accessibility.getFullAXTree")["nodes"]
    wanted = [node for node in nodes if node.get("role", {}).get("value") in ("image", "link", "button", "searchbox")]
    assert len(wanted) > 30
    assert [node for node in wanted if not node.get("name", {}).get("value", "").strip()] == []
