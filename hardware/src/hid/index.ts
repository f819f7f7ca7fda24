export { parseDescriptor } from "./descriptor.ts";
export type { HidDeviceOptions } from "./device.ts";
export { FakeHidBus } from "./fake.ts";
export { type HidInfo, hidInfos } from "./info.ts";
export { NodeHidBus } from "./node-hid.ts";
export { HidPanel, type HidPanelOptions, type PanelDevice } from "./panel.ts";
export {
  HID_CONTROLS,
  HID_LIGHTS,
  type HidBus,
  type HidControl,
  type HidControlKind,
  type HidFound,
  type HidLight,
  type HidListener,
  type HidStatus,
} from "./port.ts";
export { HidProfile, hidProfileNames, loadHidProfile } from "./profile.ts";
