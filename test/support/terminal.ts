import { spawnSync } from "node:child_process"

/** Whether there is the `script` of util-linux, which runs a command in a terminal. */
export const hasTerminal = ((): boolean => {
  const may = spawnSync("script", ["-qec", "true", "/dev/null"], { stdio: "ignore" }).status === 0
  if (!may) console.warn("there is no script(1) of util-linux: a terminal that stops reading is not tested")
  return may
})()

/**
 * A command line that becomes `script`, in whose terminal another command line runs. Nobody reads what that prints, so that
 * the terminal stops taking anything once it and the pipe `unread` are full.
 */
export const inStoppedTerminal = (line: string, unread: string): ReadonlyArray<string> => [
  "sh",
  "-c",
  `exec 3<>"$2"; exec script -qefc "$1" /dev/null >"$2"`,
  "sh",
  line,
  unread
]
