// Sixteen-pixel line icons, drawn here so that nothing is fetched.
import type { ComponentChildren } from "preact";
import type { Role } from "../genai";

function Icon({ children, size = 16 }: { children: ComponentChildren; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 16 16" fill="none" stroke="currentColor"
      stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const Logo = () => (
  <svg class="logo" width="22" height="22" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect x="3" y="6" width="26" height="5" rx="2.5" />
    <rect x="8" y="13.5" width="14" height="5" rx="2.5" opacity=".72" />
    <rect x="14" y="21" width="11" height="5" rx="2.5" opacity=".46" />
  </svg>
);

export const Sun = () => <Icon><circle cx="8" cy="8" r="3" /><path d="M8 1.5v1M8 13.5v1M1.5 8h1M13.5 8h1M3.4 3.4l.7.7M11.9 11.9l.7.7M12.6 3.4l-.7.7M4.1 11.9l-.7.7" /></Icon>;
export const Moon = () => <Icon><path d="M13.5 9.4A5.8 5.8 0 0 1 6.6 2.5a5.8 5.8 0 1 0 6.9 6.9Z" /></Icon>;
export const Back = () => <Icon><path d="M9.5 3.5 5 8l4.5 4.5" /></Icon>;
export const Close = () => <Icon><path d="m4 4 8 8M12 4l-8 8" /></Icon>;
export const Copy = () => <Icon size={14}><rect x="5.5" y="5.5" width="8" height="8" rx="1.5" /><path d="M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2" /></Icon>;
export const Download = () => <Icon size={14}><path d="M8 2.5v7.5M4.8 7 8 10.2 11.2 7M3 13.3h10" /></Icon>;
export const Check = () => <Icon size={14}><path d="m3 8.5 3.2 3L13 4.8" /></Icon>;
export const Search = () => <Icon><circle cx="7" cy="7" r="4.2" /><path d="m10.2 10.2 3.3 3.3" /></Icon>;
export const Chevron = () => <Icon size={12}><path d="m5.5 3.5 5 4.5-5 4.5" /></Icon>;
export const Pause = () => <Icon size={14}><path d="M5.5 3.5v9M10.5 3.5v9" /></Icon>;
export const Play = () => <Icon size={14}><path d="M5 3.2v9.6L12.5 8Z" /></Icon>;
export const Fail = () => <Icon size={14}><circle cx="8" cy="8" r="6" /><path d="M8 4.8v3.6M8 11h.01" /></Icon>;
export const Expand = () => <Icon><path d="m4.5 6 3.5-3.5L11.5 6M4.5 10 8 13.5l3.5-3.5" /></Icon>;
export const Route = () => <Icon><circle cx="3.6" cy="12.4" r="1.6" /><circle cx="12.4" cy="3.6" r="1.6" /><path d="M5.2 12.4h4a2.4 2.4 0 0 0 0-4.8H6.8a2.2 2.2 0 0 1 0-4h4" /></Icon>;
export const Bars = () => <Icon><path d="M2.5 4h8M5 8h6.5M8.5 12h5" /></Icon>;
export const Swap = () => <Icon size={14}><path d="M2.5 5.5h10M9.8 2.8l2.7 2.7-2.7 2.7M13.5 10.5h-10M6.2 7.8l-2.7 2.7 2.7 2.7" /></Icon>;
export const Filter = () => <Icon size={14}><path d="M2.5 3.5h11L9.3 8.6v4.2l-2.6-1.4V8.6Z" /></Icon>;
export const Focus = () => <Icon><path d="M2.5 5.5v-3h3M10.5 2.5h3v3M13.5 10.5v3h-3M5.5 13.5h-3v-3" /><circle cx="8" cy="8" r="1.6" /></Icon>;
export const Collapse = () => <Icon><path d="M4.5 2.5 8 6l3.5-3.5M4.5 13.5 8 10l3.5 3.5" /></Icon>;

const shapes: Record<Exclude<Role, "span">, ComponentChildren> = {
  agent: <><rect x="2.5" y="5" width="11" height="8" rx="2.5" /><path d="M8 5V2.5M6 8.6v.8M10 8.6v.8" /></>,
  model: <path d="M8 1.8c.5 3.6 2.1 5.4 5.9 6.2-3.8.8-5.4 2.6-5.9 6.2C7.5 10.6 5.9 8.8 2.1 8 5.9 7.2 7.5 5.4 8 1.8Z" />,
  tool: <path d="M10.4 2.2a3.7 3.7 0 0 0-3.7 4.9L2.4 11.4a1.56 1.56 0 0 0 2.2 2.2l4.3-4.3a3.7 3.7 0 0 0 4.7-4.7l-2.2 2.2-2.2-.6-.6-2.2Z" />,
  plan: <path d="m2.5 4 1 1 1.8-2M2.5 8.5l1 1 1.8-2M2.8 13h2M8 4.2h5.5M8 8.6h5.5M8 13h5.5" />,
  memory: <><ellipse cx="8" cy="4" rx="5" ry="2" /><path d="M3 4v8c0 1.1 2.2 2 5 2s5-.9 5-2V4M3 8c0 1.1 2.2 2 5 2s5-.9 5-2" /></>,
  retrieval: <><path d="M3 2.5h6.5l3 3v2M3 2.5v11h4" /><circle cx="10.3" cy="11" r="2.3" /><path d="m12 12.7 1.5 1.5" /></>,
};

export function RoleIcon({ role }: { role: Role }) {
  if (role === "span") return <span class="role-dot" aria-hidden="true" />;
  return <span class={`role role-${role}`}><Icon size={15}>{shapes[role]}</Icon></span>;
}
