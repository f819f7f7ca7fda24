import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { createRecogniser, recogniserInfos } from "../create.ts";
import { VoskEngine } from "./engine.ts";
import { type Pointer, VoskLibrary } from "./native.ts";
import { findVosk } from "./paths.ts";

const SPEC = { engine: "vosk", library: "", model: "/model", wakePhrases: ["hey jarvis"], threshold: 0.5 } as const;
const GRAMMAR = { hash: "1", jsgf: "#JSGF V1.0; grammar g; public <s> = stop [the] music;", pronunciations: {} };

interface Said {
  text: string;
  conf?: number;
}

class FakeLibrary {
  /** What each phrase end gives; the last one is the final result. */
  said: Said[] = [];
  model: Pointer | null = {};
  accepts = true;
  phrases: string[] = [];
  closed = 0;

  openModel(): Pointer | null {
    return this.model;
  }
  closeModel(): void {
    this.closed += 1;
  }
  openRecogniser(_model: Pointer, _rate: number, phrases: string): Pointer | null {
    this.phrases = JSON.parse(phrases) as string[];
    return this.accepts ? {} : null;
  }
  closeRecogniser(): void {
    this.closed += 1;
  }
  feed(): boolean {
    return this.said.length > 1;
  }
  result(): string {
    return this.#json();
  }
  finalResult(): string {
    return this.#json();
  }
  reset(): void {}

  #json(): string {
    const { text, conf } = this.said.shift() ?? { text: "" };
    const words = text.split(" ").filter(Boolean);
    return JSON.stringify(conf === undefined ? { text } : { text, result: words.map((word) => ({ word, conf })) });
  }
}

function hear(said: Said[], loud = true) {
  const library = new FakeLibrary();
  const engine = new VoskEngine(SPEC, library);
  engine.setGrammar(GRAMMAR);
  library.said = said;
  engine.start();
  engine.feed(Int16Array.from({ length: 8000 }, (_, i) => (loud && i > 4000 ? 9000 * Math.sin(i / 4) : 0)));
  return engine.finish();
}

t.test("the wake phrase, or its end, is not part of the sentence", async (t) => {
  const transcript = { outcome: "transcript", text: "stop the music", engine: "vosk" };
  t.match(hear([{ text: "hey jarvis stop the music", conf: 0.9 }]), { ...transcript, confidence: 0.9 });
  t.match(hear([{ text: "jarvis" }, { text: "stop the music" }]), transcript, "over two phrases");
});

t.test("unknown words, halves and doubtful sentences are rejected; silence is no speech", async (t) => {
  t.match(hear([{ text: "stop [unk] music", conf: 1 }]), { outcome: "rejected", nearest: "stop [unk] music" });
  t.match(hear([{ text: "stop the", conf: 1 }]), { outcome: "rejected", confidence: 0 });
  t.match(hear([{ text: "stop the music", conf: 0.3 }]), { outcome: "rejected", nearest: "stop the music" });
  t.match(hear([{ text: "[unk]", conf: 1 }]), { outcome: "rejected" });
  t.match(hear([{ text: "hey jarvis" }], false), { outcome: "no-speech" });
});

t.test("the library gets the sentences, or the words alone when there are too many", async (t) => {
  const library = new FakeLibrary();
  const engine = new VoskEngine(SPEC, library);
  engine.setGrammar(GRAMMAR);
  t.same(library.phrases.sort(), ["[unk]", "hey jarvis", "stop music", "stop the music"]);
  engine.setGrammar({ ...GRAMMAR, jsgf: "#JSGF V1.0; grammar g; public <s> = stop+ the music;" });
  t.same(library.phrases.sort(), ["[unk]", "hey jarvis", "music", "stop", "the"]);
  library.accepts = false;
  t.throws(() => engine.setGrammar(GRAMMAR), { code: "INPUT_INVALID" });
  engine.abandon();
  engine.close();
  t.equal(library.closed, 3);
});

t.test("a folder without a model is an invalid model", async (t) => {
  const library = new FakeLibrary();
  library.model = null;
  t.throws(() => new VoskEngine(SPEC, library), { code: "MODEL_INVALID", message: /\/model/ });
});

t.test("what is missing is named before anything is started", async (t) => {
  t.throws(() => new VoskLibrary("/nowhere/libvosk.so"), { code: "LIBRARY_MISSING" });
  t.throws(() => new VoskLibrary(import.meta.filename), { code: "LIBRARY_MISSING" });
  await t.rejects(findVosk({ library: "/nowhere/libvosk.so" }), { code: "LIBRARY_MISSING", message: /\/nowhere/ });
  await t.rejects(findVosk({ library: import.meta.filename, model: "/nowhere" }), { code: "MODEL_MISSING" });
  await t.rejects(createRecogniser("vosk", { library: "/nowhere/libvosk.so" }).load(GRAMMAR), {
    code: "LIBRARY_MISSING",
  });
  t.throws(() => createRecogniser("parrot"), { code: "ENGINE_UNKNOWN", message: /pocketsphinx, vosk, fake/ });
});

t.test("doctor hears whether library and model are there, and says so when a folder is no model", async (t) => {
  const dir = await mkdtemp(join(tmpdir(), "vosk-"));
  t.teardown(() => rm(dir, { recursive: true }));
  const paths = { library: import.meta.filename, model: dir };
  t.match((await recogniserInfos({ vosk: paths }))[1], { availability: { available: false, code: "MODEL_INVALID" } });
  await mkdir(join(dir, "am"));
  await writeFile(join(dir, "am", "final.mdl"), "");
  t.match((await recogniserInfos({ vosk: paths }))[1], {
    availability: { available: true },
    models: [{ present: true }],
  });
  const [absent] = await recogniserInfos({ pocketsphinx: { library: "/nowhere" } });
  t.match(absent, { availability: { available: false, code: "LIBRARY_MISSING" }, models: [{ present: false }] });
});
