import t from "tap";
import { bounds, wanted, wantedOf } from "./wanted.ts";

t.test("bounds are read as they are written", async (t) => {
  t.same(bounds("rate>=16000,rate<=48000, engine = vosk|whisper,stereo=true,channels=1,driver=arecord"), {
    rate: { min: 16000, max: 48000 },
    engine: { oneOf: ["vosk", "whisper"] },
    ...{ stereo: true, channels: 1, driver: "arecord" },
  });
  t.same(wanted("audio.capture"), { capability: "audio.capture" });
  t.same(wanted("audio.capture:rate>=8000"), { capability: "audio.capture", where: { rate: { min: 8000 } } });
  t.same(wantedOf({ room: "hall", require: ["a", "b:x=1"], prefer: ["c"], urgency: "high", where: "q>=2" }), {
    ...{ room: "hall", urgency: "high", where: { q: { min: 2 } } },
    requires: [{ capability: "a" }, { capability: "b", where: { x: 1 } }],
    prefers: [{ capability: "c" }],
  });
});

t.test("what is no bound is a mistake of the command line", async (t) => {
  for (const text of ["", "rate", "rate>=", "rate>=fast", "rate>5", ",", "1rate=2"]) {
    t.throws(() => bounds(text), { code: "USAGE" }, text);
  }
});
