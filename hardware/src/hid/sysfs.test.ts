import t from "tap";
import { NodeHidBus } from "./node-hid.ts";
import { listHidraw } from "./sysfs.ts";

t.test("the kernel's files name what is plugged in", async (t) => {
  const device = (id: string, uniq: string) => ({
    device: {
      uevent: `DRIVER=hid-generic\nHID_ID=${id}\nHID_NAME=A button\nHID_UNIQ=${uniq}\n`,
      report_descriptor: "\x05\x0b",
    },
  });
  const root = t.testdir({
    sys: {
      class: {
        hidraw: {
          hidraw1: device("0003:000020A0:000042DA", "A1"),
          hidraw0: device("0005:0000046D:0000C52B", ""),
          hidraw2: { device: { uevent: "nonsense" } },
          hidraw3: { device: { uevent: "nonsense", report_descriptor: "" } },
        },
      },
    },
  });
  const found = await listHidraw(root);
  t.match(found, [
    { vendor: 0x046d, product: 0xc52b, serial: "" },
    { path: /dev\/hidraw1$/, vendor: 0x20a0, product: 0x42da, serial: "A1", name: "A button" },
  ]);
  t.same([...(found[1]?.descriptor ?? [])], [5, 11]);
  t.same(await listHidraw(t.testdir({})), []);
});

t.test("a device that is not there is named", async (t) => {
  const bus = new NodeHidBus();
  const events = { report: () => {}, lost: () => {} };
  await t.rejects(bus.open("/dev/hidraw999", events), { code: "HARDWARE_UNAVAILABLE", message: /hidraw999/ });
  t.type((await bus.availability()).available, "boolean");
});

t.test("node-hid loads here, and says so of what is no HID device", async (t) => {
  const events = { report: () => {}, lost: () => {} };
  await t.rejects(new NodeHidBus().open("/dev/null", events), { code: "HARDWARE_UNAVAILABLE", message: /\/dev\/null/ });
});
