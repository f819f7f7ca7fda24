// A process of its own, because what reading all this loads and starts must not stay with the node. Plain JavaScript, so
// that nothing has to strip types. Prints one JSON object; what cannot be read is left out.
import si from "systeminformation";

const read = async (work) => {
  try {
    return await work;
  } catch {
    // Missing programs or files: unknown.
    return undefined;
  }
};
const text = (value) => (typeof value === "string" && value.trim() !== "" ? value.trim().slice(0, 120) : undefined);
const number = (value) => (Number.isFinite(value) && value > 0 ? value : undefined);
const present = (object) => {
  const members = Object.entries(object).filter(([, value]) => value !== undefined);
  return members.length === 0 ? undefined : Object.fromEntries(members);
};
const list = (values) => {
  const found = values.filter((value) => value !== undefined).slice(0, 32);
  return found.length === 0 ? undefined : found;
};

const [system, cpu, memory, os, disks, networks, sound, usb] = await Promise.all([
  read(si.system()),
  read(si.cpu()),
  read(si.mem()),
  read(si.osInfo()),
  read(si.diskLayout()),
  read(si.networkInterfaces()),
  read(si.audio()),
  read(si.usb()),
]);
const inventory = present({
  maker: text(system?.manufacturer),
  model: text(system?.model),
  processor: text([cpu?.manufacturer, cpu?.brand].filter(Boolean).join(" ")),
  cores: number(cpu?.cores),
  memoryBytes: number(memory?.total),
  system: text([os?.distro, os?.release].filter(Boolean).join(" ")),
  kernel: text(os?.kernel),
  architecture: text(os?.arch),
  disks: list(
    (disks ?? []).map((disk) => present({ name: text(disk.name), kind: text(disk.type), bytes: number(disk.size) })),
  ),
  networks: list(
    (Array.isArray(networks) ? networks : [])
      .filter((network) => !network.internal)
      .map((network) => present({ name: text(network.iface), kind: text(network.type) })),
  ),
  sound: list((sound ?? []).map((device) => text(device.name))),
  usb: list((usb ?? []).map((device) => text(device.name))),
});
process.stdout.write(JSON.stringify(inventory ?? {}));
