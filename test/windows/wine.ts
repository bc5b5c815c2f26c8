import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { delimiter, join } from "node:path"

/** Where Debian keeps it, which puts no `wine64` on the PATH. */
const debian = "/usr/lib/wine/wine64"

/** The program that runs Windows programs; undefined where there is none. */
export const findWine = (): string | undefined => {
  const folders = (process.env["PATH"] ?? "").split(delimiter)
  return [debian, ...folders.map((folder) => join(folder, "wine64")), ...folders.map((folder) => join(folder, "wine"))]
    .find((path) => existsSync(path))
}

export const wineMissing =
  "test:windows runs Windows programs by Wine, and there is none here: apt-get install --no-install-recommends wine64\n"

/** What the tests run with; all paths are those of this system. */
export interface Windows {
  readonly wine: string
  readonly node: string // node.exe
  readonly app: string // the folder that holds dist/
  readonly prefix: string
}

/** The environment of a Windows program, and nothing of ours: no display, nothing that wants one, UTF-8 file names. */
export const wineEnvironment = (prefix: string): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  HOME: process.env["HOME"] ?? prefix,
  LC_ALL: "C.UTF-8",
  WINEPREFIX: prefix,
  WINEDEBUG: "-all",
  WINEDLLOVERRIDES: "mscoree,mshtml,winemenubuilder.exe="
})

/** The same path as Windows programs know it. */
export const inWindows = (path: string): string => `Z:${path.replaceAll("/", "\\")}`

/** Runs a program to its end, which has to be exit code 0. */
export const runToEnd = (file: string, args: ReadonlyArray<string>, env: NodeJS.ProcessEnv = process.env) =>
  new Promise<void>((resolve, reject) => {
    const child = spawn(file, args, { env, stdio: ["ignore", "ignore", "inherit"] })
    child.once("error", reject)
    child.once(
      "exit",
      (code, signal) =>
        code === 0 ? resolve() : reject(new Error(`${file} ${args.join(" ")} ended with ${code ?? signal}`))
    )
  })
