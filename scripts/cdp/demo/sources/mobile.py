"""The app (Segment warehouse schema) and the analytics export of the web shop (GA4)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.columns import DAY, YEAR_START, choose, text
from cdp.demo.purchases import explode
from cdp.demo.sink import Sink
from cdp.demo.sources.actions import product_columns
from cdp.demo.sources.pages import SITE, take_rows
from cdp.demo.visits import ORIGINS
from cdp.demo.world import NOW, Chunk

__all__ = ["write_analytics", "write_app"]

Array = NDArray[Any]

SCREENS = ("home", "offers", "product", "list", "store_finder", "account")
SCREEN_SHARES = (0.25, 0.2, 0.25, 0.15, 0.08, 0.07)
ASLEEP = 0.35  # share of the app's users without a session in the last 60 days


@dataclass(frozen=True)
class _Sessions:
    """One entry a session; installs are numbered within the chunk."""

    person: Array
    install: Array
    time: Array
    anonymous_id: Array  # of an install
    device_id: Array


def write_app(chunk: Chunk, sink: Sink) -> None:
    """Installs, log-ins, screens, taps and products seen."""
    rng = chunk.rng("app")
    sessions = _sessions(chunk, rng)
    session, position = explode(
        np.zeros(len(sessions.person), dtype=int), 1 + rng.poisson(1.8, len(sessions.person))
    )
    time = sessions.time[session] + (position * 25_000_000).astype("timedelta64[us]")
    time = time + rng.integers(0, 20_000_000, len(time)).astype("timedelta64[us]")
    screen = rng.choice(len(SCREENS), len(session), p=SCREEN_SHARES)
    ids = chunk.serials(len(session), 4 * 10**12)
    columns = _columns(chunk, sessions, session, time, ids, rng)
    screens = columns | {"name": np.array(SCREENS, dtype=object)[screen]}
    sink.write("app.screens", take_rows(screens, dirt.repeats(len(session), rng)))
    _write_tracks(chunk, sink, sessions, session, time, screen, rng)
    _write_identifies(chunk, sink, sessions, rng)


def _sessions(chunk: Chunk, rng: np.random.Generator) -> _Sessions:
    people = chunk.people
    users = np.flatnonzero(people.uses["app"])
    installs = 1 + (rng.random(len(users)) < 0.2)
    count = 2 + rng.poisson(4.0, len(users))
    person = np.repeat(users, count)
    stop = np.where(rng.random(len(users)) < ASLEEP, NOW - DAY * 65, NOW)
    time = chunk.uniform_times(len(person), rng, YEAR_START + 30 * DAY, np.repeat(stop, count))
    first = np.cumsum(installs) - installs
    place = np.full(len(people), -1)
    place[users] = np.arange(len(users))
    nth = ((time - YEAR_START) / (NOW - YEAR_START) * np.repeat(installs, count)).astype(int)
    install = np.repeat(first, count) + nth
    total = int(installs.sum())
    device = chunk.serials(total)
    sharer = people.shares_device[users] & (place[people.partner[users]] >= 0)
    sharer &= people.partner[users] < users
    device[first[sharer]] = device[first[place[people.partner[users[sharer]]]]]
    draws = rng.integers(0, 2**48, total).tolist()
    return _Sessions(
        person=person,
        install=install,
        time=time,
        anonymous_id=np.array([f"app-{d:012x}" for d in draws], dtype=object),
        device_id=np.array(
            [f"{d * 2_654_435_761 % 2**64:016X}" for d in device.tolist()], dtype=object
        ),
    )


def _columns(
    chunk: Chunk, sessions: _Sessions, session: Array, time: Array, ids: Array, rng: Any
) -> dict[str, Any]:
    stamped, received = dirt.arrival(time, NOW, rng)
    install, who = sessions.install[session], sessions.person[session]
    is_logged_in = (session * 7919) % 100 < 70
    kind = np.array(["ios", "android"], dtype=object)[install % 2]
    return {
        "id": text("app-", ids),
        "received_at": received,
        "sent_at": received - np.timedelta64(300, "ms"),
        "original_timestamp": stamped - np.timedelta64(90, "ms"),
        "timestamp": stamped,
        "anonymous_id": sessions.anonymous_id[install],
        "user_id": choose(is_logged_in, chunk.people.user_id[who]),
        "context_device_id": sessions.device_id[install],
        "context_device_type": kind,
        "context_os_name": choose(install % 2 == 0, "iOS", "Android"),
        "context_app_version": "3.4.1",
    }


def _write_tracks(
    chunk: Chunk,
    sink: Sink,
    sessions: _Sessions,
    session: Array,
    time: Array,
    screen: Array,
    rng: np.random.Generator,
) -> None:
    viewed = np.flatnonzero(screen == SCREENS.index("product"))
    offers = np.flatnonzero((screen == SCREENS.index("offers")) & (rng.random(len(screen)) < 0.3))
    opened = np.flatnonzero(np.diff(session, prepend=-1))
    rows = np.r_[viewed, offers, opened]
    event = np.repeat(
        np.array(["product_viewed", "offer_tapped", "application_opened"], dtype=object),
        [len(viewed), len(offers), len(opened)],
    )
    ids = chunk.serials(len(rows), 5 * 10**12)
    columns = _columns(chunk, sessions, session[rows], time[rows], ids, rng)
    tracks = columns | {
        "event": event,
        "event_text": np.array([e.replace("_", " ").title() for e in event], dtype=object),
        "context_campaign_source": None,
        "context_campaign_medium": None,
        "context_campaign_name": None,
    }
    sink.write("app.tracks", take_rows(tracks, dirt.repeats(len(rows), rng)))
    product = chunk.liked_products(sessions.person[session[viewed]], rng)
    sink.write(
        "app.product_viewed",
        {
            **{
                name: columns[name][: len(viewed)]
                for name in ("id", "received_at", "timestamp", "anonymous_id", "user_id")
            },
            **product_columns(chunk, product),
        },
    )


def _write_identifies(
    chunk: Chunk, sink: Sink, sessions: _Sessions, rng: np.random.Generator
) -> None:
    """A log-in at the first logged-in session of every install, and the truth of it."""
    people = chunk.people
    is_login = (np.arange(len(sessions.person)) * 7919) % 100 < 70
    login = np.flatnonzero(is_login)
    _, first = np.unique(sessions.install[login], return_index=True)
    session = login[first]
    who, size = sessions.person[session], len(session)
    ids = chunk.serials(size, 6 * 10**12)
    columns = _columns(chunk, sessions, session, sessions.time[session], ids, rng)
    columns |= {
        "user_id": people.user_id[who],
        "email": choose(rng.random(size) < 0.5, people.shop_email[who]),
        "phone": choose(rng.random(size) < 0.25, people.phone[who]),
        "first_name": choose(rng.random(size) < 0.4, people.first[who]),
        "last_name": choose(rng.random(size) < 0.4, people.last[who]),
        "context_ip": text("203.0.113.", who % 254 + 1),
        "context_locale": "en-US",
        "context_user_agent": None,
    }
    sink.write("app.identifies", take_rows(columns, dirt.repeats(size, rng)))
    anonymous = sessions.anonymous_id[sessions.install[session]]
    sink.people("app", anonymous + ":" + people.user_id[who], people.person_id[who])
    pairs = np.unique(np.c_[sessions.install, sessions.person], axis=0)
    devices, inverse, users = np.unique(
        sessions.device_id[pairs[:, 0]].astype(str), return_inverse=True, return_counts=True
    )
    is_shared = users[inverse] > 1
    owner = people.person_id[pairs[:, 1]]
    sink.identifiers("device_id", devices[inverse].astype(object), owner, is_shared)
    sink.identifiers("anonymous_id", sessions.anonymous_id[pairs[:, 0]], owner, False)


def write_analytics(chunk: Chunk, sink: Sink) -> None:
    """GA4's export: session starts and page views of visits whose visitors allow it."""
    rng, visits, browsers = chunk.rng("ga4"), chunk.visits, chunk.browsers
    allowed = np.flatnonzero(browsers.client_id[visits.browser].astype(str) > "12")
    views = np.minimum(visits.pages[allowed], 2)
    row, position = explode(np.zeros(len(allowed), dtype=int), views + 1)
    visit = allowed[row]
    time = visits.time[visit] + (np.maximum(position - 1, 0) * 38_000_000).astype("timedelta64[us]")
    name = choose(position == 0, "session_start", "page_view")
    has_bought = (visits.basket[visit] >= 0) & (position == views[row])
    name = choose(has_bought, "purchase", name)
    browser = visits.browser[visit]
    is_known = visits.is_logged_in[visit] & (rng.random(len(visit)) < 0.6)
    mobile = browsers.user_agent[browser] >= 2
    source = np.array(
        [
            json.dumps({"source": s or "(direct)", "medium": m or "(none)", "name": None})
            for s, m, _ in ORIGINS
        ],
        dtype=object,
    )
    sink.write(
        "ga4.events",
        {
            "event_date": np.char.replace(time.astype("datetime64[D]").astype(str), "-", "").astype(
                object
            ),
            "event_timestamp": time.astype("datetime64[us]").astype(np.int64),
            "event_name": name,
            "event_params": np.array(
                [_params(v, p) for v, p in zip(visit.tolist(), position.tolist(), strict=True)],
                dtype=object,
            ),
            "user_id": choose(is_known, chunk.people.user_id[visits.person[visit]]),
            "user_pseudo_id": browsers.client_id[browser],
            "device": choose(mobile, '{"category": "mobile"}', '{"category": "desktop"}'),
            "geo": '{"country": "United States"}',
            "traffic_source": source[visits.origin[visit]],
            "platform": "WEB",
            "stream_id": "1900000001",
        },
    )


def _params(visit: int, position: int) -> str:
    return (
        f'[{{"key": "page_location", "value": {{"string_value": "{SITE}/?p={position}"}}}}, '
        f'{{"key": "ga_session_id", "value": {{"int_value": {1_500_000_000 + visit}}}}}]'
    )
