import { closeSync, openSync, readSync } from "node:fs"

const first_line_bytes = 256 // as much as Linux reads of it

const firstLineOf = (script: string): string => {
  try {
    const fd = openSync(script, "r")
    try {
      const buffer = Buffer.alloc(first_line_bytes)
      return buffer.toString("utf8", 0, readSync(fd, buffer)).split("\n", 1)[0] ?? ""
    } finally {
      closeSync(fd)
    }
  } catch {
    return "" // what may be run but not read is no script
  }
}

/** The programs that the first line names: the interpreter, and of `env` also the one that is looked for. */
const interpretersIn = (line: string): ReadonlyArray<string> => {
  const [interpreter = "", ...words] = line.slice(2).trim().split(/\s+/)
  const sought = /(?:^|\/)env$/.test(interpreter) ? words.find((word) => !/^-|=/.test(word)) : undefined
  return sought === undefined ? [interpreter] : [interpreter, sought]
}

/**
 * Why the system says "not found" of a script, `name`, that is there, as `path`: its first line names a program that is
 * not. `isThere` tells of a program by its path or by the PATH.
 */
export const interpreterProblem = (
  name: string,
  path: string,
  isThere: (program: string) => boolean
): string | undefined => {
  const line = firstLineOf(path)
  if (!line.startsWith("#!")) return undefined
  if (line.endsWith("\r")) {
    return `${name} has the line ends of Windows (CRLF), with which its interpreter is not found: save it with LF`
  }
  const missing = interpretersIn(line).find((program) => !isThere(program))
  return missing === undefined
    ? undefined
    : `${name} is a script for ${missing}, which is not there: install that, or mend the first line of the script`
}
