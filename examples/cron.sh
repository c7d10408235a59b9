#!/usr/bin/env bash
# Build, check and sync from cron, one run at a time:
#     15 5 * * *  /srv/cdp/examples/cron.sh >> /var/log/cdp.log 2>&1
# Exit codes are cdp's own (docs/syncs.md): 0 done, 5 partly, 4 blocked, 1 failed.
set -euo pipefail
cd "${CDP_PROJECT:-$(dirname "$0")/..}"

exec 9> "${TMPDIR:-/tmp}/cdp.lock"
flock --nonblock 9 || { echo "cdp: the run before is still at it"; exit 0; }

export CDP_RUN_ID="cron-$(date -u +%Y%m%dT%H%M%SZ)"
cdp build
cdp quality || { code=$?; [ $code = 1 ] || exit $code; } # 1: stops the syncs of that table alone
cdp sync --jobs "${CDP_JOBS:-1}"
