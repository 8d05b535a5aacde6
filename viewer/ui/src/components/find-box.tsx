import type { RefObject } from "preact";
import { count } from "../format";
import { useTypedText } from "../use-typed-text";

const REST_MS = 120;

interface Props {
  needle: string;
  found: number | null;
  note: string;
  inputRef: RefObject<HTMLInputElement | null>;
  onNeedle: (needle: string) => void;
  onFind: (by: 1 | -1) => void;
}

// Searching inside a trace: every view shows what was found, Enter goes from one to the next.
export function FindBox({ needle, found, note, inputRef, onNeedle, onFind }: Props) {
  const { text, set } = useTypedText(needle, REST_MS, onNeedle);
  return (
    <label class="find">
      <input ref={inputRef} type="search" placeholder="Find in trace  /" aria-label="Find spans by name, service or attribute" spellcheck={false} autocomplete="off"
        value={text} onInput={(event) => set(event.currentTarget.value)}
        onKeyDown={(event) => { if (event.key === "Enter") onFind(event.shiftKey ? -1 : 1); }} />
      {(found !== null || note) && <span class="found" role="status">{[found === null ? "" : `${count(found)} found`, note].filter(Boolean).join(", ")}</span>}
    </label>
  );
}
