import { label } from "../format";
import { usePoll } from "../poll";

const PERIOD_MS = 3000;

// One of the services that were seen, or all.
export function ServiceSelect({ service, paused, onChange }: { service: string; paused: boolean; onChange: (service: string) => void }) {
  const { data } = usePoll<{ services: string[] }>("/api/services", PERIOD_MS, paused);
  const services = data?.services ?? [];
  return (
    <select aria-label="Service" class={service ? "on" : ""} value={service} onChange={(event) => onChange(event.currentTarget.value)}>
      <option value="">All services</option>
      {(service && !services.includes(service) ? [service, ...services] : services).map((name) => <option key={name} value={name}>{label(name, 80)}</option>)}
    </select>
  );
}
