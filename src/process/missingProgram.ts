/** The sentence for a program that cannot be run; `code` is the system's. */
export const programProblem = (program: string, code: "ENOENT" | "EACCES"): string =>
  code === "ENOENT"
    ? `there is no program ${program} where the sidecar looks for it (its PATH): install it, or give its whole path`
    : `the program ${program} cannot be run: permission denied`

/** What shells say of a program that they could not run, with its name first where they name it. */
const complaints: ReadonlyArray<RegExp> = [
  /^(?:[\w./-]*sh|launcher): (?:line )?(?:\d+: )?(?:exec: )?(.+?): (?:command )?not found$/m,
  /^[\w./-]*sh:\d+: command not found: (.+)$/m,
  /^(?:[\w./-]*sh|launcher): (?:line )?(?:\d+: )?(?:exec: )?(.+?): (?:Permission denied|No such file or directory|not executable.*|cannot execute.*|Is a directory)$/m,
  /^\/?[\w./-]*env: [‘'"]?(.+?)[’'"]?: (?:No such file or directory|Permission denied)$/m,
  /^'(.+?)' is not recognized as an internal or external command,/m
]

/** What the launcher of a list says that could not become its program, but for one whose arguments are too long. */
const launcherComplaint =
  /^(?:launcher: .*(?:not found|No such file or directory|Permission denied|not executable|cannot execute|Exec format error|Is a directory|bad interpreter)|spawn .* E(?:NOENT|ACCES))/m

/** Whether nothing of the command ran, as this machine cannot run its program. */
export const couldNotBecome = (exit_code: number, output: string): boolean =>
  (exit_code === 126 || exit_code === 127) && launcherComplaint.test(output)

const named = (output: string): string | undefined =>
  complaints.map((complaint) => complaint.exec(output)?.[1]).find((name) => name !== undefined)

const firstWord = (command: string): string =>
  /^\s*(?:exec\s+)?(?:"([^"]+)"|'([^']+)'|(\S+))/.exec(command)
    ?.slice(1).find((word) => word !== undefined) ?? command

/**
 * What the end of a wake command says, with the sentence for the program that could not be run before it where the exit
 * code (126 or 127; 9009 in cmd.exe) says so. `command` is the wake command in a shell, null where there is no shell.
 * `problemOf` a program tells what a look at it finds, where that is anything.
 */
export const nameMissingProgram = (
  command: string | null,
  exit_code: number,
  output: string,
  problemOf: (program: string) => string | undefined = () => undefined
): string => {
  if (![126, 127, 9009].includes(exit_code)) return output
  const program = named(output) ?? (command === null ? undefined : firstWord(command))
  if (program === undefined) return output
  const sentence = problemOf(program) ?? programProblem(program, exit_code === 126 ? "EACCES" : "ENOENT")
  return output.includes("\n") ? `${sentence}\n${output}` : sentence
}
