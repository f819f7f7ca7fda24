import { spawn } from "node:child_process";
import { BarnacleError } from "@barnacle/protocol/errors";

const KEPT = 4000;

/** Runs a program to its end and returns what it wrote on standard output. @throws INTERNAL with the end of its output */
export async function run(
  command: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const child = spawn(command, args, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { ...process.env, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let out = "";
  let all = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
    all = (all + text).slice(-KEPT);
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    all = (all + text).slice(-KEPT);
  });
  const code = await new Promise<number | string>((resolve) => {
    child.on("error", (error) => resolve(error.message));
    child.on("close", (status, signal) => resolve(status ?? String(signal)));
  });
  if (code !== 0) throw new BarnacleError("INTERNAL", `${command} ${args.join(" ")} ended with ${code}:\n${all}`);
  return out;
}
