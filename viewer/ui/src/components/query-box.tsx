// The box for queries: a combobox over what the server proposes, and below it what is wrong with the query.
import type { RefObject } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { ApiError } from "../api";
import { count, label } from "../format";
import { around, withItem } from "../query-edit";
import { navigate, traceUrl } from "../router";
import type { Completion } from "../types";
import { useCompletion } from "../use-completion";
import { useTypedText } from "../use-typed-text";
import { Close, Search } from "./icons";

const REST_MS = 400;

interface Props {
  value: string;
  error: ApiError | null;
  inputRef: RefObject<HTMLInputElement | null>;
  onChange: (value: string) => void;
}

const isTraceId = (text: string): boolean => /^[0-9a-f]{32}$/i.test(text);
const kinds: Record<string, string> = { field: "field", key: "attribute", value: "value", operator: "", word: "" };

export function QueryBox({ value, error, inputRef, onChange }: Props) {
  const { text, set: setText, apply } = useTypedText(value, REST_MS, onChange);
  const [asked, setAsked] = useState<{ text: string; caret: number } | null>(null);
  const [active, setActive] = useState(-1);
  const caret = useRef<number | null>(null);
  const completion = useCompletion(asked);
  const id = useId();
  const items = completion?.items.slice(0, 12) ?? [];
  const open = asked !== null && items.length > 0;
  const fresh = completion?.asked.text === text;

  useEffect(() => setActive(-1), [completion]);
  useLayoutEffect(() => {
    if (caret.current === null) return;
    inputRef.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  }, [text]);

  const ask = (): void => {
    const input = inputRef.current;
    if (input) setAsked({ text: input.value, caret: input.selectionStart ?? input.value.length });
  };
  const accept = (completion: Completion, index: number): void => {
    if (!fresh) return;
    const edited = withItem(text, completion, items[index]!.text);
    caret.current = edited.caret;
    setText(edited.text);
    setAsked(edited);
  };
  const submit = (): void => {
    setAsked(null);
    const wanted = text.trim();
    if (isTraceId(wanted)) navigate(traceUrl(wanted.toLowerCase()));
    else apply(wanted);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const handled = (): void => {
      event.preventDefault();
      event.stopPropagation();
    };
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      handled();
      const by = event.key === "ArrowDown" ? 1 : -1;
      if (open) setActive((now) => (now + by + (now < 0 && by < 0 ? 1 : 0) + items.length) % items.length);
      else ask();
    } else if ((event.key === "Tab" && !event.shiftKey && open) || (event.key === "Enter" && active >= 0 && open)) {
      handled();
      accept(completion!, Math.max(0, active));
    } else if (event.key === "Enter") submit();
    else if (event.key === "Escape" && asked) {
      handled();
      setAsked(null);
    }
  };
  return (
    <div class={`query ${error?.mistake ? "wrong" : ""}`}>
      <div class="query-field">
        <Search />
        <input ref={inputRef} type="text" class="query-input" role="combobox" aria-label="Search traces: a name, a trace id, or a query" placeholder="Search: a name, a trace id, or  duration > 100ms and error"
          aria-expanded={open} aria-controls={`${id}-list`} aria-autocomplete="list" aria-activedescendant={open && active >= 0 ? `${id}-${active}` : undefined}
          aria-invalid={error?.mistake ? true : undefined} aria-describedby={error?.mistake ? `${id}-wrong` : undefined}
          spellcheck={false} autocomplete="off" autocapitalize="off" value={text}
          onInput={(event) => { setText(event.currentTarget.value); ask(); }} onClick={ask} onKeyDown={onKeyDown} onBlur={() => setAsked(null)} />
        {text ? <button type="button" class="quiet clear" aria-label="Clear the query" title="Clear" onClick={() => { setText(""); apply(""); inputRef.current?.focus(); }}><Close /></button> : <kbd>/</kbd>}
      </div>
      <ul id={`${id}-list`} class="proposals" role="listbox" aria-label="Proposals" aria-busy={!fresh} hidden={!open}>
        {items.map((item, i) => (
          <li key={`${item.kind} ${item.text}`} id={`${id}-${i}`} role="option" aria-selected={i === active}
            onMouseDown={(event) => { event.preventDefault(); accept(completion!, i); }} onMouseEnter={() => setActive(i)}>
            <bdi>{label(item.text, 120)}</bdi>
            <span>{kinds[item.kind] ?? ""}</span>
            <span class="number">{item.count ? count(item.count) : ""}</span>
          </li>
        ))}
      </ul>
      {error?.mistake && <Wrong id={`${id}-wrong`} query={value} error={error} />}
    </div>
  );
}

function Wrong({ id, query, error }: { id: string; query: string; error: ApiError }) {
  const [before, wrong, after] = around(query, error.mistake!.at, error.mistake!.length);
  return (
    <p id={id} class="query-wrong" role="alert">
      <code><bdi>{before}<mark>{wrong || "\u2038"}</mark>{after}</bdi></code>
      <span>{error.message}</span>
    </p>
  );
}
