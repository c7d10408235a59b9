-- One row per person record that is not deleted, with its profile.

{{ cdp_profiled('people', [
    'updated_at', 'created_at', 'person_kind', 'first_name', 'last_name',
    'birth_date', 'gender', 'address_line1', 'address_line2', 'city', 'region',
    'postal_code', 'country_code', 'company', 'job_title', 'language', 'email',
    'phone', 'is_email_verified', 'is_phone_verified', 'lead_source', 'lead_status',
    'owner_id', 'account_id',
]) }}
