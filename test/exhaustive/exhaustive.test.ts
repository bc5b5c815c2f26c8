import * as Schema from "effect/Schema"
import { execFile } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { configurations } from "./configurations.ts"
import { neverRun } from "./coverage.ts"

const processes = 2
const deadline_ms = 600_000
const heap_megabytes = 2_000

const Figures = Schema.Struct({
  name: Schema.String,
  states: Schema.Int,
  steps: Schema.Int,
  sidecarStates: Schema.Int,
  closed: Schema.Boolean,
  seconds: Schema.Number,
  megabytes: Schema.Number,
  good: Schema.Int,
  failure: Schema.NullOr(Schema.String)
})
const decode = Schema.decodeUnknownSync(Schema.fromJsonString(Figures))

const script = fileURLToPath(new URL("main.ts", import.meta.url))
const domain = fileURLToPath(new URL("../../src/domain/", import.meta.url))
const run = promisify(execFile)

const figures = new Map<number, typeof Figures.Type>()
let reports = ""
let seconds = 0

const walk = async (index: number): Promise<void> => {
  const { stdout } = await run(
    process.execPath,
    [`--max-old-space-size=${heap_megabytes}`, script, String(index)],
    { env: { ...process.env, NODE_V8_COVERAGE: reports }, maxBuffer: 16 * 1024 * 1024 }
  )
  figures.set(index, decode(stdout))
}

/** What none of these worlds can bring about; in brackets, after what stands before it. */
const unreachable: ReadonlyArray<string> = [
  // What an inspection finds is handled before anything else can happen.
  `rules/evidence.ts: k_id || activity._tag !== "Inspecting") [return stay]`,
  // A wake that is not spawned ends at once, and here nothing comes between.
  `rules/evidence.ts: artTimer("disk", limits.disk_retry_ms)) [: stay]`,
  // The hub does not refuse the type of an accept.
  `rules/exchange.ts: refused_types.includes("task_accepted") [? null]`,
  // A rejection waits behind a frame about our own task only at a hub that gives several tasks at once.
  `rules/exchange.ts: || state.connection.standing !== "ours" [|| reportOf(state, task) === null]`,
  // Two tasks are never saved, so that only another hand can have written them.
  `rules/life.ts: ll || stored.recovering === null ? stay [: seeOff(stored.recovering.task_id, "keep", 0)]`
]

beforeAll(async () => {
  reports = await mkdtemp(join(tmpdir(), "exhaustive-"))
  const began = performance.now()
  const waiting = [...configurations.keys()]
  const worker = async (): Promise<void> => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) await walk(index)
  }
  await Promise.all(Array.from({ length: processes }, worker))
  seconds = (performance.now() - began) / 1000
}, deadline_ms)

afterAll(async () => {
  const all = [...figures].toSorted(([a], [b]) => a - b).map(([, one]) => one)
  for (const { megabytes, name, seconds: took, sidecarStates, states, steps } of all) {
    console.log(
      `${name}: ${states} states (${sidecarStates} of the sidecar), ${steps} steps, ${
        took.toFixed(1)
      } s, ${megabytes} MB`
    )
  }
  const states = all.reduce((sum, one) => sum + one.states, 0)
  const steps = all.reduce((sum, one) => sum + one.steps, 0)
  console.log(`visited ${states} states by ${steps} steps in ${seconds.toFixed(1)} s`)
  await rm(reports, { recursive: true })
})

describe("in every state that can be reached the invariants hold, and from each of them a good end", () => {
  for (const [index, { name }] of configurations.entries()) {
    test(name, () => {
      const found = figures.get(index)
      expect({ failure: found?.failure, closed: found?.closed }).toEqual({ failure: null, closed: true })
    })
  }

  test("every clause of every rule was reached, but for those that no such world can bring about", () => {
    expect(neverRun(reports, domain)).toEqual(unreachable)
  })
})
