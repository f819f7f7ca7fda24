import { stripVTControlCharacters } from "node:util";
import type { Style } from "./output.ts";

export interface TableColumn<T> {
  readonly title: string;
  readonly value: (row: T) => string | number | undefined;
  /** Colours the padded cell; only called for a terminal. */
  readonly paint?: (text: string, row: T, style: Style) => string;
}

/** With a style: aligned columns under dim titles. Without: one line per row, cells separated by tabs, no titles. */
export function renderTable<T>(
  rows: readonly T[],
  columns: readonly TableColumn<T>[],
  style: Style | undefined,
): string {
  const cells = rows.map((row) => columns.map((column) => oneLine(String(column.value(row) ?? ""))));
  if (!style) return cells.map((line) => line.join("\t")).join("\n");
  const widths = columns.map((column, i) =>
    Math.max(column.title.length, ...cells.map((line) => [...(line[i] ?? "")].length)),
  );
  const pad = (text: string, i: number): string =>
    i === columns.length - 1 ? text : text + " ".repeat((widths[i] ?? 0) - [...text].length);
  const head = columns.map((column, i) => pad(column.title, i)).join("  ");
  const body = cells.map((line, r) =>
    columns
      .map((column, i) => {
        const text = pad(line[i] ?? "", i);
        return column.paint ? column.paint(text, rows[r] as T, style) : text;
      })
      .join("  "),
  );
  return [style.dim(head.trimEnd()), ...body.map((line) => line.trimEnd())].join("\n");
}

/** `name  value` lines of one thing; absent values are left out. */
export function renderFields(
  fields: readonly (readonly [name: string, value: string | number | undefined])[],
  style: Style,
): string {
  const shown = fields.filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  return shown.map(([name, value]) => `${style.dim(name.padEnd(width))}  ${oneLine(String(value))}`).join("\n");
}

/** What a device says of itself must not move the cursor or change colours of an operator's terminal. */
export function oneLine(text: string): string {
  return stripVTControlCharacters(text).replace(/[\s\p{Cc}]+/gu, " ");
}
