"""The pages of the web shop's visits, and the columns that every web event has."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.columns import choose, text
from cdp.demo.purchases import explode
from cdp.demo.sink import where_known
from cdp.demo.visits import ORIGINS, PAID, USER_AGENTS
from cdp.demo.world import NOW, Chunk

__all__ = ["SITE", "Pages", "campaign_name", "context_columns", "event_columns", "take_rows"]

Array = NDArray[Any]

SITE = "https://www.larkspur.example"
KINDS = ("home", "category", "product", "cart", "search", "account")
HOME, CATEGORY, PRODUCT, CART, SEARCH, ACCOUNT = range(len(KINDS))
_PATHS = ("/", "", "", "/cart", "/search", "/account")
_SHARES = (0.08, 0.22, 0.5, 0.06, 0.09, 0.05)
_LANDING_SHARES = (0.4, 0.25, 0.35, 0.0, 0.0, 0.0)
_SEASONS = ("spring-refresh", "summer-grill", "back-to-school", "holiday-table")
_CLICK_PREFIXES = {"gclid": "Cj0K", "fbclid": "IwAR"}


class Pages:
    """The pages of a chunk's visits: one entry a page, in the order of the visits."""

    def __init__(self, chunk: Chunk) -> None:
        rng, visits = chunk.rng("web pages"), chunk.visits
        self.visit, position = explode(np.zeros(len(visits), dtype=int), visits.pages)
        size = len(self.visit)
        pause = position * 38_000_000 + rng.integers(0, 30_000_000, size)
        self.time = visits.time[self.visit] + pause.astype("timedelta64[us]")
        self.is_landing = position == 0
        landing = rng.choice(len(KINDS), size, p=_LANDING_SHARES)
        self.kind = np.where(self.is_landing, landing, rng.choice(len(KINDS), size, p=_SHARES))
        self.product = chunk.liked_products(np.maximum(visits.person[self.visit], 0), rng)
        self.path = self._paths(chunk.world.purchases.products)

    def _paths(self, products: dict[str, Array]) -> Array:
        fixed = np.array(_PATHS, dtype=object)[self.kind]
        listing = "/collections/" + products["slug"][self.product]
        detail = "/products/" + products["product_id"][self.product]
        return choose(self.kind == PRODUCT, detail, choose(self.kind == CATEGORY, listing, fixed))


def campaign_name(source: str, number: int) -> str:
    """The name of a paid or mailed campaign, the same in every system."""
    return f"{source}-{_SEASONS[number]}"


def landing_queries(chunk: Chunk) -> Array:
    """The query of each visit's first page: where it came from, and the click's id."""
    visits = chunk.visits
    queries = [
        _query(*ORIGINS[int(origin)], campaign, serial)
        for origin, campaign, serial in zip(
            visits.origin.tolist(),
            visits.campaign.tolist(),
            chunk.serials(len(visits)).tolist(),
            strict=True,
        )
    ]
    return np.array(queries, dtype=object)


def _query(
    source: str | None, medium: str | None, click: str | None, campaign: int, serial: int
) -> str:
    if source is None or medium == "organic":
        return ""
    query = {
        "utm_source": source,
        "utm_medium": medium,
        "utm_campaign": campaign_name(source, campaign),
    }
    if click:
        query[click] = f"{_CLICK_PREFIXES[click]}{serial:012x}"
    return "?" + urlencode(query)


def event_columns(
    chunk: Chunk, visit: Array, time: Array, ids: Array, rng: np.random.Generator
) -> dict[str, Any]:
    """Ids and times of events of these visits, with late ones and wrong clocks."""
    visits = chunk.visits
    stamped, received = dirt.arrival(time, NOW, rng)
    return {
        "id": text("evt-", ids),
        "received_at": received,
        "sent_at": received - np.timedelta64(150, "ms"),
        "original_timestamp": stamped - np.timedelta64(40, "ms"),
        "timestamp": stamped,
        "anonymous_id": chunk.browsers.anonymous_id[visits.browser[visit]],
        "user_id": choose(visits.is_logged_in[visit], chunk.people.user_id[visits.person[visit]]),
    }


def context_columns(chunk: Chunk, visit: Array) -> dict[str, Any]:
    """Campaign, device and privacy signal of events of these visits."""
    visits, browsers = chunk.visits, chunk.browsers
    browser, origin = visits.browser[visit], visits.origin[visit]
    sources, mediums, _ = (np.array(column, dtype=object) for column in zip(*ORIGINS, strict=True))
    is_tagged = np.array([medium not in (None, "organic") for medium in mediums])[origin]
    names = np.array(
        [[campaign_name(source or "", n) for n in range(len(_SEASONS))] for source in sources],
        dtype=object,
    )
    is_search_ad = origin == PAID[0]
    return {
        "context_campaign_source": choose(is_tagged, sources[origin]),
        "context_campaign_medium": choose(is_tagged, mediums[origin]),
        "context_campaign_name": choose(is_tagged, names[origin, visits.campaign[visit]]),
        "context_campaign_content": choose(np.isin(origin, PAID), "carousel"),
        "context_campaign_term": choose(is_search_ad, "grocery delivery"),
        "context_user_agent": np.array(USER_AGENTS, dtype=object)[browsers.user_agent[browser]],
        "context_ip": browsers.ip[browser],
        "context_gpc": where_known(browsers.sends_gpc[browser], browser % 3 > 0),
    }


def take_rows(columns: dict[str, Any], rows: Array) -> dict[str, Any]:
    """The columns at those rows; a single value stands for all rows and stays."""

    def take(value: Any) -> Any:
        if isinstance(value, pa.Array):
            return value.take(rows)
        return value[rows] if isinstance(value, np.ndarray) else value

    return {name: take(value) for name, value in columns.items()}
