/** Commands with which a node runs programs or reads files: only an administrator, or his setup code, lets them in. */
const POWERFUL =
  /^(system\.run|system\.run\.prepare|system\.which|system\.restart|system\.update|browser\.proxy.*|fs\.listDir|system\.execApprovals\..*)$/;

export function isPowerful(command: string): boolean {
  return POWERFUL.test(command);
}

/** What a household's ordinary way of letting a node in covers. */
export function ordinary(commands: readonly string[]): readonly string[] {
  return commands.filter((name) => !isPowerful(name));
}
