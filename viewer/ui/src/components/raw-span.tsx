import { useState } from "preact/hooks";
import { Resource } from "../api";
import { jsonValue } from "../json-value";
import { prettyJson } from "../value";
import { CopyButton } from "./copy-button";
import { Chevron } from "./icons";
import { LongText } from "./long-text";
import { ValueTree } from "./value-tree";

const TIMEOUT_MS = 15_000;

interface Raw {
  text?: string;
  failure?: string;
}

// The span as OTLP JSON, fetched when it is asked for.
export function RawSpan({ traceId, spanId }: { traceId: string; spanId: string }) {
  const [raw, setRaw] = useState<Raw | null>(null);
  const load = async (): Promise<void> => {
    try {
      const found = await new Resource<unknown>(`/api/traces/${traceId}/spans/${spanId}/raw`).text(AbortSignal.timeout(TIMEOUT_MS));
      setRaw({ text: prettyJson(found) ?? found });
    } catch (cause) {
      setRaw({ failure: cause instanceof Error ? cause.message : String(cause) });
    }
  };
  const json = raw?.text ? jsonValue(raw.text) : undefined;
  return (
    <details class="section raw" onToggle={(event) => { if (event.currentTarget.open && !raw?.text) void load(); }}>
      <summary><Chevron /><h3>Raw OTLP</h3><code class="of">JSON</code></summary>
      {raw?.failure && <p class="dropped" role="alert">{raw.failure}</p>}
      {raw?.text && <div class="raw-body"><CopyButton text={raw.text} what="OTLP JSON" />{json ? <ValueTree value={json} /> : <LongText text={raw.text} kind="code" />}</div>}
    </details>
  );
}
