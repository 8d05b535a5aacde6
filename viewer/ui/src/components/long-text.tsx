import { useMemo, useState } from "preact/hooks";
import { count, visible } from "../format";
import { looksLikeMarkdown } from "../markdown";
import { Markdown } from "./markdown";

const FOLD_CHARS = 480;
const FOLD_LINES = 12;
const MAX_MARKDOWN = 100_000; // characters; what is longer stays plain

interface Props {
  text: string;
  kind: string;
  prose?: boolean; // written for people: Markdown is read
}

// Text folded to a dozen lines until asked for more.
export function LongText({ text, kind, prose = false }: Props) {
  const [open, setOpen] = useState(false);
  const [plain, setPlain] = useState(false);
  const markdown = useMemo(() => prose && text.length <= MAX_MARKDOWN && looksLikeMarkdown(text), [text, prose]);
  const shown = useMemo(() => (open ? text : fold(text)), [text, open]);
  const folded = shown.length < text.length;
  return (
    <span class={`value value-${kind}`}>
      {markdown && !plain ? <Markdown text={folded ? `${shown}…` : shown} /> : <bdi>{visible(shown)}{folded && "…"}</bdi>}
      {(open || folded) && (
        <button type="button" class="link" onClick={() => setOpen(!open)}>{open ? "Show less" : `Show all ${count(text.length)} characters`}</button>
      )}
      {markdown && <button type="button" class="link" aria-pressed={plain} onClick={() => setPlain(!plain)}>{plain ? "Formatted" : "Plain text"}</button>}
    </span>
  );
}

function fold(text: string): string {
  let end = 0;
  for (let line = 0; line < FOLD_LINES; line++) {
    const at = text.indexOf("\n", end);
    if (at < 0) return cut(text, text.length);
    end = at + 1;
  }
  return cut(text, end - 1);
}

// A little too long is not worth a click.
const cut = (text: string, end: number): string => text.slice(0, end <= FOLD_CHARS * 1.25 ? end : FOLD_CHARS);
