import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { configFile } from "../../src/config/ConfigFile.ts"
import { messagePolicyOf } from "../../src/config/messageKeys.ts"
import { hubTiming } from "../../src/hub/timing.ts"
import { isRunByExec } from "../../src/process/arguments.ts"
import { parseAgent } from "../../src/replay/frames/SimulatedAgent.ts"
import { defaultPolicy } from "../../src/replay/Life.ts"
import { limits } from "../../src/replay/limits.ts"
import type { ReplayEvent } from "../../src/replay/ReplayEvent.ts"
import { framesOut, replayedText, summaryOf, textOfRecording } from "./support.ts"

const hour_ms = 3_600_000
const identify = {
  type: "identify",
  agent_id: "me",
  token: "[REDACTED]",
  name: "me",
  status: "idle",
  capabilities: [],
  client_type: "sidecar",
  protocol_version: 1
}
const task_id = "task-0123456789abcdef"

/** A task is assigned, and nothing else is recorded for an hour. */
const silent = [
  { t: 0, dir: "out", msg: identify },
  { t: 1, dir: "in", msg: { type: "identified" } },
  {
    t: 100,
    dir: "in",
    msg: { type: "task_assign", task_id, generation: 1, description: "x", metadata: {}, assigned_at: 1 }
  },
  { t: hour_ms, dir: "in", msg: { type: "pong" } }
].map((line) => JSON.stringify(line)).join("\n")

const withAgent = (agent: string, text = silent): ReadonlyArray<ReplayEvent> =>
  replayedText(text, { agent: Result.getOrThrow(parseAgent(agent)) })

const facts = (events: ReadonlyArray<ReplayEvent>, ...tags: ReadonlyArray<string>) =>
  events.flatMap((event) => event.kind === "fact" && tags.includes(event.fact._tag) ? [[event.fact._tag, event.t]] : [])

const ofAgent = ["AgentStarted", "ResultFound", "WakeExited"]

describe("the default agent", () => {
  it("confirms after a second and answers after ten minutes where neither the frames nor the options say otherwise", () => {
    expect(facts(replayedText(silent), ...ofAgent)).toEqual([
      ["AgentStarted", 100 + limits.confirms_after_ms],
      ["ResultFound", 100 + limits.works_ms],
      ["WakeExited", 100 + limits.works_ms + limits.ends_after_ms]
    ])
  })

  it("does as the options say", () => {
    expect(facts(withAgent("confirms-after=50,works=2000"), ...ofAgent)).toEqual([
      ["AgentStarted", 150],
      ["ResultFound", 2_100],
      ["WakeExited", 2_110]
    ])
    expect(framesOut(withAgent("works=2000,confirms-after=50"))).toEqual([
      "= identify idle",
      "+ task_accepted",
      "+ wake_result success",
      "+ task_complete"
    ])
  })

  it("that never confirms is woken four times, and given up", () => {
    const events = withAgent("confirms-after=never")
    expect(summaryOf(events).wakes).toEqual([{ task_id, wakes: 4 }])
    expect(framesOut(events).filter((row) => row.includes("wake_result"))).toEqual(
      Array.from({ length: 4 }, () => "+ wake_result timeout")
    )
    expect(framesOut(events).slice(-2)).toEqual(["+ task_failed", "+ status"])
  })

  it("whose command fails is woken four times, after 5, 15 and 30 s", () => {
    const events = withAgent("exits=127")
    const wakes = events.flatMap((event) => event.kind === "wake" ? [event.t] : [])
    const fails = limits.fails_after_ms
    expect(wakes).toEqual([100, 5_100 + fails, 20_100 + 2 * fails, 50_100 + 3 * fails])
  })

  it("whose command fails after it confirmed has failed its task, and is not woken again", () => {
    const events = withAgent("confirms-after=10,works=3000,exits=1")
    expect(summaryOf(events).wakes).toEqual([{ task_id, wakes: 1 }])
    expect(framesOut(events).slice(-2)).toEqual(["+ task_failed", "+ status"])
  })

  it("answers when and what the recorded sidecar reported", () => {
    const events = replayedText(textOfRecording("happy.jsonl"))
    const answers = events.flatMap((event) =>
      event.kind === "fact" && event.fact._tag === "ResultFound" ? [event.fact.answer] : []
    )
    expect(answers).toHaveLength(5)
    expect(answers[0]).toEqual({ _tag: "Success", result: { status: "success", output: "done" }, tokens_used: null })
  })

  it("takes confirms-after, works and exits, in any order, and nothing else", () => {
    expect(Result.getOrThrow(parseAgent("exits=0"))).toEqual({ confirms_after: null, works: null, exits: 0 })
    for (
      const wrong of [
        "",
        "works",
        "works=-1",
        "works=1s",
        "exits=256",
        "confirms-after=soon",
        "works=1,,exits=1",
        "sleeps=1"
      ]
    ) {
      expect(Result.getFailure(parseAgent(wrong))).toMatchObject({ _tag: "Some" })
    }
  })
})

describe("what stands in for the hub", () => {
  it("answers a frame that the recorded sidecar did not send, so that this version is not left waiting", () => {
    const events = replayedText(textOfRecording("result_while_offline.jsonl"))
    const given = events.flatMap((event) =>
      event.kind === "frame" && event.dir === "in" && event.place === null ? [event.msg] : []
    )
    expect(given).toEqual([{ type: "state_report_ack", task_id: "task-614b82c82fc76478", action: "abort" }])
  })

  it("says nothing where the recording has the answer", () => {
    const events = replayedText(textOfRecording("blip.jsonl"))
    expect(events.some((event) => event.kind === "frame" && event.dir === "in" && event.place === null)).toBe(false)
  })
})

describe("the default policy", () => {
  it.effect("is that of a configuration that says nothing but a program that need not run as long as its agent", () =>
    Effect.gen(function*() {
      const config = yield* Schema.decodeEffect(configFile("/", false))({
        agent_id: "a",
        token: "t",
        hub_url: "ws://127.0.0.1/ws",
        wake_command: ["./start-agent.sh"]
      })
      const messages = messagePolicyOf({ ...config, agent_id: "" })
      const wake_command_blocks = isRunByExec(config.wake_command)
      expect({ ...config, messages, wake_command_blocks }).toMatchObject(defaultPolicy)
    }))

  it("connects again after the time that the sidecar takes", () => {
    expect(limits.reconnects_after_ms).toBe(hubTiming.reconnect_first_ms)
  })
})
