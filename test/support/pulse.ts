import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { findProgram } from "../../hardware/src/programs.ts";

const READY_MS = 20_000;
const POLL_MS = 50;

/** A sound server of the test's own, with one virtual loudspeaker whose monitor is the default microphone. */
export interface VirtualSound {
  /** What a client needs in its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Plays a WAV file into the virtual microphone; resolves at its end. */
  play(file: string): Promise<void>;
  /** Kills the server, as a crash or an unplugged device does. */
  kill(): Promise<void>;
  /** Starts the server again on the same socket. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

/** Names the programs that are missing for `startPulse`, or undefined when all are there. */
export function pulseMissing(): string | undefined {
  const missing = ["pulseaudio", "paplay", "pactl"].filter((name) => findProgram(name) === undefined);
  return missing.length === 0 ? undefined : `not installed: ${missing.join(", ")} (pulseaudio, pulseaudio-utils)`;
}

/** Starts a private PulseAudio: no D-Bus, no system mode, its own home, runtime directory and socket. */
export async function startPulse(): Promise<VirtualSound> {
  const home = await mkdtemp(path.join(tmpdir(), "barnacle-pulse-"));
  const socket = path.join(home, "native");
  const script = path.join(home, "barnacle.pa");
  await mkdir(path.join(home, "run"), { mode: 0o700 });
  await writeFile(
    script,
    [
      "load-module module-null-sink sink_name=room rate=16000 channels=1",
      `load-module module-native-protocol-unix socket=${socket} auth-anonymous=1`,
      "set-default-sink room",
      "set-default-source room.monitor",
      "",
    ].join("\n"),
  );
  const env = {
    HOME: home,
    XDG_RUNTIME_DIR: path.join(home, "run"),
    PULSE_SERVER: `unix:${socket}`,
    // A client that finds no server must not start one of its own.
    PULSE_CLIENTCONFIG: "/dev/null",
  };
  const serverEnv = { ...process.env, HOME: env.HOME, XDG_RUNTIME_DIR: env.XDG_RUNTIME_DIR };
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    await rm(socket, { force: true });
    const args = ["-n", "-F", script, "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"];
    const child = spawn("pulseaudio", args, { env: serverEnv, stdio: ["ignore", "ignore", "pipe"] });
    server = child;
    let complaint = "";
    child.stderr?.on("data", (chunk: Buffer) => {
      complaint = (complaint + chunk.toString("utf8")).slice(-2000);
    });
    for (let waited = 0; !existsSync(socket) || (await run("pactl", ["info"])) !== 0; waited += POLL_MS) {
      if (child.exitCode !== null || waited > READY_MS) throw new Error(`pulseaudio did not start: ${complaint}`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  function run(program: string, args: readonly string[]): Promise<number | null> {
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: "ignore" });
      child.once("error", reject);
      child.once("close", resolve);
    });
  }

  async function kill(): Promise<void> {
    const child = server;
    server = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once("close", resolve));
    child.kill("SIGKILL");
    await gone;
  }

  await start();
  return {
    env,
    async play(file) {
      const code = await run("paplay", [file]);
      if (code !== 0) throw new Error(`paplay ${file}: exit ${code}`);
    },
    kill,
    restart: start,
    async stop() {
      await kill();
      await rm(home, { recursive: true, force: true });
    },
  };
}
