import { afterEach, beforeEach, describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Runtime from "effect/Runtime"
import * as TestClock from "effect/testing/TestClock"
import { spawnSync } from "node:child_process"
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
  writeSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Command } from "../../src/domain/Command.ts"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import type { Message } from "../../src/domain/Message.ts"
import { emptyStore, initialState, type SidecarState } from "../../src/domain/SidecarState.ts"
import { loggerMemory } from "../../src/layers/Loggers.ts"
import { limits } from "../../src/limits.ts"
import { makeEntries, makeRecorder, record_excerpt_chars } from "../../src/observe/record/record.ts"
import { record_file_bytes } from "../../src/observe/record/recordFile.ts"
import { redaction } from "../../src/observe/record/redact.ts"
import { type Entry, type Header, lineOf, parseEntry } from "../../src/replay/format.ts"
import type { ActorEvent } from "../../src/services/Observer.ts"
import { policy } from "../domain/support.ts"
import { cpu_ms } from "../support/cpu.ts"
import { entryIn } from "./support.ts"

const secret = "s3cret-t0ken-never-seen"
const header: Header = {
  format: 2,
  version: "0.0.0",
  agent_id: "agent-1",
  platform: "linux",
  continues: false,
  config: { capabilities: ["code"] }
}

const stepped = (message: Message, at = 0, commands: ReadonlyArray<Command> = []): ActorEvent => {
  const state = initialState(policy)
  return { _tag: "Stepped", step: { at, message, before: state, after: state, commands, saved: true } }
}
const frameIn = (msg: object): ActorEvent => ({ _tag: "FrameIn", text: JSON.stringify(msg) })
const frameOut = (msg: object): ActorEvent => ({ _tag: "FrameOut", text: JSON.stringify(msg) })

let folder = ""
let path = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sidecar-record-"))
  path = join(folder, "day.jsonl")
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const linesOf = (file: string): ReadonlyArray<string> => readFileSync(file, "utf8").split("\n").slice(0, -1)
const entriesOf = (file = path): ReadonlyArray<Entry> => linesOf(file).map(entryIn)
const kinds = (file = path): ReadonlyArray<unknown> =>
  entriesOf(file).map((entry) => {
    if ("unreadable" in entry) return "unreadable"
    if (!("msg" in entry)) return "unknown"
    return entry.dir === "header"
      ? `header ${entry.msg.continues}`
      : "_tag" in entry.msg
      ? entry.msg._tag
      : entry.msg["type"]
  })

/** One life of the recorder. */
const recording = <A>(
  use: (see: (event: ActorEvent) => Effect.Effect<void>, logged: ReadonlyArray<LifecycleEvent>) => Effect.Effect<A>
) => {
  const events: Array<LifecycleEvent> = []
  return Effect.gen(function*() {
    const see = yield* makeRecorder({ path, header, secret: Redacted.make(secret) })
    return yield* use(see, events)
  }).pipe(Effect.scoped, Effect.provide(loggerMemory(events)))
}

/** A recording of the size at which the next line starts another file. */
const fillUp = (): void => {
  writeFileSync(path, `{"t":0,"dir":"in","unreadable":"the full one"}\n`)
  truncateSync(path, record_file_bytes)
  const fd = openSync(path, "r+")
  writeSync(fd, "\n", record_file_bytes - 1)
  closeSync(fd)
}

