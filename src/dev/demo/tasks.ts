import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import type { DevHub, HubTask } from "../DevHub.ts"
import { isJsonObject, text } from "../json.ts"
import type { DemoCase } from "./agentScript.ts"
import { reply } from "./helperScript.ts"
import type { Print } from "./timeline.ts"

/** How long the demo waits for anything, in milliseconds. */
export const patience_ms = 30_000

export interface Submitted {
  readonly demo: DemoCase
  readonly id: string
}

/** Gives a task to the worker. One that is urgent goes before all others. */
export const submit = (
  hub: DevHub,
  demo: DemoCase,
  priority: "normal" | "urgent" = "normal"
): Effect.Effect<Submitted> => {
  const { behaviour, description } = demo
  const task = { description, metadata: { behaviour }, assign_to: "worker", max_retries: 1, priority }
  return Effect.map(hub.submit(task), ({ id }) => ({ demo, id }))
}

const isOver = (task: HubTask | undefined): boolean => task?.status === "completed" || task?.status === "dead_letter"

/** Waits until the tasks are over. What is not over in time is shown in the table. */
export const untilOver = (hub: DevHub, submitted: ReadonlyArray<Submitted>) =>
  Effect.ignore(hub.waitFor(() => submitted.every(({ id }) => isOver(hub.task(id))), patience_ms))

const confirmed = (hub: DevHub, id: string): boolean =>
  hub.frames().some(({ msg }) => isJsonObject(msg) && msg["type"] === "wake_result" && msg["task_id"] === id)

/** Cuts the worker's connection once, while it works on this task. */
export const cutConnection = (hub: DevHub, { id }: Submitted, tell: Print) =>
  hub.waitFor(() => confirmed(hub, id), patience_ms).pipe(
    Effect.andThen(tell("✂   the connection is cut while the agent works")),
    Effect.andThen(hub.dropAgent("worker"))
  )

/** From the first assignment to the last change of the task, in milliseconds. */
const durationOf = (hub: DevHub, task: HubTask): number => {
  const first = hub.frames().find(({ msg }) =>
    isJsonObject(msg) && msg["type"] === "task_assign" && msg["task_id"] === task.id
  )
  return first === undefined ? 0 : task.updated_at - first.t
}

/** The outcome of a task, and what is wrong with it. */
export const judgeTask = (task: HubTask | undefined, wakes: number, demo: DemoCase) => {
  const outcome = task?.status ?? "lost"
  const result = isJsonObject(task?.result) ? task.result : {}
  const expectedReply = demo.behaviour === "ask another agent" ? reply : undefined
  const wrong = [
    ...(outcome === demo.outcome ? [] : [`should be ${demo.outcome}`]),
    ...(wakes === demo.wakes ? [] : [`should be woken ${demo.wakes} times`]),
    ...(outcome !== "completed" || text(result, "heard", "") === demo.description
      ? []
      : ["the text did not arrive as it was sent"]),
    ...(result["reply"] === expectedReply
      ? []
      : [`the reply of the other agent was ${JSON.stringify(result["reply"])}`])
  ]
  return { outcome, wrong }
}

/** Prints a line for each task. True if all are as expected. */
export const printTasks = (hub: DevHub, submitted: ReadonlyArray<Submitted>, wakesOf: ReadonlyMap<string, number>) =>
  Effect.gen(function*() {
    yield* Console.log(`\n${"task".padEnd(16)} ${"wakes".padStart(5)} ${"time".padStart(8)}  outcome`)
    const verdicts = yield* Effect.forEach(submitted, ({ demo, id }) => {
      const wakes = wakesOf.get(id) ?? 0
      const task = hub.task(id)
      const { outcome, wrong } = judgeTask(task, wakes, demo)
      const took = `${((task === undefined ? 0 : durationOf(hub, task)) / 1000).toFixed(2)} s`
      const mark = wrong.length === 0 ? "✓" : `✗ ${wrong.join("; ")}`
      return Console.log(
        `${demo.name.padEnd(16)} ${String(wakes).padStart(5)} ${took.padStart(8)}  ${outcome} ${mark}`
      ).pipe(Effect.as(wrong.length === 0))
    })
    return verdicts.every(Boolean)
  })
