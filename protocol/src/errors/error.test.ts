import t from "tap";
import { BarnacleError, ERROR_TABLE, fromShape, hasCode, toBarnacleError } from "./index.ts";

t.test("an error carries its table entry to the wire and back", async (t) => {
  const error = new BarnacleError("ROUTE_NONE", "no device has gpio.write", { details: { capability: "gpio.write" } });
  t.match(error.toShape(), {
    code: "ROUTE_NONE",
    message: "no device has gpio.write",
    hint: ERROR_TABLE.ROUTE_NONE.hint,
    retryable: true,
    details: { capability: "gpio.write" },
  });
  const back = fromShape(JSON.parse(JSON.stringify(error.toShape())));
  t.ok(hasCode(back, "ROUTE_NONE"));
  t.notOk(hasCode(back, "TIMEOUT"));
  t.same(back.details, { capability: "gpio.write" });
});

t.test("an unknown code from outside keeps its text", async (t) => {
  const error = fromShape({ code: "CAMERA_DISABLED", message: "enable it in the app" });
  t.equal(error.code, "INTERNAL");
  t.equal(error.message, "CAMERA_DISABLED: enable it in the app");
});

t.test("anything thrown joins the family, with its cause", async (t) => {
  const cause = new TypeError("x is not a function");
  const error = toBarnacleError(cause, "COMMAND_FAILED");
  t.equal(error.code, "COMMAND_FAILED");
  t.equal(error.cause, cause);
  t.equal(toBarnacleError(error), error, "a member stays itself");
  t.equal(toBarnacleError("just text").message, "just text");
});

t.test("every entry tells what to do", async (t) => {
  for (const [code, entry] of Object.entries(ERROR_TABLE)) {
    t.match(entry.summary, /^[A-Z].*\.$/, `${code} has a sentence as summary`);
    t.match(entry.hint, /^\S.{5,}[.)VWi]/, `${code} has a hint`);
    t.ok(entry.http >= 400 && entry.http < 600, `${code} has an HTTP status`);
  }
});
