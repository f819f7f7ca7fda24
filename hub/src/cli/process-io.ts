import type { Io } from "./io.ts";

const STOP_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The real surroundings. A reader that went away (`| head`) is no error. */
export function nodeProcessIo(process: NodeJS.Process, home: string): Io {
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    home,
    uid: process.geteuid?.() ?? -1,
    onStop(fn) {
      for (const signal of STOP_SIGNALS) process.on(signal, fn);
      return () => {
        for (const signal of STOP_SIGNALS) process.off(signal, fn);
      };
    },
  };
}
