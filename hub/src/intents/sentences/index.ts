import { appliances } from "./appliances.ts";
import { climate } from "./climate.ts";
import { day } from "./day.ts";
import type { IntentFamily } from "./family.ts";
import { house } from "./house.ts";
import { lists } from "./lists.ts";
import { media } from "./media.ts";
import { timers } from "./timers.ts";

export type { IntentFamily, IntentSource } from "./family.ts";

/** All that Barnacle understands without any other responder. Where two wordings fit, the earlier family wins. */
export const HOME_SENTENCES: readonly IntentFamily[] = [appliances, media, climate, timers, day, lists, house];
