import { Pause, Play } from "./icons";

export function LiveButton({ paused, live, onPause }: { paused: boolean; live: boolean; onPause: () => void }) {
  return (
    <button type="button" class={`live ${paused ? "" : live ? "on" : "waiting"}`} aria-pressed={!paused} title={paused ? "Resume (p)" : "Pause (p)"} onClick={onPause}>
      {paused ? <Play /> : <Pause />}{paused ? "Paused" : "Live"}
    </button>
  );
}
