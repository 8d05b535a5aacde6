// Instants without big integers, which would take most of the time a large trace needs: seconds and nanoseconds, each exact as a double.
export interface Instant {
  seconds: number;
  ns: number;
}

const whole = (digits: string): number => {
  const value = Number(digits);
  return Number.isInteger(value) && value >= 0 ? value : 0;
};

// From the decimal nanoseconds of the API.
export function readInstant(text: string): Instant {
  const at = text.length - 9;
  return at > 0 ? { seconds: whole(text.slice(0, at)), ns: whole(text.slice(at)) } : { seconds: 0, ns: whole(text) };
}

// Nanoseconds from one to the other: exact up to 104 days.
export const since = (from: Instant, to: Instant): number => (to.seconds - from.seconds) * 1e9 + (to.ns - from.ns);
