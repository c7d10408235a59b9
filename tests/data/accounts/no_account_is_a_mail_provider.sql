-- Invariant: no mail provider's domain is an account's.

select accounts.domain
from {{ ref('cdp_accounts') }} as accounts
inner join {{ cdp_reference('free_mail_domains') }} as free_mail_domains
    on accounts.domain = free_mail_domains.domain
