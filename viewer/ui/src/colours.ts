// Colours for canvases: what a class and the theme make of a custom property, as the browser resolved it.

export function classColour(host: HTMLElement, className: string, property: string): string {
  const probe = document.createElement("i");
  probe.className = className;
  probe.style.color = `var(${property})`;
  host.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
