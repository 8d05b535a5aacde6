package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
)

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

// A collector that writes to a file, and to another one each time it is started.
type collector struct {
	receiver
	directory string
	files     []string
}

func newCollector(path, directory string) (*collector, error) {
	address, err := freeAddress()
	return &collector{receiver: receiver{name: "the collector", path: path, address: address, ready: address}, directory: directory}, err
}

func (c *collector) start(ctx context.Context) error {
	file := filepath.Join(c.directory, fmt.Sprintf("collected-%d.jsonl", len(c.files)+1))
	config := filepath.Join(c.directory, "collector.yaml")
	if err := os.WriteFile(config, fmt.Appendf(nil, collectorConfig, c.address, file), 0o600); err != nil {
		return err
	}
	c.files = append(c.files, file)
	return c.run(ctx, "--config", config)
}
