import { EventEmitter } from "node:events";
import { FakeClock, silentLog } from "@barnacle/protocol/runtime";
import t from "tap";
import type { EngineSpec } from "../engine.ts";
import type { Recognition } from "../port.ts";
import type { FromChild, ToChild } from "./messages.ts";
import type { EngineChild } from "./process.ts";
import { RemoteRecogniser } from "./remote-recogniser.ts";
import { EngineSession } from "./session.ts";

const spec: EngineSpec = { engine: "vosk", library: "", model: "", wakePhrases: [], threshold: 0.5 };
const grammar = (hash: string) => ({ hash, jsgf: hash, pronunciations: {} });
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A child process in this process, around an engine that says how many samples it was given. */
class FakeChild extends EventEmitter {
  connected = true;
  readonly got: string[] = [];
  /** What it is told from now on is not answered. */
  hung = false;
  #heard = 0;
  #grammar = "";
  #last: Promise<void> = Promise.resolve();
  readonly #session = new EngineSession(
    async () => ({
      setGrammar: (next) => {
        if (next.hash === "bad") throw new RangeError("bad grammar");
        this.#grammar = next.hash;
      },
      start: () => {
        this.#heard = 0;
      },
      feed: (samples) => {
        if (samples[0] === 666) throw new RangeError("cannot hear that");
        this.#heard += samples.length;
      },
      finish: (): Recognition => ({
        outcome: "transcript",
        text: `${this.#heard} with ${this.#grammar}`,
        confidence: 1,
        engine: "vosk",
      }),
      abandon: () => {},
      close: () => {},
    }),
    (message: FromChild) => setImmediate(() => this.connected && this.emit("message", message)),
  );

  send(message: ToChild): boolean {
    this.got.push(message.type);
    if (!this.hung && this.connected) this.#last = this.#last.then(() => this.#session.handle(message));
    return true;
  }

  disconnect(): void {
    this.die();
  }

  kill(): boolean {
    this.die();
    return true;
  }

  die(): void {
    if (!this.connected) return;
    this.connected = false;
    this.emit("exit", null, "SIGKILL");
  }
}

function setUp() {
  const children: FakeChild[] = [];
  const clock = new FakeClock();
  const recogniser = new RemoteRecogniser({
    name: "vosk",
    resolve: async () => spec,
    fork: () => {
      const child = new FakeChild();
      children.push(child);
      return child as unknown as EngineChild;
    },
    clock,
    log: silentLog,
  });
  return { recogniser, children, clock };
}

t.test("utterances that overlap are answered one after the other, each with its own sound", async (t) => {
  const { recogniser } = setUp();
  await recogniser.load(grammar("a"));
  const first = recogniser.begin();
  const second = recogniser.begin();
  const third = recogniser.begin();
  second.feed(new Int16Array(20));
  first.feed(new Int16Array(1));
  third.feed(new Int16Array(300));
  const answers = [third.finish(), second.finish()];
  first.feed(new Int16Array(2));
  answers.push(first.finish());
  t.same(
    (await Promise.all(answers)).map(({ text }) => text),
    ["300 with a", "20 with a", "3 with a"],
  );
});

t.test("a cancelled utterance makes way for the next and cannot be finished", async (t) => {
  const { recogniser, children } = setUp();
  await recogniser.load(grammar("a"));
  const first = recogniser.begin();
  const second = recogniser.begin();
  second.feed(new Int16Array(5));
  first.cancel();
  first.cancel();
  await t.rejects(first.finish(), { code: "CONFLICT" });
  t.equal((await second.finish()).text, "5 with a");
  t.same(children[0]?.got, ["load", "start", "abandon", "start", "audio", "finish"]);
  await t.rejects(second.finish(), { code: "CONFLICT" });
});

