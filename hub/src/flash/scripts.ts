import type { FlashAnswers } from "./plan.ts";

/** Where the boot partition is mounted on the running Pi, since Debian 12. */
const BOOT = "/boot/firmware";
const GROUPS = "users,adm,dialout,audio,video,plugdev,input,gpio,spi,i2c,render,sudo";

/**
 * Installs the node from the card; both ways of setting up run it, as root, and it may be run again. Needs no network: what
 * the package recommends is fetched later, by a unit of its own.
 */
export const INSTALL_SCRIPT = `#!/bin/bash
# Written by barnacle flash: installs barnacle-node from this card.
set -euo pipefail

here=$(cd "$(dirname "\${BASH_SOURCE[0]}")" && pwd)
export DEBIAN_FRONTEND=noninteractive PATH=/usr/sbin:/usr/bin:/sbin:/bin

# Before the package, so that its first start finds them; the package gives both their owner.
install -d -m 0755 /etc/barnacle
install -d -m 0700 /var/lib/barnacle-node
if [ -f "$here/node.yaml" ]; then install -m 0640 "$here/node.yaml" /etc/barnacle/node.yaml; fi
if [ -f "$here/node.json" ]; then install -m 0600 "$here/node.json" /var/lib/barnacle-node/node.json; fi

if ! dpkg --force-confold -i "$here"/*.deb; then
  # A system without one of the libraries: only the network can help.
  apt-get update -q
  apt-get install -y -q -f
fi

# The single-use code has done its service here; the node deletes its own copy once it is paired.
rm -f "$here/node.json"

if [ -d /run/systemd/system ]; then
  systemctl enable --no-block --now barnacle-node-engines.service
fi
echo "barnacle-node is installed"
`;

/** Debian 12: runs once, early, named on the kernel's line; the system restarts afterwards. Never fails the boot. */
export function firstRunScript({ hostName, user, wifi }: FlashAnswers): string {
  const custom = "/usr/lib/raspberrypi-sys-mods/imager_custom";
  const parts = [
    "#!/bin/bash",
    "# Written by barnacle flash: sets up this Raspberry Pi at its first start.",
    "set +e",
    "",
    `boot=${BOOT}`,
    '[ -d "$boot/barnacle" ] || boot=/boot',
    `custom=${custom}`,
    "",
    'if [ -x "$custom" ]; then',
    `  "$custom" set_hostname ${quoted(hostName)}`,
    "else",
    '  old=$(tr -d " \\t\\n\\r" < /etc/hostname)',
    `  echo ${quoted(hostName)} > /etc/hostname`,
    `  sed -i "s/127\\.0\\.1\\.1.*$old/127.0.1.1\\t${hostName}/g" /etc/hosts`,
    "fi",
  ];
  if (user) {
    parts.push(
      "",
      // Without a password: the account is entered by key alone.
      `if [ -x /usr/lib/userconf-pi/userconf ]; then /usr/lib/userconf-pi/userconf ${quoted(user.name)} '*'; fi`,
      `if ! id ${quoted(user.name)} > /dev/null 2>&1; then useradd -m -s /bin/bash ${quoted(user.name)}; fi`,
      `for group in ${GROUPS.replaceAll(",", " ")}; do usermod -a -G "$group" ${quoted(user.name)}; done`,
      `home=$(getent passwd ${quoted(user.name)} | cut -d: -f6)`,
      `install -d -m 0700 -o ${quoted(user.name)} "$home/.ssh"`,
      `printf '%s\\n' ${user.keys.map(quoted).join(" ")} > "$home/.ssh/authorized_keys"`,
      `chown ${quoted(user.name)} "$home/.ssh/authorized_keys"`,
      'chmod 0600 "$home/.ssh/authorized_keys"',
      "systemctl enable ssh",
    );
  }
  if (wifi) {
    const { ssid, psk, country, hidden } = wifi;
    parts.push(
      "",
      'if [ -x "$custom" ]; then',
      `  "$custom" set_wlan ${hidden ? "-h " : ""}${quoted(ssid)} ${quoted(psk)} ${quoted(country)}`,
      "else",
      "  umask 0077",
      // NetworkManager's own escape for what a name may contain: bytes.
      `  printf '%s\\n' '[connection]' id=barnacle type=wifi '[wifi]' ${quoted(`ssid=${bytes(ssid)}`)} ${hidden ? "hidden=true " : ""}'[wifi-security]' key-mgmt=wpa-psk ${quoted(`psk=${psk}`)} '[ipv4]' method=auto > /etc/NetworkManager/system-connections/barnacle.nmconnection`,
      `  iw reg set ${quoted(country)}`,
      "  rfkill unblock wifi",
      "fi",
    );
  }
  parts.push(
    "",
    'bash "$boot/barnacle/install.sh" > /var/log/barnacle-install.log 2>&1',
    "",
    'rm -f "$boot/firstrun.sh"',
    `sed -i 's| systemd\\.run.*||' "$boot/cmdline.txt"`,
    "exit 0",
  );
  return `${parts.join("\n")}\n`;
}

/** The kernel's line with the script on it, once, whatever was there of the kind. */
export function withFirstRun(cmdline: string): string {
  const plain = cmdline.trim().replace(/ systemd\.run.*/, "");
  return `${plain} systemd.run=${BOOT}/firstrun.sh systemd.run_success_action=reboot systemd.unit=kernel-command-line.target\n`;
}

/** What cloud-init is asked to do on Debian 13. */
export function userData({ hostName, user }: FlashAnswers): Record<string, unknown> {
  const commands: string[][] = [["bash", `${BOOT}/barnacle/install.sh`]];
  return {
    hostname: hostName,
    manage_etc_hosts: true,
    ssh_pwauth: false,
    ...(user
      ? {
          users: [
            {
              ...{ name: user.name, groups: GROUPS, shell: "/bin/bash", lock_passwd: true },
              ...{ sudo: "ALL=(ALL) NOPASSWD:ALL", ssh_authorized_keys: user.keys },
            },
          ],
        }
      : {}),
    runcmd: user ? [["systemctl", "enable", "--now", "ssh"], ...commands] : commands,
  };
}

/** netplan's second version. The wired port stays as the image has it. */
export function networkConfig({ wifi }: FlashAnswers): Record<string, unknown> | undefined {
  if (!wifi) return undefined;
  const { ssid, psk, country, hidden } = wifi;
  const point = { password: psk, ...(hidden ? { hidden: true } : {}) };
  return {
    network: {
      version: 2,
      wifis: {
        wlan0: { dhcp4: true, optional: true, "regulatory-domain": country, "access-points": { [ssid]: point } },
      },
    },
  };
}

/** For a POSIX shell. */
export function quoted(text: string): string {
  return /^[A-Za-z0-9_./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function bytes(text: string): string {
  return [...Buffer.from(text)].map((byte) => `${byte};`).join("");
}
