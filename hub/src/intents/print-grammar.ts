import { demoAppliances, demoHousehold } from "../demo/household.ts";
import { makeLanguage } from "./language.ts";

/** Prints the demo household's grammar: `node hub/src/intents/print-grammar.ts > home.gram`. */
const areas = Object.keys(demoHousehold.areas);
process.stdout.write(makeLanguage({ ...demoHousehold, areas, appliances: demoAppliances }).jsgf);
