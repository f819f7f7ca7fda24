export { createGpio, GPIO_DRIVERS, type GpioDriver, type GpioOptions } from "./create.ts";
export { FakeGpio } from "./fake.ts";
export { type GpioInfo, gpioInfos } from "./infos.ts";
export {
  type GpioEdge,
  type GpioPort,
  LINE_BIASES,
  type LineBias,
  type LineConfig,
  type LineRef,
  type LineState,
  type StartValue,
} from "./port.ts";
export type { GpioState } from "./state-file.ts";
