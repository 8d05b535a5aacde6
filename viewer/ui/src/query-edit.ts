// Editing a query: the server counts bytes, the browser UTF-16 units.
import type { Completion } from "./types";

const encoder = new TextEncoder();

export const byteAt = (text: string, index: number): number => encoder.encode(text.slice(0, index)).length;

export function indexAt(text: string, byte: number): number {
  let index = 0;
  let bytes = 0;
  for (const char of text) {
    if (bytes >= byte) break;
    bytes += encoder.encode(char).length;
    index += char.length;
  }
  return index;
}

export interface Edited {
  text: string;
  caret: number;
}

// The query with an item of the completion in it, ready for the next word.
export function withItem(query: string, completion: Completion, item: string): Edited {
  const before = query.slice(0, indexAt(query, completion.from));
  const after = query.slice(indexAt(query, completion.to)).replace(/^ +/, "");
  const text = `${before}${item} `;
  return { text: text + after, caret: text.length };
}

// What is wrong and what stands around it.
export function around(query: string, at: number, length: number): [before: string, wrong: string, after: string] {
  const from = indexAt(query, at);
  const to = Math.max(from, indexAt(query, at + length));
  return [query.slice(0, from), query.slice(from, to), query.slice(to)];
}
