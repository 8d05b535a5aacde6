// A box for a text to look for; applied once the reader rests, or at Enter.
import type { RefObject } from "preact";
import { useTypedText } from "../use-typed-text";
import { Close, Search } from "./icons";

const REST_MS = 300;

interface Props {
  value: string;
  label: string;
  placeholder: string;
  inputRef: RefObject<HTMLInputElement | null>;
  onChange: (value: string) => void;
}

export function SearchBox({ value, label, placeholder, inputRef, onChange }: Props) {
  const { text, set, apply } = useTypedText(value, REST_MS, onChange);
  return (
    <div class="query">
      <div class="query-field">
        <Search />
        <input ref={inputRef} type="text" class="query-input" aria-label={label} placeholder={placeholder} spellcheck={false} autocomplete="off" autocapitalize="off"
          value={text} onInput={(event) => set(event.currentTarget.value)} onKeyDown={(event) => { if (event.key === "Enter") apply(text.trim()); }} />
        {text ? <button type="button" class="quiet clear" aria-label="Clear the search" title="Clear" onClick={() => { set(""); apply(""); inputRef.current?.focus(); }}><Close /></button> : <kbd>/</kbd>}
      </div>
    </div>
  );
}
