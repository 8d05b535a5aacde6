// A service keeps one colour for as long as the page lives; the first ten get ten different ones.
const COLOURS = 10;
const taken = new Map<string, number>();

function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return h >>> 0;
}

function slot(service: string): number {
  const known = taken.get(service);
  if (known !== undefined) return known;
  let free = hash(service) % COLOURS;
  if (taken.size < COLOURS) {
    const used = new Set(taken.values());
    while (used.has(free)) free = (free + 1) % COLOURS;
  }
  taken.set(service, free);
  return free;
}

// The class that sets --service (colours themselves are in the style sheet, one set a theme).
export const serviceClass = (service: string): string => `svc-${slot(service)}`;
