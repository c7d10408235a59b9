-- One row per profile_id with a golden attribute: what follows from the email address,
-- the phone number and the birth date.

with attributes as (
    select * from {{ ref('prf_attributes') }}
),

free_mail_domains as (
    select * from {{ cdp_reference('free_mail_domains') }}
),

disposable_domains as (
    select * from {{ cdp_reference('disposable_domains') }}
),

role_addresses as (
    select * from {{ cdp_reference('role_addresses') }}
),

countries as (
    select * from {{ cdp_reference('countries') }}
),

addresses as (
    select
        profile_id,
        lower(split_part(email, '@', 2)) as email_domain,
        split_part(lower(split_part(email, '@', 1)), '+', 1) as local_part
    from attributes
    where email is not null
),

-- Countries share a calling code: of those, the one of the address, else our own.
calling_countries as (
    select
        attributes.profile_id,
        countries.country_code,
        coalesce(countries.country_code = attributes.country_code, false) as is_home,
        countries.country_code = '{{ var("cdp_default_country") }}' as is_default,
        rank() over (
            partition by attributes.profile_id
            order by length(countries.calling_code) desc
        ) as code_rank
    from attributes
    inner join countries
        on attributes.phone like concat('+', countries.calling_code, '%')
),

phone_countries as (
    select
        profile_id,
        coalesce(
            max(case when is_home then country_code end),
            max(case when is_default then country_code end),
            case when count(*) = 1 then max(country_code) end
        ) as phone_country_code
    from calling_countries
    where code_rank = 1
    group by profile_id
),

ages as (
    select
        profile_id,
        {{ cdp_years_since('birth_date') }} as age
    from attributes
    where birth_date is not null
),

final as (
    select
        attributes.profile_id,
        addresses.email_domain,
        free_mail_domains.domain is not null as is_free_mail,
        disposable_domains.domain is not null as is_disposable_domain,
        role_addresses.local_part is not null as is_role_address,
        phone_countries.phone_country_code,
        ages.age,
        case
            when ages.age < 18 then 'under 18'
            when ages.age < 25 then '18-24'
            when ages.age < 35 then '25-34'
            when ages.age < 45 then '35-44'
            when ages.age < 55 then '45-54'
            when ages.age < 65 then '55-64'
            when ages.age is not null then '65 and over'
        end as age_band
    from attributes
    left join addresses on attributes.profile_id = addresses.profile_id
    left join free_mail_domains on addresses.email_domain = free_mail_domains.domain
    left join disposable_domains on addresses.email_domain = disposable_domains.domain
    left join role_addresses on addresses.local_part = role_addresses.local_part
    left join phone_countries on attributes.profile_id = phone_countries.profile_id
    left join ages on attributes.profile_id = ages.profile_id
)

select * from final
