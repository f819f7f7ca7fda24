export { createGpio, GPIO_DRIVERS, type GpioDriver, type GpioOptions } from "./create.ts";
export { FakeGpio } from "./fake.ts";
export type { GpioEdge, GpioPort, LineConfig, LineState } from "./port.ts";
export type { GpioState } from "./state-file.ts";
