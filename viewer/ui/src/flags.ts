// Span and link flags: the low byte is the W3C trace flags, above it OTLP says whether the context came from another process.
const SAMPLED = 0x01;
const RANDOM = 0x02;
const REMOTE_KNOWN = 0x100;
const REMOTE = 0x200;

// `of`: whose context it is, "parent" or "context"; null when there is none.
export function flagsText(flags: number, of: string | null): string {
  const parts = [flags & SAMPLED ? "sampled" : "not sampled"];
  if (flags & RANDOM) parts.push("random trace id");
  if (of && flags & REMOTE_KNOWN) parts.push(`${flags & REMOTE ? "remote" : "local"} ${of}`);
  return parts.join(", ");
}

export const flagsHex = (flags: number): string => `0x${flags.toString(16).padStart(2, "0")}`;
