package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

const jaegerConfig = `extensions:
  jaeger_storage:
    backends:
      all:
        memory:
          max_traces: 100000
  jaeger_query:
    storage:
      traces: all
    http:
      endpoint: %s
    grpc:
      endpoint: %s
receivers:
  otlp:
    protocols:
      http:
        endpoint: %s
exporters:
  jaeger_storage_exporter:
    trace_storage: all
service:
  extensions: [jaeger_storage, jaeger_query]
  telemetry:
    metrics:
      level: none
    logs:
      level: warn
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [jaeger_storage_exporter]
`

// A Jaeger that keeps traces in memory, and is asked for them by its query API.
type jaeger struct {
	receiver
	query string
}

func startJaeger(ctx context.Context, path, directory string) (*jaeger, error) {
	var addresses [3]string
	for i := range addresses {
		var err error
		if addresses[i], err = freeAddress(); err != nil {
			return nil, err
		}
	}
	j := &jaeger{receiver: receiver{name: "Jaeger", path: path, address: addresses[0], ready: addresses[1]}, query: addresses[1]}
	config := filepath.Join(directory, "jaeger.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, jaegerConfig, j.query, addresses[2], j.address), 0o600); err != nil {
		return nil, err
	}
	return j, j.run(ctx, "--config", "file:"+config)
}

// Its answer holds OTLP JSON, with ids in hex.
func (j *jaeger) get(path string) ([]span, error) {
	answer, err := http.Get("http://" + j.query + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var message struct {
		Result jsonTraces `json:"result"`
	}
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("Jaeger answers %s to %s", answer.Status, path)
	}
	if err := json.NewDecoder(answer.Body).Decode(&message); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return message.Result.read()
}

func (j *jaeger) traces(like []span) (out []span, err error) {
	seen := map[string]bool{}
	for _, s := range like {
		if seen[s.TraceID] {
			continue
		}
		seen[s.TraceID] = true
		trace, err := j.get("/api/v3/traces/" + s.TraceID)
		if err != nil {
			return nil, err
		}
		out = append(out, trace...)
	}
	return out, nil
}

// Jaeger brings events into an order of its own, keeps no schema URL of a scope, and adds a warning where times, which the witness gives at
// random, look like those of a skewed clock: what is compared does without.
func asJaegerHas(spans []span) []span {
	warning := func(a attribute) bool { return a.Key == "@jaeger@warnings" && strings.Contains(a.Value, "clock skew") }
	for i := range spans {
		spans[i].Schema = ""
		spans[i].Attributes = slices.DeleteFunc(spans[i].Attributes, warning)
		slices.SortFunc(spans[i].Events, func(a, b event) int {
			return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
		})
	}
	return spans
}

// Spans of every sort, as Jaeger gives them back.
func jaegerPlain(ctx context.Context, s *setup, d *differences) error {
	j, err := startJaeger(ctx, s.jaegerPath, s.directory)
	if err != nil {
		return err
	}
	w, err := startWitness(ctx, s.witnessPath, s.directory, witnessEnvironment(j.url(), "OTEL_EXPORTER_OTLP_COMPRESSION=gzip")...)
	if err != nil {
		return err
	}
	if _, err := w.ask("record 1000 0"); err != nil {
		return err
	}
	account, err := w.finish()
	if err != nil {
		return err
	}
	differ(d, "account", "exported", 1000, account.exported)
	kept, err := readFiles(w.kept)
	if err != nil {
		return err
	}
	got, err := j.traces(kept)
	if err != nil {
		return err
	}
	join(d, "Jaeger", compare(asJaegerHas(kept), asJaegerHas(got), account.ambiguous))
	checkResource(d, got)
	return j.stop()
}

// The agent's run: found by its service's name, whole, and as it was on the wire.
func jaegerAgent(ctx context.Context, s *setup, d *differences) error {
	j, err := startJaeger(ctx, s.jaegerPath, s.directory)
	if err != nil {
		return err
	}
	t, err := newTap(j.url(), false)
	if err != nil {
		return err
	}
	defer t.server.Close()
	if err := runAgent(ctx, s, d, t.server.URL); err != nil {
		return err
	}
	hour := func(n int) string { return time.Now().Add(time.Duration(n) * time.Hour).UTC().Format(time.RFC3339) }
	search := url.Values{"query.service_name": {"agent-sample"}, "query.start_time_min": {hour(-1)}, "query.start_time_max": {hour(1)}, "query.num_traces": {"10"}}
	got, err := j.get("/api/v3/traces?" + search.Encode())
	if err != nil {
		return err
	}
	join(d, "wire", compare(t.spans, got, 0))
	join(d, "requests", &t.faults)
	checkShape(d, got)
	return j.stop()
}
