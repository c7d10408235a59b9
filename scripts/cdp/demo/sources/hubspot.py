"""HubSpot: contacts, companies and deals of the business side; its mail is in mail.py."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cdp.demo import dirt
from cdp.demo.cards import Cards
from cdp.demo.people import DAY, YEAR_START
from cdp.demo.sink import Sink
from cdp.demo.sources.salesforce import HUBSPOT_STAGES, OWNERS, Companies, steps, work_cards
from cdp.demo.world import NOW, Chunk

__all__ = ["hubspot_cards", "hubspot_ids", "write_hubspot"]

Array = NDArray[Any]


def hubspot_cards(chunk: Chunk) -> Cards:
    """HubSpot's contacts; the same whenever they are asked for."""
    return work_cards(chunk, chunk.people.uses["hubspot"], chunk.rng("hubspot contacts"))


def write_hubspot(chunk: Chunk, sink: Sink) -> None:
    """Contacts, companies and deals; its mail stands in mail.py."""
    people, rng = chunk.people, chunk.rng("hubspot")
    cards = hubspot_cards(chunk)
    who, size = cards.person, len(cards)
    companies = Companies(chunk, who, rng)
    ids = hubspot_ids(people.number[who], cards.nth)
    created = chunk.uniform_times(size, rng, YEAR_START - 100 * DAY)
    row = companies.row_of(people.company[who])
    sink.write(
        "hubspot.contact",
        {
            "id": ids,
            "property_email": cards.email,
            "property_firstname": cards.first,
            "property_lastname": cards.last,
            "property_company": dirt.cases(companies.name[row], rng),
            "property_jobtitle": chunk.world.pools.jobs[
                people.number[who] % len(chunk.world.pools.jobs)
            ],
            "property_createdate": created,
            "property_created_at": created,
            "_fivetran_deleted": False,
            "_fivetran_synced": np.minimum(created + 10 * DAY, NOW),
        },
    )
    sink.people("hubspot", ids.astype(str), people.person_id[who])
    pools = chunk.world.pools
    sink.write(
        "hubspot.company",
        {
            "id": 8_000_000 + companies.number,
            "property_name": companies.name,
            "property_description": None,
            "property_industry": companies.industry,
            "property_address": pools.streets[companies.number % len(pools.streets)],
            "property_city": pools.city[companies.place],
            "property_state": pools.region[companies.place],
            "property_country": pools.country[companies.place],
            "property_annualrevenue": companies.revenue,
            "property_createdate": companies.created,
            "is_deleted": False,
            "_fivetran_synced": NOW,
        },
    )
    _write_deals(chunk, sink, cards, ids, companies, rng)


def hubspot_ids(number: Array, nth: Array | int = 0) -> Array:
    """HubSpot's contact ids."""
    return 50_000_000 + number * 2 + nth


def _write_deals(
    chunk: Chunk, sink: Sink, cards: Cards, contact_ids: Array, companies: Companies, rng: Any
) -> None:
    row = np.flatnonzero(rng.random(len(cards)) < 0.5)
    size = len(row)
    deal_ids = chunk.serials(size, 70_000_000_000)
    created = chunk.uniform_times(size, rng, NOW - 250 * DAY, NOW - 5 * DAY)
    pace = rng.integers(6, 40, size)
    reached = np.minimum(((NOW - created) / (DAY * pace)).astype(int), 3)
    final = np.where((reached == 3) & (rng.random(size) < 0.4), 4, reached)
    company = companies.row_of(chunk.people.company[cards.person[row]])
    sink.write(
        "hubspot.deal",
        {
            "deal_id": deal_ids,
            "deal_pipeline_id": "default",
            "deal_pipeline_stage_id": np.array(HUBSPOT_STAGES, dtype=object)[final],
            "owner_id": 9000 + companies.number[company] % OWNERS,
            "portal_id": 4711,
            "property_dealname": companies.name[company] + " office fruit",
            "property_description": None,
            "property_amount": np.round(rng.lognormal(7.4, 0.7, size), 2),
            "property_createdate": created,
            "property_closedate": created + pace * 3 * DAY,
            "is_deleted": False,
        },
    )
    sink.write(
        "hubspot.deal_contact",
        {
            "deal_id": deal_ids,
            "contact_id": contact_ids[row],
            "type_id": 3,
            "category": "HUBSPOT_DEFINED",
            "_fivetran_synced": NOW,
        },
    )
    deal, step = steps(reached)
    stage = np.where(step == 3, final[deal], step)
    start = created[deal] + pace[deal] * step * DAY
    is_last = step == reached[deal]
    sink.write(
        "hubspot.deal_stage",
        {
            "deal_id": deal_ids[deal],
            "value": np.array(HUBSPOT_STAGES, dtype=object)[stage],
            "date_entered": start,
            "source": "CRM_UI",
            "_fivetran_start": start,
            "_fivetran_end": np.where(
                is_last, np.datetime64("9999-12-31T23:59:59"), start + pace[deal] * DAY
            ),
            "_fivetran_active": is_last,
            "_fivetran_synced": NOW,
        },
    )
