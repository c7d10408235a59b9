-- One row per (profile_id, attribute, value): an email address or phone number of a
-- person of which others than our own sources tell, or that we wrote there ourselves;
-- `party` is the nearest of those who tell of it; null: echoes alone. Feeds
-- prf_contact_points.

with stated as (
    select * from {{ ref('idg_identifiers') }}
    where identifier_type in ('email', 'phone')
),

identity_map as (
    select * from {{ ref('cdp_identity_map') }}
),

providers as (
    select distinct source from {{ ref('inp_enrichments') }}
),

echoes as (
    select * from {{ ref('prf_echoes') }}
),

-- Of whom others tell, or we ourselves told: these need a look at each record.
doubtful as (
    select
        stated.source,
        stated.record_id,
        stated.identifier_type,
        stated.identifier_value,
        case
            when providers.source is not null then 3
            else {{ cdp_party('stated.source') }}
        end as party,
        echoes.source is not null as is_echo
    from stated
    left join providers on stated.source = providers.source
    left join echoes
        on
            stated.source = echoes.source
            and stated.record_id = echoes.record_id
            and stated.identifier_type = echoes.attribute
    where
        providers.source is not null
        or echoes.source is not null
        or {{ cdp_party('stated.source') }} > 1
),

doubtful_values as (
    select distinct
        identity_map.profile_id,
        doubtful.identifier_type,
        doubtful.identifier_value
    from doubtful
    inner join identity_map
        on
            doubtful.source = identity_map.source
            and doubtful.record_id = identity_map.record_id
),

judged as (
    select
        doubtful_values.profile_id,
        doubtful_values.identifier_type as attribute,
        doubtful_values.identifier_value as value,
        min(
            case
                when not coalesce(doubtful.is_echo, false)
                    then coalesce(doubtful.party, 1)
            end
        ) as party,
        max(
            case
                when not coalesce(doubtful.is_echo, false) then stated.last_seen_at
            end
        ) as observed_at
    from doubtful_values
    inner join identity_map on doubtful_values.profile_id = identity_map.profile_id
    inner join stated
        on
            identity_map.source = stated.source
            and identity_map.record_id = stated.record_id
            and doubtful_values.identifier_type = stated.identifier_type
            and doubtful_values.identifier_value = stated.identifier_value
    left join doubtful
        on
            stated.source = doubtful.source
            and stated.record_id = doubtful.record_id
            and stated.identifier_type = doubtful.identifier_type
    group by
        doubtful_values.profile_id,
        doubtful_values.identifier_type,
        doubtful_values.identifier_value
)

select * from judged
