/** The working half of the hub, joined: convoys, rigs, workers, roles. */
export { NOUNS, type Noun } from "./nouns.ts";
export {
  type Operations,
  type TownCall,
  type TownRead,
  type TownReading,
  type TownWrite,
  townRead,
  townWrite,
} from "./operations.ts";
export type { TownBase, TownChange, TownEvents, TownHub } from "./part.ts";
export { Town } from "./town.ts";
