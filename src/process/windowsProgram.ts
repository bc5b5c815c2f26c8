import { win32 } from "node:path"
import { programProblem } from "./missingProgram.ts"

/** What a program is looked for with on Windows. */
export interface WindowsPlace {
  readonly cwd: string
  readonly path: string // the PATH
  readonly exists: (path: string) => boolean
  readonly read: (path: string) => string // a text file
  readonly node: string // the Node.js that runs us
  readonly main: string // our own entry
}

export type Resolved =
  | { readonly _tag: "Found"; readonly command: ReadonlyArray<string> }
  | { readonly _tag: "Impossible"; readonly reason: string }

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

/** What a shim made by npm or pnpm runs, in front of its arguments; undefined for any other batch file. */
const behindShim = (shim: string, place: WindowsPlace): ReadonlyArray<string> | undefined => {
  const folder = win32.dirname(shim)
  const text = place.read(shim)
  const exe = exeShim.exec(text)?.[1]
  if (exe !== undefined) return [win32.resolve(folder, exe)]
  const [, options = "", script] = nodeShim.exec(text) ?? []
  if (script === undefined || /_prog=(?!node"|%dp0%\\node\.exe")/.test(text)) return undefined
  const beside = win32.join(folder, "node.exe")
  const node = place.exists(beside) ? beside : locate("node.exe", place) ?? place.node
  return [node, ...options.split(/\s+/).filter((option) => option !== ""), win32.resolve(folder, script)]
}

/**
 * The command as it can be run without cmd.exe, which reads the arguments of a batch file as commands: a `.cmd` shim is
 * resolved to what it runs, any other batch file refused.
 */
export const resolveOnWindows = ([program = "", ...rest]: ReadonlyArray<string>, place: WindowsPlace): Resolved => {
  if (/^agentcom-sidecar(?:\.cmd)?$/i.test(program)) {
    return { _tag: "Found", command: [place.node, place.main, ...rest] }
  }
  const file = locate(program, place)
  if (file === undefined) return { _tag: "Impossible", reason: programProblem(program, "ENOENT") }
  if (/\.(?:exe|com)$/i.test(file)) return { _tag: "Found", command: [file, ...rest] }
  const behind = behindShim(file, place)
  return behind === undefined
    ? {
      _tag: "Impossible",
      reason: `${file} is a batch file, and cmd.exe would read its arguments as commands: name the program that it runs`
    }
    : { _tag: "Found", command: [...behind, ...rest] }
}
