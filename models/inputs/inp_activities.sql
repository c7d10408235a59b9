-- One row per call, meeting, task or note.

{{ cdp_union('activities') }}
