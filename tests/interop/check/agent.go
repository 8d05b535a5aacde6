package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The folder the agent is asked about: its largest file is too large to be read at once, which is a failure the agent must record.
func makeFolder(directory string) (string, error) {
	folder := filepath.Join(directory, "folder")
	if err := os.MkdirAll(filepath.Join(folder, "src"), 0o700); err != nil {
		return "", err
	}
	files := map[string]string{
		"src/engine.c": strings.Repeat("/* Drives the wheels of the machine. */\nint turn_wheel(int by)\n{\n    return by;\n}\n\n", 400),
		"src/main.c":   "#include \"engine.c\"\nint main(void)\n{\n    return turn_wheel(0);\n}\n",
		"notes.txt":    "Remember the oil.\n",
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return folder, nil
}

// The agent answers a question about a folder.
func runAgent(ctx context.Context, s *setup, d *differences, url string) error {
	folder, err := makeFolder(s.directory)
	if err != nil {
		return err
	}
	agent := program(ctx, s.agentPath, folder)
	agent.Env = environment("OTEL_EXPORTER_OTLP_ENDPOINT=" + url)
	output, err := agent.CombinedOutput()
	if err != nil {
		return fmt.Errorf("the agent failed (%w): %s", err, output)
	}
	if !bytes.Contains(output, []byte("1. src/engine.c: 2400 lines")) || bytes.Contains(output, []byte("not all telemetry")) {
		d.add("the agent said: %s", output)
	}
	return nil
}

// Its spans, and those of the programs it calls, pass the tap on their way to the collector.
func agentTrace(ctx context.Context, s *setup, d *differences) error {
	c, err := s.collector(ctx)
	if err != nil {
		return err
	}
	t, err := newTap(c.url(), false)
	if err != nil {
		return err
	}
	defer t.server.Close()
	if err := runAgent(ctx, s, d, t.server.URL); err != nil {
		return err
	}
	if err := c.stop(); err != nil {
		return err
	}
	got, err := readFiles(c.files...)
	if err != nil {
		return err
	}
	join(d, "wire", compare(t.spans, got, 0))
	join(d, "requests", &t.faults)
	checkShape(d, got)
	return nil
}

// The kinds of OTLP.
const (
	kindInternal = 1
	kindServer   = 2
	kindClient   = 3
)

// What spans the agent's run is made of: the name, the service, the kind, and how many at least.
var agentSpans = []struct {
	name, service string
	kind, least   int
}{
	{"invoke_agent researcher", "agent-sample", kindInternal, 1},
	{"invoke_agent reader", "agent-sample", kindInternal, 1},
	{"plan researcher", "agent-sample", kindInternal, 1},
	{"chat rule-based-planner", "agent-sample", kindClient, 3},
	{"POST /v1/chat/completions", "agent-sample", kindServer, 3},
	{"execute_tool list_files", "agent-sample", kindInternal, 1},
	{"execute_tool read_file", "agent-sample", kindInternal, 3},
	{"execute_tool run_command", "agent-sample", kindInternal, 2},
	{"execute_tool search_files", "agent-sample", kindInternal, 1},
	{"execute_tool ask_reader", "agent-sample", kindInternal, 1},
	{"linecount", "linecount", kindInternal, 2},
}

// One trace of one root, whole, with its failures told.
func checkShape(d *differences, spans []span) {
	if len(spans) == 0 {
		d.add("the agent's trace is empty")
		return
	}
	byID := map[string]span{}
	for _, s := range spans {
		byID[s.ID] = s
	}
	roots := 0
	for _, s := range spans {
		differ(d, s.ID, "trace id", spans[0].TraceID, s.TraceID)
		parent, ok := byID[s.Parent]
		switch {
		case s.Parent == "":
			roots++
			differ(d, s.ID, "root", "invoke_agent researcher", s.Name)
		case !ok:
			d.add("span %s %q: its parent is missing", s.ID, s.Name)
		case s.Start < parent.Start:
			d.add("span %s %q: starts before its parent %q", s.ID, s.Name, parent.Name)
		}
	}
	differ(d, "count", "roots", 1, roots)
	checkSorts(d, spans)
	checkFailures(d, spans)
}

func checkSorts(d *differences, spans []span) {
	counts := map[string]int{}
	for _, s := range spans {
		counts[fmt.Sprintf("%s of %s, kind %d", s.Name, find(s.Resource, "service.name"), s.Kind)]++
	}
	known := 0
	for _, w := range agentSpans {
		count := counts[fmt.Sprintf("%s of %s, kind %d", w.name, stringValue(w.service), w.kind)]
		if count < w.least {
			d.add("%d spans %q of %s, kind %d, at least %d expected", count, w.name, w.service, w.kind, w.least)
		}
		known += count
	}
	if known != len(spans) {
		d.add("%d spans are of no expected sort", len(spans)-known)
		for sort, count := range counts {
			d.add("there: %d %s", count, sort)
		}
	}
	// Every request has both its ends.
	chat := fmt.Sprintf("chat rule-based-planner of %s, kind %d", stringValue("agent-sample"), kindClient)
	post := fmt.Sprintf("POST /v1/chat/completions of %s, kind %d", stringValue("agent-sample"), kindServer)
	differ(d, "count", "served requests", counts[chat], counts[post])
}

// The reader is told a name that is not there, then finds the file too large: two failed tools, and nothing else failed.
func checkFailures(d *differences, spans []span) {
	failures := map[string]int{}
	for _, s := range spans {
		if s.Status == 2 {
			failures[s.Name+": "+find(s.Attributes, "error.type")]++
		} else if find(s.Attributes, "error.type") != "" {
			d.add("span %s %q: error.type, but no error", s.ID, s.Name)
		}
	}
	differ(d, "count", "failures", 2, len(failures))
	differ(d, "count", "missing files", 1, failures[`execute_tool read_file: string "ENOENT"`])
	differ(d, "count", "files too large", 1, failures[`execute_tool read_file: string "too_large"`])
}
