import t from "tap";
import { guestTest } from "./bench/job.ts";

t.setTimeout(600_000);

guestTest(t, "a mute button closes the microphone; its light; unplugged and plugged in again", "hid.ts", {
  memoryMb: 1024,
});