describe("what is recorded of an event", () => {
  it.effect("is a frame as it was, with its direction and the time", () =>
    Effect.gen(function*() {
      const entries = makeEntries(yield* Clock.Clock, (text) => text)
      yield* TestClock.adjust(1_500)
      expect(entries(frameIn({ type: "identified", more: [1, "ü\n"] }))).toEqual([
        { t: 1_500, dir: "in", msg: { type: "identified", more: [1, "ü\n"] } }
      ])
      expect(entries(frameOut({ type: "ping" }))).toEqual([{ t: 1_500, dir: "out", msg: { type: "ping" } }])
    }))

  it.effect("is the beginning of what is no JSON object, and the size of what is binary", () =>
    Effect.gen(function*() {
      const entries = makeEntries(yield* Clock.Clock, (text) => text)
      for (const text of ["not JSON", "[1]", "null", "{\"a\":"]) {
        expect(entries({ _tag: "FrameIn", text })).toEqual([{ t: 0, dir: "in", unreadable: text }])
      }
      expect(entries({ _tag: "FrameIn", text: "x".repeat(999) })).toEqual([
        { t: 0, dir: "in", unreadable: "x".repeat(record_excerpt_chars) }
      ])
      expect(entries({ _tag: "BinaryIn", bytes: 12 })).toEqual([{ t: 0, dir: "in", unreadable: "binary, 12 bytes" }])
    }))

  it.effect("is a step whole: its message, commands and time, the state where that has changed, and that it was not saved", () =>
    Effect.gen(function*() {
      const entries = makeEntries(yield* Clock.Clock, (text) => text)
      const cancelled: Message = { _tag: "TaskCancelled", task_id: "task-a" }
      const decided: ReadonlyArray<Command> = [{ _tag: "OpenConnection" }, {
        _tag: "StartTimer",
        timer: "disk",
        after_ms: 5,
        due: 12
      }]
      const commands = ["OpenConnection", "StartTimer disk"]
      const [told] = entries(stepped(cancelled, 7, decided))
      expect(told).toEqual({ t: 7, dir: "step", msg: cancelled, told: { commands, state: null }, saved: true })
      expect(told && lineOf(told)).toBe(
        `{"t":7,"dir":"step","msg":{"type":"task_cancelled","task_id":"task-a"},"commands":${
          JSON.stringify(commands)
        }}\n`
      )
      const before = initialState(policy)
      const after = { ...before, draining: 0 } as const
      const drain: Message = { _tag: "DrainRequested", exit_code: 0 }
      const step = { at: 9, message: drain, before, after, commands: [], saved: false }
      const [unsaved] = entries({ _tag: "Stepped", step })
      expect(unsaved).toMatchObject({ told: { commands: [], state: "down, unknown, draining 0" }, saved: false })
      expect(unsaved && entryIn(lineOf(unsaved))).toEqual(unsaved)
    }))

  it("is also by how much the clock of the machine was set since the last one, where that is over a second", () => {
    const now = { wall: 1_000_000, elapsed: 5_000 }
    const clock: Clock.Clock = {
      currentTimeMillisUnsafe: () => now.wall,
      currentTimeMillis: Effect.sync(() => now.wall),
      currentTimeNanosUnsafe: () => BigInt(now.wall) * 1_000_000n,
      currentTimeNanos: Effect.sync(() => BigInt(now.wall) * 1_000_000n),
      monotonicTimeNanosUnsafe: () => BigInt(now.elapsed) * 1_000_000n,
      monotonicTimeNanos: Effect.sync(() => BigInt(now.elapsed) * 1_000_000n),
      sleep: () => Effect.void
    }
    const entries = makeEntries(clock, (text) => text)
    const after = (wall: number, elapsed: number): ReadonlyArray<Entry> => {
      now.wall += wall
      now.elapsed += elapsed
      return entries(frameOut({ type: "ping" }))
    }
    expect(after(3_600_000, 3_600_000)).toHaveLength(1)
    expect(after(30_900, 30_000)).toHaveLength(1)
    expect(after(86_400_000, 0)[0]).toEqual({
      t: now.wall,
      dir: "local",
      msg: { _tag: "ClockJumped", by_ms: 86_400_000 }
    })
    expect(after(-3_600_000, 1_000)[0]).toMatchObject({ msg: { _tag: "ClockJumped", by_ms: -3_601_000 } })
    expect(after(10, 10)).toHaveLength(1)
  })
})

