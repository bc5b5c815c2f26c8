import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { makeFolder, startDaemon, startHub, submit, typesOf, untilStatus } from "../support/daemon.ts"

describe("an agent that cannot be woken", () => {
  it.live(
    "is tried four times at 0, 5, 15 and 30 s, then the task fails with what was seen",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, { before: "echo no such model >&2; exit 3" })
        const daemon = yield* startDaemon(folder)
        const task = yield* submit(hub, "do it", { max_retries: 1 })
        yield* untilStatus(hub, task, "dead_letter", 70_000)
        assert.lengthOf(folder.wakes(task.id), 4)
        const at = daemon.events("wake_attempt").map(({ ts }) => Date.parse(String(ts)))
        const delays = at.slice(1).map((time, index) => (time - (at[index] ?? 0)) / 1000)
        // To the millisecond it is shown in virtual time; a busy machine adds its own while the last tree is stopped.
        for (const [index, delay] of [5, 15, 30].entries()) {
          assert.isAtLeast(delays[index] ?? 0, delay)
          assert.isBelow(delays[index] ?? Infinity, delay + 4)
        }
        assert.include(hub.task(task.id)?.last_error ?? "", "exit code 3")
        assert.include(hub.task(task.id)?.last_error ?? "", "no such model")
        assert.lengthOf(typesOf(hub, "out").filter((type) => type === "task_failed"), 1)
      }),
    90_000
  )
})
