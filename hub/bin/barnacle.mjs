#!/usr/bin/env node
import { launch } from "@barnacle/protocol/launch";

/**
 * The hub shares a small machine, and starting runs much code a few times: nothing is optimised before the start is over
 * (9 MB less, the optimising compilers' own code among them). From then on V8's own thresholds hold, so that a hub that has
 * much to do does it in half the time and one that has not stays small.
 */
const HUB = {
  flags: [
    "--invocation-count-for-maglev=100000",
    "--invocation-count-for-maglev-osr=100000",
    "--invocation-count-for-turbofan=1000000",
    "--invocation-count-for-osr=1000000",
    "--no-sparkplug",
    // One small young generation: waking other threads for it costs more than it saves (a tenth of a node.invoke).
    "--no-parallel-scavenge",
  ],
  settled: [
    "--invocation-count-for-maglev=400",
    "--invocation-count-for-maglev-osr=100",
    "--invocation-count-for-turbofan=3000",
    "--invocation-count-for-osr=500",
  ],
  environment: {},
  modules: ["log", "../hub"].map((name) => new URL(`../src/cli/${name}.ts`, import.meta.url)),
  later: [
    "beads/index",
    "town/index",
    "dashboard/index",
    "store/migrations/index",
    "formulas/cooking",
    "formulas/operations",
    "mcp/http",
  ].map((name) => new URL(`../src/${name}.ts`, import.meta.url)),
};

/** Commands that agents run by the hundred have an entry of their own that loads little else. */
const WORK = new Set([
  ...[
    "bead",
    "ready",
    "convoy",
    "workspace",
    "rig",
    "worktree",
    "crew",
    "githook",
    "sling",
    "unsling",
    "release",
    "hook",
  ],
  ...[
    "done",
    "handoff",
    "prime",
    "agents",
    "polecat",
    "peek",
    "mail",
    "nudge",
    "broadcast",
    "dnd",
    "notify",
    "escalate",
  ],
  ...[
    "estop",
    "thaw",
    "feed",
    "scheduler",
    "supervisor",
    "deacon",
    "mayor",
    "witness",
    "refinery",
    "mq",
    "formula",
    "mol",
    "cook",
  ],
  ...["town", "mcp"],
]);

const isHub = process.argv.slice(2).includes("hub") && !WORK.has(process.argv[2] ?? "");
const entry = WORK.has(process.argv[2] ?? "") ? "work/main" : "main";
await launch(new URL(`../src/cli/${entry}.ts`, import.meta.url), isHub ? HUB : undefined);