describe("the token", () => {
  const escapedBy = (code: (char: string) => string) => Array.from(secret, code).join("")
  const hidden: ReadonlyArray<readonly [how: string, text: string]> = [
    ["as it is", secret],
    ["amid others", `Bearer ${secret}, ${secret}!`],
    ["in JSON within a string", JSON.stringify({ [secret]: [secret] })],
    ["by its codes", escapedBy((char) => `\\u00${char.charCodeAt(0).toString(16)}`)],
    ["by its codes, escaped again", escapedBy((char) => `\\\\u00${char.charCodeAt(0).toString(16).toUpperCase()}`)],
    ["with needless backslashes", escapedBy((char) => `\\${char}`)],
    ["cut at its end", `the output was: ${secret.slice(0, -3)}`],
    ["cut at its beginning", `${secret.slice(4)} and more`],
    ["cut to eight characters", `${secret.slice(0, 8)} ${secret.slice(-8)}`]
  ]
  it.each(hidden)("is taken out of every value and key: %s", (_, text) => {
    const { line } = redaction(secret)
    const cleaned = line(
      `${JSON.stringify({ t: 1, dir: "in", msg: { [text]: [{ text }], kept: "s3cret and t0ken" } })}\n`
    )
    expect(Result.isSuccess(parseEntry(cleaned))).toBe(true)
    expect(cleaned).toContain("[REDACTED]")
    expect(cleaned).toContain("s3cret and t0ken")
    for (const part of [secret.slice(0, 8), secret.slice(-8), "\\u00"]) expect(cleaned).not.toContain(part)
  })

  it("may hold what JSON escapes, or be short, or be a number", () => {
    for (const odd of ["a\"b\\c/d{e}f", "\\\\\"x\\\\", "{\"a\":1}", "pass", "1234567890"]) {
      const msg = { a: odd, b: JSON.stringify({ odd }), c: { [odd]: odd }, d: 1234567890 }
      const cleaned = redaction(odd).line(`${JSON.stringify({ t: 1_234_567_890, dir: "out", msg })}\n`)
      const entry = Result.getOrThrow(parseEntry(cleaned))
      expect(entry).toMatchObject({ t: 1_234_567_890, dir: "out", msg: { a: expect.stringContaining("[REDACTED]") } })
      expect(cleaned.replace("\"t\":1234567890", "")).not.toContain(JSON.stringify(odd).slice(1, -1))
    }
  })

  it("leaves a line without it as it is, and takes linear time to find that out", async () => {
    const { line } = redaction(secret)
    for (const text of ["\\".repeat(4_000_000), "s\\".repeat(2_000_000), secret.slice(0, 7).repeat(500_000)]) {
      const whole = `${JSON.stringify({ t: 1, dir: "in", msg: { text } })}\n`
      const took_ms = await cpu_ms(() => expect(line(whole) === whole).toBe(true))
      expect(took_ms).toBeLessThan(2_000)
    }
  })

  it.effect("is in no line, neither where an excerpt cuts it", () =>
    recording(Effect.fnUntraced(function*(see) {
      yield* see(frameOut({ type: "identify", agent_id: "agent-1", token: secret }))
      yield* see(frameIn({ type: "error", error: `no such token: ${secret}` }))
      for (let before = 170; before <= 200; before++) {
        yield* see({ _tag: "FrameIn", text: `${".".repeat(before)}${secret} ${secret}` })
      }
      const text = readFileSync(path, "utf8")
      expect(linesOf(path)[1]).toBe(
        `{"t":0,"dir":"out","msg":{"type":"identify","agent_id":"agent-1","token":"[REDACTED]"}}`
      )
      for (let size = 3; size <= secret.length; size++) expect(text).not.toContain(secret.slice(0, size))
    })))
})

