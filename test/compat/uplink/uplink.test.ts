import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { readSpeechWav } from "@barnacle/hardware/audio";
import t, { type Test } from "tap";
import { CLIPS } from "../../support/house.ts";
import { type JsonLine, NODE_BIN, Running, runOnce } from "../../support/process.ts";
import { ScriptedMicrophone } from "../../support/scripted-microphone.ts";
import { notWanted } from "../support/cache.ts";
import { ClientHome } from "../support/client.ts";
import { install } from "../support/install.ts";
import { EchoModel } from "../support/model.ts";
import { label, NODE_22, OPENCLAW, OPENCLAW_JANUARY, type Program } from "../support/programs.ts";
import { RealGateway } from "../support/real-gateway.ts";

t.setTimeout(900_000);

const SENTENCE = "turn on the kitchen light";
const CLIP = path.join(CLIPS, "cmd-kitchen-light-slt.wav");
const ALLOWED = ["gpio.read", "gpio.write", "gpio.list", "wake.status", "talk.stop", "device.info"];

/** A real gateway with a model behind it, and a real node of ours that joins it. */
async function joined(t: Test, program: Program) {
  await install(program);
  if (program.node) await install(NODE_22);
  const dir = mkdtempSync(path.join(tmpdir(), "barnacle-uplink-"));
  const model = await new EchoModel().start();
  const nodes = program.era === "today" ? { commands: { allow: ALLOWED } } : { allowCommands: ALLOWED };
  const gateway = new RealGateway(dir, program, { model: model.url, gateway: { nodes } });
  const microphone = new ScriptedMicrophone(path.join(dir, "microphone"));
  const replies = path.join(dir, "replies");
  const pins = path.join(dir, "pins.json");
  const config = path.join(dir, "node.yaml");
  writeFileSync(
    config,
    JSON.stringify({
      name: "Kitchen",
      room: "kitchen",
      uplink: { sentences: [SENTENCE, "what time is it"], replyMs: 120_000 },
      microphone: microphone.config,
      voice: { engine: "espeak-ng", player: "file", directory: replies },
      gpio: { driver: "fake", stateFile: pins, lines: [{ line: 17 }] },
    }),
  );
  await gateway.start();
  const place = ["--config", config, "--state-dir", path.join(dir, "node")];
  const node = new Running("node", NODE_BIN, [...place, "--events", "--uplink", gateway.url, "--token", gateway.token]);
  t.teardown(async () => {
    await node.stop();
    await gateway.stop();
    model.stop();
    // What the gateway started may still be writing its last.
    rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  });
  const cli = new ClientHome(path.join(dir, "cli"), program).useRemote(gateway);
  return { dir, model, gateway, microphone, replies, pins, node, cli, place };
}

/** A busy machine takes its time to start a gateway of half a gigabyte. */
async function patiently<T>(wait: () => Promise<T>): Promise<T> {
  for (let tries = 3; ; tries--) {
    try {
      return await wait();
    } catch (error) {
      if (tries === 1) throw error;
    }
  }
}

const uplink = (line: JsonLine): boolean => line.event === "state" && line.part === "uplink";
const online = (line: JsonLine): boolean => uplink(line) && line.state === "online";
const wavs = (dir: string): string[] => readdirSync(dir).filter((name) => name.endsWith(".wav"));

for (const program of [OPENCLAW_JANUARY, OPENCLAW]) {
  t.test(
    `${label(program)}: a node joins, obeys, hears, speaks the answer, and comes back`,
    { skip: notWanted() },
    async (t) => {
      const { model, gateway, microphone, replies, pins, node, cli, place } = await joined(t, program);
      const state = await patiently(() => node.line("the gateway", online));
      t.equal(state.protocol, program.era === "today" ? 4 : 3);

      if (program.era === "today") {
        const { surface } = await node.line("the second gate", (line) => uplink(line) && line.surface !== undefined);
        const { requestId, command } = surface as { requestId: string; command: string };
        t.equal(command, `openclaw nodes approve ${requestId}`);
        const doctor = await runOnce(NODE_BIN, ["doctor", "--json", ...place]);
        t.match(JSON.parse(doctor.stdout).uplink, [
          { availability: { available: false, reason: `${requestId} waits: ${command}` } },
        ]);
        const before = node.lines.length;
        const approved = await cli.run(command.split(" ").slice(1));
        t.equal(approved.code, 0, approved.stderr);
        await node.line("the approval", (line) => online(line) && line.surface === undefined, before);
      }

      const invoke = async (command: string, params: object = {}): Promise<JsonLine> => {
        const args = ["--node", "Kitchen", "--command", command, "--params", JSON.stringify(params), "--json"];
        const { code, stdout, stderr } = await cli.run(["nodes", "invoke", ...args]);
        t.equal(code, 0, stderr);
        return JSON.parse(stdout.slice(stdout.indexOf("{")));
      };
      t.match(await invoke("gpio.write", { pin: 17, level: 1 }), { ok: true, payload: { pin: 17, level: 1 } });
      t.match(JSON.parse(readFileSync(pins, "utf8")), { lines: [{ line: 17, value: 1 }] }, "the pin is on");

      const converse = async (): Promise<void> => {
        const from = node.lines.length;
        const clip = await readSpeechWav(CLIP);
        const [asked, heard] = [model.requests.length, wavs(replies).length];
        microphone.say(clip);
        t.match(await node.line("a transcript", (line) => line.event === "transcript", from), { text: SENTENCE });
        const reply = await patiently(() => node.line("an answer", (line) => line.event === "reply", from));
        t.match(reply, { ok: true, text: /That is all\.$/ });
        t.ok(JSON.stringify(model.requests.slice(asked)).includes(SENTENCE), "the agent was asked what was said");
        t.match(await node.line("speech", (line) => line.event === "spoken", from), { spoken: true });
        t.ok(wavs(replies).length >= heard + 2, "one recording for each sentence");
      };
      await converse();

      const before = node.lines.length;
      await gateway.stop();
      const loss = await node.line("the loss", (line) => uplink(line) && /1012/.test(String(line.reason)), before);
      await gateway.start();
      await patiently(() => node.line("the gateway again", online, node.lines.indexOf(loss)));
      await converse();

      const words = JSON.stringify({ triggers: ["alexa", "abracadabra"] });
      const set = await cli.run(["gateway", "call", "voicewake.set", "--params", words]);
      t.equal(set.code, 0, set.stderr);
      await node.line("the wake words", (line) => uplink(line) && String(line.unknownWakeWords) === "abracadabra");
      t.match(await invoke("wake.status"), { payload: { phrases: ["alexa"] } });
    },
  );
}