t.test("a new grammar holds for the next utterance; the same one costs nothing", async (t) => {
  const { recogniser, children } = setUp();
  await recogniser.load(grammar("a"));
  await recogniser.setGrammar(grammar("a"));
  t.same(children[0]?.got, ["load"]);
  await recogniser.setGrammar(grammar("b"));
  t.equal((await recogniser.begin().finish()).text, "0 with b");
  await t.rejects(recogniser.setGrammar(grammar("bad")), { code: "INTERNAL", message: /bad grammar/ });
  t.equal((await recogniser.begin().finish()).text, "0 with b", "the old grammar stays");
});

t.test("a grammar that comes during an utterance waits for its end", async (t) => {
  const { recogniser } = setUp();
  await recogniser.load(grammar("a"));
  const speaking = recogniser.begin();
  const changed = recogniser.setGrammar(grammar("b"));
  t.equal((await speaking.finish()).text, "0 with a");
  await changed;
  t.equal((await recogniser.begin().finish()).text, "0 with b");
});

t.test("when the process dies, the utterance in flight fails and the next one is heard by a new process", async (t) => {
  const { recogniser, children } = setUp();
  await recogniser.load(grammar("a"));
  const finished = recogniser.begin();
  const speaking = recogniser.begin();
  const lost = finished.finish();
  children[0]?.die();
  await t.rejects(lost, { code: "HARDWARE_UNAVAILABLE" });
  speaking.feed(new Int16Array(7));
  t.equal((await speaking.finish()).text, "7 with a", "what waited behind it is not lost");
  t.equal(children.length, 2);
  const half = recogniser.begin();
  half.feed(new Int16Array(1));
  children[1]?.die();
  half.feed(new Int16Array(1));
  await t.rejects(half.finish(), { code: "HARDWARE_UNAVAILABLE" });
});

t.test("an idle process that dies is started again, later each time it dies at once", async (t) => {
  const { recogniser, children, clock } = setUp();
  await recogniser.load(grammar("a"));
  children[0]?.die();
  await clock.advance(499);
  t.equal(children.length, 1);
  await clock.advance(1);
  t.equal(children.length, 2);
  children[1]?.die();
  await clock.advance(999);
  t.equal(children.length, 2);
  await clock.advance(1);
  t.equal(children.length, 3);
});

t.test("a process that does not answer is ended and its utterance fails", async (t) => {
  const { recogniser, children, clock } = setUp();
  await recogniser.load(grammar("a"));
  const hung = children[0];
  if (hung) hung.hung = true;
  const finished = recogniser.begin().finish();
  finished.catch(() => {});
  await clock.advance(20_000);
  await t.rejects(finished, { code: "HARDWARE_UNAVAILABLE" });
});

t.test("a fault while hearing is told at the end, and the next utterance is unharmed", async (t) => {
  const { recogniser } = setUp();
  await recogniser.load(grammar("a"));
  const bad = recogniser.begin();
  bad.feed(Int16Array.from([666]));
  bad.feed(new Int16Array(3));
  await t.rejects(bad.finish(), { message: /cannot hear that/ });
  t.equal((await recogniser.begin().finish()).text, "0 with a");
});

t.test("a grammar refused at load is thrown and nothing stays behind", async (t) => {
  const { recogniser, children, clock } = setUp();
  await t.rejects(recogniser.load(grammar("bad")), { code: "INTERNAL" });
  t.equal(children[0]?.connected, false);
  t.throws(() => recogniser.begin(), { code: "HARDWARE_UNAVAILABLE" });
  t.equal(clock.pending, 0);
});

t.test("close ends the process, fails what was open and leaves no timer", async (t) => {
  const { recogniser, children, clock } = setUp();
  await recogniser.load(grammar("a"));
  const speaking = recogniser.begin();
  const finished = speaking.finish();
  finished.catch(() => {});
  const waiting = recogniser.begin();
  await recogniser.close();
  await t.rejects(finished, { code: "HARDWARE_UNAVAILABLE" });
  await t.rejects(waiting.finish(), { code: "HARDWARE_UNAVAILABLE" });
  await recogniser.close();
  await settle();
  t.equal(clock.pending, 0);
  t.equal(children.length, 1);
});
