import { readFileSync } from "node:fs";
import t from "tap";
import { House } from "../../support/house.ts";
import { targetOf } from "../support/hub.ts";
import type { Era } from "../support/programs.ts";
import { accepts, idle } from "./accepted.ts";
import { differences, normal } from "./normal.ts";
import { Play, type Said } from "./scenario.ts";

t.setTimeout(300_000);

const recorded = (era: Era): Said[] =>
  readFileSync(new URL(`${era}.jsonl`, import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Said);

for (const era of ["january", "today"] as const) {
  t.test(`the play that was recorded before ${era}'s gateway goes the same before the hub`, async (t) => {
    const house = new House(t.testdir());
    t.teardown(() => house.close());
    await house.startHub();
    const { url, token } = targetOf(house);
    const ours = await new Play({ url, token, stop: async () => void (await house.hub?.stop()) }, era).run();
    const theirs = recorded(era);
    t.ok(theirs.length > 70, `${theirs.length} frames`);
    t.same(
      ours.map(({ step, who }) => [step, who]),
      theirs.map(({ step, who }) => [step, who]),
      "everybody speaks in the same order",
    );
    const used = new Set<string>();
    const found = theirs.flatMap(({ step, frame }, i) =>
      differences(frame, normal(ours[i]?.frame))
        .map((difference) => `${step} ${difference}`)
        .filter((difference) => !accepts(era, difference, used)),
    );
    t.same(found, [], "nothing differs but what is listed with its reason");
    t.same(idle(era, used), [], "and nothing is listed that does not differ");
  });
}
