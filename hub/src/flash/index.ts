export { type Card, cardAt, type System } from "./card.ts";
export { checkHostName, checkUserName, hostNameOf, sshKeysIn } from "./names.ts";
export { type FlashAnswers, type PlannedFile, planFiles } from "./plan.ts";
export { type Wifi, wifiOf } from "./wifi.ts";
export { writeFiles } from "./write.ts";
