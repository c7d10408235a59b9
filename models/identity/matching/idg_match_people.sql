-- One row per node_id of a person record: what it is compared by, folded.
-- Emails and phones that many share are weak evidence, by their frequency; placeholders
-- are none. Of a malformed email the local part stays.
-- Feeds idg_match_keys, idg_match_frequencies and the levels.

{{ config(enabled=cdp_matches_people()) }}

with people as (
    select * from {{ ref('inp_people') }}
    where not coalesce(is_deleted, false)
),

identifiers as (
    select * from {{ ref('idg_identifiers') }}
    where identifier_type in ('record', 'email', 'phone')
),

nodes as (
    select * from {{ ref('idg_nodes') }}
    where identifier_type = 'record'
),

placeholders as (
    select * from {{ ref('idg_refused') }}
    where rule like 'blocked_value%'
),

variants as (
    select
        first_name,
        '|' || {{ dbt.listagg('variant', "'|'", 'order by variant') }} || '|'
            as name_variants
    from {{ ref('idg_name_variants') }}
    group by first_name
),

links as (
    select
        identifiers.source,
        identifiers.record_id,
        max(nodes.node_id) as node_id,
        max(
            case
                when identifiers.identifier_type = 'email'
                    then identifiers.identifier_value
            end
        ) as email,
        max(
            case
                when identifiers.identifier_type = 'phone' and placeholders.rule is null
                    then identifiers.identifier_value
            end
        ) as phone,
        max(case when placeholders.identifier_type = 'email' then 1 else 0 end)
            as is_email_placeholder
    from identifiers
    left join nodes
        on
            identifiers.identifier_type = nodes.identifier_type
            and identifiers.identifier_value = nodes.identifier_value
    left join placeholders
        on
            identifiers.identifier_type = placeholders.identifier_type
            and identifiers.identifier_value = placeholders.identifier_value
    group by identifiers.source, identifiers.record_id
)

select
    links.node_id,
    people.source,
    people.record_id,
    people.match_first_name as first_name,
    variants.name_variants,
    people.match_last_name as last_name,
    people.birth_date,
    replace(cast(people.birth_date as {{ cdp_type('text') }}), '-', '') as birth_digits,
    case
        when links.is_email_placeholder = 0
            then coalesce(links.email, people.match_email_local)
    end as email,
    case when links.is_email_placeholder = 0 then people.match_email_local end
        as email_local,
    links.phone,
    people.match_address_line1 as address_line1,
    people.match_city as city,
    people.match_postal_code as postal_code,
    {{ cdp_fold('people.job_title') }} as job_title,
    {{ cdp_fold('people.gender') }} as gender
from people
inner join links
    on
        people.source = links.source
        and people.identity_key = links.record_id
left join variants on people.match_first_name = variants.first_name
where links.node_id is not null
