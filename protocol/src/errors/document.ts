import { writeFileSync } from "node:fs";
import { ERROR_TABLE, type ErrorEntry } from "./table.ts";

export const DOCUMENT = new URL("../../ERRORS.md", import.meta.url);

/** `ERRORS.md`: the table of codes, for readers. Written by `node protocol/src/errors/document.ts`. */
export function errorDocument(): string {
  const rows = Object.entries(ERROR_TABLE).map(([code, entry]: [string, ErrorEntry]) => {
    const { summary, hint, http, gateway, retryable } = entry;
    return `| \`${code}\` | ${summary} | ${hint} | ${retryable ? "yes" : "no"} | ${http} | \`${gateway}\` |`;
  });
  return [
    "# Errors",
    "",
    "Every failure that Barnacle can name. This page is made from `src/errors/table.ts` by",
    "`node protocol/src/errors/document.ts`; a test keeps the two equal.",
    "",
    "*Retry*: the same request may succeed later without a change. *HTTP*: status on the hub's HTTP port. *Gateway*: the code",
    "on the Moltbot wire, which knows only seven; ours travels beside it in `details.barnacle.code`.",
    "",
    "| code | what went wrong | what to do | retry | HTTP | gateway |",
    "| --- | --- | --- | --- | --- | --- |",
    ...rows,
    "",
  ].join("\n");
}

if (import.meta.main) writeFileSync(DOCUMENT, errorDocument());
