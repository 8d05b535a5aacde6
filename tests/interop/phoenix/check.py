"""check.py PHOENIX AGENT DIRECTORY: the agent sample sends its spans to Phoenix, and writes them to a file beside; what Phoenix gives back by its REST API is
compared with the file, and with what a person wants to see there: model calls, tools and agents as such, tokens, failures, messages. One line a
case: `ok - ...` or `not ok - ...`, with differences below it."""

import datetime
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

MOST_LINES = 12
PROJECT = "spanwire"
KINDS = {"chat": "LLM", "invoke_agent": "AGENT", "execute_tool": "TOOL"}  # OpenInference's, by the operation of OpenTelemetry


# ---- Phoenix ----

def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def clean_environment(**more):
    prefixes = ("OTEL_", "TRACE", "PHOENIX_", "OPENAI_", "SPANWIRE_")
    return {key: value for key, value in os.environ.items() if not key.startswith(prefixes)} | more


class Phoenix:
    def __init__(self, program, directory):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        environment = clean_environment(PHOENIX_HOST="127.0.0.1", PHOENIX_PORT=str(port), PHOENIX_GRPC_PORT=str(free_port()),
                                        PHOENIX_WORKING_DIR=directory, PHOENIX_TELEMETRY_ENABLED="false")
        self.log = open(os.path.join(directory, "phoenix.log"), "w+b")
        self.process = subprocess.Popen([program, "serve"], env=environment, stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL)

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=20) as answer:
            return json.load(answer)

    def wait(self):
        for _ in range(240):
            if self.process.poll() is not None:
                break
            try:
                urllib.request.urlopen(self.url + "/healthz", timeout=5).close()
                return
            except OSError:
                time.sleep(0.5)
        self.log.seek(0)
        raise RuntimeError(f"Phoenix did not start: {self.log.read()[-600:].decode(errors='replace')}")

    def spans(self, count):
        """It stores them some time after it has answered."""
        found = []
        for _ in range(60):
            try:
                found = self.get(f"/v1/projects/{PROJECT}/spans?limit=1000")["data"]
            except urllib.error.HTTPError as error:
                if error.code != 404:  # no such project yet
                    raise
            if len(found) >= count:
                break
            time.sleep(0.5)
        return found

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


# ---- the agent ----

def run_agent(agent, directory, url):
    folder = pathlib.Path(directory, "folder")
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "engine.c").write_text("/* Drives the wheels of the machine. */\nint turn_wheel(int by);\n" * 400)
    (folder / "notes.txt").write_text("Remember the oil.\n")
    lines = pathlib.Path(directory, "sent.jsonl")
    ended = subprocess.run([agent, str(folder)], capture_output=True, text=True, timeout=60, env=clean_environment(
        OTEL_TRACES_EXPORTER="otlp,file", SPANWIRE_TRACES_FILE=str(lines), OTEL_EXPORTER_OTLP_ENDPOINT=url,
        OTEL_EXPORTER_OTLP_HEADERS=f"x-project-name={PROJECT}", OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT="true"))
    if ended.returncode or "not all telemetry" in ended.stderr:
        raise RuntimeError(f"the agent failed: {ended.stdout[-300:]}{ended.stderr[-300:]}")
    return [span for line in lines.read_text(encoding="utf-8").splitlines() for resource in json.loads(line)["resourceSpans"]
            for scope in resource["scopeSpans"] for span in scope["spans"]]


def plain(value):
    kind, inner = next(iter(value.items()), ("", None))
    if kind == "intValue":
        return int(inner)
    if kind == "arrayValue":
        return [plain(element) for element in inner.get("values", [])]
    if kind == "kvlistValue":
        return {pair["key"]: plain(pair["value"]) for pair in inner.get("values", [])}
    return inner


def attributes_of(holder):
    return {pair["key"]: plain(pair["value"]) for pair in holder.get("attributes", [])}


def near(nanoseconds, text):
    moment = datetime.datetime.fromisoformat(text)
    return abs(int(nanoseconds) - (int(moment.timestamp()) * 1000000 + moment.microsecond) * 1000) <= 1000


# ---- comparing ----

def flat(value, key=""):
    """Phoenix gives maps as dotted keys."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from flat(inner, f"{key}.{name}" if key else name)
    else:
        yield key, value


def compare_span(sent, got):
    status = {0: "UNSET", 1: "OK", 2: "ERROR"}[sent.get("status", {}).get("code", 0)]
    facts = {
        "name": (sent["name"], got["name"]),
        "trace": (sent["traceId"], got["context"]["trace_id"]),
        "parent": (sent.get("parentSpanId") or None, got["parent_id"]),
        "start within a microsecond": (True, near(sent["startTimeUnixNano"], got["start_time"])),
        "end within a microsecond": (True, near(sent["endTimeUnixNano"], got["end_time"])),
        "status": (status, got["status_code"]),
        "message": (sent.get("status", {}).get("message", ""), got["status_message"]),
        "events": ([event["name"] for event in sent.get("events", [])], [event["name"] for event in got["events"]]),
    }
    found = dict(flat(got["attributes"]))
    facts |= {key: (value, found.get(key)) for key, value in flat(attributes_of(sent))}
    yield from (f"{sent['name']}: {what}: {wanted} expected, {there} found" for what, (wanted, there) in facts.items() if wanted != there)


def same_spans(sent, got):
    by_id = {span["context"]["span_id"]: span for span in got}
    if by_id.keys() != {span["spanId"] for span in sent} or len(got) != len(sent):
        yield f"{len(sent)} spans expected, {len(got)} found"
    for span in sent:
        if span["spanId"] in by_id:
            yield from compare_span(span, by_id[span["spanId"]])


def seen_as_an_agent_run(sent, got):
    by_id = {span["context"]["span_id"]: span for span in got}
    seen = set()
    for span in sent:
        attributes, there = attributes_of(span), by_id.get(span["spanId"])
        kind = KINDS.get(attributes.get("gen_ai.operation.name"))
        if not kind or not there:
            continue
        seen.add(kind)
        if there["span_kind"] != kind:
            yield f"{span['name']}: {kind} expected, {there['span_kind']} found"
        if kind == "LLM":
            facts = {"llm.model_name": "gen_ai.response.model", "llm.token_count.prompt": "gen_ai.usage.input_tokens",
                     "llm.token_count.completion": "gen_ai.usage.output_tokens"}
            for key, ours in facts.items():
                if there["attributes"].get(key) != attributes[ours]:
                    yield f"{span['name']}: {key}: {attributes[ours]} expected, {there['attributes'].get(key)} found"
            if not any(key.startswith("llm.input_messages") for key, _ in flat(there["attributes"])):
                yield f"{span['name']}: its messages are not seen as messages"
    if seen != set(KINDS.values()):
        yield f"only {sorted(seen)} are there"
    if not any(span["status_code"] == "ERROR" for span in got):
        yield "the agent's failed tool is not seen as failed"


def report(name, mistakes):
    print(f"{'not ok' if mistakes else 'ok'} - Phoenix: {name}")
    for line in mistakes[:MOST_LINES]:
        print(f"    {line[:300]}")


def main():
    program, agent, directory = sys.argv[1:]
    phoenix = Phoenix(program, directory)
    try:
        phoenix.wait()
        sent = run_agent(agent, directory, phoenix.url)
        got = phoenix.spans(len(sent))
    finally:
        phoenix.stop()
    report("the agent's trace, span by span", list(same_spans(sent, got)))
    report("model calls, tools and agents are seen as such, with tokens and messages", list(seen_as_an_agent_run(sent, got)))


if __name__ == "__main__":
    main()
