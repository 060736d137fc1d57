"""The status page in a real browser: a run with a hole and a split window, one whose texts are hostile, a daemon
that has just started and one that is refused; in light and dark, on a wide screen and on a phone.

STATUS_PAGE_PICTURES=folder keeps what was seen as PNGs, to be looked at.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from producer.dev.broker import Broker
from producer.errors import CredentialsRefused, PrerequisiteMissing
from producer.telemetry.page import document
from producer.telemetry.page.style import DARK, LIGHT
from tests.support.browser import Browser, Screen, Tab
from tests.support.hostile import IMAGE, SCRIPT, cassette
from tests.support.stage import ORIGIN, Daemon, Line, Script, Stage

pytestmark = pytest.mark.timeout(120)

SCREENS = {
    "light": Screen(width=1280, height=900),
    "dark": Screen(width=1280, height=900, scheme="dark"),
    "phone": Screen(width=390, height=844),
    "phone-dark": Screen(width=390, height=844, scheme="dark"),
}
PAGES = ("trouble", "hostile", "starting", "refused")
LOOKS = [(page, screen) for page in ("trouble", "hostile") for screen in SCREENS]
LOOKS += [(page, screen) for page in ("starting", "refused") for screen in ("light", "phone-dark")]
EVERYWHERE = pytest.mark.parametrize("look", LOOKS, ids=" ".join)

PICTURES = os.environ.get("STATUS_PAGE_PICTURES")

HIT_BOUND = 200
SEEN = """({
  text: document.body.innerText, title: document.title, headline: document.querySelector('h1').innerText,
  background: getComputedStyle(document.body).backgroundColor, ink: getComputedStyle(document.body).color,
  width: document.scrollingElement.scrollWidth,
  foreign: document.querySelectorAll('script,img,iframe,object,link').length, hacked: 'hacked' in window,
  marks: [...document.querySelectorAll('.mark,.edge')].map(each => each.getBoundingClientRect().width),
})"""
ATTACK = f"""new Promise(done => {{
  document.addEventListener('securitypolicyviolation', event => done(event.effectiveDirective));
  document.body.insertAdjacentHTML('beforeend', {json.dumps(IMAGE)});
}})"""
PLACE = 500
"""Pixels from the top: where somebody reads while the page refreshes itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What was seen: by page and screen, and the lines that the page is to tell of."""

    seen: Mapping[tuple[str, str], Mapping[str, Any]]
    complaints: Mapping[tuple[str, str], list[str]]
    place_kept: float
    violated: str
    complained: list[str]
    split: Line
    refused: Line
    retried: Line


# --- the plays ------------------------------------------------------------------------------------------------------


_ALONE = {"CAPTURE__WATCH__ADOPT": "0s"}  # else a month of reads would crowd out those to be seen
_STEADY = {
    **_ALONE,
    "CAPTURE__OVERLAP": "0s",  # else the next poll would read the hole again and close it
    "CAPTURE__POLL_INTERVAL": "20s",  # else the reads to be seen would be old before they are looked at
}


def _script(play: str, directory: Path) -> Script:
    if play == "trouble":
        settings = {
            "CAPTURE__START": (ORIGIN - timedelta(minutes=50)).isoformat(),
            "CAPTURE__HIT_BOUND": str(HIT_BOUND),
            **_STEADY,
        }
        return Script(settings=settings)
    if play == "hostile":
        return Script(cassette=cassette(directory / "cassette"), settings=_STEADY)
    if play == "starting":
        return Script(speed=1.0, settings={"CAPTURE__START": "now", "CAPTURE__HEAD_LAG": "5m", **_ALONE})
    return Script(speed=1.0, settings={"GENESYS__CLIENT_SECRET": "mistyped"})


def _troubled(stage: Stage, daemon: Daemon) -> tuple[Line, Line, Line]:
    """Let it split a window, meet a server error and have a window refused."""
    split = daemon.wait_for_line("window_split")
    stage.wait_until_covered(daemon)
    stage.organisation.inject("server-error", times=1)
    retried = daemon.wait_for_line("request_retried")
    stage.wait_until_covered(daemon)
    stage.organisation.inject("bad-request", times=1)
    refused = daemon.wait_for_line("read_failed")
    daemon.wait_for_line("hole_opened")
    _hold(stage)
    return split, refused, retried


def _hold(stage: Stage) -> None:
    """Keep what is there to be seen: a hole would soon be read after all."""
    stage.organisation.inject("stall", seconds=60)


# --- the look -------------------------------------------------------------------------------------------------------


def _keep(folder: str, name: str, picture: bytes) -> None:
    Path(folder).mkdir(parents=True, exist_ok=True)
    (Path(folder) / f"{name}.png").write_bytes(picture)


async def _refreshed(tab: Tab) -> float:
    """Where a reader is after the page has refreshed itself."""
    await tab.show()
    await tab.loaded(document.REFRESH_SECONDS + 10)
    place: float = await tab.value("new Promise(done => requestAnimationFrame(() => done(window.scrollY)))")
    return place


async def _look(directory: Path, urls: Mapping[str, str]) -> dict[str, Any]:
    seen, complaints = {}, {}
    async with Browser.started(directory) as browser:
        reader = await browser.visit(urls["trouble"], SCREENS["phone"])
        await reader.value(f"window.scrollTo(0, {PLACE})")
        for page, screen in LOOKS:
            tab = await browser.visit(urls[page], SCREENS[screen])
            seen[page, screen] = await tab.value(SEEN)
            complaints[page, screen] = list(tab.complaints)
            if PICTURES:
                _keep(PICTURES, f"{page}-{screen}", await tab.picture())
            await tab.close()
        attacked = await browser.visit(urls["hostile"], SCREENS["light"])
        violated = await attacked.value(ATTACK)
        return {
            "seen": seen,
            "complaints": complaints,
            "place_kept": await _refreshed(reader),
            "violated": violated,
            "complained": list(attacked.complaints),
        }


@pytest.fixture(scope="module")
def run(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Four daemons at once, and one browser that looks at them all."""
    with ExitStack() as stack:
        stages, daemons = {}, {}
        for play in PAGES:
            directory = tmp_path_factory.mktemp(play)
            stage = stages[play] = stack.enter_context(Stage(broker, directory, _script(play, directory)))
            stage.make_topics()
            daemons[play] = stage.start()
        daemons["hostile"].wait_for_line("hole_opened")
        daemons["hostile"].wait_for_line("conversation_dead_lettered")
        daemons["hostile"].wait_for_line("schema_drifted")
        _hold(stages["hostile"])
        split, refused, retried = _troubled(stages["trouble"], daemons["trouble"])
        daemons["refused"].wait_for_reason("credentials")
        daemons["starting"].wait_until_ready()
        urls = {play: f"{daemon.admin_url}/" for play, daemon in daemons.items()}
        try:
            looked = asyncio.run(_look(tmp_path_factory.mktemp("browser"), urls))
        except PrerequisiteMissing as missing:
            pytest.skip(f"{missing}; then: make test ARGS='-k status_page'")
        yield Run(**looked, split=split, refused=refused, retried=retried)