describe("the file", () => {
  it.effect("begins with a header at each start, holds each entry at once, and is its owner's only", () =>
    Effect.gen(function*() {
      yield* recording(Effect.fnUntraced(function*(see) {
        expect(entriesOf()).toEqual([{ t: 0, dir: "header", msg: header }])
        yield* see(stepped({ _tag: "Restarted", stored: emptyStore, survivors: [] }))
        expect(kinds()).toEqual(["header false", "Restarted"])
        yield* see(frameOut({ type: "ping" }))
        expect(kinds()).toEqual(["header false", "Restarted", "ping"])
      }))
      yield* recording((see) => see(frameIn({ type: "pong" })))
      expect(kinds()).toEqual(["header false", "Restarted", "ping", "header false", "pong"])
      expect(statSync(path).mode & 0o777).toBe(0o600)
    }))

  it.effect("is its owner's only also where somebody made it before, empty and open to all", () =>
    Effect.gen(function*() {
      writeFileSync(path, "", { mode: 0o644 })
      yield* recording((see) => see(frameIn({ type: "pong" })))
      expect(statSync(path).mode & 0o777).toBe(0o600)
    }))

  it.effect("loses to a crash only the line that it has torn", () =>
    Effect.gen(function*() {
      yield* recording((see) => see(frameIn({ type: "identified" })))
      appendFileSync(path, `{"t":5,"dir":"in","ms`)
      yield* recording((see) => see(frameIn({ type: "pong" })))
      expect(linesOf(path)[2]).toBe(`{"t":5,"dir":"in","ms`)
      writeFileSync(path, readFileSync(path, "utf8").replace(`{"t":5,"dir":"in","ms\n`, ""))
      expect(kinds()).toEqual(["header false", "identified", "header false", "pong"])
    }))

  it.effect("becomes .1 when it is full, in place of the one before, and another one goes on", () =>
    recording(Effect.fnUntraced(function*(see) {
      writeFileSync(`${path}.1`, "the one before")
      fillUp()
      yield* see(frameIn({ type: "last" }))
    })).pipe(
      Effect.andThen(recording(Effect.fnUntraced(function*(see, logged) {
        expect(statSync(`${path}.1`).size).toBeGreaterThan(record_file_bytes)
        expect(readFileSync(`${path}.1`).subarray(0, 60).toString()).toContain("the full one")
        yield* see(frameIn({ type: "pong" }))
        expect(kinds()).toEqual(["header false", "pong"])
        expect(logged).toEqual([])
      })))
    ))

  it.effect("goes on in another one, with a header that says so, when it gets full", () =>
    recording(Effect.fnUntraced(function*(see, logged) {
      const blob = "x".repeat(limits.answer_bytes)
      for (let n = 1; n <= 5; n++) yield* see(frameIn({ type: `frame ${n}`, blob }))
      expect(kinds(`${path}.1`)).toEqual(["header false", "frame 1", "frame 2", "frame 3", "frame 4"])
      expect(kinds()).toEqual(["header true", "frame 5"])
      expect(entriesOf()[1]).toMatchObject({ msg: { blob } })
      expect(logged).toEqual([])
    })))
})

describe("the file that a life goes on in", () => {
  const task_id = "task-0123456789abcdef"
  const before = initialState(policy)
  const busy: SidecarState = { ...before, draining: 0 }
  const step = (message: Message, after: SidecarState = busy): ActorEvent => ({
    _tag: "Stepped",
    step: { at: 0, message, before, after, commands: [], saved: true }
  })
  const { policy: _, ...told } = busy

  it.effect("begins with the whole state of the last step before it, and may begin in the middle of anything", () =>
    recording(Effect.fnUntraced(function*(see) {
      yield* see(step({ _tag: "Connected" }))
      fillUp()
      const blob = "x".repeat(limits.answer_bytes)
      for (let n = 1; n <= 4; n++) yield* see(frameIn({ type: `frame ${n}`, blob }))
      yield* see(step({ _tag: "RetryDue", work_id: task_id }, before))
      yield* see(step({ _tag: "RetryDue", work_id: task_id }, before))
      expect(kinds()).toEqual(["header true", "RetryDue", "RetryDue"])
      expect(entriesOf()[0]).toMatchObject({ msg: { continues: true, state: told } })
    })))

  it.effect("knows no state where no step was seen", () =>
    recording(Effect.fnUntraced(function*(see) {
      const blob = "x".repeat(limits.answer_bytes)
      for (let n = 1; n <= 5; n++) yield* see(frameIn({ type: `frame ${n}`, blob }))
      expect(kinds()).toEqual(["header true", "frame 5"])
      expect(entriesOf()[0]).not.toHaveProperty("msg.state")
    })))
})

