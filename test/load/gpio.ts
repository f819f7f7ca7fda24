/** Edge to hub and command to line in a guest of the bench, beside the bench's own kernel: `node test/load/gpio.ts`. */
import { benchMissing } from "../hil/bench/artefacts.ts";
import { Guest } from "../hil/bench/guest.ts";

const missing = benchMissing();
if (missing) {
  process.stdout.write(`skipped: ${missing}\n`);
  process.exit(0);
}
const guest = new Guest({ limitS: 500 });
const job = "/mnt/host/test/hil/jobs/gpio-figures.ts";
const result = await guest.run(`node --disable-warning=ExperimentalWarning ${job} > /mnt/job/figures.json`);
const text = guest.read("figures.json");
guest.close();
process.stdout.write(text === "" ? `${result.output}\n${result.console.slice(-2000)}\n` : text);
process.exitCode = result.code === 0 ? 0 : 1;
