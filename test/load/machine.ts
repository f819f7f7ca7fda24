import { cpus } from "node:os";

/** Named beside every figure. */
export function machine(): string {
  return `${cpus().length} x ${cpus()[0]?.model.trim() ?? "unknown"}, Node ${process.versions.node}`;
}

export function megabytes(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly limit: number;
  readonly unit: string;
}

/** Prints figures against their limits, as a table or as JSON; the exit code says whether all were kept. */
export function report(title: string, input: string, command: string, figures: readonly Figure[], json: boolean): void {
  const rows = figures.map((figure) => ({ ...figure, ok: figure.value <= figure.limit }));
  const ok = rows.every((row) => row.ok);
  if (json)
    process.stdout.write(`${JSON.stringify({ title, machine: machine(), input, command, figures: rows, ok })}\n`);
  else {
    process.stdout.write(`${title}\nmachine  ${machine()}\ninput    ${input}\ncommand  ${command}\n`);
    for (const row of rows) {
      process.stdout.write(
        `  ${row.ok ? "ok  " : "OVER"} ${row.name.padEnd(52)} ${String(row.value).padStart(8)} ${row.unit}  (limit ${row.limit})\n`,
      );
    }
  }
  process.exitCode = ok ? 0 : 1;
}
