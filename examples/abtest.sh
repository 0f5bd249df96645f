#!/bin/sh
# An A/B test from its creation to the winner in use, on generated traffic: `pack` 2.0.0 takes 20 % less
# time than 1.0.0. Works in a catalog of its own, `abtest_example`; can be run again and again.
#
#   examples/abtest.sh            with the toolcat on the PATH
#   TOOLCAT=target/release/toolcat examples/abtest.sh
set -eu

toolcat=${TOOLCAT:-toolcat}
export TOOLCAT_CATALOG=abtest_example
run=$$
test=faster-pack-$run
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

say() {
    printf '\n$ toolcat %s\n' "$*"
    "$toolcat" "$@"
}

# The catalog: two versions of a tool, the older one in use.
"$toolcat" migrate up --quiet
for version in 1.0.0 2.0.0; do
    sed "s/@VERSION@/$version/" >"$work/pack-$version.yaml" <<'END'
tool_name: pack
version: @VERSION@
description: Packs a folder into an archive
platform: linux
category: filesystem
capabilities:
  archive:
    description: Makes an archive of files
    patterns:
      folder:
        description: One archive of one folder
        typical_use_cases: [pack a folder before it is sent]
        time_estimate_ms: 250 + 2 * N
        cost_estimate: "0.001"
        complexity_score: 0.2
        scope: folder
        completeness: complete
        policy: {max_cost: 1, requires_approval: false, production_safe: true}
        preference_match: {speed: 0.7, accuracy: 0.9, cost: 0.9, complexity: 0.8, completeness: 0.9}
        required_inputs: []
        expected_outputs: []
END
    "$toolcat" import --quiet "$work/pack-$version.yaml" >/dev/null
done
"$toolcat" rollback pack --to 1.0.0 --quiet >/dev/null

# The plan, written down before the first record.
say abtest create "$test" --a pack@1.0.0 --b pack@2.0.0 --min-duration 0s \
    --metric time --guardrail success:0.05 --planned 2000 \
    --hypothesis "2.0.0 compresses in parallel and takes a fifth less time"
say abtest start "$test"

# Traffic: each execution is assigned first, runs (here: is made up), and is recorded.
traffic() {
    seq "$1" "$2" | sed "s/^/pack-$run-/" |
        "$toolcat" abtest assign "$test" --batch - --format csv |
        awk -F, -v seed="$1" '
            BEGIN { srand(seed) }
            NR > 1 {
                spread = exp(rand() + rand() + rand() - 1.5)
                time = 400 * spread * ($3 == "B" ? 0.8 : 1)
                printf "{\"tool\": \"%s\", \"execution_id\": \"%s\", \"time_ms\": %d, \"success\": %s, \"cost\": 0.001}\n",
                    $4, $2, time, (rand() < 0.97 ? "true" : "false")
            }' |
        "$toolcat" telemetry record --batch - --quiet >/dev/null
}

# Looking is free: the intervals and p-values hold however often one looks.
for part in 1 501 1001 1501; do
    traffic "$part" $((part + 499))
    printf '\n$ toolcat abtest analyze %s --format name   # after %d executions\n' "$test" $((part + 499))
    "$toolcat" abtest analyze "$test" --format name || [ $? -eq 1 ]
done

say abtest analyze "$test"
"$toolcat" abtest analyze "$test" --html "$work/report.html" --format name --quiet >/dev/null
say abtest conclude "$test" --apply --reason "decided by the rule"
say list --format name
