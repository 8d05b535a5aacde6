// check sends spans of this project's programs to a real OpenTelemetry Collector, or to Jaeger, and compares what that gives back with what was sent.
// One line a case: `ok - ...` or `not ok - ...` with the differences below it.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

type setup struct {
	collectorPath, jaegerPath, witnessPath, agentPath string
	directory                                         string // of the running case
}

func (s *setup) collector(ctx context.Context) (*collector, error) {
	c, err := newCollector(s.collectorPath, s.directory)
	if err != nil {
		return nil, err
	}
	return c, c.start(ctx)
}

// What the collector has written against what the witness said, what its memory exporter kept, and its account.
func checkWitness(d *differences, w *witness, c *collector, expected int) ([]span, error) {
	account, err := w.finish()
	if err != nil {
		return nil, err
	}
	if err := c.stop(); err != nil {
		return nil, err
	}
	got, err := readFiles(c.files...)
	if err != nil {
		return nil, err
	}
	for _, path := range []string{w.said, w.kept} {
		want, err := readFiles(path)
		if err != nil {
			return nil, err
		}
		differ(d, "count", filepath.Base(path), expected, len(want))
		join(d, filepath.Base(path), compare(want, got, account.ambiguous))
	}
	differ(d, "account", "ended", expected, account.ended)
	differ(d, "account", "exported", expected, account.exported)
	differ(d, "account", "rejected, dropped or left", 0, account.rejected+account.dropped+account.left)
	differ(d, "account", "malformed answers", 0, account.malformed)
	checkResource(d, got)
	return got, nil
}

func checkResource(d *differences, got []span) {
	for _, s := range got {
		differ(d, s.ID, "service.name", `string "interop \"ü\""`, find(s.Resource, "service.name"))
		differ(d, s.ID, "service.version", `string "1.2.3"`, find(s.Resource, "service.version"))
		differ(d, s.ID, "telemetry.sdk.name", `string "spanwire"`, find(s.Resource, "telemetry.sdk.name"))
		differ(d, s.ID, "team", `string "a, b"`, find(s.Resource, "team"))
	}
}

func join(d *differences, what string, more *differences) {
	for _, line := range more.lines {
		d.add("%s: %s", what, line)
	}
	if hidden := more.count - len(more.lines); hidden > 0 {
		d.add("%s: and %d more", what, hidden)
	}
}

func witnessEnvironment(url string, more ...string) []string {
	return append([]string{"OTEL_EXPORTER_OTLP_ENDPOINT=" + url, `OTEL_SERVICE_NAME=interop "ü"`, "OTEL_RESOURCE_ATTRIBUTES=team=a%2C%20b",
		"OTEL_BSP_SCHEDULE_DELAY=200"}, more...)
}

// 4000 spans in waves that fit the queue, straight to the collector.
func plain(ctx context.Context, s *setup, d *differences) error {
	c, err := s.collector(ctx)
	if err != nil {
		return err
	}
	w, err := startWitness(ctx, s.witnessPath, s.directory, witnessEnvironment(c.url())...)
	if err != nil {
		return err
	}
	for range 4 {
		if _, err := w.ask("record 1000 0"); err != nil {
			return err
		}
		answer, err := w.ask("flush 20000")
		if err != nil {
			return err
		}
		differ(d, "of the witness", "flush", "ok", answer)
	}
	_, err = checkWitness(d, w, c, 4000)
	return err
}

// The same compressed, with a tap on the wire.
func compressed(ctx context.Context, s *setup, d *differences) error {
	c, err := s.collector(ctx)
	if err != nil {
		return err
	}
	t, err := newTap(c.url(), true)
	if err != nil {
		return err
	}
	defer t.server.Close()
	w, err := startWitness(ctx, s.witnessPath, s.directory,
		witnessEnvironment(t.server.URL, "OTEL_EXPORTER_OTLP_COMPRESSION=gzip")...)
	if err != nil {
		return err
	}
	if _, err := w.ask("record 1000 0"); err != nil {
		return err
	}
	got, err := checkWitness(d, w, c, 1000)
	if err != nil {
		return err
	}
	join(d, "wire", compare(t.spans, got, 0))
	join(d, "requests", &t.faults)
	return nil
}

