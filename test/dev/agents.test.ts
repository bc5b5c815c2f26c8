import { describe, expect, it } from "@effect/vitest"
import * as agents from "../../src/dev/agents.ts"

const fields = { agentId: "a", socket: 1, name: "a", capabilities: [], idleSince: 1 }
const idle = agents.identified(fields, undefined, 0)
const assigned = agents.pushed(idle, "t", 1000)
const working = agents.accepted(assigned, "t")

describe("the hub's picture of an agent", () => {
  it("is idle after an identify without a task", () => expect(idle.phase).toBe("idle"))

  it("waits a minute for a new acceptance after an identify with a task", () => {
    expect(agents.identified(fields, "t", 500)).toMatchObject({ phase: "assigned", taskId: "t", acceptBy: 60_500 })
  })

  it("waits a minute for the acceptance of a push", () => {
    expect(assigned).toMatchObject({ phase: "assigned", taskId: "t", acceptBy: 61_000 })
  })

  it("is at work once the task was accepted, and only by an acceptance of that task", () => {
    expect(working).toMatchObject({ phase: "working", acceptBy: undefined })
    expect(agents.accepted(assigned, "another")).toBe(assigned)
    expect(agents.accepted(idle, "t")).toBe(idle)
  })

  it("does not notice a push to an agent at work", () => expect(agents.pushed(working, "u", 0)).toBe(working))

  it("is idle after a report of an agent at work", () => {
    expect(agents.reported(working, 9)).toMatchObject({ phase: "idle", taskId: undefined, idleSince: 9 })
  })

  it("stays as it is after a report of a task that was never accepted", () => {
    expect(agents.reported(assigned, 9)).toBe(assigned)
  })

  it("is idle after a cancellation, accepted or not", () => {
    expect([agents.cancelled(assigned, 9).phase, agents.cancelled(working, 9).phase]).toEqual(["idle", "idle"])
    expect(agents.cancelled(idle, 9)).toEqual(idle)
  })

  it("is idle when the acceptance timer fires", () => {
    expect(agents.timedOut(assigned, 9)).toMatchObject({ phase: "idle", acceptBy: undefined })
  })
})
