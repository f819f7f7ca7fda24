import t from "tap";
import { PocketsphinxEngine } from "./engine.ts";
import { PocketsphinxLibrary, type Pointer, type Segment } from "./native.ts";
import { findPocketsphinx, libraryCandidates } from "./paths.ts";

const SPEC = {
  engine: "pocketsphinx",
  library: "",
  model: "/model",
  dictionary: "",
  wakePhrases: ["hey jarvis"],
  threshold: 0.5,
} as const;
const GRAMMAR = { hash: "1", jsgf: "#JSGF V1.0; grammar g; public <s> = stop the music;", pronunciations: {} };

const word = (text: string, start: number, end: number, score: number): Segment => ({
  word: text,
  start,
  end,
  score: score * (end - start + 1),
});
const SENTENCE = [word("stop", 0, 9, -20), word("the", 10, 19, -20), word("music", 20, 29, -20)];

/** Stands in for the native library: says what the test tells it to. */
class FakeLibrary {
  path: Segment[] = SENTENCE;
  /** Best path of a second look at the same sound, where it differs. */
  again: Segment[] | undefined;
  looks = 0;
  /** Best path of the rivals' grammar. */
  rival: Segment[] = [];
  rivals = "";
  selected = "";
  opens = true;
  accepts = true;
  readonly words = new Map<string, string>();
  grammar = "";
  closed = 0;
  #decoders = 0;

  open(): Pointer | null {
    this.#decoders += 1;
    return this.opens ? this.#decoders : null;
  }
  close(): void {
    this.closed += 1;
  }
  addWord(decoder: Pointer, text: string, phones: string): boolean {
    if (decoder === 1) this.words.set(text, phones);
    return /^[A-Z ]+$/.test(phones);
  }
  setGrammar(decoder: Pointer, name: string, jsgf: string): boolean {
    if (name === "rivals") this.rivals = jsgf;
    else if (decoder === 1) this.grammar = jsgf;
    return this.accepts || decoder === 2;
  }
  select(decoder: Pointer, name: string): boolean {
    if (decoder === 1) this.selected = name;
    return true;
  }
  start(decoder: Pointer): boolean {
    if (decoder === 1) this.looks += 1;
    return this.opens;
  }
  feedCepstra(): void {}
  openFrontEnd(): Pointer | null {
    return "front end";
  }
  closeFrontEnd(): void {}
  startFrontEnd(): void {
    this.looks = 0;
  }
  cepstra(_frontEnd: Pointer, samples: Int16Array): Float32Array {
    return new Float32Array(Math.floor(samples.length / 160) * 13);
  }
  end(): boolean {
    return true;
  }
  segments(decoder: Pointer): Segment[] {
    if (decoder !== 1) return [word("_aa", 0, 99, -20)];
    if (this.selected === "rivals") return this.rival;
    return this.looks > 1 ? (this.again ?? this.path) : this.path;
  }
}

function setUp(dictionary = "stop S T AA P\nthe DH AH\nthe(2) DH IY\n") {
  const library = new FakeLibrary();
  const engine = new PocketsphinxEngine(SPEC, library, () => dictionary);
  return { library, engine };
}

/** A word-like burst between two silences. */
const speech = Int16Array.from({ length: 16_000 }, (_, i) =>
  i > 4000 && i < 12_000 ? 8000 * Math.sin(i / 5) : (i % 7) - 3,
);

t.test("a sentence that fits is the transcript", async (t) => {
  const { engine } = setUp();
  engine.setGrammar(GRAMMAR);
  engine.start();
  engine.feed(speech);
  t.match(engine.finish(), { outcome: "transcript", text: "stop the music", engine: "pocketsphinx" });
});

t.test("a sentence that fits badly, half a sentence and none at all are rejected", async (t) => {
  const { engine, library } = setUp();
  engine.setGrammar(GRAMMAR);
  const hear = (path: Segment[]) => {
    library.path = path;
    engine.start();
    engine.feed(speech);
    return engine.finish();
  };
  const bad = SENTENCE.map((segment) => ({ ...segment, score: segment.score * 4 }));
  t.match(hear(bad), { outcome: "rejected", text: "", nearest: "stop the music" });
  t.match(hear(SENTENCE.slice(0, 2)), { outcome: "rejected", text: "", confidence: 0 });
  t.match(hear([]), { outcome: "rejected" });
});

t.test("in noise a sentence must beat its nearest rival by far, in quiet none is tried", async (t) => {
  const { engine, library } = setUp();
  engine.setGrammar({ ...GRAMMAR, jsgf: "#JSGF V1.0; grammar g; public <s> = (stop | start) the music;" });
  library.path = [word("stop", 30, 39, -20), word("the", 40, 49, -20), word("music", 50, 59, -20)];
  const noisy = speech.map((sample, i) => sample + ((i * 7919) % 4001) - 2000);
  const hear = (rival: Segment[], sound: Int16Array) => {
    library.rival = rival;
    library.rivals = "";
    engine.start();
    engine.feed(sound);
    return engine.finish();
  };
  // The rivals hear the sentence with a quarter of a second around it.
  const rival = (score: number) => [word("start", 25, 34, score), word("the", 35, 44, -20), word("music", 45, 54, -20)];
  t.match(hear(rival(-22), noisy), { outcome: "rejected", nearest: "stop the music", evidence: { margin: 20 } });
  t.match(library.rivals, /<s> = start the music;/);
  t.equal(library.selected, "turn", "the household's grammar is back in its place");
  t.match(hear(rival(-95), noisy), { outcome: "transcript", text: "stop the music", evidence: { margin: 750 } });
  t.match(hear(rival(-22).slice(0, 1), noisy), { outcome: "transcript" }, "half a rival is none");
  t.match(hear(rival(-5), speech), { outcome: "transcript", text: "stop the music" });
  t.equal(library.rivals, "");
});

