/** The dashboard's data, loaded with the first question. */
export { follow, type Told } from "./changes.ts";
export { Query } from "./query.ts";
export { RESOURCES } from "./resources.ts";
