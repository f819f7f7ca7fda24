export type { Migration } from "./migrate.ts";
export { type Row, Store, type StoreOptions } from "./store.ts";
