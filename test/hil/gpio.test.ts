import t from "tap";
import { guestTest } from "./bench/job.ts";

t.setTimeout(700_000);

guestTest(t, "GPIO drivers on a kernel's chips, by the labels of Raspberry Pi 4 and 5", "gpio.ts");
guestTest(t, "pins in a house: edges reach the hub, commands the lines, and what is unsafe ends", "gpio-house.ts");
