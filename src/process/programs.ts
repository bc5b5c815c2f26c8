import * as Effect from "effect/Effect"
import { accessSync, closeSync, constants, openSync, readFileSync, readSync, statSync } from "node:fs"
import { stat } from "node:fs/promises"
import { delimiter, resolve, win32 } from "node:path"
import { fileURLToPath } from "node:url"
import { type Platform, platform } from "../platform.ts"
import { behindExec, type WakeCommand } from "./arguments.ts"

export type Environment = Readonly<Record<string, string | undefined>>

/** A command with its program found, or the reason why the program cannot be run. */
type Resolved =
  | { readonly _tag: "Found"; readonly command: ReadonlyArray<string> }
  | { readonly _tag: "Impossible"; readonly reason: string }

const found = (command: ReadonlyArray<string>): Resolved => ({ _tag: "Found", command })
const impossible = (reason: string): Resolved => ({ _tag: "Impossible", reason })

/** The sentence for a program that cannot be run; `code` is the system's. */
export const programProblem = (program: string, code: "ENOENT" | "EACCES"): string =>
  code === "ENOENT"
    ? `there is no program ${program} where the sidecar looks for it (its PATH): install it, or give its whole path`
    : `the program ${program} cannot be run: permission denied`

/** The build puts every file of the bundle beside main.js, and bin/ too. */
const beside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))

/** The folder that holds only `agentcom-sidecar`, for the PATH of a wake. */
export const ownBin = beside("./bin")

/** The name of the PATH variable; Windows writes it in any case of letters. */
const pathName = (environment: Environment): string =>
  Object.keys(environment).find((name) => name.toUpperCase() === "PATH") ?? "PATH"

/** The PATH where the environment has none. */
const systemPath = "/usr/bin:/bin"

/** The PATH with the folder of our own program in front, so that a wake command finds it even if it is not installed. */
export const withOwnBin = (inherited: Environment, on: Platform): Record<string, string> => {
  const name = pathName(inherited)
  return { [name]: [ownBin, inherited[name] ?? systemPath].join(on === "windows" ? ";" : ":") }
}

const isFile = (path: string): boolean => {
  try {
    return statSync(path).isFile()
  } catch {
    return false // a file that cannot be looked at cannot be run either
  }
}

export const isRunnable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

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
    return "" // a file that may be run but not read is no script
  }
}

/** The programs that the first line of a script names: the interpreter, and for `env` also the program it looks for. */
const interpretersIn = (line: string): ReadonlyArray<string> => {
  const [interpreter = "", ...words] = line.slice(2).trim().split(/\s+/)
  const sought = /(?:^|\/)env$/.test(interpreter) ? words.find((word) => !/^-|=/.test(word)) : undefined
  return sought === undefined ? [interpreter] : [interpreter, sought]
}

/** Why the system would say "not found" of a script that is there: its first line names a program that is not. */
const scriptProblem = (name: string, path: string, isThere: (program: string) => boolean): string | undefined => {
  const line = firstLineOf(path)
  if (!line.startsWith("#!")) return undefined
  if (line.endsWith("\r")) {
    return `${name} has the line ends of Windows (CRLF), with which its interpreter is not found: save it with LF`
  }
  const missing = interpretersIn(line).find((program) => !isThere(program))
  return missing === undefined
    ? undefined
    : `${name} is a script for ${missing}, which is not there: install that, or fix the first line of the script`
}

const resolveOnPosix = (command: ReadonlyArray<string>, path: string, cwd: string): Resolved => {
  const filesOf = (program: string): ReadonlyArray<string> =>
    (program.includes("/") ? [""] : path.split(delimiter))
      .map((folder) => resolve(cwd, folder, program))
      .filter(isFile)
  const [program = ""] = command
  const files = filesOf(program)
  const runnable = files.find(isRunnable)
  if (runnable === undefined) return impossible(programProblem(program, files.length > 0 ? "EACCES" : "ENOENT"))
  const problem = scriptProblem(program, runnable, (interpreter) => filesOf(interpreter).some(isRunnable))
  if (problem !== undefined) return impossible(problem)
  // The agent may work in another folder than the one that the program is named from.
  return found(program.includes("/") ? [runnable, ...command.slice(1)] : command)
}

/** Where and with what a program is looked for on Windows. */
export interface WindowsPlace {
  readonly cwd: string
  readonly path: string // the PATH
  readonly exists: (path: string) => boolean
  readonly read: (path: string) => string // a text file
  readonly node: string // the Node.js that runs us
  readonly main: string // our own entry
}

const endings = [".exe", ".com", ".cmd", ".bat"]

