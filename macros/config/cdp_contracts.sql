{#- The input contracts: contract -> {column: type}. Every contract also has `source`,
    `record_id`, its clock (`occurred_at` for facts, `updated_at` for records that
    change), `is_deleted` and `brand`, and any of the identifier types as columns.
    docs/contracts.md says what each column means. -#}
{% macro cdp_contracts() -%}
    {%- set text, number, money, flag = 'text', 'integer', 'numeric', 'boolean' -%}
    {%- set time, date, json = 'timestamp', 'date', 'json' -%}
    {%- set contracts = {
        'people': {
            'updated_at': time, 'created_at': time, 'person_kind': text,
            'first_name': text, 'last_name': text, 'birth_date': date, 'gender': text,
            'address_line1': text, 'address_line2': text, 'city': text, 'region': text,
            'postal_code': text, 'country_code': text, 'company': text,
            'job_title': text, 'language': text, 'owner_id': text, 'account_id': text,
            'lead_source': text, 'lead_status': text,
            'is_email_verified': flag, 'is_phone_verified': flag, 'attributes': json,
        },
        'events': {
            'occurred_at': time, 'received_at': time, 'event_name': text,
            'channel': text, 'session_id': text, 'url': text, 'referrer': text,
            'utm_source': text, 'utm_medium': text, 'utm_campaign': text,
            'utm_content': text, 'utm_term': text, 'click_id': text,
            'click_id_type': text, 'product_id': text, 'category': text,
            'order_id': text, 'campaign_id': text, 'value': money, 'currency': text,
            'device_type': text, 'is_gpc': flag, 'properties': json,
        },
        'orders': {
            'occurred_at': time, 'updated_at': time, 'order_number': text,
            'channel': text, 'store_id': text, 'status': text, 'currency': text,
            'subtotal': money, 'discount': money, 'tax': money, 'shipping': money,
            'total': money, 'coupon': text, 'country_code': text, 'cancelled_at': time,
        },
        'order_lines': {
            'occurred_at': time, 'order_id': text, 'line_number': number,
            'product_id': text, 'product_name': text, 'category': text,
            'quantity': money, 'unit_price': money, 'discount': money, 'total': money,
            'currency': text,
        },
        'refunds': {
            'occurred_at': time, 'order_id': text, 'order_line_id': text,
            'quantity': money, 'amount': money, 'currency': text, 'reason': text,
        },
        'products': {
            'updated_at': time, 'name': text, 'category': text, 'subcategory': text,
            'department': text, 'manufacturer': text, 'unit_price': money,
            'unit_cost': money, 'currency': text, 'is_active': flag,
        },
        'campaigns': {
            'updated_at': time, 'name': text, 'channel': text, 'status': text,
            'subject': text, 'started_at': time, 'ended_at': time,
        },
        'fx_rates': {
            'updated_at': time, 'currency': text, 'rate_date': date, 'rate': 'float',
        },
        'accounts': {
            'updated_at': time, 'created_at': time, 'name': text, 'domain': text,
            'industry': text, 'employees': number, 'annual_revenue': money,
            'switchboard': text, 'city': text, 'region': text, 'country_code': text,
            'owner_id': text, 'parent_id': text,
        },
        'owners': {
            'updated_at': time, 'name': text, 'work_email': text, 'title': text,
            'is_active': flag,
        },
        'carts': {
            'updated_at': time, 'started_at': time, 'completed_at': time, 'value': money,
            'currency': text, 'line_count': number, 'url': text, 'country_code': text,
        },
        'subscriptions': {
            'occurred_at': time, 'subscription_id': text, 'plan': text, 'status': text,
            'mrr': money, 'currency': text, 'started_at': time,
            'current_period_end': time, 'cancel_at': time, 'ended_at': time,
        },
        'messages': {
            'occurred_at': time, 'message_id': text, 'channel': text, 'kind': text,
            'campaign_id': text, 'campaign_name': text, 'subject': text, 'url': text,
            'is_machine': flag,
        },
        'tickets': {
            'updated_at': time, 'opened_at': time, 'first_response_at': time,
            'solved_at': time, 'reopened_count': number, 'status': text,
            'priority': text, 'channel': text, 'subject': text, 'category': text,
            'assignee_id': text, 'account_id': text, 'satisfaction': text,
        },
        'opportunities': {
            'occurred_at': time, 'opportunity_id': text, 'account_id': text,
            'name': text, 'stage': text, 'amount': money, 'currency': text,
            'close_date': date, 'created_at': time, 'owner_id': text,
            'lead_source': text, 'probability': 'float', 'is_closed': flag,
            'is_won': flag,
        },
        'activities': {
            'occurred_at': time, 'kind': text, 'subject': text, 'status': text,
            'due_at': time, 'done_at': time, 'owner_id': text, 'account_id': text,
            'opportunity_id': text, 'direction': text, 'duration_seconds': number,
            'outcome': text,
        },
        'responses': {
            'occurred_at': time, 'instrument': text, 'score': 'float',
            'max_score': 'float', 'text': text, 'ticket_id': text,
        },
        'ad_spend': {
            'occurred_at': time, 'spend_date': date, 'platform': text,
            'campaign_id': text, 'campaign_name': text, 'impressions': number,
            'clicks': number, 'spend': money, 'currency': text, 'conversions': 'float',
        },
        'consents': {
            'occurred_at': time, 'purpose': text, 'channel': text, 'status': text,
            'legal_basis': text, 'jurisdiction': text, 'wording_version': text,
            'evidence': text,
        },
        'enrichments': {
            'occurred_at': time, 'provider': text, 'attribute': text, 'value': text,
            'licence': text, 'expires_at': time,
        },
    } -%}
    {{ return(contracts) }}
{%- endmacro %}

{#- The columns of one contract: {column: type}, the common ones first. -#}
{% macro cdp_contract(name) -%}
    {%- set contracts = cdp.cdp_contracts() -%}
    {%- if name not in contracts -%}
        {{ exceptions.raise_compiler_error(
            "Unknown contract '" ~ name ~ "'. Use one of: " ~ contracts.keys() | join(', ') ~ "."
        ) }}
    {%- endif -%}
    {%- set columns = {
        'source': 'text', 'record_id': 'text', 'brand': 'text', 'is_deleted': 'boolean',
    } -%}
    {%- do columns.update(contracts[name]) -%}
    {{ return(columns) }}
{%- endmacro %}
