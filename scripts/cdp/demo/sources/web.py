"""The web shop's own events, in the Segment warehouse schema: pages and log-ins."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.columns import choose
from cdp.demo.sink import Sink
from cdp.demo.sources.actions import write_actions
from cdp.demo.sources.pages import (
    KINDS,
    SITE,
    Pages,
    context_columns,
    event_columns,
    landing_queries,
    take_rows,
)
from cdp.demo.visits import ORIGINS
from cdp.demo.world import Chunk

__all__ = ["write_web"]

Array = NDArray[Any]

TELLS_EMAIL, TELLS_PHONE, TELLS_NAME = 0.72, 0.12, 0.6  # of the log-ins


def write_web(chunk: Chunk, sink: Sink) -> None:
    """Pages, log-ins, and what people did; then who the cookies belong to."""
    pages = Pages(chunk)
    _write_pages(chunk, sink, pages)
    _write_identifies(chunk, sink)
    write_actions(chunk, sink, pages)
    _write_truth(chunk, sink)


def _write_pages(chunk: Chunk, sink: Sink, pages: Pages) -> None:
    rng, size = chunk.rng("web page events"), len(pages.visit)
    search = choose(pages.is_landing, landing_queries(chunk)[pages.visit], "")
    kinds = np.array(KINDS, dtype=object)[pages.kind]
    came_from = np.array(
        [f"https://www.{source}.example/" if source else None for source, _, _ in ORIGINS],
        dtype=object,
    )[chunk.visits.origin[pages.visit]]
    columns = {
        **event_columns(chunk, pages.visit, pages.time, chunk.serials(size, 10**12), rng),
        "name": kinds,
        "path": pages.path,
        "url": SITE + pages.path + search,
        "title": "Larkspur: " + kinds,
        "referrer": choose(pages.is_landing, came_from, SITE + "/"),
        "search": search,
        **context_columns(chunk, pages.visit),
    }
    sink.write("web.pages", take_rows(columns, dirt.repeats(size, rng)))


def _write_identifies(chunk: Chunk, sink: Sink) -> None:
    """A log-in at the start of every visit with one; traits as far as they are told."""
    rng, visits, people = chunk.rng("web identifies"), chunk.visits, chunk.people
    visit = np.flatnonzero(visits.is_logged_in)
    who, size = visits.person[visit], len(visit)
    time = visits.time[visit] + np.timedelta64(5, "s")
    context = context_columns(chunk, visit)
    tells_name = rng.random(size) < TELLS_NAME
    columns = {
        **event_columns(chunk, visit, time, chunk.serials(size, 2 * 10**12), rng),
        "email": choose(rng.random(size) < TELLS_EMAIL, people.shop_email[who]),
        "phone": choose(rng.random(size) < TELLS_PHONE, people.phone[who]),
        "first_name": choose(tells_name, people.first[who]),
        "last_name": choose(tells_name, people.last[who]),
        "context_ip": context["context_ip"],
        "context_locale": np.char.replace(people.locale[who].astype(str), "_", "-").astype(object),
        "context_user_agent": context["context_user_agent"],
        "context_page_url": SITE + "/account/login",
    }
    sink.write("web.identifies", take_rows(columns, dirt.repeats(size, rng)))


def _write_truth(chunk: Chunk, sink: Sink) -> None:
    """Pairs of cookie and account that logged in, and whose each cookie is."""
    people, browsers, visits = chunk.people, chunk.browsers, chunk.visits
    login = np.flatnonzero(visits.is_logged_in)
    browser, who = np.unique(np.c_[visits.browser[login], visits.person[login]], axis=0).T
    records = browsers.anonymous_id[browser] + ":" + people.user_id[who]
    sink.people("web", records, people.person_id[who])
    known = visits.person >= 0
    browser, who = np.unique(np.c_[visits.browser[known], visits.person[known]], axis=0).T
    is_shared = np.bincount(browser)[browser] > 1
    owner = people.person_id[who]
    sink.identifiers("anonymous_id", browsers.anonymous_id[browser], owner, is_shared)
    sink.identifiers("ga_client_id", browsers.client_id[browser], owner, is_shared)
