import { FakeClock } from "@barnacle/protocol/runtime";
import t from "tap";
import { temporaryStore } from "../store/testing.ts";
import { StoredWakeWords } from "./wake-words.ts";

t.test("the config's words hold until an operator sets others, and those survive a restart", async (t) => {
  const clock = new FakeClock();
  const store = await temporaryStore(t, clock);
  const words = new StoredWakeWords({ store, clock, initial: ["Hey  Jarvis", "hey jarvis"] });
  await words.start();
  t.same(words.get(), ["Hey Jarvis"]);
  const told: unknown[] = [];
  words.events.on("changed", (event) => told.push(event));
  t.same(await words.set(["alexa"]), ["alexa"]);
  t.same(told, [{ words: ["alexa"] }]);
  await words.stop();
  const later = new StoredWakeWords({ store, clock, initial: ["computer"] });
  await later.start();
  t.same(later.get(), ["alexa"]);
});

t.test("what cannot be wake words is refused and changes nothing", async (t) => {
  const clock = new FakeClock();
  const store = await temporaryStore(t, clock);
  const words = new StoredWakeWords({ store, clock, initial: ["alexa"] });
  await words.start();
  await t.rejects(new StoredWakeWords({ store, clock, initial: [] }).start(), { code: "INPUT_INVALID" });
  t.same(await words.set([" "]), ["alexa"], "none: those of the config");
  await t.rejects(words.set(Array.from({ length: 21 }, (_, i) => `word ${i}`)), { code: "INPUT_INVALID" });
  await t.rejects(words.set(["x".repeat(81)]), { code: "INPUT_INVALID", message: /has 81 characters, at most 80/ });
  t.same(words.get(), ["alexa"]);
});
