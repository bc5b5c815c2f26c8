import { describe, expect, it } from "@effect/vitest"
import { limits } from "../../src/dev/limits.ts"
import type { HubTask } from "../../src/dev/tasks.ts"
import * as tasks from "../../src/dev/tasks.ts"

const queued = tasks.submitted("task-0123456789abcdef", { description: "look into it" }, "operator", 1000)
const given = tasks.assigned(queued, "a", 2000)

describe("the generation of a task", () => {
  it("is 0 when the task is submitted", () => expect(queued.generation).toBe(0))

  it("grows with every assignment and every take-back", () => {
    const back = tasks.reclaimed(given, 3000, "agent_disconnect")
    const again = tasks.assigned(back, "b", 4000)
    expect([given, back, again].map((task) => task.generation)).toEqual([1, 2, 3])
  })

  it("grows with a failure that is retried, and not with one that ends the task", () => {
    const once = tasks.failed(given, "x", 3000)
    const last = tasks.failed({ ...given, retry_count: limits.maxRetries - 1 }, "x", 3000)
    expect([once.generation, last.generation]).toEqual([2, 1])
  })

  it("grows when a dead letter is revived", () => {
    const dead = tasks.expired(queued, 3000)
    expect(tasks.revived(dead, 4000)).toMatchObject({ generation: 1, status: "queued", retry_count: 0 })
  })
})

describe("reports", () => {
  it("are refused for another generation, as the task has moved on", () => {
    expect(tasks.refusal(given, 0)).toBe("stale_generation")
  })

  it("are refused for a task that nobody has", () => {
    expect(tasks.refusal(queued, 0)).toBe("invalid_state")
    expect(tasks.refusal(tasks.completed(given, {}, 3000), 1)).toBe("invalid_state")
  })

  it("are taken with the right generation, whoever sends them", () => {
    expect(tasks.refusal(given, 1)).toBeUndefined()
  })

  it("leave their result, and the tokens it names, in the task", () => {
    expect(tasks.completed(given, { result: { tokens_used: 7 } }, 3000)).toMatchObject({
      status: "completed",
      result: { tokens_used: 7 },
      tokens_used: 7,
      assigned_to: "a"
    })
  })
})

describe("failures", () => {
  it("queue the task again until the third one makes it a dead letter", () => {
    const states: Array<unknown> = []
    let task: HubTask = queued
    for (let attempt = 0; attempt < 3; attempt++) {
      task = tasks.failed(tasks.assigned(task, "a", 0), "busy", 0)
      states.push([task.status, task.retry_count, task.assigned_to])
    }
    expect(states).toEqual([["queued", 1, null], ["queued", 2, null], ["dead_letter", 3, "a"]])
  })

  it("end a task at once whose max_retries is 1", () => {
    const fragile = tasks.submitted("task-1", { description: "x", max_retries: 1 }, "operator", 0)
    expect(tasks.failed(tasks.assigned(fragile, "a", 0), "x", 0).status).toBe("dead_letter")
  })
})

describe("the sweeps", () => {
  const tenMinutes = 600_000

  it("give up a queued task ten minutes after its creation", () => {
    expect(tasks.isPastTtl(queued, 1000 + tenMinutes)).toBe(false)
    expect(tasks.isPastTtl(queued, 1001 + tenMinutes)).toBe(true)
    expect(tasks.expired(queued, 0).last_error).toBe("ttl_expired")
  })

  it("count the age of a task that was taken back from its creation", () => {
    expect(tasks.isPastTtl(tasks.reclaimed(given, tenMinutes, "agent_disconnect"), 1001 + tenMinutes)).toBe(true)
  })

  it("never give up a trivial task", () => {
    const trivial = tasks.submitted("task-1", { description: "x", complexity_tier: "trivial" }, "operator", 0)
    expect(tasks.isPastTtl(trivial, 10 * tenMinutes)).toBe(false)
  })

  it("take back a task without progress for ten minutes, or twenty when its agent is at work", () => {
    expect(tasks.isStale(given, false, 2001 + tenMinutes)).toBe(true)
    expect(tasks.isStale(given, true, 2001 + tenMinutes)).toBe(false)
    expect(tasks.isStale(given, true, 2001 + 2 * tenMinutes)).toBe(true)
  })

  it("let progress renew the lease", () => {
    expect(tasks.isStale(tasks.touched(given, tenMinutes), false, 2001 + tenMinutes)).toBe(false)
    expect(tasks.touched(queued, tenMinutes)).toBe(queued)
  })

  it("take back an assigned task whose complete_by has passed", () => {
    const hurried = tasks.submitted("task-1", { description: "x", complete_by: 5000 }, "operator", 0)
    expect(tasks.isOverdue(tasks.assigned(hurried, "a", 0), 5001)).toBe(true)
    expect(tasks.isOverdue(hurried, 5001)).toBe(false)
    expect(tasks.isOverdue(given, 1e12)).toBe(false)
  })
})

const tierOf = (input: object) => tasks.submitted("task-1", { ...input }, "operator", 0).complexity

describe("the complexity of a task", () => {
  it("is what the submitter says", () => {
    expect(tierOf({ description: "do it", complexity_tier: "standard" })).toEqual({
      effective_tier: "standard",
      explicit_tier: "standard",
      source: "explicit",
      inferred: { tier: "standard", confidence: 0 }
    })
  })

  it("is inferred from the words otherwise, and few words alone are not trivial", () => {
    const tiers = ["do it", "fix typo", "refactor the parser", ""].map((description) =>
      tierOf({ description }).effective_tier
    )
    expect(tiers).toEqual(["standard", "trivial", "complex", "unknown"])
  })
})
