import type { Clock } from "@barnacle/protocol/runtime";
import type { Output } from "../cli/output.ts";
import { TurnPrinter } from "./printer.ts";
import type { TurnWatch } from "./turn-watch.ts";

/** Shows the one turn of `--once` to a person while it happens. */
export function showOnce(out: Output, clock: Clock): (watch: TurnWatch) => void {
  return (watch) => {
    watch.watch(new TurnPrinter({ out, clock, replyFile: () => undefined }));
  };
}
