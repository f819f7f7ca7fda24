import t from "tap";
import { guestTest } from "./bench/job.ts";

t.setTimeout(600_000);

guestTest(t, "a sentence in the loopback microphone becomes a turn and a spoken reply", "sound.ts", { memoryMb: 1024 });
