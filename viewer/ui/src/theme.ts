// The theme follows the system until the reader chooses; the choice is remembered.
import { useEffect, useState } from "preact/hooks";

export type Theme = "light" | "dark";

const KEY = "spanwire.theme";
const CHANGED = "spanwire:theme"; // for what has drawn with the colours of the other one
const system = matchMedia("(prefers-color-scheme: dark)");

function stored(): Theme | null {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : null;
  } catch {
    return null; // storage may be forbidden
  }
}

export function applyStoredTheme(): void {
  const theme = stored();
  if (theme) document.documentElement.dataset.theme = theme;
}

export function useTheme(): [Theme, () => void] {
  const current = (): Theme => (document.documentElement.dataset.theme as Theme | undefined) ?? (system.matches ? "dark" : "light");
  const [theme, setTheme] = useState<Theme>(current);
  useEffect(() => {
    const follow = (): void => setTheme(current());
    system.addEventListener("change", follow);
    addEventListener(CHANGED, follow);
    return () => {
      system.removeEventListener("change", follow);
      removeEventListener(CHANGED, follow);
    };
  }, []);
  const toggle = (): void => {
    const next: Theme = theme === "dark" ? "light" : "dark";
    document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // it still holds for this page
    }
    dispatchEvent(new Event(CHANGED));
  };
  return [theme, toggle];
}
