import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import t, { type Test } from "tap";
import { parse } from "yaml";
import {
  type Card,
  cardAt,
  checkHostName,
  checkUserName,
  type FlashAnswers,
  hostNameOf,
  planFiles,
  sshKeysIn,
  wifiOf,
  writeFiles,
} from "./index.ts";
import { quoted, withFirstRun } from "./scripts.ts";

const CMDLINE = "console=serial0,115200 console=tty1 root=PARTUUID=1-02 rootfstype=ext4 rootwait quiet\n";
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIO7Ya me@home";
const BOOT = { "config.txt": "arm_64bit=1\n", "cmdline.txt": CMDLINE, "kernel8.img": "" };
/** What images of Debian 13 carry: nothing but remarks. */
const SEED = { "user-data": "#cloud-config\n# hostname: x\n", "meta-data": "dsmode: local\n" };

const shellcheck = spawnSync("shellcheck", ["--version"]).status === 0;
if (!shellcheck) t.comment("skipped: shellcheck is not here, the scripts are only parsed");

function answersWith(t: Test, change: Partial<FlashAnswers> = {}): FlashAnswers {
  const deb = path.join(t.testdir({ "barnacle-node_1_arm64.deb": "package" }), "barnacle-node_1_arm64.deb");
  return {
    hostName: "barnacle-shed",
    wifi: wifiOf({ ssid: "It's $HOME", password: "correct horse", country: "no", hidden: true }),
    user: { name: "me", keys: [KEY] },
    setup: { hub: "https://10.0.0.2:18789", setupCode: "ABCDEFGH", room: "shed", name: "Shed" },
    packages: [deb],
    instance: "barnacle-1",
    ...change,
  };
}

const files = (answers: FlashAnswers, card: Partial<Card>): Record<string, string> =>
  Object.fromEntries(
    planFiles(answers, { isBootPartition: true, system: "trixie", cmdline: CMDLINE, ...card }).map((file) => [
      file.path,
      String(file.content),
    ]),
  );

t.test("the Wi-Fi key is derived as the standard says", async (t) => {
  const psk = (ssid: string, password: string) => wifiOf({ ssid, password, country: "de", hidden: false }).psk;
  // Test vectors of IEEE 802.11, J.4.2.
  t.equal(psk("IEEE", "password"), "f42c6fc52df0ebef9ebb4b90b38a5f902e83fe1b135a70e23aed762e9710a12e");
  t.equal(psk("ThisIsASSID", "ThisIsAPassword"), "0dc0d6eb90555ed6419756b9a15ec3e3209b63df707dd508d14581f8982721af");
  t.equal(psk("x", "AB".repeat(32)), "ab".repeat(32), "a key stays what it is");
  const wrong: [string, string, string, RegExp][] = [
    ["", "password", "DE", /0 bytes/],
    ["ö".repeat(17), "password", "DE", /34 bytes/],
    ["a\nb", "password", "DE", /control/],
    ["x", "short", "DE", /5 characters/],
    ["x", "pässword", "DE", /8 characters/],
    ["x", "password", "Germany", /Germany/],
  ];
  for (const [ssid, password, country, message] of wrong) {
    t.throws(() => wifiOf({ ssid, password, country, hidden: false }), { code: "USAGE", message });
  }
});

t.test("names become host names; what cannot be one is refused", async (t) => {
  t.equal(hostNameOf("Küche oben"), "barnacle-kuche-oben");
  t.equal(hostNameOf("寝室"), "barnacle-node");
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", maxLength: 80 }), (name) => checkHostName(hostNameOf(name)) !== ""),
  );
  for (const name of ["Shed", "-a", "a.b", "", "a;b"]) t.throws(() => checkHostName(name), { code: "USAGE" }, name);
  for (const name of ["root", "Me", "a b", "$(id)"]) t.throws(() => checkUserName(name), { code: "USAGE" }, name);
  t.same(sshKeysIn(`# mine\n${KEY}\r\n\n`, "f"), [KEY]);
  t.throws(() => sshKeysIn("-----BEGIN OPENSSH PRIVATE KEY-----", "f"), { message: /private/ });
  t.throws(() => sshKeysIn("ssh-ed25519 $(reboot)", "f"), { code: "USAGE" });
  t.throws(() => sshKeysIn("", "f"), { code: "USAGE" });
});

