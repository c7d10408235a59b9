"""The web shop's own events, in the Segment warehouse schema."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.people import choose, text
from cdp.demo.purchases import explode
from cdp.demo.sink import Sink
from cdp.demo.sources.retail import product_names
from cdp.demo.visits import ORIGINS, PAID, USER_AGENTS
from cdp.demo.world import NOW, Chunk

__all__ = ["SITE", "campaign_name", "click_ids", "take_rows", "write_web"]

Array = NDArray[Any]

SITE = "https://www.larkspur.example"
KINDS = ("home", "category", "product", "cart", "search", "account")
KIND_SHARES = (0.08, 0.22, 0.5, 0.06, 0.09, 0.05)
LANDING_SHARES = (0.4, 0.25, 0.35, 0.0, 0.0, 0.0)
PRODUCT = KINDS.index("product")


def write_web(chunk: Chunk, sink: Sink) -> None:
    """Log-ins, pages, and what people did on them; then who the cookies belong to."""
    pages = _Pages(chunk)
    _write_pages(chunk, sink, pages)
    _write_identifies(chunk, sink)
    _write_tracks(chunk, sink, pages)
    _write_truth(chunk, sink)


class _Pages:
    """The pages of the chunk's visits: one entry a page, in the order of the visits."""

    def __init__(self, chunk: Chunk) -> None:
        rng, visits = chunk.rng("web pages"), chunk.visits
        self.visit, position = explode(np.zeros(len(visits), dtype=int), visits.pages)
        size = len(self.visit)
        self.time = visits.time[self.visit] + (
            position * 38_000_000 + rng.integers(0, 30_000_000, size)
        ).astype("timedelta64[us]")
        self.is_landing = position == 0
        kind = rng.choice(len(KINDS), size, p=KIND_SHARES)
        landing = rng.choice(len(KINDS), size, p=LANDING_SHARES)
        self.kind = np.where(self.is_landing, landing, kind)
        person = np.maximum(visits.person[self.visit], 0)
        self.product = chunk.liked_products(person, rng)


def click_ids(visits_origin: Array, visits_campaign: Array, serials: Array) -> list[str]:
    """The query of a visit's landing page: where it came from, and the click's id."""
    queries = []
    for origin, campaign, serial in zip(
        visits_origin.tolist(), visits_campaign.tolist(), serials.tolist(), strict=True
    ):
        source, medium, click = ORIGINS[origin]
        if source is None or medium == "organic":
            queries.append("")
            continue
        query = {
            "utm_source": source,
            "utm_medium": medium,
            "utm_campaign": campaign_name(source, campaign),
        }
        if click:
            query[click] = f"{'Cj0K' if click == 'gclid' else 'IwAR'}{serial:012x}"
        queries.append("?" + urlencode(query))
    return queries


def campaign_name(source: str, number: int) -> str:
    """The name of a paid or mailed campaign, the same in every system."""
    season = ("spring-refresh", "summer-grill", "back-to-school", "holiday-table")[number]
    return f"{source}-{season}"


def _columns(chunk: Chunk, visit: Array, time: Array, ids: Array, rng: Any) -> dict[str, Any]:
    """What every web event has, for events of these visits."""
    visits, browsers, people = chunk.visits, chunk.browsers, chunk.people
    stamped, received = dirt.arrival(time, NOW, rng)
    browser, person = visits.browser[visit], visits.person[visit]
    return {
        "id": text("evt-", ids),
        "received_at": received,
        "sent_at": received - np.timedelta64(150, "ms"),
        "original_timestamp": stamped - np.timedelta64(40, "ms"),
        "timestamp": stamped,
        "anonymous_id": browsers.anonymous_id[browser],
        "user_id": choose(visits.is_logged_in[visit], people.user_id[person]),
    }


def _context(chunk: Chunk, visit: Array) -> dict[str, Any]:
    """Campaign, device and privacy signal of events of these visits."""
    visits, browsers = chunk.visits, chunk.browsers
    browser = visits.browser[visit]
    origin = visits.origin[visit]
    tagged = np.array([bool(m) and m != "organic" for _, m, _ in ORIGINS])[origin]
    source = np.array([s for s, _, _ in ORIGINS], dtype=object)[origin]
    names = np.array(
        [[campaign_name(s or "", n) for n in range(4)] for s, _, _ in ORIGINS], dtype=object
    )
    return {
        "context_campaign_source": choose(tagged, source),
        "context_campaign_medium": choose(
            tagged, np.array([m for _, m, _ in ORIGINS], dtype=object)[origin]
        ),
        "context_campaign_name": choose(tagged, names[origin, visits.campaign[visit]]),
        "context_campaign_content": choose(np.isin(origin, PAID), "carousel"),
        "context_campaign_term": choose(origin == PAID[0], "grocery delivery"),
        "context_user_agent": np.array(USER_AGENTS, dtype=object)[browsers.user_agent[browser]],
        "context_ip": browsers.ip[browser],
        "context_gpc": _seen(browsers.sends_gpc[browser], browser % 3 > 0),
    }


