// Who called whom: agents, models, tools and services as the nodes of a graph, from the spans' real parents and links.
import type { Role } from "./genai";
import type { Node, Tree } from "./tree";
import { text } from "./value";

export interface Actor {
  key: string;
  name: string;
  role: Role; // "span": a service
  service: string;
  spans: number;
  total: number; // of the spans that came in
  errors: number;
  first: Node;
}

export interface Call {
  from: string; // keys
  to: string;
  link: boolean; // a link, not a parent
  count: number;
  total: number;
  errors: number;
}

export interface CallGraph {
  actors: Actor[];
  calls: Call[];
}

const names: Partial<Record<Role, string>> = {
  agent: "gen_ai.agent.name", plan: "gen_ai.agent.name", model: "gen_ai.request.model", tool: "gen_ai.tool.name", retrieval: "gen_ai.data_source.id", memory: "gen_ai.memory.store.name",
};

// What a span says it is the work of; null for plain spans, which belong to whoever called them within their service.
function named(node: Node): { key: string; name: string; role: Role } | null {
  if (node.role === "span") return null;
  const role = node.role === "plan" ? "agent" : node.role; // an agent plans by itself
  const key = names[node.role];
  const name = (key && text(node.span.attributes, key)) || node.span.name;
  return { key: `${role}\u0000${name}`, name, role };
}

export function callGraph(tree: Tree, nodes: readonly Node[]): CallGraph {
  const actors = new Map<string, Actor>();
  const calls = new Map<string, Call>();
  const actorOf = new Map<Node, Actor>();
  const call = (from: Actor, to: Actor, node: Node, link: boolean): void => {
    const key = `${from.key}\u0001${to.key}\u0001${link}`;
    let found = calls.get(key);
    if (!found) calls.set(key, (found = { from: from.key, to: to.key, link, count: 0, total: 0, errors: 0 }));
    found.count++;
    found.total += node.duration;
    found.errors += node.error ? 1 : 0;
  };
  for (const node of nodes) { // parents first
    const caller = (node.parent && actorOf.get(node.parent)) ?? null;
    const self = named(node);
    const stays = caller !== null && (self === null ? node.service === node.parent!.service : self.role === "agent" && self.key === caller.key && node.role === "plan");
    const actor = stays ? caller : known(actors, node, self);
    actorOf.set(node, actor);
    actor.spans++;
    if (stays) continue;
    actor.total += node.duration;
    actor.errors += node.error ? 1 : 0;
    if (caller) call(caller, actor, node, false);
  }
  for (const node of nodes) {
    for (const link of node.span.links) {
      const source = actorOf.get(tree.byId.get(link.span_id) as Node);
      if (source && link.trace_id === node.traceId) call(source, actorOf.get(node)!, node, true);
    }
  }
  return { actors: [...actors.values()], calls: [...calls.values()] };
}

function known(actors: Map<string, Actor>, node: Node, self: ReturnType<typeof named>): Actor {
  const key = self?.key ?? `span\u0000${node.service}`;
  let actor = actors.get(key);
  if (!actor) {
    actor = { key, name: self?.name ?? node.service, role: self?.role ?? "span", service: node.service, spans: 0, total: 0, errors: 0, first: node };
    actors.set(key, actor);
  }
  return actor;
}

// The actors most time went to, and the calls among them.
export function largest(graph: CallGraph, most: number): CallGraph {
  if (graph.actors.length <= most) return graph;
  const kept = new Set([...graph.actors].sort((a, b) => b.total - a.total).slice(0, most));
  const keys = new Set([...kept].map((actor) => actor.key));
  return { actors: graph.actors.filter((actor) => kept.has(actor)), calls: graph.calls.filter((call) => keys.has(call.from) && keys.has(call.to)) };
}