t.test("a card is told from its files", async (t) => {
  const look = (tree: object, options = {}) => cardAt(t.testdir(tree as never), { force: false, ...options });
  t.match(look({ ...BOOT, ...SEED }), { isBootPartition: true, system: "trixie", cmdline: CMDLINE });
  t.match(look(BOOT), { isBootPartition: true, system: "bookworm" });
  t.match(look(BOOT, { system: "trixie" }), { system: "trixie" });
  t.match(look({}), { isBootPartition: false, system: "trixie", cmdline: undefined });
  t.match(cardAt(path.join(t.testdir({}), "new"), { force: false }), { isBootPartition: false });
});

t.test("nothing is written where it does not belong", async (t) => {
  const refuse = (target: string, expected: object, force = false) =>
    t.throws(() => cardAt(target, { force }), expected as { code: string }, target);
  refuse("/dev/null", { code: "USAGE", message: /is a device/ }, true);
  refuse("/dev/mmcblk0", { code: "USAGE", message: /is a device/ }, true);
  refuse(path.join(t.testdir({ file: "" }), "file"), { code: "USAGE", message: /is a file/ });
  refuse(t.testdir({ "holiday.jpg": "" }), { code: "USAGE", message: /neither empty nor the boot partition/ });
  refuse(t.testdir({ "config.txt": "", "cmdline.txt": "" }), { code: "USAGE" });
  const others = { ...BOOT, "user-data": "#cloud-config\nhostname: mine\n" };
  refuse(t.testdir(others), { code: "CONFLICT", message: /user-data has settings/ });
  t.match(cardAt(t.testdir(others), { force: true }), { system: "trixie" });
  const script = { ...BOOT, "firstrun.sh": "#!/bin/sh\necho Imager\n" };
  refuse(t.testdir(script), { code: "CONFLICT", message: /firstrun\.sh/ });
});

t.test("cloud-init reads what was meant, also what YAML 1.1 takes for something else", async (t) => {
  const plan = files(answersWith(t), {});
  t.same(Object.keys(plan), [
    ...["barnacle/barnacle-node_1_arm64.deb", "barnacle/install.sh", "barnacle/node.json"],
    ...["network-config", "meta-data", "user-data"],
  ]);
  t.match(plan["user-data"], /^#cloud-config\n/);
  // As cloud-init does: by the older rules.
  const user = parse(plan["user-data"] as string, { version: "1.1" });
  t.match(user, { hostname: "barnacle-shed", ssh_pwauth: false, users: [{ name: "me", ssh_authorized_keys: [KEY] }] });
  t.same(user.runcmd.at(-1), ["bash", "/boot/firmware/barnacle/install.sh"]);
  t.match(parse(plan["meta-data"] as string), { "instance-id": "barnacle-1" });
  const { wifis } = parse(plan["network-config"] as string, { version: "1.1" }).network;
  t.equal(wifis.wlan0["regulatory-domain"], "NO", "Norway is no truth value");
  const point = wifis.wlan0["access-points"]["It's $HOME"];
  t.match(point, { password: /^[0-9a-f]{64}$/, hidden: true });
  t.same(JSON.parse(plan["barnacle/node.json"] as string), answersWith(t).setup);
  const bare = files(answersWith(t, { wifi: undefined, user: undefined }), {});
  t.notOk("network-config" in bare, "a wired node keeps the network of the image");
  t.same(parse(bare["user-data"] as string).runcmd, [["bash", "/boot/firmware/barnacle/install.sh"]]);
  fc.assert(
    fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 8 }), (ssid) => {
      let wifi: ReturnType<typeof wifiOf>;
      try {
        wifi = wifiOf({ ssid, password: "password", country: "DE", hidden: false });
      } catch {
        return true;
      }
      const text = files(answersWith(t, { wifi, packages: [] }), {})["network-config"] as string;
      const points = parse(text, { version: "1.1" }).network.wifis.wlan0["access-points"];
      return Object.keys(points).length === 1 && Object.keys(points)[0] === ssid;
    }),
    { numRuns: 200 },
  );
});

