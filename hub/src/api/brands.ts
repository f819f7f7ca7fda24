import type { FastifyRequest } from "fastify";

const BRANDS = ["barnacle", "openclaw", "moltbot", "clawdbot"];

/** `x-openclaw-agent-id` and its likes. Source: gateway protocol 3, "three families of names". */
export function brandHeaders(name: string): readonly string[] {
  return BRANDS.map((brand) => `x-${brand}-${name}`);
}

export function brandHeader(request: FastifyRequest, name: string): string | undefined {
  for (const header of brandHeaders(name)) {
    const value = request.headers[header];
    if (typeof value === "string" && value.trim() !== "") return value.trim();
  }
  return undefined;
}

/** `openclaw:kitchen`, `openclaw/kitchen`, `agent:kitchen` → `kitchen`; a brand alone → "" (the default assistant). */
export function agentOfModel(model: string): string | undefined {
  const [, brand, id] = /^([a-z]+)(?:[:/](.+))?$/i.exec(model.trim()) ?? [];
  const known = brand !== undefined && [...BRANDS, "agent"].includes(brand.toLowerCase());
  return known ? (id ?? "").toLowerCase() : undefined;
}
