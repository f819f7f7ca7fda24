import t from "tap";
import type { Call } from "./relay.ts";
import { differences, recordingOf } from "./shape.ts";

const call = (method: string, payload: unknown): Call => ({
  connection: 1,
  method,
  params: {},
  answers: [{ type: "res", ok: true, payload }],
});
const refused = (method: string, error: unknown): Call => ({
  connection: 1,
  method,
  params: {},
  answers: [{ type: "res", ok: false, error }],
});

const real = recordingOf([
  call("list", {
    ts: 1,
    items: [
      { id: "a", name: null },
      { id: "b", name: "B", more: { deep: true } },
    ],
  }),
  call("byId", { entries: { "agent:main:main": { at: 1 } } }),
  refused("gone", { code: "INVALID_REQUEST", message: "no" }),
]);

t.test("values do not matter, members and types do", async (t) => {
  const same = [call("list", { ts: 2, items: [{ id: "z", name: "Z", more: { deep: false } }], extra: 1 })];
  t.same(differences(real, recordingOf(same), []), []);
  const other = [call("list", { ts: "2", items: [{ id: "z", name: "Z" }] })];
  t.same(differences(real, recordingOf(other), []), [
    "list .items[].more: missing (object)",
    "list .ts: string instead of number",
  ]);
});

t.test("an empty list lacks nothing, a missing list lacks itself only", async (t) => {
  t.same(differences(real, recordingOf([call("list", { ts: 1, items: [] })]), []), []);
  t.same(differences(real, recordingOf([call("list", { ts: 1 })]), []), ["list .items: missing (array)"]);
});

t.test("ids as keys are alike", async (t) => {
  t.same(differences(real, recordingOf([call("byId", { entries: { "agent:x:y": {} } })]), []), [
    "byId .entries.{}.at: missing (number)",
  ]);
});

t.test("refusals are compared too", async (t) => {
  t.same(differences(real, recordingOf([refused("gone", { code: "INVALID_REQUEST" })]), []), [
    "gone !.message: missing (string)",
  ]);
});

t.test("a difference is accepted by name, with a star for many", async (t) => {
  const ours = recordingOf([call("list", { items: [{ id: 1, name: "Z" }] })]);
  t.equal(differences(real, ours, []).length, 3);
  const accepted = [
    { method: "list", path: ".ts", reason: "no clock" },
    { method: "li*", path: ".items[]*", reason: "another kind of item" },
  ];
  t.same(differences(real, ours, accepted), []);
});
