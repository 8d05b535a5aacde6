import { Download } from "./icons";

const formats: [suffix: string, name: string, title: string][] = [
  ["otlp.json", "OTLP", "OTLP JSON: open it with “spanwire view FILE” or send it to any collector"],
  ["chrome.json", "Perfetto", "Chrome trace events: open it at ui.perfetto.dev"],
  ["speedscope.json", "speedscope", "A flame graph: open it at speedscope.app"],
];

// The trace as files.
export function Downloads({ traceId }: { traceId: string }) {
  return (
    <span class="downloads">
      <Download />
      {formats.map(([suffix, name, title]) => (
        <a key={suffix} href={`/api/traces/${traceId}.${suffix}`} download={`trace-${traceId}.${suffix}`} title={title}
          aria-label={`Download as ${name}`}>{name}</a>
      ))}
    </span>
  );
}
