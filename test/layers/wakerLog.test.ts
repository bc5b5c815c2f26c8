import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { mkdirSync, openSync, statSync, symlinkSync, writeFileSync } from "node:fs"
import { processLimits } from "../../src/process/limits.ts"
import { boundLog } from "../../src/process/taskLog.ts"
import { type Folder, makeFolder, taskOf, token, until, wakerOf, wokenTask } from "./support.ts"

const wakeId = "g2a1t1795000000002"
const MiB = 1024 * 1024
const justCut = processLimits.log_head_bytes + processLimits.log_tail_bytes + 1024

const sizeOf = (folder: Folder) => folder.has("tasks", "t1.log") ? statSync(folder.file("tasks", "t1.log")).size : 0

/** Prints so many MiB of lines. */
const print = (mib: number) => `yes 0123456789abcde | head -c ${mib * MiB}`

const untilCut = (folder: Folder) =>
  until("the log is cut", () => folder.has("tasks", "t1.log") && folder.read("tasks", "t1.log").includes("left out"))

/** What is printed after the last cut may be as much as needs none. */
const untilWithinLimit = (folder: Folder) =>
  until("the log is within its limit", () => sizeOf(folder) <= processLimits.log_bytes)

describe("what a wake command prints", () => {
  it.live(
    "is bounded on disk while it runs, keeps its beginning and its end, and its last words are quoted",
    () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        const waker = yield* wakerOf(folder, {
          wake_command: `echo begin; ${
            print(100)
          }; touch printed; while [ ! -e go ]; do sleep 0.02; done; echo the last words; exit 3`
        })
        const { end } = yield* waker.wake(taskOf("t1"), wakeId)
        yield* until("all is printed", () => folder.has("printed"))
        yield* untilCut(folder)
        yield* untilWithinLimit(folder)
        const log = folder.read("tasks", "t1.log")
        expect(log.startsWith("begin\n0123456789abcde\n")).toBe(true)
        expect(log.split("left out")).toHaveLength(2)
        writeFileSync(folder.file("go"), "")
        const { code, output } = yield* end
        expect(code).toBe(3)
        expect(output).toMatch(/^[^\n]*\n(?:0123456789abcde\n)+the last words$/)
        expect(output.length).toBeLessThanOrEqual(processLimits.output_tail_chars)
        expect(folder.events).toEqual([])
      })
  )

  it.live("loses none of its last lines, whenever it is cut", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      mkdirSync(folder.file("tasks"))
      const path = folder.file("tasks", "t1.log")
      const script = "const fs = require('node:fs'); const fill = 'x'.repeat(65_536)\n" +
        "const pause = new Int32Array(new SharedArrayBuffer(4))\n" +
        "for (let i = 0; i < 400; i++) { fs.writeSync(1, fill + '\\n' + i + ' is here\\n'); Atomics.wait(pause, 0, 0, 1) }"
      const writer = spawn(process.execPath, ["-e", script], { stdio: ["ignore", openSync(path, "a"), "inherit"] })
      const ended = yield* Deferred.make<void>()
      writer.once("exit", () => Deferred.doneUnsafe(ended, Effect.void))
      const cutting = Effect.forever(Effect.andThen(boundLog(path), Effect.sleep(1)))
      yield* Effect.raceFirst(Deferred.await(ended), cutting)
      yield* boundLog(path)
      const kept = folder.read("tasks", "t1.log").split("left out").at(-1) ?? ""
      const numbers = [...kept.matchAll(/^(\d+) is here$/gm)].map(([, number]) => Number(number))
      expect(numbers.at(-1)).toBe(399)
      expect(numbers.length).toBeGreaterThan(10)
    }))

  it.live("is bounded by a later life of the daemon as well, which quotes its end too", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const wake_command = `echo $$ > pid; while [ ! -e go ]; do sleep 0.02; done; ${print(20)}; echo done; ` +
        "while [ ! -e end ]; do sleep 0.02; done; echo the end"
      yield* Effect.scoped(Effect.andThen(
        wakerOf(folder, { wake_command }),
        (waker) => waker.wake(taskOf("t1"), wakeId)
      ))
      yield* folder.pid("pid")
      writeFileSync(folder.file("go"), "")
      yield* until("all is printed", () => folder.read("tasks", "t1.log").endsWith("done\n"))
      expect(sizeOf(folder)).toBeGreaterThan(20 * MiB)
      const after = yield* wakerOf(folder)
      expect(yield* after.inspect(wokenTask("t1", wakeId))).toMatchObject({ process: "alive" })
      yield* untilCut(folder)
      expect(sizeOf(folder)).toBeLessThan(justCut)
      writeFileSync(folder.file("end"), "")
      expect((yield* after.adopt(wokenTask("t1", wakeId), wakeId)).output).toMatch(/\ndone\nthe end$/)
    }))

  it.live(
    "is bounded while only what the command left running prints",
    () =>
      Effect.gen(function*() {
        const folder = yield* makeFolder
        const waker = yield* wakerOf(folder, {
          wake_command: `(while [ ! -e go ]; do sleep 0.02; done; ${print(20)}; echo $$ > printed; sleep 60) & exit 0`
        })
        yield* Effect.flatMap(waker.wake(taskOf("t1"), wakeId), ({ end }) => end)
        writeFileSync(folder.file("go"), "")
        yield* folder.pid("printed")
        yield* untilCut(folder)
        yield* untilWithinLimit(folder)
        expect(yield* waker.stop("t1", 0)).toBe(true)
      })
  )

  it.live("of the wakes before leaves room for this one, whose output alone is quoted", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, {
        wake_command: `if [ -e again ]; then ${print(8)}; while [ ! -e go ]; do sleep 0.02; done; echo second; ` +
          `else touch again; ${print(3)}; echo first; fi`
      })
      const first = yield* Effect.flatMap(waker.wake(taskOf("t1"), wakeId), ({ end }) => end)
      expect(first.output).toMatch(/\nfirst$/)
      const { end } = yield* waker.wake(taskOf("t1"), "g2a2t3")
      yield* untilCut(folder)
      yield* untilWithinLimit(folder)
      const log = folder.read("tasks", "t1.log")
      expect(log.slice(0, processLimits.earlier_log_bytes)).toMatch(/\nfirst\n/)
      writeFileSync(folder.file("go"), "")
      expect((yield* end).output).toMatch(/^[^\n]*\n(?:0123456789abcde\n)+second$/)
    }))

  it.live("that empties its own log is quoted from the beginning", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const waker = yield* wakerOf(folder, {
        wake_command: `if [ -e again ]; then : > "tasks/t1.log"; echo small; else touch again; ${print(1)}; fi`
      })
      yield* Effect.flatMap(waker.wake(taskOf("t1"), wakeId), ({ end }) => end)
      const { end } = yield* waker.wake(taskOf("t1"), "g2a2t3")
      expect((yield* end).output).toBe("small")
    }))

  it.live("is quoted without the token, however much of it stands there", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      const secret = `${"s3cret".repeat(600)}.end`
      yield* Effect.acquireRelease(
        Effect.sync(() => Object.assign(process.env, { SOME_API_KEY: secret })),
        () => Effect.sync(() => delete process.env["SOME_API_KEY"])
      )
      const waker = yield* wakerOf(folder, {
        wake_command: `printf '%s\\n' "$SOME_API_KEY" "$SOME_API_KEY" "token ${token}" "last words"`
      })
      const { output } = yield* Effect.flatMap(waker.wake(taskOf("t1"), wakeId), ({ end }) => end)
      expect(output).toBe("<redacted>\n<redacted>\ntoken <redacted>\nlast words")
    }))

  it.live("never touches what is no log: a link in its place leads to a file that stays whole", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder
      writeFileSync(folder.file("theirs"), "x".repeat(5 * MiB))
      symlinkSync(folder.file("theirs"), folder.file("link"))
      yield* boundLog(folder.file("link"))
      yield* boundLog(folder.path)
      yield* boundLog(folder.file("missing"))
      expect(statSync(folder.file("theirs")).size).toBe(5 * MiB)
    }))
})
