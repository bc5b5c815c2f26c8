import { describe, expect, test } from "vitest"
import { A, assigned, line, type Run, saveFailed, T0 } from "../support.ts"
import { caughtUp } from "./talk.ts"

const shown = (run: Run): ReadonlyArray<string> =>
  run.commands.flatMap((command) => command._tag === "ShowPresence" ? [command.text] : [])

describe("rule 25: presence", () => {
  test("is told with identify, and shown when it changes", () => {
    const run = caughtUp().after(5_000).tell(assigned(A))
    expect(shown(run)).toEqual(["at work"])
    run.after(5_000).tell({ _tag: "TaskAcknowledged", task_id: A, status: "accepted" })
    expect(shown(run)).toEqual([])
  })

  test("at most once in 5 s", () => {
    const run = caughtUp().tell(assigned(A))
    expect(shown(run)).toEqual([])
    expect(run.state.timers.presence).toBe(T0 + 5_000)
    run.after(5_000).tell({ _tag: "TimerFired", timer: "presence", due: T0 + 5_000 })
    expect(shown(run)).toEqual(["at work"])
  })

  test("as it is, it is not told again where we leave", () => {
    const run = caughtUp().tell(saveFailed)
    expect(shown(run)).toEqual(["paused"])
    expect(shown(run.tell({ _tag: "DrainRequested", exit_code: 0 }))).toEqual([])
  })

  test("why we leave is told before the connection closes", () => {
    const run = caughtUp().tell(saveFailed)
    expect(run.commands.map(line).filter((one) => /Presence|Close/.test(one))).toEqual([
      "ShowPresence paused",
      "CloseConnection"
    ])
  })

  test("is not shown to a hub that does not know the frame", () => {
    const run = caughtUp().tell({
      _tag: "HubRefused",
      error: "validation_failed",
      frame: "presence",
      unknown_type: true
    })
    expect(shown(run.after(5_000).tell(assigned(A)))).toEqual([])
  })

  test("a ping that was refused leaves the frame in flight as it is", () => {
    const run = caughtUp().tell(assigned(A))
    const before = run.state.connection.in_flight
    run.tell({ _tag: "RateLimited", retry_after_ms: 1_000, of_ping: true })
    expect(run.state.connection.in_flight).toEqual(before)
  })
})