def _seen(flags: Array, is_seen: Array) -> Any:
    import pyarrow as pa

    return pa.array(flags, mask=~is_seen)


def take_rows(columns: dict[str, Any], rows: Array) -> dict[str, Any]:
    """The columns at those rows; single values stand for all rows and stay."""
    return {
        name: value
        if isinstance(value, str | bool | float | None)
        else value.take(rows)
        if not isinstance(value, np.ndarray)
        else value[rows]
        for name, value in columns.items()
    }


def _write_pages(chunk: Chunk, sink: Sink, pages: _Pages) -> None:
    rng, visits = chunk.rng("web page events"), chunk.visits
    size = len(pages.visit)
    ids = chunk.serials(size, 10**12)
    query = np.array(
        click_ids(visits.origin, visits.campaign, chunk.serials(len(visits))), dtype=object
    )
    search = choose(pages.is_landing, query[pages.visit], "")
    paths = _paths(chunk, pages)
    kinds = np.array(KINDS, dtype=object)[pages.kind]
    referrers = np.array(
        [f"https://www.{s}.example/" if s else None for s, _, _ in ORIGINS], dtype=object
    )
    columns = {
        **_columns(chunk, pages.visit, pages.time, ids, rng),
        "name": kinds,
        "path": paths,
        "url": SITE + paths + search,
        "title": "Larkspur: " + kinds,
        "referrer": choose(pages.is_landing, referrers[visits.origin[pages.visit]], SITE + "/"),
        "search": search,
        **_context(chunk, pages.visit),
    }
    sink.write("web.pages", take_rows(columns, dirt.repeats(size, rng)))


def _paths(chunk: Chunk, pages: _Pages) -> Array:
    products = chunk.world.purchases.products
    slugs = np.array(
        [
            "".join(c if c.isalnum() else "-" for c in (name or "other").lower())
            for name in products["product_category"]
        ],
        dtype=object,
    )
    fixed = np.array(["/", "", "", "/cart", "/search", "/account"], dtype=object)[pages.kind]
    fixed = np.where(pages.kind == 1, "/collections/" + slugs[pages.product], fixed)
    return choose(
        pages.kind == PRODUCT, "/products/" + products["product_id"][pages.product], fixed
    )


def _write_identifies(chunk: Chunk, sink: Sink) -> None:
    rng, visits, people = chunk.rng("web identifies"), chunk.visits, chunk.people
    visit = np.flatnonzero(visits.is_logged_in)
    who, size = visits.person[visit], len(visit)
    columns = _columns(
        chunk,
        visit,
        visits.time[visit] + np.timedelta64(5, "s"),
        chunk.serials(size, 2 * 10**12),
        rng,
    )
    context = _context(chunk, visit)
    tells_name = rng.random(size) < 0.6
    columns |= {
        "email": choose(rng.random(size) < 0.72, people.shop_email[who]),
        "phone": choose(rng.random(size) < 0.12, people.phone[who]),
        "first_name": choose(tells_name, people.first[who]),
        "last_name": choose(tells_name, people.last[who]),
        "context_ip": context["context_ip"],
        "context_locale": np.char.replace(people.locale[who].astype(str), "_", "-").astype(object),
        "context_user_agent": context["context_user_agent"],
        "context_page_url": SITE + "/account/login",
    }
    sink.write("web.identifies", take_rows(columns, dirt.repeats(size, rng)))


