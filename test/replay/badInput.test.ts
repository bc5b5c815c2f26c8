import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn, spawnSync } from "node:child_process"
import { once } from "node:events"
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { patience_ms } from "../support/patience.ts"
import { recordings } from "./support.ts"

const program = resolve("dist/main.js")
const own = resolve("test/fixtures/sessions/happy.jsonl")

/** A folder with everything that could be given by mistake. The program starts in it. */
const folder = Effect.acquireRelease(
  Effect.sync(() => {
    const path = mkdtempSync(join(tmpdir(), "sidecar-bad-"))
    mkdirSync(join(path, "folder"))
    writeFileSync(join(path, "empty"), "")
    symlinkSync("loop", join(path, "loop"))
    writeFileSync(join(path, "blank"), "\n\n\n")
    writeFileSync(join(path, "binary"), Uint8Array.from({ length: 4_096 }, (_, index) => index * 151 % 256))
    copyFileSync(own, join(path, "same.jsonl"))
    copyFileSync(join(recordings, "blip.jsonl"), join(path, "differs.jsonl"))
    expect(spawnSync("mkfifo", [join(path, "pipe")]).status).toBe(0)
    return path
  }),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const run = (cwd: string, ...args: ReadonlyArray<string>) => {
  const { status, stderr, stdout } = spawnSync(process.execPath, [program, "--dry-run", ...args], {
    cwd,
    encoding: "utf8",
    input: "",
    timeout: patience_ms
  })
  return { status, stdout, stderr }
}

const unusable = [
  ["missing", "missing: cannot be read: there is no such file"],
  ["empty/missing", "empty/missing: cannot be read: a part of its path is no folder"],
  ["folder", "folder: cannot be read: it is a folder"],
  ["loop", "loop: cannot be read: its links lead in a circle"],
  ["empty", "empty: not a recording: it is empty"],
  ["blank", "blank: not a recording: it is empty"],
  ["binary", "binary:1: not a recording: not a line of a recording"],
  ["pipe", "pipe: not a recording: it is empty"],
  ["-", "standard input: not a recording: it is empty"]
] as const

const notWritten = [
  ["--html", "nowhere/page.html", "the page was not written: there is no such folder"],
  ["--html", "folder", "the page was not written: it is a folder"],
  ["--html", "pipe", "the page was not written: it is a pipe"],
  ["--html", "differs.jsonl", "the page was not written: there is a file that is no page"],
  ["--minimize", "nowhere/short.jsonl", "the differing step was not written: there is no such folder"],
  ["--minimize", "folder", "the differing step was not written: there is a file already"],
  ["--minimize", "pipe", "the differing step was not written: there is a file already"],
  ["--minimize", "differs.jsonl", "the differing step was not written: there is a file already"]
] as const

describe("agentcom-sidecar --dry-run, given what it cannot use,", () => {
  it.effect.each(unusable)(
    "%s: says so in a sentence and exits with 65, also with --minimize and --html",
    ([file, sentence]) =>
      Effect.gen(function*() {
        const path = yield* folder
        for (const options of [[], ["--minimize"], ["--minimize", "short.jsonl"], ["--html", "page.html"]]) {
          expect(run(path, file, ...options)).toEqual({
            status: 65,
            stdout: "",
            stderr: `agentcom-sidecar: ${sentence}\n`
          })
        }
        for (const name of ["short.jsonl", "page.html"]) expect(() => readFileSync(join(path, name))).toThrow(/ENOENT/)
      })
  )

  it.effect.each(notWritten)(
    "%s %s: says why nothing was written and exits with 2",
    ([option, file, sentence]) =>
      Effect.gen(function*() {
        const path = yield* folder
        const before = readFileSync(join(path, "differs.jsonl"), "utf8")
        expect(run(path, "differs.jsonl", option, file)).toMatchObject({
          status: 2,
          stderr: `agentcom-sidecar: ${file}: ${sentence}\n`
        })
        expect(readFileSync(join(path, "differs.jsonl"), "utf8")).toBe(before)
      })
  )

  it.effect("standard input twice, a page on standard output, or --minimize where nothing is expected: exits with 2", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const misused = (problem: string) => ({
        status: 2,
        stdout: "",
        stderr: `agentcom-sidecar: ${problem} (see agentcom-sidecar --help)\n`
      })
      expect(run(path, "-", "same.jsonl", "-")).toEqual(misused("- is standard input, which can be read once"))
      expect(run(path, "same.jsonl", "--html", "-")).toEqual(
        misused("--html takes a file: on standard output is the timeline")
      )
      expect(run(path, "differs.jsonl", "--expect", "none", "--minimize")).toEqual(
        misused("--expect none does not go with --minimize, as nothing differs then")
      )
    }))

  it.effect("files with facts beside one of frames only: replays both", () =>
    Effect.gen(function*() {
      const path = yield* folder
      expect(run(path, "differs.jsonl", "same.jsonl")).toMatchObject({ status: 1, stderr: "" })
      expect(run(path, "same.jsonl", "differs.jsonl", "--minimize")).toMatchObject({
        status: 1,
        stderr: expect.stringMatching(/^agentcom-sidecar: the first step that differs is at differs\.jsonl:\d+\n$/)
      })
    }))

  it.effect("the same file twice: takes it for two that follow each other", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const twice = run(path, "same.jsonl", "same.jsonl")
      expect(twice).toMatchObject({ status: 0, stderr: "" })
      expect(twice.stdout).toMatch(/woken: task-\w+ 2 times\n$/)
    }))

  it.effect("reads a named pipe to its end, and ends at once when it is asked to while its writer is silent", () =>
    Effect.gen(function*() {
      const path = yield* folder
      const inTwo = "exec > pipe; head -c 3000 same.jsonl; sleep 0.2; tail -c +3001 same.jsonl"
      spawn("sh", ["-c", inTwo], { cwd: path, stdio: "ignore" })
      const whole = replaying(path)
      expect(yield* Effect.promise(() => whole.ended)).toEqual({
        code: 0,
        errors: "",
        printed: run(path, "same.jsonl").stdout.replaceAll("same.jsonl", "pipe")
      })

      const silence = "exec 3> pipe; cat same.jsonl >&3; echo; exec sleep 60"
      const silent = spawn("sh", ["-c", silence], { cwd: path, stdio: ["ignore", "pipe", "ignore"] })
      const stopped = replaying(path)
      yield* Effect.promise(() => once(silent.stdout, "data"))
      stopped.child.kill("SIGTERM")
      expect(yield* Effect.promise(() => stopped.ended)).toMatchObject({ code: 143, errors: "" })
      silent.kill("SIGKILL")
    }))
})

const replaying = (cwd: string) => {
  const child = spawn(process.execPath, [program, "--dry-run", "pipe"], { cwd, stdio: ["ignore", "pipe", "pipe"] })
  const told = { printed: "", errors: "" }
  child.stdout.on("data", (chunk) => void (told.printed += String(chunk)))
  child.stderr.on("data", (chunk) => void (told.errors += String(chunk)))
  return { child, ended: once(child, "close").then(([code]: ReadonlyArray<unknown>) => ({ code, ...told })) }
}
