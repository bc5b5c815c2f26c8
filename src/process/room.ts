import { limits } from "../limits.ts"
import type { Platform } from "../platform.ts"

/** What an argument takes on a Windows command line at most: quotes around it, a space, a backslash for each of these. */
const charsOnWindows = (argument: string): number => argument.length + 3 + (argument.match(/["\\]/g)?.length ?? 0)

/** Why this platform cannot hand these arguments to a program, as the end of a sentence; undefined where it can. */
export const carryProblem = (command: ReadonlyArray<string>, platform: Platform): string | undefined => {
  if (command.some((argument) => argument.includes("\0"))) {
    return "would hold a NUL character, which no argument can"
  }
  if (platform === "windows") {
    const chars = command.reduce((sum, argument) => sum + charsOnWindows(argument), 0)
    return chars > limits.windows_command_line_chars
      ? `would be ${chars} characters, more than the ${limits.windows_command_line_chars} of a Windows command line`
      : undefined
  }
  const bytes = Math.max(...command.map((argument) => Buffer.byteLength(argument)))
  return bytes > limits.argument_bytes
    ? `would have an argument of ${bytes} bytes, more than the ${limits.argument_bytes} that one can hold`
    : undefined
}

/** What to do about it. */
export const roomRemedy =
  "use {prompt_file} instead of {prompt}, or pass the prompt on standard input by agentcom-sidecar exec"
