/**
 * Puts the play on before a real gateway of each era and keeps what it said:
 *
 *   node test/compat/replay/record.ts
 *
 * The programs are fetched first where they are missing. Ids, times, keys and paths are taken out.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { install } from "../support/install.ts";
import { OPENCLAW, OPENCLAW_JANUARY, PACKAGES } from "../support/programs.ts";
import { RealGateway } from "../support/real-gateway.ts";
import { normal } from "./normal.ts";
import { Play } from "./scenario.ts";

for (const item of PACKAGES) await install(item);
for (const program of [OPENCLAW_JANUARY, OPENCLAW]) {
  const dir = mkdtempSync(path.join(tmpdir(), "barnacle-play-"));
  const gateway = await new RealGateway(dir, program).start();
  try {
    const said = await new Play(
      { url: gateway.url, token: gateway.token, stop: () => gateway.stop() },
      program.era,
    ).run();
    const lines = said.map((each) => JSON.stringify({ ...each, frame: normal(each.frame) }));
    writeFileSync(new URL(`${program.era}.jsonl`, import.meta.url), `${lines.join("\n")}\n`);
    process.stdout.write(`${program.name} ${program.version}: ${said.length} frames\n`);
  } finally {
    await gateway.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