def _write_tracks(chunk: Chunk, sink: Sink, pages: _Pages) -> None:
    """Products seen and added, searches, and orders placed: all tracks, some in own tables."""
    rng, visits = chunk.rng("web tracks"), chunk.visits
    viewed = np.flatnonzero(pages.kind == PRODUCT)
    added = viewed[rng.random(len(viewed)) < 0.16]
    searched = np.flatnonzero(pages.kind == KINDS.index("search"))
    carted = np.flatnonzero(visits.cart >= 0)
    ordered = np.flatnonzero(visits.basket >= 0)
    second = np.timedelta64(1, "s")
    parts = [
        ("product_viewed", pages.visit[viewed], pages.time[viewed] + second),
        ("product_added", pages.visit[added], pages.time[added] + 12 * second),
        ("products_searched", pages.visit[searched], pages.time[searched] + second),
        ("product_added", carted, chunk.carts.time[visits.cart[carted]] - 60 * second),
        ("checkout_started", carted, chunk.carts.time[visits.cart[carted]]),
        ("order_completed", ordered, chunk.baskets.time[visits.basket[ordered]]),
    ]
    event = np.concatenate([np.full(len(v), n, dtype=object) for n, v, _ in parts])
    visit = np.concatenate([v for _, v, _ in parts])
    time = np.concatenate([t for _, _, t in parts])
    size = len(visit)
    columns = _columns(chunk, visit, time, chunk.serials(size, 3 * 10**12), rng)
    url = SITE + _paths(chunk, pages)
    bounds = np.cumsum([len(v) for _, v, _ in parts])
    page_url = np.full(size, SITE + "/cart", dtype=object)
    page_url[: bounds[2]] = np.concatenate([url[viewed], url[added], url[searched]])
    tracks = {
        **columns,
        "event": event,
        "event_text": choose(event == "", "", [e.replace("_", " ").title() for e in event]),
        "context_page_url": page_url,
        "context_page_referrer": SITE + "/",
        **_context(chunk, visit),
    }
    sink.write("web.tracks", take_rows(tracks, dirt.repeats(size, rng)))
    carts = chunk.carts
    product = np.full(size, 0)
    product[: bounds[1]] = np.concatenate([pages.product[viewed], pages.product[added]])
    product[bounds[2] : bounds[3]] = carts.product[visits.cart[carted]]
    quantity = rng.integers(1, 3, size)
    quantity[bounds[2] : bounds[3]] = carts.quantity[visits.cart[carted]]
    own = ("id", "received_at", "timestamp", "anonymous_id", "user_id")
    base = {name: columns[name] for name in own} | {
        "product_id": chunk.world.purchases.products["product_id"][product],
        "name": product_names(chunk.world.purchases)[product],
        "category": chunk.world.purchases.products["product_category"][product],
        "price": chunk.world.purchases.products["price_cents"][product] / 100,
        "currency": "USD",
    }
    sink.write("web.product_viewed", take_rows(base, np.arange(bounds[0])))
    adds = np.r_[bounds[0] : bounds[1], bounds[2] : bounds[3]]
    cart_id = text("cart-web-", chunk.serials(size))
    cart_id[bounds[2] : bounds[3]] = text(
        "cart-", chunk.serials(len(carts.person), 60_000_000_000)[visits.cart[carted]]
    )
    base |= {"quantity": quantity, "cart_id": cart_id}
    sink.write("web.product_added", take_rows(base, adds))
    basket = visits.basket[ordered]
    online = chunk.baskets
    is_canada = chunk.people.address.country[online.person[basket]] == "CA"
    rate = np.where(is_canada, 1 / chunk.world.usd_per_cad(online.time[basket]), 1.0)
    sink.write(
        "web.order_completed",
        {
            **{name: columns[name][bounds[4] :] for name in own},
            "order_id": online.order_id[basket].astype(str),
            "total": np.round(online.cents[basket] / 100 * rate, 4),
            "currency": choose(is_canada, "CAD", "USD"),
            "coupon": choose(rng.random(len(basket)) < 0.08, "WELCOME10"),
        },
    )


def _write_truth(chunk: Chunk, sink: Sink) -> None:
    """Pairs of cookie and account that logged in, and whose each cookie is."""
    people, browsers, visits = chunk.people, chunk.browsers, chunk.visits
    used = visits.person >= 0
    login = np.flatnonzero(visits.is_logged_in)
    pairs = np.unique(np.c_[visits.browser[login], visits.person[login]], axis=0)
    records = browsers.anonymous_id[pairs[:, 0]] + ":" + people.user_id[pairs[:, 1]]
    sink.people("web", records, people.person_id[pairs[:, 1]])
    uses = np.unique(np.c_[visits.browser[used], visits.person[used]], axis=0)
    users = np.bincount(uses[:, 0], minlength=len(browsers))
    owner, is_shared = people.person_id[uses[:, 1]], users[uses[:, 0]] > 1
    sink.identifiers("anonymous_id", browsers.anonymous_id[uses[:, 0]], owner, is_shared)
    sink.identifiers("ga_client_id", browsers.client_id[uses[:, 0]], owner, is_shared)
