#!/usr/bin/env node
import { launch } from "@barnacle/protocol/launch";

/**
 * The hub shares a small machine, and starting runs much code a few times. It is optimised only once it has really become
 * hot, in hours and not in the first second (9 MB less, the optimising compilers' own code among them).
 */
const HUB = {
  flags: [
    "--invocation-count-for-maglev=100000",
    "--invocation-count-for-maglev-osr=100000",
    "--invocation-count-for-turbofan=1000000",
    "--invocation-count-for-osr=1000000",
    "--no-sparkplug",
  ],
  environment: {},
  modules: ["log", "../hub"].map((name) => new URL(`../src/cli/${name}.ts`, import.meta.url)),
};

const isHub = process.argv.slice(2).includes("hub");
await launch(new URL("../src/cli/main.ts", import.meta.url), isHub ? HUB : undefined);
