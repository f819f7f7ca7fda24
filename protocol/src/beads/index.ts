export * from "./ids.ts";
export * from "./instant.ts";
export { lineOf, type MemberChanges, parseLine, patchLine } from "./line.ts";
export { elementsOf, type Member, membersOf } from "./members.ts";
export type * from "./record.ts";
export * from "./vocabulary.ts";
