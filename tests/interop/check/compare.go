package main

import (
	"fmt"
	"sort"
)

// Differences as text. Only so many are kept: one mistake may show in every span.
type differences struct {
	lines []string
	count int
}

const maxLines = 12

func (d *differences) add(format string, args ...any) {
	d.count++
	if len(d.lines) < maxLines {
		line := fmt.Sprintf(format, args...)
		if len(line) > 300 {
			line = line[:300] + "..."
		}
		d.lines = append(d.lines, line)
	}
}

func differ[T comparable](d *differences, id, what string, want, got T) {
	if want != got {
		d.add("span %s: %s: %v expected, %v found", id, what, want, got)
	}
}

// Attributes are a map: their order says nothing, but no key may come twice.
func (d *differences) attributes(id, where string, want, got []attribute) {
	found := map[string]string{}
	for _, a := range got {
		if _, twice := found[a.Key]; twice {
			d.add("span %s: %s: %q is there twice", id, where, a.Key)
		}
		found[a.Key] = a.Value
	}
	for _, a := range want {
		value, ok := found[a.Key]
		if !ok {
			d.add("span %s: %s: %q is missing", id, where, a.Key)
		} else if value != a.Value {
			d.add("span %s: %s: %q: %s expected, %s found", id, where, a.Key, a.Value, value)
		}
		delete(found, a.Key)
	}
	for key := range found {
		d.add("span %s: %s: %q is there, and should not be", id, where, key)
	}
}

func (d *differences) events(id string, want, got []event) {
	differ(d, id, "events", len(want), len(got))
	for i := range min(len(want), len(got)) {
		where := fmt.Sprintf("event %d", i)
		differ(d, id, where+" name", want[i].Name, got[i].Name)
		differ(d, id, where+" dropped attributes", want[i].Dropped, got[i].Dropped)
		if want[i].Time != 0 {
			differ(d, id, where+" time", want[i].Time, got[i].Time)
		}
		d.attributes(id, where, want[i].Attributes, got[i].Attributes)
	}
}

func (d *differences) span(want, got span) {
	id := want.ID
	differ(d, id, "trace id", want.TraceID, got.TraceID)
	differ(d, id, "parent", want.Parent, got.Parent)
	differ(d, id, "trace state", want.TraceState, got.TraceState)
	differ(d, id, "name", want.Name, got.Name)
	differ(d, id, "flags", want.Flags, got.Flags)
	differ(d, id, "kind", want.Kind, got.Kind)
	differ(d, id, "status", want.Status, got.Status)
	differ(d, id, "status message", want.Message, got.Message)
	differ(d, id, "dropped attributes", want.DroppedAttributes, got.DroppedAttributes)
	differ(d, id, "dropped events", want.DroppedEvents, got.DroppedEvents)
	differ(d, id, "links", want.Links, got.Links)
	differ(d, id, "scope", want.Scope, got.Scope)
	differ(d, id, "schema URL", want.Schema, got.Schema)
	if want.Start != 0 {
		differ(d, id, "start", want.Start, got.Start)
	}
	if want.End != 0 {
		differ(d, id, "end", want.End, got.End)
	}
	if got.Start == 0 || got.End < got.Start {
		d.add("span %s: lasts from %d to %d", id, got.Start, got.End)
	}
	d.attributes(id, "attributes", want.Attributes, got.Attributes)
	d.events(id, want.Events, got.Events)
	if want.Resource != nil {
		d.attributes(id, "resource", want.Resource, got.Resource)
	}
}

// Every span of `want` is in `got` and is the same there, and nothing else is. A span may be there again, whole, as often as `again`
// says: a receiver that takes a batch and dies before it answers is sent the batch once more.
func compare(want, got []span, again int) *differences {
	d := &differences{}
	if len(want) == 0 {
		d.add("there is nothing to compare with")
	}
	found := map[string][]span{}
	for _, s := range got {
		found[s.ID] = append(found[s.ID], s)
	}
	for _, w := range want {
		copies := found[w.ID]
		if len(copies) == 0 {
			d.add("span %s %q is missing", w.ID, w.Name)
		}
		for _, g := range copies {
			d.span(w, g)
		}
		if len(copies) > 1 {
			again -= len(copies) - 1
		}
		delete(found, w.ID)
	}
	for id := range found {
		d.add("span %s is there, and should not be", id)
	}
	if again < 0 {
		d.add("%d spans too many are there again", -again)
	}
	sort.Strings(d.lines)
	return d
}
