// The messages of a model call, when they have the conventions' shape; and which call of a tool a result answers.
import type { KeyValue } from "./types";
import { plain } from "./value";

export type Source = "instructions" | "input" | "output";

const sources: Record<string, Source> = {
  "gen_ai.system_instructions": "instructions",
  "gen_ai.input.messages": "input",
  "gen_ai.output.messages": "output",
};

export const messageKeys: ReadonlySet<string> = new Set(Object.keys(sources));

export type Piece =
  | { kind: "text"; text: string }
  | { kind: "reasoning"; text: string }
  | { kind: "call"; id: string; name: string; arguments: unknown; answered: boolean; response: unknown }
  | { kind: "response"; id: string; response: unknown }
  | { kind: "other"; title: string; value: unknown };

export interface Message {
  source: Source;
  key: string;
  role: string;
  note: string;
  pieces: Piece[];
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null && !Array.isArray(value);
const string = (value: unknown): string => (typeof value === "string" ? value : "");

function piece(part: Record<string, unknown>): Piece {
  const type = string(part.type);
  const id = string(part.id);
  if ((type === "text" || type === "reasoning") && typeof part.content === "string") return { kind: type, text: part.content };
  if (type === "tool_call") return { kind: "call", id, name: string(part.name), arguments: part.arguments, answered: false, response: undefined };
  if (type === "tool_call_response") return { kind: "response", id, response: part.response ?? part.result };
  return { kind: "other", title: type || "part", value: part.content ?? part.uri ?? part.file_id ?? part };
}

// Null when the value has another shape: it is then shown as the attribute it is.
export function readMessages(attribute: KeyValue): Message[] | null {
  const source = sources[attribute.key] ?? "input";
  const value = plain(attribute);
  if (!Array.isArray(value) || value.length === 0 || !value.every(isObject)) return null;
  const message = (role: string, note: string, parts: Record<string, unknown>[]): Message => ({ source, key: attribute.key, role, note, pieces: parts.map(piece) });
  if (value.every((item) => typeof item.type === "string" && !item.role)) return [message("system", "", value)];
  const messages: Message[] = [];
  for (const item of value) {
    const parts = Array.isArray(item.parts) ? item.parts.filter(isObject) : typeof item.content === "string" ? [{ type: "text", content: item.content }] : null;
    if (typeof item.role !== "string" || !parts) return null;
    messages.push(message(item.role, string(item.name) || string(item.finish_reason), parts));
  }
  return messages;
}

// Puts a result beside the call it answers; a message that held nothing else is gone. A result without its call stays where it is.
export function joinCalls(messages: Message[]): Message[] {
  const calls = new Map<string, Extract<Piece, { kind: "call" }>>();
  for (const message of messages) for (const one of message.pieces) if (one.kind === "call" && one.id) calls.set(one.id, one);
  const answer = (one: Piece): boolean => {
    const call = one.kind === "response" ? calls.get(one.id) : undefined;
    if (one.kind !== "response" || !call || call.answered) return false;
    call.answered = true;
    call.response = one.response;
    return true;
  };
  return messages
    .map((message) => ({ message, pieces: message.pieces.filter((one) => !answer(one)) }))
    .filter(({ message, pieces }) => pieces.length > 0 || message.pieces.length === 0)
    .map(({ message, pieces }) => ({ ...message, pieces }));
}

// For copying.
export function pieceText(one: Piece): string {
  if (one.kind === "text" || one.kind === "reasoning") return one.text;
  const value = one.kind === "call" ? one.arguments : one.kind === "response" ? one.response : one.value;
  if (typeof value === "string") return value;
  try {
    return JSON.stringify(value, null, 2) ?? "";
  } catch {
    return "(nested too deeply to copy)";
  }
}
