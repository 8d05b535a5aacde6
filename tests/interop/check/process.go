package main

import (
	"bufio"
	"bytes"
	"context"
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

// ---- receivers ----

// A program that listens for spans at an address. Started again, it listens there again.
type receiver struct {
	name, path, address string
	ready               string // listens there when it is ready
	process             *exec.Cmd
	log                 bytes.Buffer
	ended               chan error
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

func (r *receiver) url() string { return "http://" + r.address }

func (r *receiver) run(ctx context.Context, args ...string) error {
	r.process = program(ctx, r.path, args...)
	r.process.Stdout, r.process.Stderr = &r.log, &r.log
	if err := r.process.Start(); err != nil {
		return err
	}
	r.ended = make(chan error, 1)
	go func(process *exec.Cmd, ended chan<- error) { ended <- process.Wait() }(r.process, r.ended)
	for range 300 {
		select {
		case err := <-r.ended:
			return fmt.Errorf("%s ended at once (%v): %s", r.name, err, r.log.String())
		case <-time.After(100 * time.Millisecond):
		}
		if connection, err := net.Dial("tcp", r.ready); err == nil {
			return connection.Close()
		}
	}
	return fmt.Errorf("%s was not ready in 30 s", r.name)
}

// Stops it in good order: it answers what it has begun.
func (r *receiver) stop() error {
	if err := r.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-r.ended:
		if err != nil {
			return fmt.Errorf("%s failed (%v): %s", r.name, err, r.log.String())
		}
		return nil
	case <-time.After(20 * time.Second):
		return fmt.Errorf("%s did not stop in 20 s", r.name)
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
