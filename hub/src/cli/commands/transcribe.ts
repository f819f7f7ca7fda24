import type { Command } from "commander";
import { example, type Family } from "../session.ts";

interface TranscribeOptions {
  readonly engine?: string;
  readonly grammar?: string;
  readonly config?: string;
  readonly library?: string;
  readonly model?: string;
}

export const transcribeFamily: Family = (program, open) => {
  example(
    program
      .command("transcribe <wav...>")
      .description("run a real recogniser over recordings (16 kHz, mono, 16 bit)")
      .option("--engine <engine>", "pocketsphinx or vosk")
      .option("--grammar <file>", "JSGF grammar instead of the household's")
      .option("--config <file>", "hub configuration whose household makes the grammar")
      .option("--library <file>", "the engine's shared library, where it is not found by itself")
      .option("--model <dir>", "the engine's model directory"),
    "barnacle transcribe recording.wav --json",
  ).action(async (files: string[], options: TranscribeOptions, command: Command) => {
    const session = open(command);
    const { transcribeFiles } = await import("../transcribe.ts");
    const results = await transcribeFiles(files, options);
    session.out.list(
      results,
      [
        { title: "FILE", value: (result) => result.file },
        { title: "TEXT", value: (result) => (result.error ? result.error.message : result.text || "(rejected)") },
        { title: "CONFIDENCE", value: (result) => result.confidence?.toFixed(2) },
        { title: "ENGINE", value: (result) => result.engine },
      ],
      "No files.",
    );
    if (results.some((result) => result.error)) session.fail();
  });
};
