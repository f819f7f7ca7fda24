import { Convoys, convoyTimes } from "../convoys/index.ts";
import { postMail } from "../mail/index.ts";
import type { TownBase } from "./part.ts";
import { settingsOf } from "./settings.ts";

/** Convoys, with their ways to the other parts. */
export function convoyParts(base: TownBase): Convoys {
  const settings = settingsOf(base);
  return new Convoys({
    ...base,
    post: postMail,
    times: () => convoyTimes(settings().convoys),
    nudgeToo: () => (settings().convoys.notifyOnComplete ? "mayor/" : undefined),
  });
}
