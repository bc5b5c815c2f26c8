import { afterEach, beforeEach, describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Writable } from "node:stream"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import { loggerLimits } from "../../src/layers/logger/limits.ts"
import { loggerJsonLinesTo } from "../../src/layers/LoggerJsonLines.ts"
import { loggerMemory } from "../../src/layers/LoggerMemory.ts"
import { Logger } from "../../src/services/Logger.ts"
import { SidecarConfig } from "../../src/SidecarConfig.ts"
import { settings } from "./hubRig.ts"

const secret = "s3cret-token" // as in the settings
let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sidecar-logger-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const identified: LifecycleEvent = { event: "identified" }
const refused = (reason: string): LifecycleEvent => ({ event: "identify_refused", reason })

/** A stream that keeps what it is given; one that is `stuck` never takes the second thing. */
class Screen extends Writable {
  readonly isTTY: boolean
  text = ""
  readonly #stuck: boolean
  constructor({ isTTY = false, stuck = false } = {}) {
    super({ decodeStrings: false })
    this.isTTY = isTTY
    this.#stuck = stuck
  }
  override _write(chunk: string, _encoding: string, done: () => void): void {
    this.text += chunk
    if (!this.#stuck) done()
  }
}

const rig = (log_file = join(folder, "sidecar.log"), output = new Screen()) => {
  const errors = new Screen()
  const config = Layer.succeed(SidecarConfig, { ...settings, log_file })
  const layer = loggerJsonLinesTo(output, errors).pipe(Layer.provide(config))
  return {
    log_file,
    output,
    errors,
    read: () => readFileSync(log_file, "utf8"),
    lines: () => readFileSync(log_file, "utf8").trimEnd().split("\n").map((line): unknown => JSON.parse(line)),
    logging: <A, E>(use: (log: (event: LifecycleEvent) => Effect.Effect<void>) => Effect.Effect<A, E>) =>
      Effect.flatMap(Logger, ({ log }) => use(log)).pipe(Effect.provide(layer))
  }
}

describe("the log", () => {
  it.effect("is a line of JSON an event, with the time and the agent, in the file and on standard output alike", () => {
    const { lines, logging, output, read } = rig()
    return logging(Effect.fnUntraced(function*(log) {
      yield* TestClock.setTime(Date.UTC(2026, 0, 2, 3, 4, 5, 678))
      yield* log({ event: "reconnect_scheduled", delay_ms: 1500, attempt: 2 })
      yield* log(identified)
      expect(read()).toBe(
        `{"ts":"2026-01-02T03:04:05.678Z","event":"reconnect_scheduled","agent_id":"agent-1","delay_ms":1500,"attempt":2}\n` +
          `{"ts":"2026-01-02T03:04:05.678Z","event":"identified","agent_id":"agent-1"}\n`
      )
      expect(output.text).toBe(read())
      expect(lines()).toHaveLength(2)
    }))
  })

  it.effect("is readable lines on a terminal, and still JSON in the file", () => {
    const { lines, logging, output } = rig(undefined, new Screen({ isTTY: true }))
    return logging(Effect.fnUntraced(function*(log) {
      yield* log({ event: "wake_ended", task_id: "task-1", exit_code: null, duration_ms: 3 })
      yield* log(refused("no such agent"))
      expect(output.text).toBe(
        `1970-01-01T00:00:00.000Z wake_ended task_id=task-1 exit_code=null duration_ms=3\n` +
          `1970-01-01T00:00:00.000Z identify_refused reason="no such agent"\n`
      )
      expect(lines()).toHaveLength(2)
    }))
  })

  it.effect("cannot move the cursor of a terminal, nor break a line", () => {
    const { lines, logging, output } = rig(undefined, new Screen({ isTTY: true }))
    const reason = "a\u001b[2Jb\u009bc\u202ed\ne"
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(refused(reason))
      expect(output.text).toMatch(/^[\x20-\x7e]+\n$/)
      expect(lines()).toMatchObject([{ reason }])
    }))
  })

  it.effect("never holds the token, wherever it comes from", () => {
    const { logging, output, read } = rig()
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(refused(`token ${secret} of "${secret}"`))
      yield* log(refused("x".repeat(loggerLimits.value_chars - 3) + secret))
      expect(read() + output.text).not.toContain(secret.slice(0, 4))
      expect(read()).toContain(`token <redacted> of \\"<redacted>\\"`)
    }))
  })

  it.effect("cuts what is longer than a line may be", () => {
    const { lines, logging } = rig()
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(refused("x".repeat(1_000_000)))
      expect(lines()).toMatchObject([{ reason: `${"x".repeat(loggerLimits.value_chars)}…` }])
    }))
  })
})

