import { describe, expect, test } from "vitest"
import type { Evidence, SilencePolicy } from "../../src/domain/Evidence.ts"
import { isAtWork, mayHaveLaunched } from "../../src/domain/Evidence.ts"
import { remaining } from "../../src/domain/RuleOf.ts"
import type { WakeEnd } from "../../src/domain/Work.ts"
import { exited, nothing, Run, T0 } from "./support.ts"

const launching: SilencePolicy = { agent_silence_ms: 1_000, wake_command_blocks: false }
const blocking: SilencePolicy = { ...launching, wake_command_blocks: true }
const end = (how: WakeEnd["how"]): WakeEnd => ({ how, code: null, output: "" })
const alive: Evidence = { ...nothing, process: "alive" }
const signs: Evidence = { ...nothing, process: "gone", started: true, last_sign_at: T0 }

const atWork = (evidence: Evidence, ended: WakeEnd | null, policy = launching, now = T0): boolean => {
  const { task } = Run.spawning()
  return isAtWork(evidence, { ...task, wake: task.wake && { ...task.wake, end: ended } }, policy, now)
}

describe("at work is", () => {
  test("a process of the wake record that lives", () => expect(atWork(alive, null)).toBe(true))
  test("also where the command blocks", () => expect(atWork(alive, null, blocking)).toBe(true))
  test("a command that ended with 0, and young signs of life", () => expect(atWork(signs, exited(0))).toBe(true))
  test("one whose children live on", () => expect(atWork({ ...signs, process: "alive" }, exited(0))).toBe(true))
  test("a command that ended out of our sight, and young signs of life", () =>
    expect(atWork(signs, end("unseen"))).toBe(true))
  test("a command whose end nobody has told, and young signs of life", () => expect(atWork(signs, null)).toBe(true))
  test("another agent, where there are young signs of life from after a wake that never ran", () =>
    expect(atWork({ ...signs, process: "none" }, null)).toBe(true))
  test("also where that wake could not be spawned", () =>
    expect(atWork({ ...signs, process: "none" }, end("unspawned"))).toBe(true))
  test("signs of life that are just young enough", () => expect(atWork(signs, null, launching, T0 + 999)).toBe(true))
})

describe("at work is not", () => {
  test("a wake that never ran", () => expect(atWork(nothing, null)).toBe(false))
  test("signs of life from before a wake that never ran", () =>
    expect(atWork({ ...signs, process: "none", last_sign_at: T0 - 1 }, null)).toBe(false))
  test("old signs of life from after a wake that never ran", () =>
    expect(atWork({ ...signs, process: "none" }, null, launching, T0 + 1_000)).toBe(false))
  test("signs of life from after a wake that never ran, where the command blocks", () =>
    expect(atWork({ ...signs, process: "none" }, null, blocking)).toBe(false))
  test("a task that nobody was woken for", () =>
    expect(isAtWork({ ...signs, process: "none" }, Run.accepted().task, launching, T0)).toBe(false))
  test("children of a command that ended with ≠ 0", () =>
    expect(atWork({ ...signs, process: "alive" }, exited(1))).toBe(false))
  test("a command that ended with ≠ 0", () => expect(atWork(signs, exited(1))).toBe(false))
  test("a command that was killed", () => expect(atWork(signs, end("killed"))).toBe(false))
  test("a command that was not spawned", () => expect(atWork(signs, end("unspawned"))).toBe(false))
  test("a command that ended with 0, where it blocks", () => expect(atWork(signs, exited(0), blocking)).toBe(false))
  test("a command that ended out of our sight, where it blocks", () =>
    expect(atWork(signs, null, blocking)).toBe(false))
  test("signs of life of an earlier boot", () => expect(atWork({ ...signs, this_boot: false }, null)).toBe(false))
  test("no .started", () => expect(atWork({ ...signs, started: false }, null)).toBe(false))
  test("no sign of life", () => expect(atWork({ ...signs, last_sign_at: null }, null)).toBe(false))
  test("an old sign of life", () => expect(atWork(signs, null, launching, T0 + 1_000)).toBe(false))
})

describe("a command may have left an agent at work", () => {
  test.each([
    ["it has not ended", null, true],
    ["it ended out of our sight", end("unseen"), true],
    ["it ended with 0", exited(0), true],
    ["it ended with 1", exited(1), false],
    ["it was killed", end("killed"), false],
    ["it was not spawned", end("unspawned"), false]
  ])("%s", (_, ended, expected) => expect(mayHaveLaunched(ended, launching)).toBe(expected))

  test("never where it blocks", () => expect(mayHaveLaunched(exited(0), blocking)).toBe(false))
})

describe("what is left of a wait", () => {
  test.each([
    ["the whole at its beginning", 0, 100],
    ["the rest in between", 30, 70],
    ["nothing at its end", 100, 0],
    ["nothing after it", 130, 0],
    ["the whole after a clock that was set back", -30, 100]
  ])("%s", (_, elapsed, left) => expect(remaining(T0, 100, T0 + elapsed)).toBe(left))
})
