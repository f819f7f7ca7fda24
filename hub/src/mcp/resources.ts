/** Things that an agent can look at by their address. */
interface ResourceAt {
  readonly name: string;
  readonly description: string;
  /** The method that answers. */
  readonly method: string;
}

export const RESOURCES: readonly (ResourceAt & { readonly uri: string; readonly params: object })[] = [
  {
    uri: "barnacle://beads/ready",
    name: "ready work",
    description: "Beads that can be started now.",
    method: "beads.ready",
    params: {},
  },
  {
    uri: "barnacle://beads/blocked",
    name: "blocked work",
    description: "Beads that wait, and for what.",
    method: "beads.blocked",
    params: {},
  },
  {
    uri: "barnacle://convoys",
    name: "convoys",
    description: "Batches of work and how far they are.",
    method: "convoys.list",
    params: {},
  },
  {
    uri: "barnacle://formulas",
    name: "formulas",
    description: "Workflows that can be poured.",
    method: "formulas.list",
    params: {},
  },
];

export const TEMPLATES: readonly (ResourceAt & {
  readonly uriTemplate: string;
  readonly pattern: RegExp;
  readonly params: (id: string) => object;
})[] = [
  {
    uriTemplate: "barnacle://beads/{id}",
    pattern: /^barnacle:\/\/beads\/([^/]+)$/,
    name: "a bead",
    description: "One work item, whole.",
    method: "beads.show",
    params: (id) => ({ ids: [id] }),
  },
  {
    uriTemplate: "barnacle://molecules/{id}",
    pattern: /^barnacle:\/\/molecules\/([^/]+)$/,
    name: "a molecule",
    description: "A poured workflow and how far it is.",
    method: "formulas.progress",
    params: (id) => ({ id }),
  },
];

export function resourceCall(uri: string): { readonly method: string; readonly params: object } | undefined {
  const fixed = RESOURCES.find((one) => one.uri === uri);
  if (fixed) return fixed;
  for (const { pattern, method, params } of TEMPLATES) {
    const [, id] = pattern.exec(uri) ?? [];
    if (id !== undefined) return { method, params: params(decodeURIComponent(id)) };
  }
  return undefined;
}
