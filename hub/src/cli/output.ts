import { type ErrorShape, toBarnacleError } from "@barnacle/protocol/errors";
import pico from "picocolors";
import type { Io, Sink } from "./io.ts";
import { renderTable, type TableColumn } from "./table.ts";

export type Style = ReturnType<typeof pico.createColors>;

/** One command's answer, for a person or for a program. */
export class Output {
  readonly #io: Io;
  readonly json: boolean;
  /** Colours, or the identity when the sink is no terminal or NO_COLOR is set. */
  readonly style: Style;

  constructor(io: Io, json: boolean) {
    this.#io = io;
    this.json = json;
    this.style = pico.createColors(!json && coloured(io.stdout, io));
  }

  get terminal(): boolean {
    return this.#io.stdout.isTTY && !this.json;
  }

  get columns(): number {
    return this.#io.stdout.columns ?? 100;
  }

  /** With `--json` the value, else what `render` makes of it. */
  print(value: unknown, render: (style: Style) => string): void {
    this.line(this.json ? this.#encode(value) : render(this.style));
  }

  /** A list: one JSON array, a table in a terminal, tab-separated lines in a pipe. */
  list<T>(rows: readonly T[], columns: readonly TableColumn<T>[], whenEmpty: string): void {
    if (this.json) this.line(this.#encode(rows));
    else if (rows.length > 0) this.line(renderTable(rows, columns, this.terminal ? this.style : undefined));
    else if (this.terminal) this.line(this.style.dim(whenEmpty));
  }

  line(text: string): void {
    this.#io.stdout.write(`${text}\n`);
  }

  /** A remark that is not part of the answer; never in the way of a program. */
  note(text: string): void {
    if (!this.json) this.#io.stderr.write(`${text}\n`);
  }

  /** Named, with what to do next; on standard error. */
  error(thrown: unknown): void {
    const { code, message, hint, details } = toBarnacleError(thrown).toShape();
    if (this.json) {
      const error: Partial<ErrorShape> = { code, message, hint, ...(details === undefined ? {} : { details }) };
      this.#io.stderr.write(`${JSON.stringify({ error })}\n`);
      return;
    }
    const style = pico.createColors(coloured(this.#io.stderr, this.#io));
    this.#io.stderr.write(
      `${style.red("error:")} ${message} ${style.dim(`(${code})`)}\n${style.dim("hint:")}  ${hint}\n`,
    );
  }

  #encode(value: unknown): string {
    return this.#io.stdout.isTTY ? JSON.stringify(value, undefined, 2) : JSON.stringify(value);
  }
}

function coloured(sink: Sink, io: Io): boolean {
  return sink.isTTY && !io.env.NO_COLOR;
}
