import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import t, { type Test as T } from "tap";
import { cachedPackages, cacheFolder, type Packages } from "../../systemd/package/cache.ts";
import { DebianRoot, rootMissing } from "../support/debian-root.ts";
import { House, linkUp } from "../support/house.ts";
import { HUB_BIN, ROOT, runOnce } from "../support/process.ts";

// Building the system and the packages is part of the first run.
t.setTimeout(900_000);

const skip = rootMissing();
if (skip) t.comment(`skipped: ${skip}`);

const NODE = {
  ...{ microphone: { driver: "none" }, wake: { engine: "none" }, speech: { engine: "none" } },
  ...{ voice: { engine: "none", player: "none" }, gpio: { driver: "fake", lines: [{ line: 17, name: "lamp" }] } },
};
/** As images carry it: where cloud-init looks, and nothing that waits for what a test has not. */
const IMAGE_CLOUD_CFG = `datasource_list: [NoCloud, None]
datasource: {NoCloud: {seedfrom: "file:///boot/firmware/"}}
network: {config: disabled}
`;

/** A blank card of either system in a machine of its own, prepared by the command for a running hub. */
async function blankCard(t: T, system: "trixie" | "bookworm") {
  const packages: Packages = await cachedPackages(ROOT, "amd64");
  const work = mkdtempSync(path.join(cacheFolder(), ".card-"));
  t.teardown(() => rmSync(work, { recursive: true, force: true }));
  const card = path.join(work, "bootfs");
  mkdirSync(card);
  const blank = { "config.txt": "arm_64bit=1\n", "cmdline.txt": "console=tty1 root=/dev/x quiet\n", "kernel8.img": "" };
  const seeds = { "user-data": "#cloud-config\n# nothing yet\n", "meta-data": "dsmode: local\n" };
  for (const [name, text] of Object.entries({ ...blank, ...(system === "trixie" ? seeds : {}) }))
    writeFileSync(path.join(card, name), text);
  const house = new House(path.join(work, "house"));
  t.teardown(() => house.close());
  await house.startHub();
  writeFileSync(path.join(work, "node.yaml"), JSON.stringify(NODE));
  const { code, stdout, stderr } = await runOnce(
    HUB_BIN,
    [
      ...[
        "flash",
        card,
        "--room",
        "shed",
        "--name",
        "Shed",
        "--deb",
        packages.node,
        "--config",
        path.join(work, "node.yaml"),
      ],
      ...["--hub", house.url, "--wifi", "Home", "--country", "DE", "--json", "--state-dir", house.hubState],
    ],
    { BARNACLE_WIFI_PASSWORD: "correct horse" },
  );
  t.equal(code, 0, stderr);
  t.match(JSON.parse(stdout), { system, bootPartition: true, written: true, hostName: "barnacle-shed" });
  const machine = new DebianRoot(mkdtempSync(path.join(cacheFolder(), ".try-")));
  t.teardown(() => machine.close());
  await machine.open({ card });
  machine.must("mkdir -p /boot/firmware && mount --bind /mnt/card /boot/firmware");
  return { card, house, machine };
}

/** What the golden test is about: the unit of the installed package starts, is let in by the card's code, and obeys. */
async function becomesNode(t: T, { card, house, machine }: Awaited<ReturnType<typeof blankCard>>): Promise<void> {
  t.notOk(existsSync(path.join(card, "barnacle/node.json")), "the code is no longer on the card");
  const prepared = machine.must("stat -c '%U %a' /var/lib/barnacle-node/node.json");
  t.equal(prepared, "barnacle-node 600\n");
  const node = machine.start("barnacle-node", "--events");
  t.teardown(() => node.kill());
  await linkUp(node);
  const shed = await house.eventually("a paired node", async () => {
    const { json } = await house.cli("devices", "show", "Shed");
    return (json as { room?: string; online?: boolean } | undefined)?.online ? (json as object) : undefined;
  });
  t.match(shed, { displayName: "Shed", room: "shed" });
  const left = JSON.parse(machine.must("cat /var/lib/barnacle-node/node.json"));
  t.match(left, { hub: house.url, room: "shed" });
  t.notOk("setupCode" in left, "the code is spent and gone");
  const result = await house.eventually("obedience", async () => {
    const { code, json } = await house.cli("invoke", "Shed", "gpio.write", '{"line":17,"value":1}');
    return code === 0 ? json : undefined;
  });
  t.match(result, { ok: true });
  t.equal(await node.stop(), 0);
}

t.test("blank card to a paired node, by cloud-init (Debian 13)", { skip }, async (t) => {
  const blank = await blankCard(t, "trixie");
  const { machine } = blank;
  const valid = machine.sh("cloud-init schema --config-file /boot/firmware/user-data");
  t.match(valid, { code: 0, stdout: /Valid/ });
  // Its own reader of networks, and what comes out for netplan.
  machine.must(
    "cloud-init devel net-convert -p /boot/firmware/network-config -k yaml -D debian -O netplan -d /tmp/net -m wlan0,00:00:00:00:00:01",
  );
  const netplan = machine.must("cat /tmp/net/etc/netplan/*.yaml");
  t.match(netplan, /access-points:\s+"?Home"?:\s+password: "?[0-9a-f]{64}/);
  t.match(netplan, /regulatory-domain: "?DE/);
  writeFileSync(path.join(blank.card, ".cfg"), IMAGE_CLOUD_CFG);
  machine.must("cp /boot/firmware/.cfg /etc/cloud/cloud.cfg.d/99_image.cfg");
  // The stages of a boot, without systemd to start them.
  for (const stage of ["init --local", "init", "modules --mode=config", "modules --mode=final"])
    machine.sh(`cloud-init ${stage}`);
  const log = machine.sh("cat /var/log/cloud-init-output.log /var/log/cloud-init.log | tail -60").stdout;
  t.equal(machine.must("hostname"), "barnacle-shed\n", { log });
  t.match(machine.must("dpkg-query -s barnacle-node"), "Status: install ok installed\n", { log });
  await becomesNode(t, blank);
});

t.test("blank card to a paired node, by the first-run script (Debian 12)", { skip }, async (t) => {
  const blank = await blankCard(t, "bookworm");
  const { card, machine } = blank;
  t.match(readFileSync(path.join(card, "cmdline.txt"), "utf8"), /quiet systemd\.run=\/boot\/firmware\/firstrun\.sh /);
  // What the image has and the test's system lacks.
  machine.must("mkdir -p /usr/lib/raspberrypi-sys-mods /etc/NetworkManager/system-connections");
  machine.must(
    `printf '#!/bin/sh\\nprintf "%%s|" "$@" >> /root/custom\\n' > /usr/lib/raspberrypi-sys-mods/imager_custom && chmod +x /usr/lib/raspberrypi-sys-mods/imager_custom`,
  );
  machine.must("bash /boot/firmware/firstrun.sh");
  t.match(machine.must("cat /root/custom"), /^set_hostname\|barnacle-shed\|set_wlan\|Home\|[0-9a-f]{64}\|DE\|$/);
  t.equal(readFileSync(path.join(card, "cmdline.txt"), "utf8"), "console=tty1 root=/dev/x quiet\n", "it runs once");
  t.notOk(existsSync(path.join(card, "firstrun.sh")));
  t.match(machine.must("cat /var/log/barnacle-install.log"), /barnacle-node is installed\n$/);
  await becomesNode(t, blank);
});
