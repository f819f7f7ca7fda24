import { homedir } from "node:os";
import { nodeProcessIo } from "./process-io.ts";
import { run } from "./run.ts";

export async function main(): Promise<void> {
  process.exitCode = await run(process.argv.slice(2), nodeProcessIo(process, homedir()));
}
