// Debian packages: what is missing, and how to get it. Plain JavaScript that runs on any Node from 20 on.
import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** @returns {{name: string, when: "run" | "test", feature: string}[]} */
export function readList(file) {
  return readFileSync(file, "utf8")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [name, when, feature] = line.split("|").map((part) => part.trim());
      return { name, when, feature };
    });
}

/** The packages of the list that dpkg does not have; all of them where there is no dpkg. */
export function missing(packages) {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the braces are dpkg-query's own format.
  const query = spawnSync("dpkg-query", ["-W", "-f=${Package} ${db:Status-Status}\n", ...packages.map((p) => p.name)], {
    encoding: "utf8",
  });
  const installed = new Set(
    (query.stdout ?? "")
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return packages.filter((p) => !installed.has(p.name) && !installed.has(`${p.name}t64`));
}

/** `[]` as root, `["sudo", "-n"]` where sudo asks nothing, undefined where neither is there or there is no apt. */
export function privilege() {
  if (spawnSync("apt-get", ["--version"]).status !== 0) return undefined;
  if (process.getuid?.() === 0) return [];
  return spawnSync("sudo", ["-n", "true"]).status === 0 ? ["sudo", "-n"] : undefined;
}

/** Installs, with apt's own output in `log` lines. Resolves to false when apt failed. */
export async function install(prefix, packages, log) {
  const environment = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const steps = [
    ["apt-get", "update", "-q"],
    ["apt-get", "install", "-y", "-q", "--no-install-recommends", ...packages.map((p) => p.name)],
  ];
  for (const step of steps) {
    const [command, ...rest] = [...prefix, ...step];
    const code = await run(command, rest, environment, log);
    if (code !== 0) return false;
  }
  return true;
}

/** Runs a command, handing each line that it prints to `log`; resolves to its exit code. */
export function run(command, rest, environment, log) {
  return new Promise((resolve) => {
    const child = spawn(command, rest, { env: environment, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [child.stdout, child.stderr]) {
      let tail = "";
      stream.setEncoding("utf8");
      stream.on("data", (text) => {
        const lines = (tail + text).split(/[\r\n]+/);
        tail = lines.pop() ?? "";
        for (const line of lines) if (line.trim() !== "") log(line.trim());
      });
    }
    child.on("error", (error) => {
      log(error.message);
      resolve(127);
    });
    child.on("close", (code) => resolve(code ?? 1));
  });
}
