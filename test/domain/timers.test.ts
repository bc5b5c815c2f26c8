import { expect, test } from "vitest"
import { domainLimits } from "../../src/domain/limits.ts"
import { Run, T0, timer } from "./support.ts"

const fired = (due: number) => ({ _tag: "TimerFired", timer: "task_check", due }) as const

test("a timer runs until it fires", () => {
  const run = Run.confirming()
  expect(run.state.timers.task_confirmation).toBe(T0 + run.state.policy.confirmation_timeout_ms)
  expect(run.tell(timer("task_confirmation")).state.timers).not.toHaveProperty("task_confirmation")
})

test("one that was started anew fires for its new start alone", () => {
  const run = Run.working().after(domainLimits.check_ms).timer("task_check")
  const { task_check = 0 } = run.state.timers
  const before = run.state
  expect(run.tell(fired(task_check - domainLimits.check_ms)).state).toBe(before)
  expect(run.commands).toEqual([])
  expect(run.tell(fired(task_check)).commands).not.toEqual([])
})

test("one that was cancelled changes nothing when it fires all the same", () => {
  const run = Run.working()
  const { task_timeout = 0 } = run.state.timers
  const before = run.cancelled().state
  expect(before.timers).not.toHaveProperty("task_timeout")
  expect(run.tell({ _tag: "TimerFired", timer: "task_timeout", due: task_timeout }).state).toBe(before)
  expect(run.commands).toEqual([])
})
