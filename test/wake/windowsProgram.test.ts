import { describe, expect, it } from "@effect/vitest"
import { resolveOnWindows, type WindowsPlace } from "../../src/process/programs.ts"

const npm = "C:\\Users\\a\\AppData\\Roaming\\npm"

/** What npm's cmd-shim writes, with the parts that differ. */
const npmShim = (line: string) =>
  `@ECHO off\r
GOTO start\r
:find_dp0\r
SET dp0=%~dp0\r
EXIT /b\r
:start\r
SETLOCAL\r
CALL :find_dp0\r
\r
IF EXIST "%dp0%\\node.exe" (\r
  SET "_prog=%dp0%\\node.exe"\r
) ELSE (\r
  SET "_prog=node"\r
  SET PATHEXT=%PATHEXT:;.JS;=;%\r
)\r
\r
endLocal & goto #_undefined_# 2>NUL || title %COMSPEC% & ${line}\r
`

const pnpmShim = `@SETLOCAL\r
@IF EXIST "%~dp0\\node.exe" (\r
  "%~dp0\\node.exe"  "%~dp0\\..\\codex\\bin\\codex.js" %*\r
) ELSE (\r
  @SET PATHEXT=%PATHEXT:;.JS;=;%\r
  node  "%~dp0\\..\\codex\\bin\\codex.js" %*\r
)\r
`

const files: Readonly<Record<string, string>> = {
  [`${npm}\\claude.cmd`]: npmShim(`"%_prog%"  "%dp0%\\node_modules\\@anthropic-ai\\claude-code\\cli.js" %*`),
  [`${npm}\\gemini.cmd`]: npmShim(`"%_prog%" --no-warnings=DEP0040 "%dp0%\\node_modules\\gemini\\index.mjs" %*`),
  [`${npm}\\native.cmd`]: `@ECHO off\r\nCALL :find_dp0\r\n"%dp0%\\node_modules\\native\\bin\\native.exe"   %*\r\n`,
  [`${npm}\\codex.cmd`]: pnpmShim,
  [`${npm}\\snake.cmd`]: npmShim(`"%_prog%"  "%dp0%\\node_modules\\snake\\cli.js" %*`).replace(
    "_prog=node\"",
    "_prog=python\""
  ),
  [`${npm}\\own.bat`]: "@echo %*\r\n",
  "C:\\tools\\git.exe": "",
  "C:\\Program Files\\nodejs\\node.exe": "",
  "D:\\agent\\run.exe": ""
}

const place: WindowsPlace = {
  cwd: "D:\\agent",
  path: `C:\\tools;"C:\\Program Files\\nodejs";;${npm}`,
  exists: (path) => Object.hasOwn(files, path),
  read: (path) => files[path] ?? "",
  node: "C:\\sidecar\\node.exe",
  main: "C:\\sidecar\\dist\\main.js"
}

const found = (...command: ReadonlyArray<string>) => ({ _tag: "Found", command })
const node = "C:\\Program Files\\nodejs\\node.exe"

describe("a program on Windows", () => {
  it("is looked for in the PATH by its endings, or where its path says, and run by its whole path", () => {
    expect(resolveOnWindows(["git", "status", "& calc"], place)).toEqual(
      found("C:\\tools\\git.exe", "status", "& calc")
    )
    expect(resolveOnWindows(["GIT.exe"], { ...place, exists: () => true })).toMatchObject({ _tag: "Found" })
    expect(resolveOnWindows([".\\run"], place)).toEqual(found("D:\\agent\\run.exe"))
    expect(resolveOnWindows(["D:/agent/run.exe"], place)).toEqual(found("D:\\agent\\run.exe"))
  })

  it("that is a shim of npm or pnpm is resolved to what it runs, so that no cmd.exe reads its arguments", () => {
    expect(resolveOnWindows(["claude", "-p", "& calc"], place)).toEqual(
      found(node, `${npm}\\node_modules\\@anthropic-ai\\claude-code\\cli.js`, "-p", "& calc")
    )
    expect(resolveOnWindows(["gemini.cmd"], place)).toEqual(
      found(node, "--no-warnings=DEP0040", `${npm}\\node_modules\\gemini\\index.mjs`)
    )
    expect(resolveOnWindows(["native", "x"], place)).toEqual(
      found(`${npm}\\node_modules\\native\\bin\\native.exe`, "x")
    )
    expect(resolveOnWindows(["codex"], place)).toEqual(
      found(node, "C:\\Users\\a\\AppData\\Roaming\\codex\\bin\\codex.js")
    )
  })

  it("that is a shim is run by the Node.js beside it, else by that of the PATH, else by ours", () => {
    const beside = { ...place, exists: (path: string) => path === `${npm}\\node.exe` || place.exists(path) }
    expect(resolveOnWindows(["claude"], beside)).toMatchObject({ command: [`${npm}\\node.exe`, expect.anything()] })
    expect(resolveOnWindows(["claude"], { ...place, path: npm })).toMatchObject({
      command: ["C:\\sidecar\\node.exe", expect.anything()]
    })
  })

  it("that is any other batch file is refused with what to do", () => {
    for (const name of ["own", "own.bat", "snake"]) {
      expect(resolveOnWindows([name, "x"], place)).toEqual({
        _tag: "Impossible",
        reason: expect.stringMatching(/\\(?:own|snake)\.(?:bat|cmd) is a batch file, .* name the program that it runs$/)
      })
    }
  })

  it("that is missing is named", () => {
    expect(resolveOnWindows(["nowhere"], place)).toMatchObject({
      reason: expect.stringContaining("no program nowhere ")
    })
    expect(resolveOnWindows(["run"], place)).toMatchObject({ _tag: "Impossible" })
  })

  it("that is our own is run by the Node.js that runs us", () => {
    expect(resolveOnWindows(["agentcom-sidecar", "exec", "--", "x"], place)).toEqual(
      found("C:\\sidecar\\node.exe", "C:\\sidecar\\dist\\main.js", "exec", "--", "x")
    )
  })
})