t.test("the kernel's line names the script once, whatever was on it", async (t) => {
  const once = withFirstRun(CMDLINE);
  t.equal(once.split("\n").length, 2, "one line");
  t.match(once, /quiet systemd\.run=\/boot\/firmware\/firstrun\.sh .*systemd\.unit=kernel-command-line\.target\n$/);
  t.equal(withFirstRun(once), once);
  const plan = files(answersWith(t), { system: "bookworm" });
  t.same(Object.keys(plan).slice(-2), ["firstrun.sh", "cmdline.txt"], "the line last: before it nothing starts");
  t.notOk("cmdline.txt" in files(answersWith(t), { system: "bookworm", cmdline: undefined }));
});

t.test("the scripts are sound, and what is in quotes stays what it is", async (t) => {
  const plan = files(answersWith(t), { system: "bookworm" });
  const bare = files(answersWith(t, { wifi: undefined, user: undefined }), { system: "bookworm" });
  const dir = t.testdir({});
  for (const [name, text] of Object.entries({
    "firstrun.sh": plan["firstrun.sh"],
    "bare.sh": bare["firstrun.sh"],
    "install.sh": plan["barnacle/install.sh"],
  })) {
    writeFileSync(path.join(dir, name), text as string);
    t.equal(execFileSync("bash", ["-n", path.join(dir, name)], { encoding: "utf8" }), "");
    if (!shellcheck) continue;
    // The one thing it asks about: a dollar sign in single quotes, which is meant.
    const { stdout, status } = spawnSync("shellcheck", ["--exclude=SC2016", path.join(dir, name)], {
      encoding: "utf8",
    });
    t.equal(status, 0, stdout);
  }
  const odd = fc.array(
    fc.string({ minLength: 1 }).filter((text) => !text.includes("\0")),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(odd, (texts) => {
      const said = execFileSync("sh", ["-c", `printf '%s\\0' ${texts.map(quoted).join(" ")}`], { encoding: "utf8" });
      return said === texts.map((text) => `${text}\0`).join("");
    }),
    { numRuns: 30 },
  );
});

t.test("files are whole, secrets the owner's alone, and a second time leaves nothing of the first", async (t) => {
  const answers = answersWith(t);
  const target = path.join(t.testdirName, "card");
  const card = { isBootPartition: false, system: "trixie", cmdline: undefined } as const;
  writeFiles(target, planFiles(answers, card));
  const mode = (name: string) => statSync(path.join(target, name)).mode & 0o777;
  for (const name of ["barnacle/node.json", "network-config"]) t.equal(mode(name), 0o600, name);
  t.equal(mode("user-data"), 0o644);
  mkdirSync(path.join(target, "barnacle"), { recursive: true });
  writeFileSync(path.join(target, "barnacle", "barnacle-node_0_arm64.deb"), "older");
  t.match(cardAt(target, { force: false }), { isBootPartition: false }, "what we wrote may be written again");
  writeFiles(target, planFiles(answers, card));
  t.same(readdirSync(path.join(target, "barnacle")).sort(), ["barnacle-node_1_arm64.deb", "install.sh", "node.json"]);
  t.equal(readFileSync(path.join(target, "barnacle", "barnacle-node_1_arm64.deb"), "utf8"), "package");
  t.throws(() => writeFiles(path.join(target, "user-data"), planFiles(answers, card)), {
    code: "STATE_UNWRITABLE",
    message: /user-data/,
  });
});
