import { writeFileSync } from "node:fs";
import { SCOPES } from "@barnacle/protocol/gateway";
import { METHODS } from "./index.ts";
import type { Method } from "./method.ts";

export const DOCUMENT = new URL("../METHODS.md", import.meta.url);

/** `METHODS.md`: every method with what it needs and how far it goes. Written by `node hub/src/gateway/methods/document.ts`. */
export function methodDocument(): string {
  const rows = [...METHODS.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map(row);
  return [
    "# Gateway methods",
    "",
    "Every method that the hub's gateway answers, besides `connect`. This page is made from the method table by",
    "`node hub/src/gateway/methods/document.ts`; a test keeps the two equal.",
    "",
    "*full*: as the gateway protocol has it. *partly*: how far. *not here*: answered with `METHOD_NOT_HERE` and the reason.",
    "",
    "| method | needs | support |",
    "| --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

function row({ name, access, nodesToo, support }: Method): string {
  const needs = access === "node" ? "role node" : `\`${SCOPES[access]}\`${nodesToo ? ", or a phone app's node" : ""}`;
  return `| \`${name}\` | ${needs} | ${words(support)} |`;
}

function words(support: Method["support"]): string {
  if (support === "full") return "full";
  return "partial" in support ? `partly: ${support.partial}` : `not here: ${support.none}`;
}

if (import.meta.main) writeFileSync(DOCUMENT, methodDocument());
