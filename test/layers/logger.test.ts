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
  statSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Writable } from "node:stream"
import { SidecarConfig } from "../../src/config/SidecarConfig.ts"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import { loggerJsonLinesTo, loggerMemory } from "../../src/layers/Loggers.ts"
import { value_chars } from "../../src/layers/Loggers.ts"
import { streamSink } from "../../src/observe/logs/sinks.ts"
import { Logger } from "../../src/services/Logger.ts"
import { lineLimits } from "../../src/text/LineWriter.ts"
import { settings } from "./hubRig.ts"
import { until } from "./support.ts"

const secret = "s3cret-token" // as in the settings
let folder = ""
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "sidecar-logger-"))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const identified: LifecycleEvent = { event: "identified" }
const refused = (reason: string): LifecycleEvent => ({ event: "identify_refused", reason })

/** A stream that keeps what it gets. A `stuck` one never accepts the second write. */
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

const rig = (log_file = join(folder, "sidecar.log"), output = new Screen(), state_file = settings.state_file) => {
  const errors = new Screen()
  const config = Layer.succeed(SidecarConfig, { ...settings, log_file, state_file })
  const outputs = { output: streamSink(output), errors: streamSink(errors), isTerminal: output.isTTY }
  const layer = loggerJsonLinesTo(outputs).pipe(Layer.provide(config))
  const written = () => existsSync(log_file) && statSync(log_file).isFile() ? readFileSync(log_file, "utf8") : ""
  return {
    log_file,
    output,
    errors,
    written,
    /** Waits until standard error has `count` lines. */
    notes: (count: number) => until(`${count} notes`, () => errors.text.split("\n").length === count + 1),
    read: () => readFileSync(log_file, "utf8"),
    lines: () => readFileSync(log_file, "utf8").trimEnd().split("\n").map((line): unknown => JSON.parse(line)),
    /** Waits until the file and standard output have `count` lines each. */
    has: (count: number) =>
      until(`${count} lines`, () => [written(), output.text].every((text) => text.split("\n").length === count + 1)),
    logging: <A, E>(use: (log: (event: LifecycleEvent) => Effect.Effect<void>) => Effect.Effect<A, E>) =>
      Effect.flatMap(Logger, ({ log }) => use(log)).pipe(Effect.provide(layer))
  }
}

describe("the log", () => {
  it.effect("is a line of JSON an event, with the time and the agent, in the file and on standard output alike", () => {
    const { has, lines, logging, output, read } = rig()
    return logging(Effect.fnUntraced(function*(log) {
      yield* TestClock.setTime(Date.UTC(2026, 0, 2, 3, 4, 5, 678))
      yield* log({ event: "reconnect_scheduled", delay_ms: 1500, attempt: 2 })
      yield* log(identified)
      yield* has(2)
      expect(read()).toBe(
        `{"ts":"2026-01-02T03:04:05.678Z","event":"reconnect_scheduled","agent_id":"agent-1","delay_ms":1500,"attempt":2}\n` +
          `{"ts":"2026-01-02T03:04:05.678Z","event":"identified","agent_id":"agent-1"}\n`
      )
      expect(output.text).toBe(read())
      expect(lines()).toHaveLength(2)
    }))
  })

  it.effect("is readable lines on a terminal, and still JSON in the file", () => {
    const { has, lines, logging, output } = rig(undefined, new Screen({ isTTY: true }))
    return logging(Effect.fnUntraced(function*(log) {
      yield* log({ event: "wake_ended", task_id: "task-1", exit_code: null, duration_ms: 3 })
      yield* log(refused("no such agent"))
      yield* has(2)
      expect(output.text).toBe(
        `1970-01-01T00:00:00.000Z wake_ended task_id=task-1 exit_code=null duration_ms=3\n` +
          `1970-01-01T00:00:00.000Z identify_refused reason="no such agent"\n`
      )
      expect(lines()).toHaveLength(2)
    }))
  })

  it.effect("cannot move the cursor of a terminal, nor break a line", () => {
    const { has, lines, logging, output } = rig(undefined, new Screen({ isTTY: true }))
    const reason = "a\u001b[2Jb\u009bc\u202ed\ne"
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(refused(reason))
      yield* has(1)
      expect(output.text).toMatch(/^[\x20-\x7e]+\n$/)
      expect(lines()).toMatchObject([{ reason }])
    }))
  })

  it.effect("never holds the token, wherever it comes from", () => {
    const { has, logging, output, read } = rig()
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(refused(`token ${secret} of "${secret}"`))
      yield* log(refused("x".repeat(value_chars - 3) + secret))
      yield* has(2)
      expect(read() + output.text).not.toContain(secret.slice(0, 4))
      expect(read()).toContain(`token <redacted> of \\"<redacted>\\"`)
    }))
  })

  it.effect("cuts what is longer than a line may be", () => {
    const { has, lines, logging } = rig()
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(refused("x".repeat(1_000_000)))
      yield* has(1)
      expect(lines()).toMatchObject([{ reason: `${"x".repeat(value_chars)}…` }])
    }))
  })
})

