import { afterEach, beforeEach, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { appendFileSync, mkdtempSync, renameSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type LogOptions, parseSince, readLog } from "../../src/observe/logs/readLog.ts"
import { until } from "../support/daemon.ts"

let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sidecar-logs-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const file = () => join(folder, "sidecar.log")

/** 14:05:07.089 local time. */
const noon = new Date(2026, 4, 3, 14, 5, 7, 89).getTime()

const line = (event: string, fields: Record<string, unknown> = {}, at = noon): string =>
  `${JSON.stringify({ ts: new Date(at).toISOString(), event, agent_id: "a", ...fields })}\n`

const reading = (options: Partial<LogOptions> = {}) => {
  const lines: Array<string> = []
  const read = readLog({ log_file: file(), follow: false, since: undefined, task: undefined, ...options }, {
    lines: (more) => Effect.sync(() => void lines.push(...more)),
    pause: Effect.void
  })
  return { lines, read }
}

const shownBy = (options: Partial<LogOptions> = {}) => {
  const { lines, read } = reading(options)
  return Effect.as(read, lines)
}

describe("the log for people", () => {
  it.live("is an event a line with the local time, without what is the same in all", () =>
    Effect.gen(function*() {
      writeFileSync(file(), line("wake_ended", { task_id: "task-1", exit_code: null, reason: "two words" }))
      expect(yield* shownBy()).toEqual([
        "2026-05-03 14:05:07.089 wake_ended task_id=task-1 exit_code=null reason=\"two words\""
      ])
    }))

  it.live("shows what is no event as it is, and lets nothing move the terminal's cursor", () =>
    Effect.gen(function*() {
      writeFileSync(file(), "torn {\"ts\u001b[2J\n{\"ts\":\"never\",\"event\":\"x\"}\n[1]\nnot ended")
      appendFileSync(file(), `\n${line("file_trouble", { path: "a\u009bb", "\u001bkey": 1 })}`)
      expect(yield* shownBy()).toEqual([
        "torn {\"ts\\u001b[2J",
        "{\"ts\":\"never\",\"event\":\"x\"}",
        "[1]",
        "not ended",
        "2026-05-03 14:05:07.089 file_trouble path=\"a\\u009bb\" \"\\u001bkey\"=1"
      ])
    }))

  it.live("begins with the oldest of its rotated files, and ends with a line that has no end yet", () =>
    Effect.gen(function*() {
      writeFileSync(`${file()}.10`, line("shutdown", { n: 10 }))
      writeFileSync(`${file()}.2`, line("shutdown", { n: 2 }))
      writeFileSync(`${file()}.1`, line("shutdown", { n: 1 }))
      writeFileSync(`${file()}.old`, line("shutdown", { n: 99 }))
      writeFileSync(file(), line("shutdown", { n: 0 }).trimEnd())
      expect((yield* shownBy()).map((text) => text.split("n=")[1])).toEqual(["10", "2", "1", "0"])
    }))

  it.live("is nothing where there is no log", () =>
    Effect.gen(function*() {
      const { lines, read } = reading()
      expect(yield* read).toBe(false)
      expect(lines).toEqual([])
    }))

  it.live("says so of a log that cannot be read", () =>
    Effect.gen(function*() {
      const { read } = reading({ log_file: folder })
      expect((yield* Effect.flip(read)).message).toMatch(/cannot be read: EISDIR/)
    }))

  it.live("can be of one task, or of one batch of messages", () =>
    Effect.gen(function*() {
      writeFileSync(file(), line("startup") + line("files_kept", { task_id: "t1" }) + "nonsense\n")
      appendFileSync(file(), line("files_kept", { task_id: "t2" }))
      appendFileSync(file(), line("files_kept", { batch_id: "b1" }))
      expect(yield* shownBy({ task: "t2" })).toEqual(["2026-05-03 14:05:07.089 files_kept task_id=t2"])
      expect(yield* shownBy({ task: "b1" })).toEqual(["2026-05-03 14:05:07.089 files_kept batch_id=b1"])
    }))

  it.live("can begin at a moment; what is no event goes with the line before it", () =>
    Effect.gen(function*() {
      writeFileSync(file(), line("startup", {}, noon - 2_000) + "before\n" + line("shutdown") + "after\n")
      expect(yield* shownBy({ since: noon - 1_000 })).toEqual(["2026-05-03 14:05:07.089 shutdown", "after"])
    }))

  it.live("names a line that is too long to be one of ours by its size", () =>
    Effect.gen(function*() {
      writeFileSync(file(), `${"x".repeat(2 * 1024 * 1024)}\n`)
      expect(yield* shownBy()).toEqual(["(a line of 2097152 bytes)"])
    }))
})

describe("following the log", () => {
  it.live("shows what is added, through rotations and where it is made or emptied meanwhile, each line once", () =>
    Effect.gen(function*() {
      const { lines, read } = reading({ follow: true })
      const events = () => lines.map((text) => text.split(" ")[2])
      const following = yield* Effect.forkChild(read)
      writeFileSync(file(), line("one"))
      yield* until("the log is found", () => lines.length === 1)
      appendFileSync(file(), line("two"))
      renameSync(file(), `${file()}.1`)
      writeFileSync(file(), line("three"))
      renameSync(`${file()}.1`, `${file()}.2`)
      renameSync(file(), `${file()}.1`)
      writeFileSync(file(), line("four", { reason: "longer than what comes after it" }))
      yield* until("it went through two rotations", () => lines.length === 4)
      truncateSync(file())
      appendFileSync(file(), line("five").slice(0, 30))
      appendFileSync(file(), line("five").slice(30))
      yield* until("it was emptied", () => lines.length === 5)
      rmSync(file())
      writeFileSync(file(), line("six"))
      yield* until("it was removed", () => lines.length === 6)
      expect(events()).toEqual(["one", "two", "three", "four", "five", "six"])
      yield* Fiber.interrupt(following)
    }))
})

describe("--since", () => {
  const now = noon
  const cases: ReadonlyArray<readonly [text: string, at: number | undefined]> = [
    ["10m", now - 600_000],
    ["30s", now - 30_000],
    ["2h", now - 7_200_000],
    ["1d", now - 86_400_000],
    ["14:00", new Date(2026, 4, 3, 14, 0).getTime()],
    ["14:05:07", new Date(2026, 4, 3, 14, 5, 7).getTime()],
    ["23:50", new Date(2026, 4, 2, 23, 50).getTime()], // yesterday
    ["2026-05-01", new Date(2026, 4, 1).getTime()],
    ["2026-05-01T12:00", new Date(2026, 4, 1, 12).getTime()],
    ["2026-05-01 12:00", new Date(2026, 4, 1, 12).getTime()],
    ["2026-05-01T12:00:00Z", Date.UTC(2026, 4, 1, 12)],
    ["25:00", undefined],
    ["10 minutes", undefined],
    ["2026-13-01", undefined],
    ["1", undefined],
    ["yesterday", undefined]
  ]
  it.each(cases)("reads %s", (text, at) => {
    expect(parseSince(text, now)).toBe(at)
  })
})
