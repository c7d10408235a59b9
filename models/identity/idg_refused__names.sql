-- One row per (identifier_type, identifier_value) that people of more different given
-- names carry than its type allows: a family's phone, a recycled number, a shared
-- inbox. Nicknames, initials and a slip inside a name are no difference. Feeds
-- idg_refused.

with value_names as (
    select * from {{ ref('idg_value_names') }}
),

variants as (
    select * from {{ ref('idg_name_variants') }}
),

-- Past fifty names the answer is known, and the pairs would be many.
pairs as (
    select
        value_names.identifier_type,
        value_names.identifier_value,
        value_names.first_name,
        other_names.first_name as other_name
    from value_names
    inner join value_names as other_names
        on
            value_names.identifier_type = other_names.identifier_type
            and value_names.identifier_value = other_names.identifier_value
            and value_names.first_name <> other_names.first_name
    where value_names.name_count <= 50
),

-- A name is no new one when it is the initial of another, or when a name before it in
-- the alphabet could be the same.
repeated_names as (
    select distinct
        pairs.identifier_type,
        pairs.identifier_value,
        pairs.first_name
    from pairs
    left join variants
        on
            pairs.first_name = variants.first_name
            and pairs.other_name = variants.variant
    where
        pairs.other_name like pairs.first_name || '%' and length(pairs.first_name) = 1
        or (
            pairs.first_name > pairs.other_name
            and (
                variants.first_name is not null
                or {{ cdp_may_be_one_name('pairs.first_name', 'pairs.other_name') }}
            )
        )
),

different_names as (
    select
        value_names.identifier_type,
        value_names.identifier_value,
        value_names.max_first_names,
        count(*) - count(repeated_names.first_name) as name_count
    from value_names
    left join repeated_names
        on
            value_names.identifier_type = repeated_names.identifier_type
            and value_names.identifier_value = repeated_names.identifier_value
            and value_names.first_name = repeated_names.first_name
    group by
        value_names.identifier_type,
        value_names.identifier_value,
        value_names.max_first_names
)

select
    identifier_type,
    identifier_value,
    'shared_by_names' as rule
from different_names
where name_count > max_first_names
