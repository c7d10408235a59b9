"""Ad spend by day and campaign, in Google Ads and Facebook Ads, and the exchange rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo.columns import YEAR_START, text
from cdp.demo.sink import Sink
from cdp.demo.sources.pages import campaign_name
from cdp.demo.world import NOW, World

__all__ = ["write_ads", "write_rates"]

Array = NDArray[Any]

CAMPAIGNS = 4
GOOGLE_ACCOUNT, FACEBOOK_ACCOUNT = 555_001, 777_001
CLICKS_A_DAY_PER_1000 = 9.0  # people, per campaign


@dataclass(frozen=True)
class _Spend:
    """One entry a day and campaign."""

    day: Array
    campaign: Array
    clicks: Array
    impressions: Array
    cost: Array


def write_ads(world: World, sink: Sink) -> None:
    """Four campaigns in each network, whose names stand in the visits' utm_campaign."""
    rng = world.rng("ads")
    _write_google(sink, _spend(world, rng), rng)
    _write_facebook(sink, _spend(world, rng))


def _spend(world: World, rng: np.random.Generator) -> _Spend:
    days = np.arange("2017-01-01", "2018-01-01", dtype="datetime64[D]")
    day, campaign = np.repeat(days, CAMPAIGNS), np.tile(np.arange(CAMPAIGNS), len(days))
    season = 1 + 0.5 * np.cos(day.astype(int) % 365 / 365 * 2 * np.pi + campaign)
    clicks = rng.poisson(CLICKS_A_DAY_PER_1000 * world.buyers / 1000 * season)
    return _Spend(
        day=day,
        campaign=campaign,
        clicks=clicks,
        impressions=clicks * rng.integers(20, 60, len(day)) + rng.integers(0, 50, len(day)),
        cost=np.round(clicks * rng.uniform(0.35, 1.1, len(day)), 2),
    )


def _write_google(sink: Sink, spend: _Spend, rng: np.random.Generator) -> None:
    index = np.arange(CAMPAIGNS)
    sink.write(
        "google_ads.account_history",
        {
            "id": np.array([GOOGLE_ACCOUNT]),
            "descriptive_name": "Larkspur",
            "currency_code": "USD",
            "time_zone": "America/Chicago",
            "updated_at": YEAR_START,
            "_fivetran_synced": NOW,
        },
    )
    sink.write(
        "google_ads.campaign_history",
        {
            "id": 11_000 + index,
            "customer_id": GOOGLE_ACCOUNT,
            "name": np.array([campaign_name("google", n) for n in range(CAMPAIGNS)], dtype=object),
            "advertising_channel_type": "SEARCH",
            "status": "ENABLED",
            "serving_status": "SERVING",
            "start_date": np.datetime64("2017-01-01"),
            "end_date": np.datetime64("2037-12-30"),
            "updated_at": YEAR_START,
        },
    )
    sink.write(
        "google_ads.campaign_stats",
        {
            "_fivetran_id": text("g", np.arange(len(spend.day))),
            "id": 11_000 + spend.campaign,
            "customer_id": GOOGLE_ACCOUNT,
            "date": spend.day,
            "device": "MOBILE",
            "ad_network_type": "SEARCH",
            "clicks": spend.clicks,
            "impressions": spend.impressions,
            "cost_micros": np.round(spend.cost * 1e6).astype(np.int64),
            "conversions": np.round(spend.clicks * rng.uniform(0.01, 0.06, len(spend.day)), 2),
            "conversions_value": np.round(spend.clicks * 1.4, 2),
            "interactions": spend.clicks,
            "_fivetran_synced": NOW,
        },
    )


def _write_facebook(sink: Sink, spend: _Spend) -> None:
    index = np.arange(CAMPAIGNS)
    account = {"id": np.array([FACEBOOK_ACCOUNT]), "name": "Larkspur", "_fivetran_synced": NOW}
    sink.write("facebook_ads.account_history", account)
    names = np.array([campaign_name("facebook", n) for n in range(CAMPAIGNS)], dtype=object)
    sink.write(
        "facebook_ads.campaign_history",
        {
            "id": 21_000 + index,
            "account_id": FACEBOOK_ACCOUNT,
            "name": names,
            "updated_time": YEAR_START,
            "_fivetran_synced": NOW,
        },
    )
    sink.write(
        "facebook_ads.ad_history",
        {
            "id": 22_000 + index,
            "account_id": FACEBOOK_ACCOUNT,
            "ad_set_id": 23_000 + index,
            "campaign_id": 21_000 + index,
            "creative_id": 24_000 + index,
            "name": names + "-carousel",
            "updated_time": YEAR_START,
            "_fivetran_synced": NOW,
        },
    )
    sink.write(
        "facebook_ads.basic_ad",
        {
            "ad_id": 22_000 + spend.campaign,
            "account_id": FACEBOOK_ACCOUNT,
            "date": spend.day,
            "impressions": spend.impressions,
            "inline_link_clicks": spend.clicks,
            "reach": spend.impressions * 7 // 10,
            "spend": spend.cost,
        },
    )


def write_rates(world: World, sink: Sink) -> None:
    """Dollars per unit of each currency, day by day; weekends as the Friday before."""
    days = np.arange("2016-12-25", np.datetime64(world.day) + 2, dtype="datetime64[D]")
    trading = np.busday_offset(days, 0, roll="backward")
    cad = world.usd_per_cad(days)
    for currency, rates in (
        ("CAD", cad),
        ("EUR", np.round(1.13 + 0.06 * np.sin(trading.astype(int) / 90), 5)),
        ("GBP", np.round(1.29 + 0.04 * np.sin(trading.astype(int) / 70), 5)),
    ):
        sink.write("finance.fx_rates", {"currency": currency, "rate_date": days, "rate": rates})