const locate = (program: string, { cwd, exists, path }: WindowsPlace): string | undefined => {
  const folders = /[\\/]|^[A-Za-z]:/.test(program) ? [cwd] : path.split(";").filter((folder) => folder !== "")
  const hasEnding = endings.includes(win32.extname(program).toLowerCase())
  return folders
    .map((folder) => folder.replace(/^"(.*)"$/, "$1"))
    .flatMap((folder) => (hasEnding ? [""] : endings).map((ending) => win32.resolve(folder, `${program}${ending}`)))
    .find(exists)
}

const here = String.raw`"%(?:~dp0|dp0%)\\?`
const nodeShim = new RegExp(
  String.raw`(?:"%_prog%"|"?node(?:\.exe)?"?)\s+((?:-[^\s"%]+\s+)*)${here}([^"%]+\.[cm]?js)"\s+%\*`
)
const exeShim = new RegExp(String.raw`^@?${here}([^"%]+\.exe)"\s+%\*`, "m")

/** What a shim made by npm or pnpm runs before its arguments; undefined for any other batch file. */
const behindShim = (shim: string, place: WindowsPlace): ReadonlyArray<string> | undefined => {
  const folder = win32.dirname(shim)
  const text = place.read(shim)
  const exe = exeShim.exec(text)?.[1]
  if (exe !== undefined) return [win32.resolve(folder, exe)]
  const [, options = "", script] = nodeShim.exec(text) ?? []
  if (script === undefined || /_prog=(?!node"|%dp0%\\node\.exe")/.test(text)) return undefined
  const neighbour = win32.join(folder, "node.exe")
  const node = place.exists(neighbour) ? neighbour : locate("node.exe", place) ?? place.node
  return [node, ...options.split(/\s+/).filter((option) => option !== ""), win32.resolve(folder, script)]
}

/**
 * The command in a form that runs without cmd.exe, which would read the arguments of a batch file as commands. A `.cmd`
 * shim becomes what it runs; any other batch file is refused.
 */
export const resolveOnWindows = ([program = "", ...rest]: ReadonlyArray<string>, place: WindowsPlace): Resolved => {
  if (/^agentcom-sidecar(?:\.cmd)?$/i.test(program)) return found([place.node, place.main, ...rest])
  const file = locate(program, place)
  if (file === undefined) return impossible(programProblem(program, "ENOENT"))
  if (/\.(?:exe|com)$/i.test(file)) return found([file, ...rest])
  const behind = behindShim(file, place)
  return behind === undefined
    ? impossible(
      `${file} is a batch file, and cmd.exe would read its arguments as commands: name the program that it runs`
    )
    : found([...behind, ...rest])
}

/** Looks for the program of a command where this system looks for it, and says why if it cannot be run. */
export const findProgram = (command: ReadonlyArray<string>, environment: Environment, cwd: string): Resolved => {
  const path = environment[pathName(environment)]
  return platform === "windows"
    ? resolveOnWindows(command, {
      cwd,
      path: path ?? "",
      exists: isFile,
      read: (file) => readFileSync(file, "utf8"),
      node: process.execPath,
      main: beside("./main.js")
    })
    : resolveOnPosix(command, path ?? systemPath, cwd)
}

const shellOf = (environment: Environment): string =>
  platform === "windows" ? environment["ComSpec"] ?? "cmd.exe" : "/bin/sh"

/** The commands of a wake: a list itself and the command behind our `exec`; for a line only the shell, which does its own search. */
const commandsIn = (command: WakeCommand, environment: Environment): ReadonlyArray<ReadonlyArray<string>> => {
  if (typeof command === "string") return [[shellOf(environment)]]
  const agent = behindExec(command) ?? []
  // A program that is a placeholder is known only in the wake of a task.
  return [command, agent].filter(([program = "{"]) => !program.includes("{"))
}

/** Why a program that a wake of this command needs cannot be run here; undefined if each can. */
export const programProblemIn = (command: WakeCommand, environment: Environment, cwd: string): string | undefined => {
  for (const needed of commandsIn(command, environment)) {
    const resolved = findProgram(needed, environment, cwd)
    if (resolved._tag === "Impossible") return resolved.reason
  }
  return undefined
}

/** The paths at which a word of a command may name a file. */
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

/** A text that changes when a program or script that the command names is installed, replaced or removed. */
export const programVersions = (command: WakeCommand, environment: Environment, cwd: string): Effect.Effect<string> => {
  const paths = commandsIn(command, environment).flatMap((words) =>
    words.flatMap((word, index) => /^-|\{/.test(word) ? [] : placesOf(word, index === 0, environment, cwd))
  )
  return Effect.map(Effect.forEach([...new Set(paths)], versionAt), (versions) => versions.join(""))
}
