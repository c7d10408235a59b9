"""The demo's time, and that the audiences which a retailer asks for are there."""

from __future__ import annotations

from pathlib import Path

import pytest

from demo.query import one

NOW = "timestamp '2018-01-01 06:00:00'"
PAST = {
    "pos.transactions": "transacted_at",
    "shopify.order": "updated_at",
    "shopify.customer": "updated_at",
    "shopify.refund": "created_at",
    "shopify.abandoned_checkout": "updated_at",
    "loyalty.members": "updated_at",
    "web.pages": "received_at",
    "web.tracks": "received_at",
    "app.screens": "received_at",
    "klaviyo.event": "datetime",
    "klaviyo.person": "updated",
    "mailchimp.campaign_recipient_activity": "timestamp",
    "hubspot.email_event": "created",
    "zendesk.ticket": "updated_at",
    "zendesk.ticket_field_history": "updated",
    "salesforce.contact": "last_modified_date",
    "salesforce.opportunity_history": "_fivetran_start",
    "stripe.subscription_history": "current_period_start",
    "stripe.charge": "created",
    "survey.responses": "submitted_at",
    "callcenter.calls": "ended_at",
    "consent.receipts": "captured_at",
    "social.engagements": "engaged_at",
}
AUDIENCES = {
    "carts left in the last three days": f"""from {{shopify.abandoned_checkout}}
        where completed_at is null and created_at > {NOW} - interval 3 day""",
    "new customers": f"from {{shopify.customer}} where created_at > {NOW} - interval 30 day",
    "subscribers at risk": """from {stripe.subscription_history}
        where _fivetran_active and (status = 'past_due' or cancel_at_period_end)""",
    "open tickets of subscribers": """from {truth.people} as subscriber
        join {truth.people} as requester using (person_id)
        join {zendesk.ticket} as ticket
            on cast(ticket.requester_id as varchar) = requester.record_id
        where subscriber.source = 'stripe' and requester.source = 'zendesk'
        and ticket.status in ('new', 'open', 'pending')""",
    "sleeping app users": f"""from (select user_id from {{app.screens}} where user_id is not null
        group by 1 having max(timestamp) < {NOW} - interval 60 day)""",
    "promoters": "from {survey.responses} where instrument = 'nps' and score >= 9",
    "readers who never bought": """from {truth.people} as reader
        join {klaviyo.event} as event on event.person_id = reader.record_id
        where reader.source = 'klaviyo' and event.type = 'Clicked Email'
        and reader.person_id not in (
            select person_id from {truth.people} where source in ('loyalty', 'shopify'))""",
    "machine opens": """from {klaviyo.event} where type = 'Opened Email'
        and property_client_name = 'Apple Mail Privacy Protection'""",
    "open opportunities": "from {salesforce.opportunity} where not is_closed",
    "overdue tasks": """from {salesforce.task}
        where not is_closed and activity_date < date '2018-01-01'""",
    "reopened tickets": """from (select ticket_id from {zendesk.ticket_field_history}
        where field_name = 'status' and value = 'open' group by 1 having count(*) > 1)""",
    "paid clicks": "from {web.pages} where url like '%gclid=%'",
    "social clicks": "from {web.pages} where url like '%fbclid=%'",
    "privacy signals": "from {web.pages} where context_gpc",
    "withdrawals": "from {consent.receipts} where status = 'withdrawn'",
    "visitors nobody knows": """from (select anonymous_id from {web.pages}
        group by 1 having max(user_id) is null)""",
    "late events": "from {web.pages} where received_at > timestamp + interval 1 day",
    "future events": f"from {{web.pages}} where timestamp > {NOW}",
    "duplicate events": "from (select id from {web.pages} group by 1 having count(*) > 1)",
    "sales without a card": "from {pos.transactions} where loyalty_id is null",
    "guests": "from {shopify.order} where customer_id is null",
}  # fmt: skip


@pytest.mark.parametrize("table", PAST)
def test_nothing_is_known_before_it_happened(whole: Path, table: str) -> None:
    assert one(whole, f"select max({PAST[table]}) <= {NOW} from {{{table}}}")


@pytest.mark.parametrize("audience", AUDIENCES)
def test_audience_is_there(whole: Path, audience: str) -> None:
    assert one(whole, f"select count(*) {AUDIENCES[audience]}") >= 5


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("shopify.order", "id"),
        ("shopify.order_line", "id"),
        ("shopify.customer", "id"),
        ("salesforce.opportunity", "id"),
        ("klaviyo.event", "id"),
        ("hubspot.email_event", "id"),
        ("zendesk.ticket_comment", "id"),
        ("stripe.charge", "id"),
        ("consent.receipts", "receipt_id"),
        ("enrichment.attributes", "record_id"),
        ("survey.responses", "response_id"),
        ("web.product_viewed", "id"),
    ],
)
def test_ids_are_unique(whole: Path, table: str, key: str) -> None:
    assert one(whole, f"select count(*) = count(distinct {key}) from {{{table}}}")


@pytest.mark.parametrize(
    ("child", "key", "parent"),
    [
        ("web.product_viewed", "id", "select id from {web.tracks}"),
        ("web.order_completed", "order_id", "select cast(id as varchar) from {shopify.order}"),
        ("shopify.order_line", "order_id", "select id from {shopify.order}"),
        ("shopify.order_line_refund", "order_line_id", "select id from {shopify.order_line}"),
        ("zendesk.ticket", "requester_id", "select id from {zendesk.user}"),
        ("salesforce.contact", "account_id", "select id from {salesforce.account}"),
        ("salesforce.opportunity", "account_id", "select id from {salesforce.account}"),
        ("hubspot.deal_contact", "contact_id", "select id from {hubspot.contact}"),
        ("hubspot.deal_company", "company_id", "select id from {hubspot.company}"),
        ("stripe.subscription_history", "customer_id", "select id from {stripe.customer}"),
        ("mailchimp.campaign_recipient", "member_id", "select id from {mailchimp.member}"),
        ("klaviyo.event", "metric_id", "select id from {klaviyo.metric}"),
        ("facebook_ads.basic_ad", "ad_id", "select id from {facebook_ads.ad_history}"),
    ],
)
def test_rows_point_at_rows(whole: Path, child: str, key: str, parent: str) -> None:
    assert one(whole, f"select count(*) from {{{child}}} where {key} not in ({parent})") == 0