describe("the log's file", () => {
  it.effect("is made with the folder it is to be in", () => {
    const { has, lines, logging } = rig(join(folder, "not", "there", "sidecar.log"))
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(identified)
      yield* has(1)
      expect(lines()).toHaveLength(1)
    }))
  })

  it.effect("is made anew when it was removed or rotated away", () => {
    const { has, lines, log_file, logging, output } = rig()
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(identified)
      yield* has(1)
      renameSync(log_file, `${log_file}.old`)
      output.text = ""
      yield* log(refused("first of the new one"))
      yield* has(1)
      expect(lines()).toMatchObject([{ reason: "first of the new one" }])
    }))
  })

  it.effect("gets a line of its own after one that a crash has cut short", () => {
    const { log_file, logging, read } = rig()
    appendFileSync(log_file, `{"ts":"20`)
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(identified)
      yield* until("the line", () => read().endsWith("}\n"))
      expect(read()).toMatch(/^\{"ts":"20\n\{"ts":"1970.*\}\n$/)
    }))
  })

  it.effect("becomes .1 when it is full, that .2, and the oldest of them goes", () => {
    const { lines, log_file, logging } = rig()
    for (const n of [1, 2]) writeFileSync(`${log_file}.${n}`, `it was .${n}`)
    writeFileSync(log_file, `${" ".repeat(10_000_000)}\n`)
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(refused("last of the full one"))
      yield* until("the rotation", () => existsSync(`${log_file}.1`) && !existsSync(log_file))
      yield* log(refused("first of the new one"))
      yield* until("the next line", () => existsSync(log_file) && readFileSync(log_file, "utf8").endsWith("\n"))
      expect(readFileSync(`${log_file}.1`, "utf8")).toContain("last of the full one")
      expect(readFileSync(`${log_file}.2`, "utf8")).toBe("it was .1")
      expect(existsSync(`${log_file}.3`)).toBe(false)
      expect(lines()).toMatchObject([{ reason: "first of the new one" }])
    }))
  })
})

describe("a log that cannot be written", () => {
  it.effect("is noted once, the work and the other log go on, and it is tried again with every line", () => {
    const { errors, lines, log_file, logging, notes, output, written } = rig()
    mkdirSync(log_file)
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(identified)
      yield* log(identified)
      yield* notes(1)
      expect(errors.text).toMatch(/^\S+sidecar\.log cannot be written, the work goes on without that log: EISDIR.*\n$/)
      expect(output.text.split("\n")).toHaveLength(3)
      rmSync(log_file, { recursive: true })
      yield* log(identified)
      yield* log(identified)
      yield* notes(2)
      yield* until("both lines", () => written().length > 0 && lines().length === 2)
      expect(errors.text.split("\n").slice(1)).toEqual([
        `${log_file} can be written again; 2 lines of the log are missing there`,
        ""
      ])
    }))
  })

  it.effect("may be standard output: its reader has gone", () => {
    const { errors, lines, logging, notes, output, written } = rig()
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(identified)
      output.destroy(new Error("write EPIPE"))
      yield* Effect.promise(() => new Promise((done) => output.once("close", done)))
      yield* log(identified)
      yield* log(identified)
      yield* notes(1)
      yield* until("all lines", () => written().length > 0 && lines().length === 3)
      expect(errors.text).toBe("standard output cannot be written, the work goes on without that log: write EPIPE\n")
    }))
  })

  it.live("may be standard output whose reader has stopped: no more than its queue is kept, and the end does not wait", () => {
    const { errors, logging, notes, output, written } = rig(undefined, new Screen({ stuck: true }))
    return logging(Effect.fnUntraced(function*(log) {
      for (let n = 1; n <= 300; n++) {
        yield* log(refused(`${n} ${"x".repeat(4_000)}`))
        if (n % 60 === 0) yield* until("the line is in the file", () => written().includes(`"${n} `))
      }
      yield* notes(1)
      expect(output.writableLength).toBeLessThan(lineLimits.queue_chars)
      expect(errors.text).toMatch(/^standard output cannot be written, the work goes on without that log: .*\n$/)
    }))
  })

  it.live("may be all of them", () => {
    const { log_file, logging, errors, output } = rig()
    mkdirSync(log_file)
    for (const screen of [output, errors]) screen.destroy(new Error("write EPIPE"))
    return logging((log) => Effect.repeat(log(identified), { times: 3 }))
  })

  it.effect("is never the reason for which the agent's own folder is made again", () => {
    const home = join(folder, "agent")
    const { errors, logging, notes } = rig(join(home, "logs", "sidecar.log"), undefined, join(home, "queue.json"))
    return logging(Effect.fnUntraced(function*(log) {
      yield* log(identified)
      yield* notes(1)
      expect(errors.text).toMatch(/ENOENT/)
      expect(existsSync(home)).toBe(false)
      mkdirSync(home)
      yield* log(identified)
      yield* until("the line", () => existsSync(join(home, "logs", "sidecar.log")))
    }))
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
