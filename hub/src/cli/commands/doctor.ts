import type { Command } from "commander";
import { describeDiagnosis } from "../../doctor/check.ts";
import { example, type Family } from "../session.ts";

export const doctorFamily: Family = (program, open) => {
  example(
    program
      .command("doctor")
      .description("what works on this machine, what does not and why; engines, models and their licences"),
    "barnacle doctor",
  ).action(async (_options: object, command: Command) => {
    const session = open(command);
    const { diagnose } = await import("../../doctor/doctor.ts");
    const diagnosis = await diagnose(session.io, session.options);
    session.out.print(diagnosis, (style) => describeDiagnosis(diagnosis, style));
    if (!diagnosis.ok) session.fail();
  });
};
