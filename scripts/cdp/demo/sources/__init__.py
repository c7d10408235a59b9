"""The systems of the demo, a module a family. The tuples give the order of writing."""

from __future__ import annotations

from collections.abc import Callable

from cdp.demo.sink import Sink
from cdp.demo.sources import (
    ads,
    billing,
    days,
    feeds,
    hubspot,
    klaviyo,
    listening,
    mailchimp,
    mobile,
    retail,
    salesforce,
    shop,
    truth,
    web,
    zendesk,
)
from cdp.demo.world import Chunk, World

__all__ = ["CHUNK_WRITERS", "WORLD_WRITERS"]

WORLD_WRITERS: tuple[Callable[[World, Sink], None], ...] = (
    retail.write_catalogue,
    shop.write_products,
    salesforce.write_users,
    hubspot.write_pipeline,
    klaviyo.write_campaigns,
    mailchimp.write_list,
    zendesk.write_agents,
    billing.write_plans,
    ads.write_ads,
    ads.write_rates,
)
CHUNK_WRITERS: tuple[Callable[[Chunk, Sink], None], ...] = (
    truth.write_identifiers,
    retail.write_loyalty,
    retail.write_pos,
    shop.write_shopify,
    web.write_web,
    mobile.write_app,
    mobile.write_analytics,
    salesforce.write_salesforce,
    hubspot.write_hubspot,
    klaviyo.write_klaviyo,
    mailchimp.write_mailchimp,
    zendesk.write_zendesk,
    listening.write_surveys,
    listening.write_calls,
    billing.write_stripe,
    feeds.write_social,
    feeds.write_consents,
    feeds.write_enrichment,
    feeds.write_partner,
    days.write_days,
)
