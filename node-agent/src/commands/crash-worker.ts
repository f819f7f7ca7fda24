/**
 * Child of `crash.test.ts`: executes a fixed list of commands, prints each effect and each result, and expects to be
 * killed at any moment. An effect lingers, so that a kill by its line falls between effect and result.
 */
import { appendFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { silentLog, systemClock } from "@barnacle/protocol/runtime";
import { Type } from "@sinclair/typebox";
import { openDatabase } from "../state/index.ts";
import { Counters } from "../telemetry/counters.ts";
import { command, Executor, Journal } from "./index.ts";

const LINGER_MS = 10;

const [, , directory = "", effects = ""] = process.argv;

const executor = new Executor({
  commands: [
    command({
      spec: { name: "ledger.add", idempotent: true },
      params: Type.Object({ entry: Type.String() }),
      run: async ({ entry }) => {
        appendFileSync(effects, `${entry}\n`);
        process.stdout.write(`${JSON.stringify({ effect: entry })}\n`);
        await pause(LINGER_MS);
        return {};
      },
    }),
  ],
  journal: new Journal(openDatabase(directory), systemClock),
  deny: [],
  clock: systemClock,
  log: silentLog,
  counters: new Counters(),
});

for (let i = 0; i < 40; i++) {
  const key = `key-${i}`;
  const request = {
    commandId: key,
    command: "ledger.add",
    params: { entry: key },
    idempotencyKey: key,
    timeoutMs: 5000,
  };
  const result = await executor.execute(request);
  process.stdout.write(`${JSON.stringify({ key, outcome: result.ok ? "ok" : result.error?.code })}\n`);
}
