// What a span is in an agent's run, from the GenAI semantic conventions.
import type { Span } from "./types";
import { number, text } from "./value";

export type Role = "agent" | "model" | "tool" | "plan" | "memory" | "retrieval" | "span";

// Usage is summed over inference spans only: an agent's own totals would count them twice.
const inference = new Set(["chat", "text_completion", "generate_content", "embeddings"]);

const roles: Record<string, Role> = {
  chat: "model", text_completion: "model", generate_content: "model", embeddings: "model",
  invoke_agent: "agent", create_agent: "agent", invoke_workflow: "agent",
  execute_tool: "tool", plan: "plan", retrieval: "retrieval",
  create_memory: "memory", update_memory: "memory", search_memory: "memory", delete_memory: "memory",
};

export const roleNames: Record<Role, string> = {
  agent: "Agent", model: "Model call", tool: "Tool", plan: "Plan", memory: "Memory", retrieval: "Retrieval", span: "Span",
};

export interface Tokens {
  input: number;
  output: number;
}

export const operation = (span: Span): string => text(span.attributes, "gen_ai.operation.name");

export const roleOf = (operation: string): Role => (Object.hasOwn(roles, operation) ? roles[operation]! : "span");

// The tokens of one model call; null for every other span, and for a call that reports none.
export function tokens(span: Span, operation: string): Tokens | null {
  if (!inference.has(operation)) return null;
  const input = number(span.attributes, "gen_ai.usage.input_tokens");
  const output = number(span.attributes, "gen_ai.usage.output_tokens");
  if (input === undefined && output === undefined) return null;
  return { input: input ?? 0, output: output ?? 0 };
}

export const isGenAi = (key: string): boolean => key.startsWith("gen_ai.");