def _told(run: Run, page: str) -> str:
    """The text of a page on a wide screen, in one line."""
    return " ".join(run.seen[page, "light"]["text"].split())


def _short(window: str) -> str:
    """A window as the page writes it: `2026-03-10 10:00:00 to 10:05:00Z`."""
    (day, start), (_, end) = (instant.rstrip("Z").split("T") for instant in window.split("/"))
    return f"{day} {start[:8]} to {end[:8]}Z"


def _rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


# --- on every screen ------------------------------------------------------------------------------------------------


@EVERYWHERE
def test_it_follows_the_light_of_the_screen(run: Run, look: tuple[str, str]) -> None:
    palette = DARK if SCREENS[look[1]].scheme == "dark" else LIGHT
    seen = run.seen[look]
    assert (seen["background"], seen["ink"]) == (_rgb(palette["paper"]), _rgb(palette["ink"]))


@EVERYWHERE
def test_nobody_has_to_move_it_sideways(run: Run, look: tuple[str, str]) -> None:
    assert run.seen[look]["width"] <= SCREENS[look[1]].width


@EVERYWHERE
def test_the_browser_has_nothing_to_complain_of(run: Run, look: tuple[str, str]) -> None:
    assert run.complaints[look] == []


@EVERYWHERE
def test_no_script_runs_and_nothing_foreign_is_in_it(run: Run, look: tuple[str, str]) -> None:
    assert (run.seen[look]["hacked"], run.seen[look]["foreign"]) == (False, 0)


