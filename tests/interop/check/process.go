package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// Variables of the caller reach no program that is tested.
func environment(more ...string) []string {
	var out []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "OTEL_") && !strings.HasPrefix(v, "OPENAI_") && !strings.HasPrefix(v, "TRACE") {
			out = append(out, v)
		}
	}
	return append(out, more...)
}

// A program that is killed with this one, however this one ends. (Its creator's thread must live on: see main.)
func program(ctx context.Context, path string, args ...string) *exec.Cmd {
	command := exec.CommandContext(ctx, path, args...)
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	command.Env = environment()
	return command
}

// ---- the collector ----

const collectorConfig = `receivers:
  otlp:
    protocols:
      http:
        endpoint: %s
exporters:
  file:
    path: %s
service:
  telemetry:
    metrics:
      level: none
    logs:
      level: warn
  pipelines:
    traces:
      receivers: [otlp]
      exporters: [file]
`

// A collector at an address of its own. Started again it listens at the same one and writes to another file.
type collector struct {
	path, directory, address string
	files                    []string
	process                  *exec.Cmd
	log                      bytes.Buffer
	ended                    chan error
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

func newCollector(path, directory string) (*collector, error) {
	address, err := freeAddress()
	return &collector{path: path, directory: directory, address: address}, err
}

func (c *collector) url() string { return "http://" + c.address }

func (c *collector) start(ctx context.Context) error {
	file := filepath.Join(c.directory, fmt.Sprintf("collected-%d.jsonl", len(c.files)+1))
	config := filepath.Join(c.directory, "collector.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, collectorConfig, c.address, file), 0o600); err != nil {
		return err
	}
	c.process = program(ctx, c.path, "--config", config)
	c.process.Stdout, c.process.Stderr = &c.log, &c.log
	if err := c.process.Start(); err != nil {
		return err
	}
	c.ended = make(chan error, 1)
	go func(process *exec.Cmd, ended chan<- error) { ended <- process.Wait() }(c.process, c.ended)
	c.files = append(c.files, file)
	return c.ready()
}

func (c *collector) ready() error {
	for range 300 {
		select {
		case err := <-c.ended:
			return fmt.Errorf("the collector ended at once (%v): %s", err, c.log.String())
		case <-time.After(100 * time.Millisecond):
		}
		if connection, err := net.Dial("tcp", c.address); err == nil {
			return connection.Close()
		}
	}
	return errors.New("the collector was not ready in 30 s")
}

// Stops it in good order: it answers what it has begun, and writes its file to the end.
func (c *collector) stop() error {
	if err := c.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-c.ended:
		if err != nil {
			return fmt.Errorf("the collector failed (%v): %s", err, c.log.String())
		}
		return nil
	case <-time.After(20 * time.Second):
		return errors.New("the collector did not stop in 20 s")
	}
}

// ---- the witness ----

type witness struct {
	process    *exec.Cmd
	in         io.WriteCloser
	out        *bufio.Reader
	errors     bytes.Buffer
	said, kept string
}

func startWitness(ctx context.Context, path, directory string, env ...string) (*witness, error) {
	w := &witness{said: filepath.Join(directory, "said.jsonl"), kept: filepath.Join(directory, "kept.jsonl")}
	w.process = program(ctx, path, w.said, w.kept)
	w.process.Env = environment(env...)
	w.process.Stderr = &w.errors
	in, err := w.process.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := w.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	w.in, w.out = in, bufio.NewReader(out)
	return w, w.process.Start()
}

func (w *witness) tell(format string, args ...any) error {
	_, err := fmt.Fprintf(w.in, format+"\n", args...)
	return err
}

func (w *witness) hear() (string, error) {
	line, err := w.out.ReadString('\n')
	if err != nil {
		return "", fmt.Errorf("the witness said no more (%w): %s", err, w.errors.String())
	}
	return strings.TrimSpace(line), nil
}

func (w *witness) ask(format string, args ...any) (string, error) {
	if err := w.tell(format, args...); err != nil {
		return "", err
	}
	return w.hear()
}

// What the SDK says of the OTLP pipeline at the end.
type account struct{ ended, exported, rejected, dropped, left, ambiguous, malformed int }

func (w *witness) finish() (a account, err error) {
	if err = w.in.Close(); err != nil {
		return a, err
	}
	line, err := w.hear()
	if err != nil {
		return a, err
	}
	_, err = fmt.Sscanf(line, "ended %d exported %d rejected %d dropped %d left %d ambiguous %d malformed %d",
		&a.ended, &a.exported, &a.rejected, &a.dropped, &a.left, &a.ambiguous, &a.malformed)
	if err != nil {
		return a, fmt.Errorf("%q: %w", line, err)
	}
	if err = w.process.Wait(); err != nil {
		return a, fmt.Errorf("the witness failed (%w): %s", err, w.errors.String())
	}
	return a, nil
}
