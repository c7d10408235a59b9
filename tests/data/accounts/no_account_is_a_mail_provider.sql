-- Invariant: no mail provider's domain is an account's.

select accounts.domain
from {{ ref('cdp_accounts') }} as accounts
inner join {{ ref('prf_mail_domains') }} as mail_domains
    on accounts.domain = mail_domains.domain
