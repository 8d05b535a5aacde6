"""client.py URL TRACES: the Model Context Protocol's own client asks a viewer that holds the file TRACES, with a handshake and without one. One
line a case: `ok - ...` or `not ok - ...`, with what went wrong below it."""

import asyncio
import json
import sys

from mcp import Client

TOOLS = ["find_traces", "summarize_trace", "show_span", "find_logs"]


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


async def text_of(client, tool, **arguments):
    result = await client.call_tool(tool, arguments)
    expect(not result.is_error, f"{tool} failed: {result.content}")
    return result.content[0].text


async def ask(url, mode, spans):
    async with Client(url, mode=mode) as client:
        expect([tool.name for tool in (await client.list_tools()).tools] == TOOLS, "other tools than expected")
        traces = json.loads(await text_of(client, "find_traces", limit=5))["traces"]
        expect(sum(trace["span_count"] for trace in traces) == len(spans), f"{traces}: {len(spans)} spans expected")
        summary = await text_of(client, "summarize_trace", trace_id=traces[0]["trace_id"])
        for span in spans:
            expect(span["name"] in summary, f"{span['name']} is not in the summary: {summary}")
        span = spans[0]
        shown = json.loads(await text_of(client, "show_span", trace_id=span["traceId"], span_id=span["spanId"]))
        expect(shown["name"] == span["name"] and shown["parent_span_id"] == span["parentSpanId"], f"{span} expected, {shown} found")
        absent = await client.call_tool("show_span", {"trace_id": span["traceId"], "span_id": "0" * 16})
        expect(absent.is_error, "a span that is not there is no error")
        return client.protocol_version


def main():
    url, path = sys.argv[1:]
    with open(path, encoding="utf-8") as lines:
        spans = [span for line in lines for resource in json.loads(line)["resourceSpans"] for scope in resource["scopeSpans"] for span in scope["spans"]]
    spans.sort(key=lambda span: "parentSpanId" not in span)
    for mode, name in (("legacy", "with a handshake"), ("auto", "as it likes")):
        try:
            version = asyncio.run(asyncio.wait_for(ask(url, mode, spans), 60))
            print(f"ok - MCP: its own client asks for traces, {name} ({version})")
        except Exception as error:
            print(f"not ok - MCP: its own client asks for traces, {name}\n    {type(error).__name__}: {str(error)[:600]}")


if __name__ == "__main__":
    main()
