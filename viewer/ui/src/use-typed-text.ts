// A text that is typed and, once the reader rests, in the address. What comes back of one's own typing changes nothing: meanwhile the reader
// may have typed on.
import { useEffect, useRef, useState } from "preact/hooks";

export interface TypedText {
  text: string;
  set: (text: string) => void;
  apply: (text: string) => void; // at once
}

export function useTypedText(value: string, restMs: number, onChange: (text: string) => void): TypedText {
  const [text, set] = useState(value);
  const applied = useRef(value);
  const apply = (wanted: string): void => {
    applied.current = wanted;
    onChange(wanted);
  };
  // From elsewhere: the back button, a condition added.
  useEffect(() => {
    if (value === applied.current) return;
    applied.current = value;
    set(value);
  }, [value]);
  // One request once the reader rests, not one a key.
  useEffect(() => {
    if (text.trim() === applied.current) return;
    const timer = setTimeout(() => apply(text.trim()), restMs);
    return () => clearTimeout(timer);
  }, [text]);
  return { text, set, apply };
}
