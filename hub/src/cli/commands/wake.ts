import type { Command } from "commander";
import { EXIT } from "../exit.ts";
import type { Style } from "../output.ts";
import { example, type Family } from "../session.ts";

interface Detection {
  readonly engine: string;
  readonly phrase: string;
  readonly score: number;
  readonly atMs: number;
}

interface FileResult {
  readonly file: string;
  readonly detections?: readonly Detection[];
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

export const wakeFamily: Family = (program, open) => {
  const wake = program.command("wake").description("the wake words of the whole house, and how well they are heard");

  example(wake.command("get").description("the global wake words"), "barnacle wake get").action(
    async (_options: object, command: Command) => {
      const session = open(command);
      const { triggers } = await session.hub((client) => client.call<{ triggers: string[] }>("voicewake.get"));
      session.out.print(triggers, () => triggers.join("\n"));
    },
  );

  example(
    wake.command("set <words...>").description("set them; every node is told"),
    'barnacle wake set "hey jarvis" alexa',
  ).action(async (words: string[], _options: object, command: Command) => {
    const session = open(command);
    const { triggers } = await session.hub((client) =>
      client.call<{ triggers: string[] }>("voicewake.set", { triggers: words }),
    );
    session.out.print(triggers, () => `The house listens for: ${triggers.join(", ")}`);
  });

  example(
    wake
      .command("test <wav...>")
      .description("run a real wake engine over recordings (16 kHz, mono, 16 bit)")
      .option("--engine <engine>", "openwakeword, porcupine, porcupine-keyless or pocketsphinx"),
    "barnacle wake test recording.wav --engine openwakeword",
  ).action(async (files: string[], options: { engine?: string }, command: Command) => {
    const session = open(command);
    const { jsonOf, runNode } = await import("../node-program.ts");
    const engine = options.engine === undefined ? [] : ["--engine", options.engine];
    const ran = await runNode(["wake-test", ...files, ...engine, "--json"], session.io);
    const results = jsonOf(ran) as FileResult[];
    if (session.out.json) session.out.line(JSON.stringify(results));
    else
      session.out.list(
        results.flatMap(rowsOf),
        [
          { title: "FILE", value: (row) => row.file },
          { title: "HEARD", value: (row) => row.text, paint: paintRow },
          { title: "AT", value: (row) => row.hit && `${(row.hit.atMs / 1000).toFixed(2)} s` },
          { title: "SCORE", value: (row) => row.hit?.score.toFixed(3) },
          { title: "ENGINE", value: (row) => row.hit?.engine },
        ],
        "No files.",
      );
    if (ran.code !== EXIT.done) session.fail();
  });
};

interface Row {
  readonly file: string;
  readonly text: string;
  readonly state: "heard" | "nothing" | "error";
  readonly hit?: Detection;
}

function rowsOf({ file, detections = [], error }: FileResult): Row[] {
  if (error) return [{ file, text: `${error.message} (${error.code})`, state: "error" }];
  if (detections.length === 0) return [{ file, text: "nothing", state: "nothing" }];
  return detections.map((hit) => ({ file, text: hit.phrase, state: "heard", hit }));
}

function paintRow(text: string, { state }: Row, style: Style): string {
  if (state === "error") return style.red(text);
  return state === "heard" ? style.green(text) : style.dim(text);
}
