import type { JsonObject } from "../../domain/Work.ts"
import type { Turn } from "./Turn.ts"

/** A program that runs an agent, and how `exec` reads the turn of its agent. One file each; docs/agents.md has a section each. */
export interface AgentProgram {
  /** The name of its executable without an ending, and its name for `exec --agent`. */
  readonly name: string
  readonly title: string
  /** The arguments of its user, changed so that it prints what `read` understands. */
  readonly readable: (given: ReadonlyArray<string>) => ReadonlyArray<string>
  /** Whether it prints whatever its agent does, so that a long silence means something. */
  readonly is_stream: boolean
  /** Reads the next object that it prints. */
  readonly read: (turn: Turn, object: JsonObject) => Turn
  /** Reads the next line that it prints to standard error, if what it says there matters. */
  readonly readError?: (turn: Turn, line: string) => Turn
  /** Lines on its standard error that say nothing about a failure. */
  readonly noise: RegExp
  /** How its user allows what was denied. */
  readonly remedy: string
}

/** The arguments with others, before a `--`. */
export const withArguments = (given: ReadonlyArray<string>, ...more: ReadonlyArray<string>): ReadonlyArray<string> => {
  const end = given.indexOf("--")
  return end === -1 ? [...given, ...more] : [...given.slice(0, end), ...more, ...given.slice(end)]
}

/** The arguments with a flag, once. */
export const withFlag = (given: ReadonlyArray<string>, flag: string): ReadonlyArray<string> =>
  given.includes(flag) ? given : withArguments(given, flag)

/** The arguments with an option that has this value, in place of the value that it had. */
export const withOption = (
  given: ReadonlyArray<string>,
  names: ReadonlyArray<string>,
  value: string
): ReadonlyArray<string> => {
  const [name = ""] = names
  const at = given.findIndex((argument) => names.some((one) => argument === one || argument.startsWith(`${one}=`)))
  if (at === -1) return withArguments(given, name, value)
  const isAttached = given[at]?.includes("=") ?? false
  return [...given.slice(0, at), name, value, ...given.slice(at + (isAttached ? 1 : 2))]
}