@EVERYWHERE
def test_the_first_line_says_how_it_is(run: Run, look: tuple[str, str]) -> None:
    title, sentence = {
        "trouble": ("trouble", r"✖ 1 hole in coverage: [\d.]+ s could not be read\."),
        "hostile": ("trouble", r"✖ 1 hole in coverage: [\w ]+ could not be read\."),
        "starting": ("starting", r"… Ready, and nothing read yet\."),
        "refused": (
            "trouble",
            r"✖ Not ready: no token for the OAuth client: 401 invalid_client authentication failed\.",
        ),
    }[look[0]]
    seen = run.seen[look]
    assert seen["title"] == f"{title} · genesys-producer"
    assert re.fullmatch(sentence, " ".join(seen["headline"].split()))


# --- a hole, a split window, an error -------------------------------------------------------------------------------


@pytest.mark.parametrize("screen", SCREENS)
def test_a_hole_of_seconds_is_seen_on_every_screen(run: Run, screen: str) -> None:
    edge, mark = run.seen["trouble", screen]["marks"]
    assert (edge, mark) == (3, 12), "pixels"


def test_the_hole_is_told_with_its_reason(run: Run) -> None:
    window = _short(run.refused["window"])
    told = _told(run, "trouble")
    assert f"1 hole: {window} (bad.request)." in told
    assert f"{window} bad.request 1 2026-03-10" in told


def test_the_split_window_is_told_with_its_parts(run: Run) -> None:
    window, (first, second) = _short(run.split["window"]), map(_short, run.split["parts"])
    told = _told(run, "trouble")
    assert f"{window} head split 2 parts are read instead {first} {second}" in told
    assert f"{second} head complete part of {window}" in told or f"{second} head split" in told


@pytest.mark.parametrize("line", ["refused", "retried"])
def test_an_error_is_told_with_what_to_do_and_the_ids_for_support(run: Run, line: str) -> None:
    said: Line = getattr(run, line)
    assert said["correlation_id"]
    assert (
        f"{said['message']} What to do: {said['what_to_do']} "
        f"correlation id {said['correlation_id']} request id {said['request_id']} action {said['action']}"
    ) in _told(run, "trouble")


# --- hostile texts --------------------------------------------------------------------------------------------------


def test_script_in_every_field_is_shown_as_text(run: Run) -> None:
    told = _told(run, "hostile")
    assert f"({SCRIPT})" in told, "the reason of the hole"
    assert f"refused: 400 {SCRIPT} {IMAGE}" in told, "the words of the API"
    assert f"correlation id {IMAGE}" in told, "a header of the API"
    assert f"no instant: '{SCRIPT}" in told, "a value, in why a conversation is a dead letter"
    assert f'.flow["{SCRIPT}"]' in told, "the name of a field, as drift"


def test_a_script_that_got_into_the_page_all_the_same_would_not_run(run: Run) -> None:
    assert run.violated.startswith(("script-src", "img-src"))
    assert any("Content Security Policy" in complaint for complaint in run.complained)


# --- the others -----------------------------------------------------------------------------------------------------


def test_a_daemon_that_has_just_started_says_what_is_waited_for(run: Run) -> None:
    told = _told(run, "starting")
    assert "What to do: wait: the first records come after the head lag and one poll." in told
    assert "Nothing read yet." in told
    assert "Last reads None yet." in told


def test_a_daemon_that_is_refused_says_what_to_do(run: Run) -> None:
    told = _told(run, "refused")
    assert f"What to do: {CredentialsRefused.what_to_do}. Since 2026-03-10" in told
    assert re.search(r"correlation id [\w-]{36}", told)


def test_a_reader_keeps_the_place_when_it_refreshes_itself(run: Run) -> None:
    assert abs(run.place_kept - PLACE) < PLACE / 4  # a line more above moves it with the text; lost, it would be 0