describe("a file that cannot be written", () => {
  const refusal = (prepare: () => void) => {
    prepare()
    return Effect.flip(recording(() => Effect.void))
  }

  it.effect("is told at the start in one sentence, and the sidecar ends with 78", () =>
    Effect.gen(function*() {
      const error = yield* refusal(() => mkdirSync(path))
      expect(error.message).toMatch(
        /^agentcom-sidecar: \S+day\.jsonl cannot be used for the recording: it is a folder$/
      )
      expect(Runtime.getErrorExitCode(error)).toBe(78)
    }))

  it.effect("is refused where it holds something else, which stays as it is", () =>
    Effect.gen(function*() {
      for (const text of ["{\"agent_id\":\"a\"}", "{\"ts\":\"1970\"}\n", "notes"]) {
        const error = yield* refusal(() => writeFileSync(path, text))
        expect(error.message).toContain("it holds something else than a recording")
        expect(readFileSync(path, "utf8")).toBe(text)
      }
    }))

  it.effect("for now is logged once, the work goes on, and it goes on where it can again", () => {
    symlinkSync("/dev/full", path)
    return recording(Effect.fnUntraced(function*(see, logged) {
      for (let n = 0; n < 3; n++) yield* see(frameIn({ type: "lost" }))
      expect(logged).toMatchObject([{ event: "file_trouble", path }])
      expect(logged[0]).toMatchObject({ reason: expect.stringContaining("goes on without the recording: ENOSPC") })
      rmSync(path)
      yield* see(frameIn({ type: "pong" }))
      yield* see(frameIn({ type: "pong" }))
      expect(kinds()).toEqual(["header false", "LinesLost", "pong", "pong"])
      expect(entriesOf()[1]).toMatchObject({ msg: { count: 3 } })
      expect(logged.slice(1)).toMatchObject([{
        reason: expect.stringContaining("3 lines of the recording are missing")
      }])
    }))
  })

  it.effect("for now is no reason to stop where only a part of the header fits", () => {
    expect(spawnSync("mkfifo", [path]).status).toBe(0) // takes 64 KiB and no more
    const config = { wake_command: "x".repeat(100_000) }
    const events: Array<LifecycleEvent> = []
    return Effect.gen(function*() {
      const see = yield* makeRecorder({ path, header: { ...header, config }, secret: Redacted.make(secret) })
      yield* see(frameIn({ type: "lost" }))
      expect(events).toMatchObject([{ event: "file_trouble", path }])
      expect(events[0]).toMatchObject({ reason: expect.stringContaining("ENOSPC: the disk is full") })
    }).pipe(Effect.scoped, Effect.provide(loggerMemory(events)))
  })

  it.effect("does not grow beyond its limit where it cannot be rotated", () => {
    mkdirSync(join(`${path}.1`, "in the way"), { recursive: true })
    return recording(Effect.fnUntraced(function*(see, logged) {
      const blob = "x".repeat(limits.answer_bytes)
      for (let n = 1; n <= 6; n++) yield* see(frameIn({ type: `frame ${n}`, blob }))
      const { size } = statSync(path)
      expect(logged).toHaveLength(1)
      yield* see(frameIn({ type: "lost too" }))
      expect(statSync(path).size).toBe(size)
      rmSync(`${path}.1`, { recursive: true })
      yield* see(frameIn({ type: "pong" }))
      expect(kinds()).toEqual(["header true", "LinesLost", "pong"])
      expect(logged).toHaveLength(2)
      expect(existsSync(`${path}.1`)).toBe(true)
    }))
  })

  it.effect("has a frame that holds too much as one that cannot be read", () =>
    recording(Effect.fnUntraced(function*(see, logged) {
      const depth = 200_000
      yield* see({ _tag: "FrameIn", text: `${"{\"a\":".repeat(depth)}1${"}".repeat(depth)}` })
      yield* see(frameIn({ type: "pong" }))
      expect(kinds()).toEqual(["header false", "unreadable", "pong"])
      expect(logged).toEqual([])
    })))
})