t.test("what is rejected in quiet is heard once more, in noise not", async (t) => {
  const { engine, library } = setUp();
  engine.setGrammar({ ...GRAMMAR, jsgf: "#JSGF V1.0; grammar g; public <s> = (stop | start) the music;" });
  const later = (score: number): Segment[] =>
    SENTENCE.map(({ word: text, start, end }) => word(text, start + 30, end + 30, score));
  const hear = (sound: Int16Array) => {
    engine.start();
    engine.feed(sound);
    return engine.finish();
  };
  library.path = later(-90);
  library.again = later(-20);
  t.match(hear(speech), { outcome: "transcript", text: "stop the music" });
  t.equal(library.looks, 2);
  library.path = [];
  t.match(hear(speech), { outcome: "rejected" }, "one look that finds nothing is not made good by another");
  library.path = later(-90).map((one) => (one.word === "stop" ? { ...one, word: "start" } : one));
  t.match(hear(speech), { outcome: "rejected", nearest: "start the music" }, "both must mean the same sentence");
  const noisy = speech.map((sample, i) => sample + ((i * 7919) % 4001) - 2000);
  t.match(hear(noisy), { outcome: "rejected" }, "the second look does not count in noise");
  library.path = later(-90);
  t.match(hear(noisy), { outcome: "rejected", nearest: "stop the music" });
  t.equal(library.looks, 1);
  library.again = later(-80);
  t.match(hear(speech), { outcome: "rejected", nearest: "stop the music" });
  library.path = later(-20);
  t.match(hear(speech), { outcome: "transcript" });
  t.equal(library.looks, 1);
});

t.test("silence is no speech, whatever the decoder made of it", async (t) => {
  const { engine, library } = setUp();
  engine.setGrammar(GRAMMAR);
  library.path = SENTENCE.map((segment) => ({ ...segment, score: segment.score * 4 }));
  engine.start();
  engine.feed(new Int16Array(16_000));
  t.match(engine.finish(), { outcome: "no-speech", text: "" });
});

t.test("words get the household's pronunciation first, then the dictionary's, then a guess", async (t) => {
  const { engine, library } = setUp();
  engine.setGrammar({ ...GRAMMAR, pronunciations: { the: "DH EH" } });
  t.equal(library.words.get("the"), "DH EH");
  t.equal(library.words.get("the(2)"), "DH AH");
  t.equal(library.words.get("music"), "M AH S IH K");
  const before = library.words.size;
  engine.setGrammar({ ...GRAMMAR, hash: "2", pronunciations: { the: "DH EH" } });
  t.equal(library.words.size, before, "what is known is not taught again");
  t.throws(() => engine.setGrammar({ ...GRAMMAR, pronunciations: { stop: "st0p" } }), {
    code: "INPUT_INVALID",
    message: /"st0p" is no pronunciation of "stop"/,
  });
});

t.test("a model or a grammar that the library refuses is named", async (t) => {
  const library = new FakeLibrary();
  library.opens = false;
  t.throws(() => new PocketsphinxEngine(SPEC, library, () => ""), { code: "MODEL_INVALID", message: /\/model/ });
  const second = setUp();
  second.library.accepts = false;
  t.throws(() => second.engine.setGrammar(GRAMMAR), { code: "INPUT_INVALID" });
  second.library.opens = false;
  t.throws(() => second.engine.start(), { code: "INTERNAL" });
  second.engine.close();
  t.equal(second.library.closed, 2);
});

t.test("a missing or foreign library and a missing model name the Debian package", async (t) => {
  t.throws(() => new PocketsphinxLibrary("/nowhere/lib.so"), { code: "LIBRARY_MISSING", hint: /libpocketsphinx3/ });
  t.throws(() => new PocketsphinxLibrary(import.meta.filename), { code: "LIBRARY_MISSING" });
  await t.rejects(findPocketsphinx({ library: "/nowhere/lib.so" }), {
    code: "LIBRARY_MISSING",
    hint: /libpocketsphinx3/,
  });
  await t.rejects(findPocketsphinx({ library: import.meta.filename, model: "/nowhere" }), {
    code: "MODEL_MISSING",
    message: /\/nowhere\/en-us\/mdef/,
    hint: /pocketsphinx-en-us/,
  });
  t.equal(libraryCandidates("arm64")[0], "/usr/lib/aarch64-linux-gnu/libpocketsphinx.so.3");
  t.equal(libraryCandidates("riscv64")[0], "/usr/lib/libpocketsphinx.so.3");
});