describe("the log's file", () => {
  it.effect("is made with the folder it is to be in", () => {
    const { lines, logging } = rig(join(folder, "not", "there", "sidecar.log"))
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(identified)
      expect(lines()).toHaveLength(1)
    }))
  })

  it.effect("is made anew when it was removed or rotated away", () => {
    const { lines, log_file, logging } = rig()
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(identified)
      renameSync(log_file, `${log_file}.old`)
      yield* log(refused("first of the new one"))
      expect(lines()).toMatchObject([{ reason: "first of the new one" }])
    }))
  })

  it.effect("gets a line of its own after one that a crash has cut short", () => {
    const { log_file, logging, read } = rig()
    appendFileSync(log_file, `{"ts":"20`)
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(identified)
      expect(read()).toMatch(/^\{"ts":"20\n\{"ts":"1970.*\}\n$/)
    }))
  })

  it.effect("becomes .1 when it is full, that .2, and the oldest of them goes", () => {
    const { lines, log_file, logging } = rig()
    for (const n of [1, 2]) writeFileSync(`${log_file}.${n}`, `it was .${n}`)
    writeFileSync(log_file, `${" ".repeat(10_000_000)}\n`)
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(refused("last of the full one"))
      yield* log(refused("first of the new one"))
      expect(readFileSync(`${log_file}.1`, "utf8")).toContain("last of the full one")
      expect(readFileSync(`${log_file}.2`, "utf8")).toBe("it was .1")
      expect(existsSync(`${log_file}.3`)).toBe(false)
      expect(lines()).toMatchObject([{ reason: "first of the new one" }])
    }))
  })
})

describe("a log that cannot be written", () => {
  it.effect("is noted once, the work and the other log go on, and it is tried again with every line", () => {
    const { errors, lines, log_file, logging, output } = rig()
    mkdirSync(log_file)
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(identified)
      yield* log(identified)
      expect(errors.text).toMatch(/^\S+sidecar\.log cannot be written, the work goes on without that log: EISDIR.*\n$/)
      expect(output.text.split("\n")).toHaveLength(3)
      rmSync(log_file, { recursive: true })
      yield* log(identified)
      yield* log(identified)
      expect(lines()).toHaveLength(2)
      expect(errors.text.split("\n").slice(1)).toEqual([
        `${log_file} can be written again; 2 lines of the log are missing there`,
        ""
      ])
    }))
  })

  it.effect("may be standard output: its reader has gone", () => {
    const { errors, lines, logging, output } = rig()
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(identified)
      output.destroy(new Error("write EPIPE"))
      yield* Effect.promise(() => new Promise((done) => output.once("close", done)))
      yield* log(identified)
      yield* log(identified)
      expect(lines()).toHaveLength(3)
      expect(errors.text).toBe("standard output cannot be written, the work goes on without that log: write EPIPE\n")
    }))
  })

  it.effect("may be standard output whose reader has stopped: no more than its queue is kept", () => {
    const { errors, lines, logging, output } = rig(undefined, new Screen({ stuck: true }))
    return logging(Effect.fnUntraced(function*(log) {
      yield* Effect.repeat(log(refused("x".repeat(4_000))), { times: 600 })
      expect(lines()).toHaveLength(601)
      expect(output.writableLength).toBeLessThan(loggerLimits.stream_queue_bytes + 5_000)
      expect(errors.text).toBe(
        "standard output cannot be written, the work goes on without that log: nobody reads it\n"
      )
    }))
  })

  it.effect("may be all of them", () => {
    const { errors, log_file, logging, output } = rig()
    mkdirSync(log_file)
    for (const screen of [output, errors]) screen.destroy(new Error("write EPIPE"))
    return logging((log) => Effect.repeat(log(identified), { times: 3 }))
  })
})

describe("the log in memory", () => {
  it.effect("keeps every event in order", () => {
    const events: Array<LifecycleEvent> = []
    return Effect.gen(function*() {
      const { log } = yield* Logger
      yield* log(identified)
      yield* log(refused("why"))
      expect(events).toEqual([identified, refused("why")])
    }).pipe(Effect.provide(loggerMemory(events)))
  })
})
