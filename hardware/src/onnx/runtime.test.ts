import { readdirSync, readlinkSync } from "node:fs";
import path from "node:path";
import t from "tap";
import { carrierModelDir, findModel, openModel } from "./index.ts";

const openFiles = (): string[] =>
  readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      // The descriptor of the listing itself is gone again.
      return [];
    }
  });

t.test("the runtime keeps no telemetry of the home: neither database nor log is opened", async (t) => {
  const model = findModel([carrierModelDir() ?? ""], ["melspectrogram.onnx"]) ?? "";
  const session = await openModel(model);
  t.teardown(() => session.release());
  t.same(
    openFiles().filter((file) => /onnxruntime\.db|mat-debug/.test(file)),
    [],
  );
});

t.test("a model that is not there, or is none, is named", async (t) => {
  const dir = t.testdir({ "odd.onnx": "no model at all" });
  await t.rejects(openModel(path.join(dir, "absent.onnx")), { code: "MODEL_MISSING", message: /absent\.onnx/ });
  await t.rejects(openModel(path.join(dir, "odd.onnx")), { code: "MODEL_INVALID", message: /odd\.onnx/ });
});
