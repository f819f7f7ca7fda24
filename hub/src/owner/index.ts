export { StoredOwner } from "./owner.ts";
