#!/usr/bin/env bash
# The whole walk of README.md on the sandbox, with the worker, the listener and the export killed on the way.
#
#   ./run.sh [FOLDER]      three to four minutes; it works in the folder, or in a new one that it removes
#
# identity-worker and python are those of the PATH, with the extras `embedded` and `sandbox`.
set -euo pipefail

example=$(cd "$(dirname "$0")" && pwd)
if (($#)); then
    folder=$1
    mkdir -p "$folder"
else
    folder=$(mktemp -d)
fi
cp "$example"/{people.csv,columns.toml,template.json,make.py,check.py} "$folder"
cd "$folder"

say() { printf '%s  %s\n' "$(date +%T)" "$*"; }

# Start a command in a process group of its own, so that a kill leaves none of its processes; sets `started`.
start() {
    setsid "$@" >>"$log" 2>&1 &
    started=$!
}
slay() {
    kill -9 -- "-$1"
    wait "$1" 2>>"$log" || true
}
end() {
    for each in "${worker:-}" "${listener:-}" "${export:-}" "${sandbox:-}"; do
        [[ -z $each ]] || kill -- "-$each" 2>>"$log" || true
    done
    wait
    (($#)) || rm -rf "$folder"
}
log=$PWD/processes.log
trap 'end "$@"' EXIT

# Wait until so many of the batch's briefs are done.
until_done() {
    until (($(identity-worker status --batch spring --json --limit 1 | python -c '
import json, sys
print(sum(each["briefs"] for each in json.load(sys.stdin)["counts"] if each["state"] == "done"))') >= $1)); do
        sleep 1
    done
}

# -- The sandbox and the processes --------------------------------------------------------------------------
port=$(python -c 'import socket; s = socket.create_server(("127.0.0.1", 0)); print(s.getsockname()[1])')
speed=${SPEED:-60}
export PIKTID_API_URL=http://127.0.0.1:$port PIKTID_API_TOKEN=sandbox-me IDENTITY_WORKER_SPEED=$speed
unset REDIS_URL ACCOUNTS_FILE
start identity-worker sandbox --port "$port" --speed "$speed" --set slots_cap=1000
sandbox=$started
start identity-worker work
worker=$started
start identity-worker listen
listener=$started
until identity-worker limits default --slots 1000; do sleep 1; done

# -- In: the plan, the good rows within a budget, the bad ones mended -----------------------------------------
how=(--map columns.toml --template template.json --batch spring --set size=1K)
identity-worker enqueue people.csv "${how[@]}" --dry-run >plan.txt || true
tail -n 5 plan.txt
identity-worker enqueue people.csv "${how[@]}" --max-credits 20000 --keep-going --rejects bad.csv >sent.txt ||
    say "the rows that can't be briefs are in bad.csv"
tail -n 1 sent.txt

until_done 40
slay "$worker"
say "killed the worker"
start identity-worker work
worker=$started

python make.py --mend bad.csv
identity-worker enqueue bad.csv "${how[@]}" | tail -n 1

until_done 120
slay "$listener"
say "killed the listener"
start identity-worker listen
listener=$started

identity-worker wait --batch spring

# -- Out: pictures named by SKU, and the index -----------------------------------------------------------------
out=(--batch spring --to pictures --names '{metadata.sku}')
start identity-worker export "${out[@]}"
export=$started
until (($(find pictures -name '*.jpg' 2>>"$log" | wc -l) >= 50)); do sleep 0.2; done
slay "$export"
export=
say "killed the export with $(find pictures -name '*.jpg' | wc -l) pictures there"
identity-worker export "${out[@]}"
identity-worker export "${out[@]}"

identity-worker audit
python check.py pictures/spring "$PIKTID_API_URL"
say "done"
