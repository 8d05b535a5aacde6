// What may stand where the caret is, asked of the server while the reader types.
import { useEffect, useRef, useState } from "preact/hooks";
import { byteAt } from "./query-edit";
import type { Completion } from "./types";

const REST_MS = 90;
const TIMEOUT_MS = 5000;

interface Asked {
  text: string;
  caret: number;
}

interface Answer extends Completion {
  asked: Asked; // while the reader types on, what was proposed before stays on show, but is not to be taken
}

// Null while nothing is asked. Without an answer there are no items: completing is a help, not a need.
export function useCompletion(asked: Asked | null): Answer | null {
  const [completion, setCompletion] = useState<Answer | null>(null);
  const latest = useRef(0);
  useEffect(() => {
    const turn = ++latest.current;
    if (!asked) return setCompletion(null);
    const timer = setTimeout(async () => {
      try {
        const query = new URLSearchParams({ q: asked.text, at: String(byteAt(asked.text, asked.caret)) });
        const response = await fetch(`/api/complete?${query}`, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT_MS) });
        const found = response.ok ? ((await response.json()) as Completion) : null;
        if (turn === latest.current) setCompletion(found && found.items.length > 0 ? { ...found, asked } : null);
      } catch {
        if (turn === latest.current) setCompletion(null);
      }
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [asked?.text, asked?.caret]);
  return completion;
}
