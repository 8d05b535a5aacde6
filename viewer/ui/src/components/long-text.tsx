import { useMemo, useState } from "preact/hooks";
import { count, visible } from "../format";

const FOLD_CHARS = 480;
const FOLD_LINES = 12;

// Text folded to a dozen lines until asked for more.
export function LongText({ text, kind }: { text: string; kind: string }) {
  const [open, setOpen] = useState(false);
  const shown = useMemo(() => (open ? text : fold(text)), [text, open]);
  return (
    <span class={`value value-${kind}`}>
      <bdi>{visible(shown)}{!open && shown.length < text.length && "…"}</bdi>
      {(open || shown.length < text.length) && (
        <button type="button" class="link" onClick={() => setOpen(!open)}>{open ? "Show less" : `Show all ${count(text.length)} characters`}</button>
      )}
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
