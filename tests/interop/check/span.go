package main

import (
	"bufio"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
)

// A span as every source gives it: the collector's file, the witness's files, the bytes on the wire. Values carry their type in front
// (`int 5`, `string "5"`), so that one of another type is another value.
type span struct {
	TraceID, ID, Parent, TraceState, Name string
	Flags                                 uint32
	Kind, Status                          int
	Message                               string
	Start, End                            uint64 // 0: not said
	Attributes                            []attribute
	Events                                []event
	DroppedAttributes, DroppedEvents      uint32
	Links                                 int
	Scope, Schema                         string // the schema URL is the scope's
	Resource                              []attribute
}

type attribute struct{ Key, Value string }

type event struct {
	Time       uint64
	Name       string
	Attributes []attribute
	Dropped    uint32
}

func find(list []attribute, key string) string {
	for _, a := range list {
		if a.Key == key {
			return a.Value
		}
	}
	return ""
}

func stringValue(text string) string { return "string " + strconv.Quote(text) }

func doubleValue(d float64) string {
	if math.IsNaN(d) {
		return "double NaN" // JSON cannot tell one from another
	}
	return fmt.Sprintf("double %v (%016x)", d, math.Float64bits(d))
}

func arrayValue(parts []string) string { return "array [" + strings.Join(parts, ", ") + "]" }

func mapValue(entries []attribute) string {
	parts := []string{}
	for _, entry := range entries {
		parts = append(parts, strconv.Quote(entry.Key)+": "+entry.Value)
	}
	return "map {" + strings.Join(parts, ", ") + "}"
}

func scopeName(name, version string) string { return fmt.Sprintf("%q %q", name, version) }

// ---- OTLP JSON ----

type jsonAttribute struct {
	Key   string    `json:"key"`
	Value jsonValue `json:"value"`
}

type jsonValue struct {
	String *string         `json:"stringValue"`
	Bool   *bool           `json:"boolValue"`
	Int    *json.Number    `json:"intValue"`
	Double json.RawMessage `json:"doubleValue"`
	Bytes  *string         `json:"bytesValue"`
	Array  *jsonArray      `json:"arrayValue"`
	Map    *jsonMap        `json:"kvlistValue"`
}

type jsonArray struct {
	Values []jsonValue `json:"values"`
}

type jsonMap struct {
	Values []jsonAttribute `json:"values"`
}

func (v jsonValue) text() (string, error) {
	switch {
	case v.String != nil:
		return stringValue(*v.String), nil
	case v.Bool != nil:
		return fmt.Sprintf("bool %t", *v.Bool), nil
	case v.Int != nil:
		return "int " + v.Int.String(), nil
	case v.Double != nil:
		d, err := strconv.ParseFloat(strings.Trim(string(v.Double), `"`), 64)
		return doubleValue(d), err
	case v.Bytes != nil:
		raw, err := base64.StdEncoding.DecodeString(*v.Bytes)
		return "bytes " + hex.EncodeToString(raw), err
	case v.Array != nil:
		parts := []string{}
		for _, element := range v.Array.Values {
			text, err := element.text()
			if err != nil {
				return "", err
			}
			parts = append(parts, text)
		}
		return arrayValue(parts), nil
	case v.Map != nil:
		entries, err := attributes(v.Map.Values)
		return mapValue(entries), err
	}
	return "empty", nil
}

func attributes(list []jsonAttribute) ([]attribute, error) {
	var out []attribute
	for _, a := range list {
		text, err := a.Value.text()
		if err != nil {
			return nil, fmt.Errorf("attribute %q: %w", a.Key, err)
		}
		out = append(out, attribute{a.Key, text})
	}
	return out, nil
}

type jsonSpan struct {
	TraceID    string          `json:"traceId"`
	SpanID     string          `json:"spanId"`
	Parent     string          `json:"parentSpanId"`
	TraceState string          `json:"traceState"`
	Name       string          `json:"name"`
	Flags      uint32          `json:"flags"`
	Kind       int             `json:"kind"`
	Start      uint64          `json:"startTimeUnixNano,string"`
	End        uint64          `json:"endTimeUnixNano,string"`
	Dropped    uint32          `json:"droppedAttributesCount"`
	NoEvents   uint32          `json:"droppedEventsCount"`
	Attributes []jsonAttribute `json:"attributes"`
	Links      []any           `json:"links"`
	Events     []struct {
		Time       uint64          `json:"timeUnixNano,string"`
		Name       string          `json:"name"`
		Dropped    uint32          `json:"droppedAttributesCount"`
		Attributes []jsonAttribute `json:"attributes"`
	} `json:"events"`
	Status struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"status"`
}

type jsonTraces struct {
	ResourceSpans []struct {
		Resource struct {
			Attributes []jsonAttribute `json:"attributes"`
		} `json:"resource"`
		ScopeSpans []struct {
			Scope struct {
				Name    string `json:"name"`
				Version string `json:"version"`
			} `json:"scope"`
			Schema string     `json:"schemaUrl"`
			Spans  []jsonSpan `json:"spans"`
		} `json:"scopeSpans"`
	} `json:"resourceSpans"`
}

func (j jsonSpan) read() (span, error) {
	s := span{TraceID: j.TraceID, ID: j.SpanID, Parent: j.Parent, TraceState: j.TraceState, Name: j.Name, Flags: j.Flags, Kind: j.Kind,
		Status: j.Status.Code, Message: j.Status.Message, Start: j.Start, End: j.End, DroppedAttributes: j.Dropped,
		DroppedEvents: j.NoEvents, Links: len(j.Links)}
	var err error
	if s.Attributes, err = attributes(j.Attributes); err != nil {
		return s, err
	}
	for _, e := range j.Events {
		list, err := attributes(e.Attributes)
		if err != nil {
			return s, err
		}
		s.Events = append(s.Events, event{e.Time, e.Name, list, e.Dropped})
	}
	return s, nil
}

func (j jsonTraces) read() ([]span, error) {
	var out []span
	for _, r := range j.ResourceSpans {
		resource, err := attributes(r.Resource.Attributes)
		if err != nil {
			return nil, err
		}
		for _, scope := range r.ScopeSpans {
			for _, js := range scope.Spans {
				s, err := js.read()
				if err != nil {
					return nil, fmt.Errorf("span %s: %w", js.SpanID, err)
				}
				s.Resource, s.Scope, s.Schema = resource, scopeName(scope.Scope.Name, scope.Scope.Version), scope.Schema
				out = append(out, s)
			}
		}
	}
	return out, nil
}

// Reads files of OTLP JSON, one message a line.
func readFiles(paths ...string) ([]span, error) {
	var out []span
	for _, path := range paths {
		file, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		decoder := json.NewDecoder(bufio.NewReader(file))
		for {
			var message jsonTraces
			if err := decoder.Decode(&message); err == io.EOF {
				break
			} else if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			spans, err := message.read()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", path, err)
			}
			out = append(out, spans...)
		}
	}
	return out, nil
}
