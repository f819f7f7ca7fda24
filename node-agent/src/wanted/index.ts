export { Wanted, type WantedParts } from "./wanted.ts";
