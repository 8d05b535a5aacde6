#!/bin/sh
# Makes the pictures of the README from a real run: viewer, agent, Chromium. Needs ./run demo to have built both.
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

# shot FILE SCHEME(0 dark, 1 light) HEIGHT PATH
shot() {
    chromium --headless --no-sandbox --disable-gpu --hide-scrollbars "--blink-settings=preferredColorScheme=$2" "--window-size=1280,$3" \
        --virtual-time-budget=4000 "--screenshot=docs/images/$1" "$url$4" >/dev/null 2>&1
}
shot trace-light.png 1 820 "/trace/$short?span=$span"
shot trace-dark.png 0 820 "/trace/$short?span=$span"
shot list-light.png 1 560 /
shot list-dark.png 0 560 /
shot flame-light.png 1 460 "/trace/$trace?view=flame"
shot graph-light.png 1 700 "/trace/$trace?view=graph"
shot compare-dark.png 0 760 "/compare?a=$first&b=$trace"
ls -l docs/images
