// One line that tells what is going on while something slow runs.
const TICK_MS = 1000;
const KEPT_LINES = 30;

/** Shows `title` with the seconds passed and the last thing that the work said; on a pipe, a line every 15 s. */
export function progress(title) {
  const started = Date.now();
  const terminal = process.stderr.isTTY === true;
  const recent = [];
  let ticks = 0;
  const seconds = () => Math.round((Date.now() - started) / 1000);
  const draw = () => {
    ticks += 1;
    const line = `${title} … ${seconds()} s`;
    if (terminal)
      process.stderr.write(
        `\r\x1b[K${`${line}  ${recent.at(-1) ?? ""}`.slice(0, (process.stderr.columns ?? 100) - 1)}`,
      );
    else if (ticks % 15 === 0) process.stderr.write(`${line}\n`);
  };
  if (!terminal) process.stderr.write(`${title} …\n`);
  const timer = setInterval(draw, TICK_MS);
  return {
    /** Remembers a line of output, for the end of the line and for a failure. */
    say(line) {
      recent.push(line);
      if (recent.length > KEPT_LINES) recent.shift();
    },
    done(ok) {
      clearInterval(timer);
      const mark = ok ? "done" : "failed";
      process.stderr.write(`${terminal ? "\r\x1b[K" : ""}${title}: ${mark} after ${seconds()} s\n`);
      if (!ok) process.stderr.write(`${recent.map((line) => `  | ${line}`).join("\n")}\n`);
    },
  };
}
