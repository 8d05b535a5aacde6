// The messages of a model call, read as a conversation when they have the conventions' shape.
import { visible } from "../format";
import type { KeyValue } from "../types";
import { plain } from "../value";
import { Attributes } from "./attributes";
import { CopyButton } from "./copy-button";
import { Section } from "./section";
import { LongText } from "./long-text";

const titles: Record<string, string> = {
  "gen_ai.system_instructions": "Instructions",
  "gen_ai.input.messages": "Input",
  "gen_ai.output.messages": "Output",
};

export const conversationKeys: ReadonlySet<string> = new Set(Object.keys(titles));

interface Message {
  role: string;
  note: string;
  parts: Record<string, unknown>[];
}

export function Conversation({ attribute }: { attribute: KeyValue }) {
  const title = titles[attribute.key] ?? attribute.key;
  const messages = read(plain(attribute));
  if (!messages) return <Section title={title}><Attributes attributes={[attribute]} /></Section>;
  return (
    <Section title={title} n={messages.length}>
      <ol class="conversation" data-key={attribute.key}>
        {messages.map((message, i) => (
          <li key={i} class={`message from-${known(message.role)}`}>
            <span class="speaker">{visible(message.role)}{message.note && <small>{visible(message.note)}</small>}<CopyButton text={() => message.parts.map(partText).join("\n")} what="message" /></span>
            {message.parts.map((part, n) => <Part key={n} part={part} />)}
          </li>
        ))}
      </ol>
    </Section>
  );
}

const known = (role: string): string => (/^(user|assistant|system|tool)$/.test(role) ? role : "other");

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const string = (value: unknown): string => (typeof value === "string" ? value : "");

// Null when the value has another shape: it is then shown as the attribute it is.
function read(value: unknown): Message[] | null {
  if (!Array.isArray(value) || value.length === 0 || !value.every(isObject)) return null;
  if (value.every((item) => typeof item.type === "string" && !item.role)) return [{ role: "system", note: "", parts: value }];
  const messages: Message[] = [];
  for (const item of value) {
    const parts = Array.isArray(item.parts) ? item.parts.filter(isObject) : typeof item.content === "string" ? [{ type: "text", content: item.content }] : null;
    if (typeof item.role !== "string" || !parts) return null;
    messages.push({ role: item.role, note: string(item.name) || string(item.finish_reason), parts });
  }
  return messages;
}

function Part({ part }: { part: Record<string, unknown> }) {
  const type = string(part.type);
  if (type === "text") return <LongText text={string(part.content)} kind="text" />;
  const heading = type === "tool_call" ? `calls ${string(part.name)}` : type === "tool_call_response" ? "result" : type || "part";
  return <div class="part"><span class="part-type">{visible(heading)}</span><LongText text={partText(part)} kind="code" /></div>;
}

function partText(part: Record<string, unknown>): string {
  const body = part.content ?? part.arguments ?? part.response ?? part.uri ?? part.file_id ?? part;
  if (typeof body === "string") return body;
  try {
    return JSON.stringify(body, null, 2) ?? "";
  } catch {
    return "(nested too deeply to show)";
  }
}
