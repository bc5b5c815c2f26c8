import * as Effect from "effect/Effect"
import { stat } from "node:fs/promises"
import { delimiter, resolve } from "node:path"
import { platform } from "../platform.ts"
import { behindExec, type WakeCommand } from "./arguments.ts"
import { type Environment, findProgram, pathName, systemPath } from "./findProgram.ts"

const shellOf = (environment: Environment): string =>
  platform === "windows" ? environment["ComSpec"] ?? "cmd.exe" : "/bin/sh"

/** What a wake runs: of a list its program, and the one behind our `exec`; of a line only the shell, which looks by itself. */
const commandsIn = (command: WakeCommand, environment: Environment): ReadonlyArray<ReadonlyArray<string>> => {
  if (typeof command === "string") return [[shellOf(environment)]]
  const agent = behindExec(command) ?? []
  // What a placeholder stands for is known to the wake of a task alone.
  return [command, agent].filter(([program = "{"]) => !program.includes("{"))
}

/** Why a program that a wake of this command needs cannot be run here; undefined where each can. */
export const programProblemIn = (command: WakeCommand, environment: Environment, cwd: string): string | undefined => {
  for (const needed of commandsIn(command, environment)) {
    const found = findProgram(needed, environment, cwd)
    if (found._tag === "Impossible") return found.reason
  }
  return undefined
}

/** Where a word of a command may lead to a file. */
const placesOf = (word: string, isProgram: boolean, environment: Environment, cwd: string): ReadonlyArray<string> => {
  const path = environment[pathName(environment)] ?? systemPath
  const folders = isProgram && !/[\\/]/.test(word) ? path.split(delimiter) : [""]
  return folders.map((folder) => resolve(cwd, folder, word))
}

const versionAt = (path: string): Effect.Effect<string> =>
  Effect.tryPromise(() => stat(path)).pipe(
    Effect.map((stats) => stats.isFile() ? `${path} ${stats.dev}:${stats.ino} ${stats.size} ${stats.mtimeMs}\n` : ""),
    Effect.orElseSucceed(() => "")
  )

/** A text that changes when a program or a script that the command names is installed, replaced or removed. */
export const programVersions = (command: WakeCommand, environment: Environment, cwd: string): Effect.Effect<string> => {
  const paths = commandsIn(command, environment).flatMap((words) =>
    words.flatMap((word, index) => /^-|\{/.test(word) ? [] : placesOf(word, index === 0, environment, cwd))
  )
  return Effect.map(Effect.forEach([...new Set(paths)], versionAt), (versions) => versions.join(""))
}
