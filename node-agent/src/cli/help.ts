export const HELP = `barnacle-node: voice and I/O node of Barnacle

Usage
  barnacle-node [run] [options]            run the node until it is stopped
  barnacle-node doctor [--json]            what of the hardware and engines can be used, and why not
  barnacle-node wake-test <wav…> [options] run a wake engine over recordings
  barnacle-node config check|schema        check the configuration, or print its JSON schema

Options
  -c, --config FILE     configuration (YAML); default: node.yaml in the state directory
      --state-dir DIR   keys and database; default: BARNACLE_STATE_DIR, /var/lib/barnacle-node,
                        ~/.local/state/barnacle-node
      --json            results and errors as JSON
  -h, --help

Options of run
      --hub URL         the hub's HTTP address; also BARNACLE_URL; without it the node takes the hub it knows,
                        the one of this machine, or the one that answers by mDNS
      --uplink URL      join this OpenClaw or Moltbot gateway instead of a hub: ws://HOST:18789
      --token TOKEN     the gateway's token; also BARNACLE_TOKEN
      --setup-code CODE pair with a code made by \`barnacle devices code\`, or by \`openclaw qr\` for a gateway
      --setup FILE      what \`barnacle devices code --json\` prints as "setup": the hub's address, what it is known by,
                        a code; default: node.json in the state directory
      --name NAME       what the node is called
      --room ROOM       the room it is in
      --events          one JSON line per event on standard output: state, wake, transcript, turn,
                        reply, spoken, command
      --log-level LEVEL debug, info, warn, error, silent; default: info

Options of wake-test
      --engine ENGINE   openwakeword (default), porcupine, porcupine-keyless, pocketsphinx
      --phrase PHRASE   may be repeated; default: all that the engine has
      --threshold N     lowest score that counts, 0 to 1

Exit status: 0 done, 1 refused or failed, 2 usage.
`;
