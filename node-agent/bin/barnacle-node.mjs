#!/usr/bin/env node
import { launch } from "@barnacle/protocol/launch";

/**
 * The node shares a small board, and what it does often is done by native code: no optimising compiler, whose code is then
 * never read from disk (8 MB less), and compact code in the heap (1.5 MB less). It costs 0.001 of a core in a quiet room, 0.003 while somebody speaks. Two threads are
 * enough for one model at a time beside the files.
 */
const NODE = {
  flags: ["--no-opt", "--no-maglev", "--no-sparkplug", "--optimize-for-size"],
  environment: { UV_THREADPOOL_SIZE: "2" },
  modules: [new URL("../src/cli/run.ts", import.meta.url)],
  later: [
    "@barnacle/hardware/hid",
    "@barnacle/hardware/wake",
    "@barnacle/hardware/endpoint",
    "@barnacle/hardware/microphone",
    "@barnacle/hardware/speech",
    "@barnacle/hardware/voice",
  ]
    .map((name) => new URL(import.meta.resolve(name)))
    .concat(new URL("../src/home/gateway-home.ts", import.meta.url)),
};

const command = process.argv[2];
const isNode = command === undefined || command === "run" || command.startsWith("-");
await launch(new URL("../src/cli/main.ts", import.meta.url), isNode ? NODE : undefined);
