import { readFileSync } from "node:fs";
import type { Test as T } from "tap";
import type { Relay } from "./relay.ts";
import { type Accepted, differences, type Recording, recordingOf } from "./shape.ts";

/** Asserts that what passed has every member that the real gateway's answers have, but for the differences listed with a reason. */
export function sameAsRecorded(t: T, relay: Relay, era: "today" | "january", accepted: readonly Accepted[]): void {
  const file = new URL(`../recordings/${era}.json`, import.meta.url);
  const real = JSON.parse(readFileSync(file, "utf8")) as Recording;
  const ours = recordingOf(relay.calls().filter(({ answers }) => answers.length > 0));
  const shared = Object.keys(ours).filter((method) => method in real);
  t.ok(shared.length >= 10, `${shared.length} methods are compared`);
  t.same(differences(real, ours, accepted), [], "nothing differs but what is listed");
}
