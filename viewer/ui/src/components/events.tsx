import { duration, instant, label, nanoseconds, plural } from "../format";
import type { Node } from "../tree";
import { Attributes } from "./attributes";

export function Events({ node }: { node: Node }) {
  const start = nanoseconds(node.span.start_unix_ns);
  return (
    <ol class="events">
      {node.span.events.map((event, i) => {
        const time = nanoseconds(event.time_unix_ns);
        const after = Number(time - start);
        return (
          <li key={i} class={event.name === "exception" ? "bad" : ""}>
            <p>
              <span class="event-name"><bdi>{label(event.name)}</bdi></span>
              <span class="event-time" title={instant(time)}>{after < 0 ? `−${duration(-after)}` : `+${duration(after)}`}</span>
            </p>
            {event.attributes.length > 0 && <Attributes attributes={event.attributes} />}
            {event.dropped_attributes_count > 0 && <p class="dropped">{plural(event.dropped_attributes_count, "attribute")} dropped by the sender's limits.</p>}
          </li>
        );
      })}
    </ol>
  );
}
