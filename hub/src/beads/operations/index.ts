/** Questions and changes by name, the same for the gateway and for a command line beside a stopped hub. */
export { READS, type Reading, type ReadName, readingOf } from "./reads.ts";
export { type CloseParams, type Refusal, type UpdateParams, WRITES, type WriteName } from "./writes.ts";
