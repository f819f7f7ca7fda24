import type { Principal } from "../services.ts";

/** In whose name outputs are made safe; nobody from outside can take a name of this kind. */
export const STOPPER: Principal = { kind: "system", id: "emergency-stop" };

/** What moves nothing: looking, listening, speaking. Everything else is refused while an emergency stop holds, known or not. */
export const HARMLESS: readonly string[] = [
  ...["gpio.read", "gpio.list", "gpio.watch", "adc.read"],
  ...["audio.*", "talk.*", "wake.status", "wifi.status", "display.status"],
  ...["device.info", "device.status", "device.health", "device.identify"],
  ...["system.which", "system.notify", "system.run.prepare", "system.execApprovals.get"],
  ...["camera.*", "screen.*", "location.get", "canvas.present", "canvas.hide", "canvas.snapshot", "canvas.a2ui.*"],
  ...["dir.list", "file.fetch"],
];
