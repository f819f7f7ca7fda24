import { readFileSync } from "node:fs";
import path from "node:path";
import type { House } from "../../support/house.ts";
import type { Target } from "./client.ts";

/** Our hub as the programs see it. */
export function targetOf(house: House): Target {
  const text = readFileSync(path.join(house.hubState, "hub.json"), "utf8");
  return { url: house.url.replace("http:", "ws:"), token: (JSON.parse(text) as { token: string }).token };
}
