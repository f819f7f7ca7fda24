import { seededRandom } from "@barnacle/protocol/runtime";
import t from "tap";
import { Rounds, report } from "./support/rounds.ts";

const ROUNDS = 10;

t.setTimeout(600_000);

t.test("kill -9 and cut links at random: nothing promised is lost, nothing is there or done twice", async (t) => {
  const rounds = new Rounds(t.testdir(), seededRandom(4));
  t.teardown(() => rounds.close());
  await rounds.open();
  for (let round = 0; round < ROUNDS; round++) {
    const result = await rounds.round(round);
    t.same(result.wrong, [], report(result));
  }
  t.same(await rounds.audit(), [], "every promise, the audit trail and both databases");
});
