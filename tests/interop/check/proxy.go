package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
)

// A wire tap before the collector: it passes requests on as they are and keeps what they were.
type tap struct {
	server *httptest.Server
	lock   sync.Mutex
	spans  []span
	faults differences
	gzip   bool
	count  int
}

func newTap(target string, gzip bool) (*tap, error) {
	to, err := url.Parse(target)
	if err != nil {
		return nil, err
	}
	proxy := httputil.NewSingleHostReverseProxy(to)
	t := &tap{gzip: gzip}
	t.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		t.keep(r, body, err)
		r.Body = io.NopCloser(bytes.NewReader(body))
		proxy.ServeHTTP(w, r)
	}))
	return t, nil
}

func (t *tap) keep(r *http.Request, body []byte, err error) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.count++
	t.header(r, "Content-Type", "application/x-protobuf")
	t.header(r, "Expect", "")
	if r.Method != "POST" || r.URL.Path != "/v1/traces" {
		t.faults.add("request %d: %s %s", t.count, r.Method, r.URL.Path)
	}
	if t.gzip {
		t.header(r, "Content-Encoding", "gzip")
		body, err = unzip(body, err)
	} else {
		t.header(r, "Content-Encoding", "")
	}
	if err == nil {
		var spans []span
		spans, err = wireRequest(body)
		t.spans = append(t.spans, spans...)
	}
	if err != nil {
		t.faults.add("request %d: %v", t.count, err)
	}
}

func (t *tap) header(r *http.Request, name, want string) {
	differ(&t.faults, fmt.Sprintf("of request %d", t.count), name, want, r.Header.Get(name))
}

func unzip(body []byte, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}
