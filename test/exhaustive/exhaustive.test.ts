import * as Schema from "effect/Schema"
import { execFile, fork } from "node:child_process"
import { once } from "node:events"
import { mkdir, mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { configurations } from "./configurations.ts"
import { neverRun } from "./coverage.ts"

const processes = 2
const deadline_ms = 3_600_000 // it bounds a failure: the walks take eight minutes on a quiet machine of two cores
const heap_megabytes = 2_000

const Figures = Schema.Struct({
  name: Schema.String,
  states: Schema.Int,
  steps: Schema.Int,
  sidecarStates: Schema.Int,
  closed: Schema.Boolean,
  seconds: Schema.Number,
  good: Schema.Int,
  failure: Schema.NullOr(Schema.String)
})
const decode = Schema.decodeUnknownSync(Figures)

const fileBeside = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const domain = fileBeside("../../src/domain/")

const figures = new Map<number, typeof Figures.Type>()
let folder = ""
let seconds = 0
let questions = ""

/** Has one process walk the worlds that wait, one after another. */
const walkAll = async (waiting: Array<number>, asked: string): Promise<void> => {
  const child = fork(fileBeside("main.ts"), [asked], { execArgv: [`--max-old-space-size=${heap_megabytes}`] })
  const ended = once(child, "exit")
  const died = async (): Promise<never> => {
    const [code, signal] = await ended
    throw new Error(`a process that walks has ended with ${code ?? signal}`)
  }
  for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
    child.send(index)
    const [found] = await Promise.race([once(child, "message"), died()])
    figures.set(index, decode(found))
  }
  child.disconnect()
  await ended
}

/** What the walks asked of the rules is asked once more, by a process that notes what of them was run. */
const noteCoverage = async (asked: string, reports: string): Promise<string> => {
  const env = { ...process.env, NODE_V8_COVERAGE: reports }
  const { stdout } = await promisify(execFile)(process.execPath, [fileBeside("askAgain.ts"), asked], { env })
  return stdout.trim()
}

/** Of batches of messages, which `sideBySide.ts` walks. */
const ofBatches: ReadonlyArray<string> = [
  `Work.ts: Kind => work_id.startsWith(batchPrefix) [? "messages"]`,
  `Work.ts: k_id) === "task" ? { task_id: work_id } [: { batch_id: work_id }]`,
  `agent/outcome.ts: reason: \`the \${kind === "task" ? "task" [: "delivery"]`,
  `hub/assignment.ts: name") if (kindOf(task_id) !== "task") [return logRefused(task_id, "the id is in the form of our own batches of messages")]`
]

/** Of talk, which `talk.ts` walks through; each branch has a test in `test/domain` too. */
const ofTalk: ReadonlyArray<string> = [
  `RuleOf.ts: has passed. */ export const endOfWait = [(since: number, wait_ms: number, now: number): number => since > now ? now : since + wait_ms]`,
  `RuleOf.ts: s set back. */ export const waitUntil = [(until: number, most_ms: number, now: number): number => until - now > most_ms ? now : until]`,
  `hub/answers.ts: ction({ accept_refused: true }), flush) [case "talk": return sequence(channelRefused(error), flush)]`,
  `hub/answers.ts: id }, ...pending] }) ), kind === "talk" [? askAgain]`,
  `hub/answers.ts: annelFrameAnswered: Rule = withInFlight([({ kind }) => kind === "talk" ? sequence(clearInFlight, channelAnswered, flush) : noop]`,
  `hub/answers.ts: sequence(clearInFlight, kind === "talk" [? channelAnswered]`,
  `hub/restart.ts: , inboxFound(talk), recoverDelivery(talk[?.is_delivered]`,
  `rules.ts: ssages } }) => messages === null ? noop [: rule(messages)]`,
  `transition.ts: ested": return drain(message.exit_code) [default: return talkRuleFor(message)]`
]
const isRuleOfTalk = (clause: string): boolean => clause.startsWith("messages/")

/** What none of these worlds can bring about; in brackets, after what stands before it. */
const unreachable: ReadonlyArray<string> = [
  ...ofBatches,
  ...ofTalk,
  // Here a third failure in a row is as good as a second.
  `Readiness.ts: <= 1 ? first : failures === 2 ? second [: later]`,
  // Where a life of the daemon begins, before it is asked anything.
  `SidecarState.ts: ess: null } export const initialState = [(policy: Policy): SidecarState => ({ policy, stored: emptyStore, connection: noConnection, outbound: nothingOutbound, slots: { task: noSlot, messages: noSlot }, draining: null, disk: "ok", readiness: notOpenedYet, talk: noTalk, timers: {} })]`,
  // What an inspection finds is handled before anything else can happen.
  `agent/evidence.ts: ) => { if (phase._tag !== "Inspecting") [return noop]`,
  // A wake that is not spawned ends at once, and here nothing comes between.
  `agent/wakeEnd.ts: > { if (agent.phase._tag !== "Running") [return noop]`,
  // Here a disk that fails is not tried before it works again.
  `hub/disk.ts: log({ event: "state_unsaved", reason }) [: noop]`,
  // The hub does not refuse the type of an accept.
  `hub/exchange.ts: eturn refused_frames.includes("accept") [? null]`,
  // The names of wakes are read by those who keep their records.
  `ids.ts: such name. */ export const readWakeId = [(wake_id: string): WakeName | null => { const [, generation, attempt, at] = /^g(\\d{1,15})a(\\d{1,15})t(\\d{1,15})$/.exec(wake_id) ?? [] const name = { generation: Number(generation), attempt: Number(attempt), at: Number(at) } return wakeIdOf(name) === wake_id ? name : null }]`,
  // Here a timer that was cancelled never fires.
  `transition.ts: timers, [timer]) }), timerRules[timer]) [: noop]`
].toSorted()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "exhaustive-"))
  const asked = join(folder, "asked")
  await mkdir(asked)
  const began = performance.now()
  const waiting = [...configurations.keys()]
  await Promise.all(Array.from({ length: processes }, () => walkAll(waiting, asked)))
  questions = await noteCoverage(asked, join(folder, "reports"))
  seconds = (performance.now() - began) / 1000
}, deadline_ms)

afterAll(async () => {
  const all = [...figures].toSorted(([a], [b]) => a - b).map(([, one]) => one)
  for (const { name, seconds: took, sidecarStates, states, steps } of all) {
    console.log(`${name}: ${states} states (${sidecarStates} of the sidecar), ${steps} steps, ${took.toFixed(1)} s`)
  }
  const states = all.reduce((sum, one) => sum + one.states, 0)
  const steps = all.reduce((sum, one) => sum + one.steps, 0)
  console.log(`the rules were asked ${questions} different questions`)
  console.log(`visited ${states} states by ${steps} steps in ${seconds.toFixed(1)} s`)
  await rm(folder, { recursive: true })
})

describe("in every state that can be reached the invariants hold, and from each of them a good end", () => {
  for (const [index, { name }] of configurations.entries()) {
    test(name, () => {
      const found = figures.get(index)
      expect({ failure: found?.failure, closed: found?.closed }).toEqual({ failure: null, closed: true })
    })
  }

  test("every clause of every rule was reached, but for those that no such world can bring about", () => {
    const never = neverRun(join(folder, "reports"), domain)
    expect(never.filter((clause) => !isRuleOfTalk(clause)).toSorted()).toEqual(unreachable)
  })
})
