#!/bin/sh
# Makes the pictures of the README and the viewer's guide from real runs: viewer, agent, Chromium. For the last two, logs and metrics, which the
# library does not send, come from viewer/ui/dev/send-signals.mjs. Needs ./run demo to have built both, and `npm ci` in viewer/ui.
#   docs/screenshots.sh
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
viewer=
trap '[ -z "$viewer" ] || kill "$viewer"; rm -rf "$work"' EXIT
build/cli/spanwire view --quiet --listen 127.0.0.1:0 --port-file "$work/port" &
viewer=$!
while [ ! -s "$work/port" ]; do sleep 0.1; done
url=http://127.0.0.1:$(tr -dc '0-9' <"$work/port")
export OTEL_EXPORTER_OTLP_ENDPOINT="$url"
unset OPENAI_BASE_URL || true
for question in 'Where is spw_start defined?' 'How are dropped spans counted?' 'What is in this folder, and what does its largest file do?'; do
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT=true build/samples/agent --question "$question" src >/dev/null
done
for service in quickstart orders billing; do
    OTEL_SERVICE_NAME=$service build/samples/quickstart >/dev/null
done
curl -fs "$url/api/traces" | sed 's/{"trace_id"/\n&/g' | grep invoke_agent | cut -d'"' -f4 >"$work/runs"
first=$(tail -n 1 "$work/runs")
trace=$(head -n 1 "$work/runs")
short=$(sed -n 2p "$work/runs")
span=$(curl -fs "$url/api/traces/$short" | sed 's/{"span_id"/\n&/g' | grep '"code":"ERROR"' | head -n 1 | cut -d'"' -f4)

node viewer/ui/dev/shots.mjs "$url" docs/images \
    "trace-light:light:820:/trace/$short?span=$span" "trace-dark:dark:820:/trace/$short?span=$span" \
    list-light:light:560:/ list-dark:dark:560:/ "flame-light:light:460:/trace/$trace?view=flame" \
    "graph-light:light:700:/trace/$trace?view=graph" "compare-dark:dark:760:/compare?a=$first&b=$trace"
node viewer/ui/dev/send-signals.mjs "$url" "$short"
metric=$(curl -fs "$url/api/metrics?q=http.server.request.duration" | sed 's/.*"metrics":\[{"id":"\([^"]*\)".*/\1/')
node viewer/ui/dev/shots.mjs "$url" docs/images \
    "logs-light:light:620:/trace/$short?view=logs&span=$span" "metric-dark:dark:920:/metrics/$metric"
ls -l docs/images
