import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmodSync, lstatSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import t, { type Test } from "tap";
import { writeDeb } from "./archive.ts";
import { Tree } from "./tree.ts";

const skip = spawnSync("dpkg-deb", ["--version"]).status === 0 ? false : "dpkg-deb is not here";
if (skip) t.comment(`skipped: ${skip}`);

function folder(t: Test): string {
  const made = mkdtempSync(path.join(tmpdir(), "barnacle-archive-"));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** A small package of files that were made at another time, in another order, under another umask. */
async function build(t: Test, options: { umask: number; reversed: boolean; compression?: "none" }): Promise<string> {
  const { umask, reversed, compression } = options;
  const before = process.umask(umask);
  t.teardown(() => process.umask(before));
  const source = path.join(folder(t), "program");
  writeFileSync(source, "#!/bin/sh\n");
  chmodSync(source, umask === 0 ? 0o777 : 0o600);
  const tree = new Tree();
  const add = [
    () => tree.copy("usr/lib/small/bin/program", source, 0o755),
    () => tree.add("usr/lib/small/data", "data".repeat(1000)),
    () => tree.add("etc/small/small.yaml", "{}\n"),
    () => tree.link("usr/lib/small/self", "../small"),
  ];
  for (const each of reversed ? add.reverse() : add) each();
  return writeDeb({
    ...{ name: "small", version: "1.2.3", arch: "all", summary: "a small package", description: ["Nothing.", "."] },
    relations: { Depends: ["libc6 (>= 2.34)", "libasound2 | libasound2t64"], Recommends: [] },
    ...{ tree, seconds: 1_000_000_000, out: folder(t), compression },
    scripts: { postinst: "#!/bin/sh\nexit 0\n" },
  });
}

const hash = (file: string): string => createHash("sha256").update(readFileSync(file)).digest("hex");

t.test("the same input gives the same bytes, whoever builds", { skip }, async (t) => {
  for (const compression of [undefined, "none"] as const) {
    const first = await build(t, { umask: 0, reversed: false, compression });
    const second = await build(t, { umask: 0o077, reversed: true, compression });
    t.equal(hash(first), hash(second), String(compression));
  }
});

t.test("every file, link and folder has the one time", async (t) => {
  const tree = new Tree();
  tree.add("a/b/file", "x", 0o600);
  tree.link("a/link", "b/file");
  const target = path.join(folder(t), "stage");
  tree.write(target, 1_000_000_000);
  for (const name of ["a", "a/b", "a/b/file", "a/link"]) {
    const { mtimeMs, mode } = lstatSync(path.join(target, name));
    t.equal(mtimeMs, 1e12, name);
    if (name !== "a/link") t.equal(mode & 0o777, name.endsWith("file") ? 0o600 : 0o755);
  }
});

t.test("dpkg reads what is in it", { skip }, async (t) => {
  const file = await build(t, { umask: 0o022, reversed: false });
  t.equal(path.basename(file), "small_1.2.3_all.deb");
  const control = execFileSync("dpkg-deb", ["--field", file], { encoding: "utf8" });
  t.match(control, /^Package: small\nVersion: 1\.2\.3\nArchitecture: all\n/);
  t.match(control, /^Installed-Size: 6$/m);
  t.match(control, /^Depends: libc6 \(>= 2\.34\), libasound2 \| libasound2t64$/m);
  t.notMatch(control, "Recommends");
  const inside = folder(t);
  execFileSync("dpkg-deb", ["--control", file, inside]);
  t.equal(readFileSync(path.join(inside, "conffiles"), "utf8"), "/etc/small/small.yaml\n");
  const sums = readFileSync(path.join(inside, "md5sums"), "utf8");
  t.match(sums, /^[0-9a-f]{32} {2}usr\/lib\/small\/bin\/program\n[0-9a-f]{32} {2}usr\/lib\/small\/data\n$/);
  const list = execFileSync("dpkg-deb", ["--contents", file], { encoding: "utf8" });
  t.match(list, /^-rwxr-xr-x root\/root +10 2001-09-09 \d\d:46 \.\/usr\/lib\/small\/bin\/program$/m);
  t.match(list, /^-rw-r--r-- root\/root .*\.\/etc\/small\/small\.yaml$/m);
  t.match(list, /^lrwxrwxrwx .*\.\/usr\/lib\/small\/self -> \.\.\/small$/m);
});
