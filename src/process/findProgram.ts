import { accessSync, constants, readFileSync, statSync } from "node:fs"
import { delimiter, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { type Platform, platform } from "../platform.ts"
import { interpreterProblem } from "./interpreter.ts"
import { programProblem } from "./missingProgram.ts"
import type { Resolved } from "./windowsProgram.ts"
import { resolveOnWindows } from "./windowsProgram.ts"

/** Every file of the bundle lies beside main.js, and bin/ beside that. */
const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The folder with nothing but `agentcom-sidecar` in it, for the PATH of a wake. */
export const ownBin = beside("./bin")

export type Environment = Readonly<Record<string, string | undefined>>

/** The value of the PATH, whose name is written in any case on Windows. */
export const pathName = (environment: Environment): string =>
  Object.keys(environment).find((name) => name.toUpperCase() === "PATH") ?? "PATH"

const isFile = (path: string): boolean => {
  try {
    return statSync(path).isFile()
  } catch {
    return false // nobody can run what cannot be looked at
  }
}

const isRunnable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Where there is no PATH at all. */
export const systemPath = "/usr/bin:/bin"

const filesOf = (program: string, path: string, cwd: string): ReadonlyArray<string> => {
  const folders = program.includes("/") ? [""] : path.split(delimiter)
  return folders.map((folder) => resolve(cwd, folder, program)).filter(isFile)
}

const posixProblem = (program: string, path: string, cwd: string): string | undefined => {
  const found = filesOf(program, path, cwd)
  const runnable = found.find(isRunnable)
  return runnable === undefined
    ? programProblem(program, found.length > 0 ? "EACCES" : "ENOENT")
    : interpreterProblem(program, runnable, (interpreter) => filesOf(interpreter, path, cwd).some(isRunnable))
}

/** The PATH with the folder of our own program in front, so that a wake command finds it where it is not installed. */
export const withOwnBin = (inherited: Environment, on: Platform): Record<string, string> => {
  const name = pathName(inherited)
  return { [name]: [ownBin, inherited[name] ?? systemPath].join(on === "windows" ? ";" : ":") }
}

/** Looks for the program of a command where the system would, or on Windows where it should; says why it cannot be run. */
export const findProgram = (command: ReadonlyArray<string>, environment: Environment, cwd: string): Resolved => {
  const path = environment[pathName(environment)]
  if (platform === "windows") {
    return resolveOnWindows(command, {
      cwd,
      path: path ?? "",
      exists: isFile,
      read: (file) => readFileSync(file, "utf8"),
      node: process.execPath,
      main: beside("./main.js")
    })
  }
  const reason = posixProblem(command[0] ?? "", path ?? systemPath, cwd)
  return reason === undefined ? { _tag: "Found", command } : { _tag: "Impossible", reason }
}