// The collector goes while spans are recorded and comes back at the same address. The queue has room for all of them.
func restart(ctx context.Context, s *setup, d *differences) error {
	c, err := s.collector(ctx)
	if err != nil {
		return err
	}
	w, err := startWitness(ctx, s.witnessPath, s.directory, witnessEnvironment(c.url())...)
	if err != nil {
		return err
	}
	if err := w.tell("record 1200 6000"); err != nil { // about 1.8 s
		return err
	}
	time.Sleep(600 * time.Millisecond)
	if err := c.stop(); err != nil {
		return err
	}
	if _, err := w.hear(); err != nil {
		return err
	}
	answer, err := w.ask("flush 500")
	if err != nil {
		return err
	}
	differ(d, "of the witness", "flush while nobody listens", "deadline passed", answer)
	if err := c.start(ctx); err != nil {
		return err
	}
	if _, err := w.ask("record 300 0"); err != nil {
		return err
	}
	if answer, err = w.ask("flush 30000"); err != nil {
		return err
	}
	differ(d, "of the witness", "flush when it is back", "ok", answer)
	if _, err = checkWitness(d, w, c, 1500); err != nil {
		return err
	}
	for _, path := range c.files {
		if spans, err := readFiles(path); err != nil {
			return err
		} else if len(spans) == 0 {
			d.add("one of the two collectors was sent nothing: the test has missed its moment")
		}
	}
	return nil
}

type testCase struct {
	name string
	run  func(context.Context, *setup, *differences) error
}

func (s *setup) cases() (cases []testCase) {
	if s.collectorPath != "" {
		cases = append(cases,
			testCase{"collector: 4000 spans of every sort, one by one", plain},
			testCase{"collector: 1000 spans compressed, and as they were on the wire", compressed},
			testCase{"collector: restarted while 1500 spans are recorded, nothing lost", restart},
			testCase{"collector: the agent's trace, one by one, and its shape", agentTrace})
	}
	if s.jaegerPath != "" {
		cases = append(cases,
			testCase{"Jaeger: 1000 spans of every sort, by its query API, one by one", jaegerPlain},
			testCase{"Jaeger: the agent's trace is found by its service, one by one, and its shape", jaegerAgent})
	}
	return cases
}

func main() {
	runtime.LockOSThread() // the thread the programs are told to die with must be the last one here
	s := &setup{}
	flag.StringVar(&s.collectorPath, "collector", "", "the collector; without it its cases do not run")
	flag.StringVar(&s.jaegerPath, "jaeger", "", "Jaeger, likewise")
	flag.StringVar(&s.witnessPath, "witness", "", "the witness")
	flag.StringVar(&s.agentPath, "agent", "", "the agent sample")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	failed := false
	for _, c := range s.cases() {
		failed = !runCase(ctx, s, c.name, c.run) || failed
	}
	stop()
	if failed {
		os.Exit(1)
	}
}

func runCase(ctx context.Context, s *setup, name string, run func(context.Context, *setup, *differences) error) bool {
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel() // kills what still runs
	directory, err := os.MkdirTemp("", "spw-interop-")
	d := &differences{}
	if err == nil {
		defer os.RemoveAll(directory)
		s.directory = directory
		err = run(ctx, s, d)
	}
	if err != nil {
		d.add("%v", err)
	}
	if d.count == 0 {
		fmt.Println("ok -", name)
		return true
	}
	fmt.Println("not ok -", name)
	for _, line := range d.lines {
		fmt.Println("   ", line)
	}
	if hidden := d.count - len(d.lines); hidden > 0 {
		fmt.Printf("    and %d more\n", hidden)
	}
	return false
}
